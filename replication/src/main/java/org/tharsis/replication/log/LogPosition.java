// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

/**
 * A place between two batches, and the history that leads to it. Two logs that have a position in common are equal up
 * to there.
 *
 * @param lsn byte offset in the resource's log stream, unsigned
 * @param epoch epoch of the segment header or batch that ends here
 * @param chain chain value of everything before
 */
public record LogPosition(long lsn, long epoch, long chain) {
    @Override
    public String toString() {
        return "LSN " + LogFormat.hex(lsn) + ", epoch " + Long.toUnsignedString(epoch) + ", chain "
                + LogFormat.hex(chain);
    }
}
