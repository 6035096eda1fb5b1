// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.peer.PeerAddress;

/** Where a follower stands with its source. In all states but {@link Stopped} it goes on trying by itself. */
public sealed interface FollowState {
    /**
     * No connection yet, or no more.
     *
     * @param why the last failure, for an operator; empty at the first attempt
     * @param attempt from 1, since it followed last
     */
    record Connecting(PeerAddress source, String why, int attempt) implements FollowState {}

    /**
     * The source sends all that it has from here on.
     *
     * @param fromLsn unsigned
     */
    record Following(PeerAddress source, long fromLsn) implements FollowState {}

    /**
     * This log and the source's are different histories from here on; nothing is fetched.
     *
     * @param epoch the last epoch that both have
     * @param lsn where they part, unsigned
     */
    record Diverged(PeerAddress source, long epoch, long lsn) implements FollowState {}

    /**
     * The source does not have the log any more that this replica needs next.
     *
     * @param oldestLsn the source's log begins here, unsigned
     */
    record Gone(PeerAddress source, long oldestLsn) implements FollowState {}

    /**
     * This replica has more of the same history than the source.
     *
     * @param endLsn end of the source's log, unsigned
     */
    record Behind(PeerAddress source, long endLsn) implements FollowState {}

    /**
     * The source does not serve this replica.
     *
     * @param why the source's words, for an operator
     */
    record Refused(PeerAddress source, String why) implements FollowState {}

    /**
     * What arrives does not verify, or cannot be stored here.
     *
     * @param why for an operator
     */
    record Failed(PeerAddress source, String why) implements FollowState {}

    /**
     * Ended by {@link Follower#stop}.
     *
     * @param end all up to here is on stable storage and was told to {@link FollowedReplica#received}
     */
    record Stopped(LogPosition end) implements FollowState {}
}
