// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * One step towards what is wanted. Each is idempotent: done twice, it is done. Each may be interrupted anywhere: what is
 * then missing is decided anew.
 */
public sealed interface Action {
    /** Driver: recover the replica from its log directory. */
    record Open() implements Action {}

    /** Driver: forget the resource; its data stays. */
    record Close() implements Action {}

    /** Driver: claim the disk and write to it. */
    record Attach() implements Action {}

    /** Driver: give the disk back. */
    record Detach() implements Action {}

    /** Driver: change these options. */
    record Tune(Map<String, String> options) implements Action {
        public Tune {
            options = Map.copyOf(options);
        }
    }

    /** Announces to the driver what stands in the log directory, and removes what is no part of the log. */
    record Settle() implements Action {}

    /** Driver: replay what is received. */
    record ResumeReplay() implements Action {}

    /** Driver: stop replay. */
    record PauseReplay() implements Action {}

    /** Driver: make the device visible. */
    record Export() implements Action {}

    /** Driver: take the device away; its users are disconnected. */
    record Unexport() implements Action {}

    /** Driver: take writes in this epoch, when the log ends with this chain value. */
    record BecomePrimary(long epoch, long chain) implements Action {}

    /** Driver: take no writes any more, and make the log durable. */
    record BecomeSecondary() implements Action {}

    /** Driver: keep no log for these replicas any more. */
    record ForgetPeers(Set<UUID> peers) implements Action {
        public ForgetPeers {
            peers = Set.copyOf(peers);
        }
    }

    /** Tree: this node, which was the primary, ends this epoch where its log ends. */
    record Seal() implements Action {}

    /** Tree: this node stays the primary, and says why. */
    record RefuseHandover(String why) implements Action {}

    /** Tree: the log is sealed and this node has all of it; it begins the next epoch. */
    record TakeRole() implements Action {}

    /** Tree: this node is the primary, but its driver has lost that with a restart; it begins the next epoch. */
    record RenewRole() implements Action {}

    /** Fetch the log from this source. */
    record Follow(Source source) implements Action {}

    /** Fetch no more; what has come in is made durable and announced. */
    record StopFollowing() implements Action {}

    /** Make the place for a backfill: its directory, and its log in the driver. */
    record PrepareBackfill() implements Action {}

    /** Driver: open the backfill's log. */
    record OpenBackfill() implements Action {}

    /** Fetch what differs from this source; goes on where it was. */
    record Backfill(Source source) implements Action {}

    /** Fetch no more of it; it can be taken up again. */
    record StopBackfill() implements Action {}

    /** Driver: write all of the backfill to the disk, and close its log. */
    record DrainBackfill() implements Action {}

    /** Put the replica's own log in the backfill's place. */
    record FinishBackfill() implements Action {}

    /** Remove a backfill that cannot go on, to begin anew. */
    record AbandonBackfill() implements Action {}

    /** Throw this replica's log away, because the administrator has said so. Its disk stays as it is until the backfill. */
    record Discard() implements Action {}
}
