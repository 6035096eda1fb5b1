// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

/**
 * Where an epoch began in a log.
 *
 * @param epoch at least 1, unsigned
 * @param startLsn of the epoch's first segment, unsigned. Of the oldest epoch that a log still has, the first segments may
 *     have been removed: then this is the start of the oldest segment that is left
 * @param chain chain value at {@code startLsn}
 */
public record EpochStart(long epoch, long startLsn, long chain) {}
