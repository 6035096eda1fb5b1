// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tharsis.control.model.Role;
import org.tharsis.control.reconcile.DriverState.Open;
import org.tharsis.control.reconcile.DriverState.Place;

/**
 * Decides what to do next about one replica.
 *
 * <p>The rules, the more urgent ones first:
 * <ol>
 *   <li>A primary that is none any more, by a higher epoch, steps down before anything else.
 *   <li>Without the driver nothing is fetched: what comes in could not be announced.
 *   <li>Data is thrown away only where the administrator has said so.
 *   <li>The replica is put together: backfilled where it has nothing, opened, its disk attached.
 *   <li>Its role is made what the tree says.
 *   <li>A secondary follows the primary, or else whoever has more than itself.
 *   <li>Log is kept for whoever may need it.
 * </ol>
 */
public final class Reconciler {
    /**
     * Returns what to do now, in this order; empty when everything is as it should be, or when it can only be waited for.
     * When an action fails, those behind it must not be done.
     */
    public static List<Action> next(Desired desired, Actual actual) {
        List<Action> actions = decide(desired, actual);
        actions.forEach(action -> verify(action, desired, actual));
        return actions;
    }

    private static List<Action> decide(Desired desired, Actual actual) {
        DriverState driver = actual.driver();
        if (driver instanceof Open open && open.primary() && hasLostTheRole(desired, open)) {
            return stepDown(open);
        }
        if (driver instanceof DriverState.Away) {
            return stopFetching(actual);
        }
        if (driver instanceof DriverState.Busy) {
            return List.of();
        }
        if (driver instanceof Open open && open.place() == Place.FOREIGN) {
            return stopFetching(actual);
        }
        if (desired.todo().invalidate() && desired.anotherIsPrimary() && desired.live()) {
            return discard(actual);
        }
        return switch (actual.files()) {
            case NONE, BACKFILLING -> backfill(desired, actual);
            case BACKFILLED ->
                driver instanceof Open ? List.of(new Action.Close()) : List.of(new Action.FinishBackfill());
            case DAMAGED -> List.of();
            case REPLICA -> driver instanceof Open open ? replica(desired, actual, open) : open(actual);
        };
    }

    /** By a higher epoch, or because its own log was sealed. A view of before may be too old, but never too new. */
    private static boolean hasLostTheRole(Desired desired, Open open) {
        int higher = Long.compareUnsigned(desired.roleEpoch(), open.newestEpoch());
        return higher > 0 || (higher == 0 && !desired.iAmPrimary());
    }

    private static List<Action> stepDown(Open open) {
        return open.exportUsers().isPresent()
                ? List.of(new Action.BecomeSecondary(), new Action.Unexport())
                : List.of(new Action.BecomeSecondary());
    }

    private static List<Action> stopFetching(Actual actual) {
        if (actual.following() instanceof Following.Running) {
            return List.of(new Action.StopFollowing());
        }
        return actual.backfilling() instanceof Backfilling.Running ? List.of(new Action.StopBackfill()) : List.of();
    }

    private static List<Action> discard(Actual actual) {
        List<Action> stop = stopFetching(actual);
        if (!stop.isEmpty()) {
            return stop;
        }
        if (actual.driver() instanceof Open open) {
            return open.exportUsers().isPresent()
                    ? List.of(new Action.Unexport(), new Action.Close())
                    : List.of(new Action.Close());
        }
        return List.of(new Action.Discard());
    }

    // A replica that has nothing yet

