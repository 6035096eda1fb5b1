// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

/**
 * How far a log is replayed.
 *
 * @param lsn unsigned
 * @param chain chain value there
 */
public record LogEnd(long lsn, long chain) {}
