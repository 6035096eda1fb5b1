// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

/** An entry as it stands in a file: with its sequence number and the time of writing. */
record StoredEntry(long sequence, long timeMs, JournalEntry entry) {}