    private static List<Action> backfill(Desired desired, Actual actual) {
        Optional<Source> source = desired.primarySource();
        if (actual.backfilling() instanceof Backfilling.Running running) {
            boolean stays = desired.todo().sync()
                    && actual.driver() instanceof Open
                    && source.filter(s -> s.host().equals(running.source())).isPresent();
            return stays ? List.of() : List.of(new Action.StopBackfill());
        }
        if (actual.files() == ReplicaFiles.NONE) {
            return prepareBackfill(desired, actual, source);
        }
        if (!(actual.driver() instanceof Open open)) {
            return List.of(
                    actual.backfilling() instanceof Backfilling.Impossible
                            ? new Action.AbandonBackfill()
                            : new Action.OpenBackfill());
        }
        if (open.place() != Place.BACKFILL || actual.backfilling() instanceof Backfilling.Impossible) {
            return List.of(new Action.Close());
        }
        if (!open.diskAttached()) {
            return List.of(new Action.Attach());
        }
        if (actual.backfilling() instanceof Backfilling.Complete) {
            return List.of(new Action.DrainBackfill());
        }
        return source.isPresent() && desired.todo().sync() ? List.of(new Action.Backfill(source.get())) : List.of();
    }

    private static List<Action> prepareBackfill(Desired desired, Actual actual, Optional<Source> source) {
        if (actual.driver() instanceof Open) {
            return List.of(new Action.Close());
        }
        return source.isPresent() && desired.todo().sync() ? List.of(new Action.PrepareBackfill()) : List.of();
    }

    // A replica that has its log

    private static List<Action> open(Actual actual) {
        // The driver cuts what does not verify when it opens a log: nobody may append meanwhile.
        List<Action> stop = stopFetching(actual);
        return stop.isEmpty() ? List.of(new Action.Open()) : stop;
    }

    private static List<Action> replica(Desired desired, Actual actual, Open open) {
        List<Action> actions = roleAndSource(desired, actual, open);
        return actions.isEmpty() ? KeptLog.next(desired, open) : actions;
    }

    private static List<Action> roleAndSource(Desired desired, Actual actual, Open open) {
        if (open.place() == Place.BACKFILL) {
            return List.of(new Action.Close());
        }
        Map<String, String> options = changed(desired.options(), open.options());
        if (!options.isEmpty()) {
            return List.of(new Action.Tune(options));
        }
        if (open.primary()) {
            return primary(desired, open);
        }
        if (!open.settled() && !(actual.following() instanceof Following.Running)) {
            return List.of(new Action.Settle());
        }
        List<Action> disk = disk(desired, open);
        if (!disk.isEmpty()) {
            return disk;
        }
        if (desired.iAmPrimary()) {
            return becomePrimary(desired, actual, open);
        }
        if (open.exportUsers().isPresent()) {
            return List.of(new Action.Unexport());
        }
        if (desired.sealedForMe() && desired.live() && hasAllThatWasSealed(desired, open)) {
            return actual.following() instanceof Following.Running
                    ? List.of(new Action.StopFollowing())
                    : List.of(new Action.TakeRole());
        }
        return follow(desired, actual, open);
    }

    /** An option that the driver does not tell is one that it does not know yet: an older driver works without. */
    private static Map<String, String> changed(Map<String, String> wanted, Map<String, String> present) {
        Map<String, String> changed = new HashMap<>(wanted);
        changed.keySet().retainAll(present.keySet());
        changed.entrySet().removeIf(option -> option.getValue().equals(present.get(option.getKey())));
        return changed;
    }

    private static List<Action> disk(Desired desired, Open open) {
        // A primary reads its disk: whatever the administrator has said before, it keeps it.
        boolean attach = desired.todo().attach() || desired.iAmPrimary();
        if (attach != open.diskAttached()) {
            return List.of(attach ? new Action.Attach() : new Action.Detach());
        }
        // Before it can become primary, everything has to be replayed.
        boolean replay = desired.todo().replay() || desired.iAmPrimary() || desired.sealedForMe();
        if (replay == open.replayPaused()) {
            return List.of(replay ? new Action.ResumeReplay() : new Action.PauseReplay());
        }
        return List.of();
    }

    // Roles

    /** The driver is primary, and the role of its epoch is this node's. */
    private static List<Action> primary(Desired desired, Open open) {
        Optional<String> to = desired.role().flatMap(Role::handoverTo);
        if (to.isPresent() && desired.live() && desired.iAmPrimary()) {
            return handOver(desired, open, to.get());
        }
        if (!open.diskAttached()) {
            return List.of(new Action.Attach());
        }
        if (open.exportUsers().isEmpty()) {
            return List.of(new Action.Export());
        }
        return List.of();
    }

