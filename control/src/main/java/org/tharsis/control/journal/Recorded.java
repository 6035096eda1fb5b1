// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.time.Instant;

/**
 * An entry of the history with its place.
 *
 * @param sequence rises with each entry of this node's journal; has gaps, because not all entries are history
 * @param time when it was written, by this node's clock, in milliseconds
 */
public record Recorded(long sequence, Instant time, HistoryEntry entry) {}
