// SPDX-License-Identifier: Apache-2.0
/**
 * The following side: fetches a log, or a backfill, verifies it on arrival, makes it durable, and only then says so.
 *
 * <p>May use: the packages log, store, backfill, wire and peer, and Netty. Where it goes and who is told is said by {@link
 * org.tharsis.replication.fetch.FollowedReplica} and {@link org.tharsis.replication.fetch.BackfillTarget}, which the control
 * module implements.
 */
package org.tharsis.replication.fetch;
