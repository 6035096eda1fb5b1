// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/**
 * One step towards what is wanted. Each is idempotent: done twice, it is done. Each may be interrupted anywhere: what is
 * then missing is decided anew.
 */
public sealed interface Action {
    /** What happens with it, for the log of an operator. */
    String sentence();

    /** It happens again and again while all is well: nothing for an operator. */
    default boolean routine() {
        return false;
    }

    /** Driver: recover the replica from its log directory. */
    record Open() implements Action {
        @Override
        public String sentence() {
            return "the driver opens the replica, and replays its log.";
        }
    }

    /** Driver: forget the resource; its data stays. */
    record Close() implements Action {
        @Override
        public String sentence() {
            return "the driver closes the replica; its data stays.";
        }
    }

    /** Driver: claim the disk and write to it. */
    record Attach() implements Action {
        @Override
        public String sentence() {
            return "the driver takes the disk.";
        }
    }

    /** Driver: give the disk back. */
    record Detach() implements Action {
        @Override
        public String sentence() {
            return "the driver gives the disk back.";
        }
    }

    /** Driver: change these options. */
    record Tune(Map<String, String> options) implements Action {
        public Tune {
            options = Map.copyOf(options);
        }

        @Override
        public String sentence() {
            return "the driver gets the options " + new TreeMap<>(options) + ".";
        }
    }

    /** Announces to the driver what stands in the log directory, and removes what is no part of the log. */
    record Settle() implements Action {
        @Override
        public String sentence() {
            return "the driver is told of the log that has come in before.";
        }
    }

    /** Driver: replay what is received. */
    record ResumeReplay() implements Action {
        @Override
        public String sentence() {
            return "replay goes on.";
        }
    }

    /** Driver: stop replay. */
    record PauseReplay() implements Action {
        @Override
        public String sentence() {
            return "replay pauses: the disk stays at the state of now, while the log is fetched all the same.";
        }
    }

    /** Driver: make the device visible. */
    record Export() implements Action {
        @Override
        public String sentence() {
            return "the device becomes visible.";
        }
    }

    /** Driver: take the device away; its users are disconnected. */
    record Unexport() implements Action {
        @Override
        public String sentence() {
            return "the device goes away; its users are disconnected.";
        }
    }

    /** Driver: take writes in this epoch, when the log ends with this chain value. */
    record BecomePrimary(long epoch, long chain) implements Action {
        @Override
        public String sentence() {
            return "this node becomes the primary, in epoch " + Long.toUnsignedString(epoch) + ".";
        }
    }

    /** Driver: take no writes any more, and make the log durable. */
    record BecomeSecondary() implements Action {
        @Override
        public String sentence() {
            return "this node takes no more writes, and makes its log durable.";
        }
    }

    /** Driver: keep all the log that there is for these replicas. */
    record KeepLog(Set<UUID> peers) implements Action {
        public KeepLog {
            peers = Set.copyOf(peers);
        }

        @Override
        public String sentence() {
            return "the log is kept for " + (peers.size() == 1 ? "one more node." : peers.size() + " more nodes.");
        }
    }

    /** Driver: these replicas have the log durable up to there, so what is before is not kept for them. */
    record ConfirmDurable(Map<UUID, Long> durable) implements Action {
        public ConfirmDurable {
            durable = Map.copyOf(durable);
        }

        @Override
        public String sentence() {
            return "the driver is told what others have of the log.";
        }

        @Override
        public boolean routine() {
            return true;
        }
    }

    /** Driver: keep no log for these replicas any more. */
    record ForgetPeers(Set<UUID> peers) implements Action {
        public ForgetPeers {
            peers = Set.copyOf(peers);
        }

        @Override
        public String sentence() {
            return "the log is kept no more for " + (peers.size() == 1 ? "a node" : peers.size() + " nodes")
                    + " that left, or lack more than its limit.";
        }
    }

    /** Tree: this node, which was the primary, ends this epoch where its log ends. */
    record Seal() implements Action {
        @Override
        public String sentence() {
            return "this node gives up the role of the primary, and says in the state tree where its log ends.";
        }
    }

    /** Tree: this node stays the primary, and says why. */
    record RefuseHandover(String why) implements Action {
        @Override
        public String sentence() {
            return "this node stays the primary: " + why + ".";
        }
    }

    /** Tree: the log is sealed and this node has all of it; it begins the next epoch. */
    record TakeRole() implements Action {
        @Override
        public String sentence() {
            return "all of the sealed log is here: this node begins the next epoch.";
        }
    }

    /** Tree: this node is the primary, but its driver has lost that with a restart; it begins the next epoch. */
    record RenewRole() implements Action {
        @Override
        public String sentence() {
            return "the driver has forgotten with its restart that it was the primary: this node begins the next epoch.";
        }
    }

    /** Fetch the log from this source. */
    record Follow(Source source) implements Action {
        @Override
        public String sentence() {
            return "the log is fetched from " + source.host() + " at " + source.address() + ".";
        }
    }

    /** Fetch no more; what has come in is made durable and announced. */
    record StopFollowing() implements Action {
        @Override
        public String sentence() {
            return "the log is fetched no more from where it was; what has come in is made durable.";
        }
    }

    /** Make the place for a backfill: its directory, and its log in the driver. */
    record PrepareBackfill() implements Action {
        @Override
        public String sentence() {
            return "there is nothing of the replica here yet: a backfill is prepared.";
        }
    }

    /** Driver: open the backfill's log. */
    record OpenBackfill() implements Action {
        @Override
        public String sentence() {
            return "the driver opens the log of the backfill.";
        }
    }

    /** Fetch what differs from this source; goes on where it was. */
    record Backfill(Source source) implements Action {
        @Override
        public String sentence() {
            return "what differs from " + source.host() + " at " + source.address()
                    + " is fetched; 'tharsis view' shows how far it is.";
        }
    }

    /** Fetch no more of it; it can be taken up again. */
    record StopBackfill() implements Action {
        @Override
        public String sentence() {
            return "the backfill pauses; it goes on later where it was.";
        }
    }

    /** Driver: write all of the backfill to the disk, and close its log. */
    record DrainBackfill() implements Action {
        @Override
        public String sentence() {
            return "all of the backfill has come; it is written to the disk.";
        }
    }

    /** Put the replica's own log in the backfill's place. */
    record FinishBackfill() implements Action {
        @Override
        public String sentence() {
            return "the backfill is on the disk; the replica begins with its own log.";
        }
    }

    /** Remove a backfill that cannot go on, to begin anew. */
    record AbandonBackfill() implements Action {
        @Override
        public String sentence() {
            return "the backfill cannot go on as it was begun; it is removed, to begin anew.";
        }
    }

    /** Throw this replica's log away, because the administrator has said so. Its disk stays as it is until the backfill. */
    record Discard() implements Action {
        @Override
        public String sentence() {
            return "the replica was invalidated: its log is thrown away, and what differs will be fetched.";
        }
    }
}
