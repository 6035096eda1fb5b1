// SPDX-License-Identifier: Apache-2.0
/**
 * The serving side: answers followers out of the log directory, and backfills out of the disk. Reads only.
 *
 * <p>May use: the packages log, store, backfill, wire and peer, and Netty. What a node has to give is told by {@link
 * org.tharsis.replication.ship.ServedReplicas}, which the control module implements.
 */
package org.tharsis.replication.ship;
