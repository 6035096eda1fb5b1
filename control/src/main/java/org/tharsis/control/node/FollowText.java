// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.Optional;
import org.tharsis.replication.fetch.FollowState;

/** How a replica gets on with its source, in words for an operator. */
final class FollowText {
    /** What keeps the replica from fetching, as a phrase; empty while nothing does, or when its health says it. */
    static Optional<String> hindrance(FollowState state, String source) {
        if (state instanceof FollowState.Connecting connecting) {
            return Optional.of(
                    connecting.why().isEmpty()
                            ? "connecting to " + source
                            : "no connection to " + source + ": " + connecting.why());
        }
        if (state instanceof FollowState.Behind behind) {
            return Optional.of("has more of the log than " + source + ", which ends at LSN "
                    + Long.toUnsignedString(behind.endLsn()));
        }
        if (state instanceof FollowState.Refused refused) {
            return Optional.of(source + " does not serve it: " + refused.why());
        }
        return state instanceof FollowState.Failed failed
                ? Optional.of("what " + source + " sends cannot be taken: " + failed.why())
                : Optional.empty();
    }

    /** What is to be told once, when it comes to this; empty for what is told elsewhere: the link tells of itself. */
    static Optional<String> news(FollowState state, String source) {
        if (state instanceof FollowState.Following following) {
            return Optional.of("the replica here follows " + source + " from LSN "
                    + Long.toUnsignedString(following.fromLsn()) + ".");
        }
        if (state instanceof FollowState.Gone gone) {
            return Optional.of(source + " has not the log any more that is needed next; its oldest begins at LSN "
                    + Long.toUnsignedString(gone.oldestLsn())
                    + ". 'tharsis invalidate' here fetches what differs instead.");
        }
        if (state instanceof FollowState.Diverged diverged) {
            return Optional.of("the replica here has another history than " + source + " behind LSN "
                    + Long.toUnsignedString(diverged.lsn()) + " of epoch " + diverged.epoch()
                    + ", and fetches nothing. What it has is kept until 'tharsis invalidate' here.");
        }
        boolean waits = state instanceof FollowState.Behind
                || state instanceof FollowState.Refused
                || state instanceof FollowState.Failed;
        return waits
                ? hindrance(state, source).map(text -> "the replica here waits: " + text + ". It is tried again.")
                : Optional.empty();
    }

    private FollowText() {}
}
