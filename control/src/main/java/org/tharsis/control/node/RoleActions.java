// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.tharsis.control.driver.DriverClient;
import org.tharsis.control.driver.DriverException;
import org.tharsis.control.driver.ResourceStatus;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.EpochRecord;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.SealedEnd;
import org.tharsis.control.model.Switch;
import org.tharsis.control.model.Versioned;
import org.tharsis.control.reconcile.Action;
import org.tharsis.control.state.Outcome;
import org.tharsis.control.state.StateTree;

/**
 * The steps that change the tree's role of one resource. Remembers the version that it has written last: until a view shows
 * that or a newer one, nothing may be decided by the role. Belongs to the replica's loop.
 */
final class RoleActions {
    private static final long NS_PER_S = 1_000_000_000L;
    private static final long SEEN_NS_MAX = 2 * NS_PER_S;
    private static final long LOOK_NS = 10_000_000;

    private final ReplicaSpec spec;
    private final String me;
    private final StateTree tree;
    private final DriverClient driver;
    private final WatchedResource watched;
    private final Events events;
    private final Clock clock;
    private volatile int writtenVersion;

    RoleActions(
            ReplicaSpec spec,
            String me,
            StateTree tree,
            DriverClient driver,
            WatchedResource watched,
            Events events,
            Clock clock) {
        this.spec = spec;
        this.me = me;
        this.tree = tree;
        this.driver = driver;
        this.watched = watched;
        this.events = events;
        this.clock = clock;
    }

    /** The view shows at least what was written last. Any thread may ask. */
    boolean isSeenIn(ResourceView view) {
        return view.role().filter(role -> role.version() >= writtenVersion).isPresent()
                || view.role().isEmpty();
    }

    void perform(Action action) throws IOException, DriverException, TreeChangeException {
        if (action instanceof Action.Seal) {
            seal();
        } else if (action instanceof Action.RefuseHandover refuse) {
            change(tree.undoHandover(view()), "the handover was not refused");
            forgetDisconnectUsers();
            events.tell("handover-refused", spec.resource(), me + " stays the primary: " + refuse.why());
        } else if (action instanceof Action.TakeRole) {
            takeSealed();
        } else if (action instanceof Action.RenewRole) {
            renew();
        } else {
            throw new IllegalArgumentException("not a change of the role: " + action);
        }
    }

    /** The newest view of the resource. */
    ResourceView view() throws TreeChangeException {
        Optional<ClusterView> cluster = tree.view();
        return cluster.flatMap(view -> view.resource(spec.resource()))
                .orElseThrow(() -> new TreeChangeException(spec.resource() + " is not in the state tree any more"));
    }

    private long epoch(ResourceView view) throws TreeChangeException {
        return view.role()
                .orElseThrow(() -> new TreeChangeException("the role of " + spec.resource() + " cannot be read"))
                .value()
                .epoch();
    }

    /** The driver takes no writes any more: its end is the end of the epoch. */
    void seal() throws IOException, DriverException, TreeChangeException {
        ResourceView view = view();
        var end = driver.roleSecondary(spec.resource());
        SealedEnd sealed = new SealedEnd(epoch(view), end.endLsn(), end.chain());
        change(tree.seal(view, sealed), "the end of the log is not in the state tree");
        forgetDisconnectUsers();
        events.tell(
                "sealed",
                spec.resource(),
                me + " has ended epoch " + sealed.epoch() + " at LSN " + Long.toUnsignedString(sealed.lsn()) + ".");
    }

    /** Begins the next epoch at the sealed end, which this node has replayed. */
    void takeSealed() throws TreeChangeException {
        ResourceView view = view();
        SealedEnd sealed = view.sealed()
                .map(Versioned::value)
                .orElseThrow(() -> new TreeChangeException("no log of " + spec.resource() + " is sealed any more"));
        promote(view, sealed.lsn(), sealed.chain(), sealed.epoch(), "it has all of the sealed log");
    }

    private void renew() throws IOException, TreeChangeException {
        ResourceStatus.Replica replica = watched.replica()
                .filter(open -> open.replayedLsn() == open.endLsn())
                .orElseThrow(() -> new IOException("the log of " + spec.resource() + " is not replayed yet"));
        promote(
                view(),
                replica.endLsn(),
                replica.chain(),
                Facts.newestEpoch(replica),
                "its driver was restarted, which takes a new epoch");
    }

    private void promote(ResourceView view, long lsn, long chain, long previousEpoch, String why)
            throws TreeChangeException {
        long epoch = epoch(view) + 1;
        EpochRecord record = new EpochRecord(me, lsn, chain, previousEpoch, nowNs(), EpochRecord.Kind.PLANNED);
        change(tree.promotePlanned(view, record), "epoch " + epoch + " was not begun");
        told(epoch, lsn, why);
    }

    /** Takes over at what this node has. */
    void force(ResourceStatus.Replica replica) throws TreeChangeException {
        ResourceView view = view();
        long epoch = epoch(view) + 1;
        EpochRecord record = new EpochRecord(
                me, replica.endLsn(), replica.chain(), Facts.newestEpoch(replica), nowNs(), EpochRecord.Kind.FORCED);
        change(tree.promoteForced(view, record), "epoch " + epoch + " was not begun");
        told(epoch, replica.endLsn(), "by force");
    }

    private void told(long epoch, long lsn, String why) {
        events.tell(
                "role",
                spec.resource(),
                me + " is the primary in epoch " + epoch + " from LSN " + Long.toUnsignedString(lsn) + ": " + why
                        + ".");
    }

    /** The replica's data was thrown away, as it was asked for: not again. */
    void discarded() throws TreeChangeException {
        Outcome outcome = tree.setTodo(spec.resource(), me, Switch.INVALIDATE, false);
        if (!(outcome instanceof Outcome.Done)) {
            throw new TreeChangeException("that the replica was invalidated is not in the state tree: " + outcome);
        }
        awaitForgotten();
        events.tell("invalidated", spec.resource(), me + " has thrown its log away and fetches what differs.");
    }

    /** Until the view shows it, the replica that begins anew would be taken for the one that was invalidated. */
    private void awaitForgotten() throws TreeChangeException {
        long deadlineNs = System.nanoTime() + SEEN_NS_MAX;
        while (wants(Switch.INVALIDATE) && System.nanoTime() - deadlineNs < 0) {
            LockSupport.parkNanos(LOOK_NS);
        }
    }

    private boolean wants(Switch which) throws TreeChangeException {
        return view().replica(me).filter(replica -> replica.todo().wants(which)).isPresent();
    }

    private void forgetDisconnectUsers() throws TreeChangeException {
        if (wants(Switch.DISCONNECT_USERS)) {
            tree.setTodo(spec.resource(), me, Switch.DISCONNECT_USERS, false);
        }
    }

    private void change(Outcome outcome, String otherwise) throws TreeChangeException {
        if (outcome instanceof Outcome.Done done) {
            writtenVersion = done.version();
        } else if (outcome instanceof Outcome.Lost lost) {
            throw new TreeChangeException(otherwise + ": " + lost.why());
        } else if (outcome instanceof Outcome.Refused refused) {
            throw new TreeChangeException(otherwise + ": " + refused.why());
        } else if (outcome instanceof Outcome.Unavailable unavailable) {
            String maybe = unavailable.mayHaveHappened() ? "; it may have been done all the same" : "";
            throw new TreeChangeException(otherwise + ": " + unavailable.why() + maybe, true);
        }
    }

    private long nowNs() {
        Instant now = clock.instant();
        return now.getEpochSecond() * NS_PER_S + now.getNano();
    }
}
