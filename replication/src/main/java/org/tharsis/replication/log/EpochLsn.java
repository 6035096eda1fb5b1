// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

/**
 * An LSN of the history that an epoch has: of its own records and, below its start, of those of the epochs before it. Other than a
 * {@link LogPosition} it may lie between any two bytes, and has no chain value.
 *
 * @param epoch unsigned
 * @param lsn byte offset in the resource's log stream, unsigned
 */
public record EpochLsn(long epoch, long lsn) {
    @Override
    public String toString() {
        return "LSN " + LogFormat.hex(lsn) + " of epoch " + Long.toUnsignedString(epoch);
    }
}