    private static List<Action> handOver(Desired desired, Open open, String to) {
        int users = open.exportUsers().orElse(0);
        if (users > 0 && !desired.todo().disconnectUsers()) {
            return List.of(new Action.RefuseHandover("the device has " + users + (users == 1 ? " user" : " users")
                    + " here: " + to + " becomes primary when they have ended, or may be disconnected"));
        }
        return open.exportUsers().isPresent()
                ? List.of(new Action.Unexport(), new Action.BecomeSecondary(), new Action.Seal())
                : List.of(new Action.BecomeSecondary(), new Action.Seal());
    }

    /** The role is this node's, and the driver is secondary. */
    private static List<Action> becomePrimary(Desired desired, Actual actual, Open open) {
        if (actual.following() instanceof Following.Running) {
            return List.of(new Action.StopFollowing());
        }
        if (!desired.live()) {
            return List.of();
        }
        if (desired.role().flatMap(Role::handoverTo).isPresent()) {
            // Its driver was restarted while the role was on its way: nobody has written since, so its end is the end.
            return List.of(new Action.Seal());
        }
        if (!open.consistent()) {
            return List.of();
        }
        if (Long.compareUnsigned(open.newestEpoch(), desired.roleEpoch()) >= 0) {
            return List.of(new Action.RenewRole());
        }
        if (desired.epochStart().isEmpty()) {
            return List.of();
        }
        // Before it writes: what it writes is kept for all from the beginning.
        List<Action> actions = new ArrayList<>(KeptLog.keep(desired, open));
        actions.add(new Action.BecomePrimary(
                desired.roleEpoch(), desired.epochStart().get().chain()));
        return actions;
    }

    private static boolean hasAllThatWasSealed(Desired desired, Open open) {
        return open.consistent()
                && desired.sealed()
                        .filter(end -> end.lsn() == open.replayed().lsn()
                                && end.lsn() == open.endLsn()
                                && end.chain() == open.replayed().chain())
                        .isPresent();
    }

    // Following

    private static List<Action> follow(Desired desired, Actual actual, Open open) {
        Optional<Source> best = desired.todo().fetch() ? Sources.best(desired, open, actual) : Optional.empty();
        if (actual.following() instanceof Following.Running running) {
            boolean stays = best.filter(source -> source.host().equals(running.source()))
                    .isPresent();
            return stays ? List.of() : List.of(new Action.StopFollowing());
        }
        return best.map(source -> List.<Action>of(new Action.Follow(source))).orElse(List.of());
    }

    // What must never be

    private static void verify(Action action, Desired desired, Actual actual) {
        if (action instanceof Action.BecomePrimary become) {
            boolean mine = desired.live() && desired.iAmPrimary() && become.epoch() == desired.roleEpoch();
            boolean newer = actual.driver() instanceof Open open
                    && Long.compareUnsigned(become.epoch(), open.newestEpoch()) > 0;
            check(mine && newer, "primary without the role: " + action, desired, actual);
        }
        if (action instanceof Action.TakeRole || action instanceof Action.RenewRole || action instanceof Action.Seal) {
            check(desired.live(), "a change of the role by an old view: " + action, desired, actual);
        }
        if (action instanceof Action.Discard) {
            check(desired.todo().invalidate(), "data dropped that nobody gave up", desired, actual);
        }
        if (action instanceof Action.PrepareBackfill) {
            check(actual.files() == ReplicaFiles.NONE, "a backfill over a replica", desired, actual);
        }
        if (action instanceof Action.AbandonBackfill) {
            check(actual.files() == ReplicaFiles.BACKFILLING, "a replica given up for a backfill", desired, actual);
        }
    }

    private static void check(boolean holds, String what, Desired desired, Actual actual) {
        if (!holds) {
            throw new IllegalStateException(what + "; wanted: " + desired + "; is: " + actual);
        }
    }

    private Reconciler() {}
}
