// SPDX-License-Identifier: Apache-2.0
/**
 * Bringing a replica's disk to the state of another one's: comparing disks by digests of ranges, and the log of its own in
 * which the differences reach the driver, which is the only writer of a disk.
 *
 * <p>May use {@code org.tharsis.replication.log} and {@code org.tharsis.replication.store}. Knows nothing of sockets and of
 * the control channel.
 */
package org.tharsis.replication.backfill;
