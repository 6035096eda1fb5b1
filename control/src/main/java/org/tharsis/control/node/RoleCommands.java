// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.tharsis.control.api.Caller;
import org.tharsis.control.api.Changed;
import org.tharsis.control.api.Command;
import org.tharsis.control.api.Progress;
import org.tharsis.control.driver.ResourceStatus;
import org.tharsis.control.model.Actual;
import org.tharsis.control.model.ClusterEvent;
import org.tharsis.control.model.Position;
import org.tharsis.control.model.ReplicaView;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.Role;
import org.tharsis.control.model.SealedEnd;
import org.tharsis.control.model.Switch;
import org.tharsis.control.model.Versioned;
import org.tharsis.control.reconcile.Action;
import org.tharsis.control.reconcile.Following;
import org.tharsis.control.state.Outcome;

/** Commands that change who is the primary. Any thread may call; they block. */
final class RoleCommands {
    private static final Duration USUAL_TIMEOUT = Duration.ofSeconds(60);
    /** What other nodes tell arrives within this time. */
    private static final Duration SETTLED_WITHIN = Duration.ofSeconds(3);
    /** A handover takes as long as the new primary needs for what it lacks, and nobody can write meanwhile. */
    private static final long LAG_BYTES_MAX = 256L << 20;

    private final Member member;
    private final Knowledge knowledge;

    RoleCommands(Member member) {
        this.member = member;
        this.knowledge = new Knowledge(member);
    }

    private static Duration timeout(Optional<Long> timeoutMs) {
        return timeoutMs.map(Duration::ofMillis).orElse(USUAL_TIMEOUT);
    }

    Changed primary(Command.Primary command, Caller caller) throws Exception {
        knowledge.requireLive();
        String name = command.name();
        ResourceView view = knowledge.replicaHere(name);
        Role role = role(view);
        Duration within = timeout(command.timeoutMs());
        if (role.isPrimary(member.me()) && role.handoverTo().isEmpty()) {
            return usable(name, within, caller);
        }
        if (command.force()) {
            return force(view, command, within, caller);
        }
        if (role.primary().isEmpty()) {
            return finishSealed(view, within, caller);
        }
        if (role.handoverTo().isPresent() && !role.handoverTo().equals(Optional.of(member.me()))) {
            throw CommandFailed.refused(
                    "the role of " + name + " is on its way to "
                            + role.handoverTo().get(),
                    "wait until that is done, then give the command again");
        }
        return planned(view, role, command, within, caller);
    }

    private static Role role(ResourceView view) throws CommandFailed {
        return view.role()
                .map(Versioned::value)
                .orElseThrow(() -> CommandFailed.refused(
                        "the role of " + view.name() + " in the state tree cannot be read",
                        "'tharsis get resources/" + view.name() + "/role' shows it"));
    }

    private Changed usable(String name, Duration within, Caller caller) throws Exception {
        caller.progress(Progress.step("making the device usable"));
        if (!knowledge.awaitUsableHere(name, within)) {
            throw CommandFailed.timedOut(
                    member.me() + " is the primary of " + name + " by the state tree, but its device is not usable yet"
                            + knowledge.failure(name),
                    "look at 'tharsis view'");
        }
        long epoch = role(knowledge.resource(name)).epoch();
        return new Changed(name + ": " + member.me() + " is the primary, epoch " + epoch + ".");
    }

    // Planned

    private Changed planned(ResourceView view, Role role, Command.Primary command, Duration within, Caller caller)
            throws Exception {
        String name = command.name();
        String from = role.primary().orElseThrow();
        requireReady(view, from);
        requireNoUsers(name, from, command.disconnectUsers());
        long deadlineNs = System.nanoTime() + within.toNanos();
        OptionalInt begun = startHandover(view, role, from, command.disconnectUsers());
        if (begun.isEmpty()) {
            return finishSealed(withoutPrimary(name), left(deadlineNs), caller);
        }
        int version = begun.getAsInt();
        caller.progress(Progress.step("waiting until " + from + " has sealed its log"));
        Optional<Role> after = member.changes().await(left(deadlineNs), () -> afterHandoverBegan(name, version, from));
        if (after.isEmpty()) {
            throw takenBack(name, from);
        }
        if (after.get().isPrimary(from)) {
            throw CommandFailed.refused(
                    from + " has kept the role" + lastEventOf(from),
                    "end those who use the device there, or let them be disconnected with --disconnect-users");
        }
        return finish(name, left(deadlineNs), caller);
    }

    private int users(String name, String host) throws CommandFailed {
        return knowledge
                .resource(name)
                .replica(host)
                .flatMap(ReplicaView::actual)
                .map(Actual::users)
                .orElse(0);
    }

    /**
     * Returns the version of the role with which the handover began. It needs this replica's health to be as in the view; when that has
     * just changed, it is looked at again. Empty when {@code from} has given the role up itself, which this node had not heard yet.
     */
    private OptionalInt startHandover(ResourceView view, Role role, String from, boolean disconnectUsers)
            throws Exception {
        if (role.handoverTo().isPresent()) {
            return OptionalInt.of(view.role().orElseThrow().version());
        }
        if (disconnectUsers) {
            CommandFailed.unlessDone(member.tree().setTodo(view.name(), from, Switch.DISCONNECT_USERS, true));
        }
        Outcome outcome = member.changes()
                .await(SETTLED_WITHIN, () -> startedOrLost(view.name(), role))
                .orElseThrow(() -> CommandFailed.timedOut(
                        "the replica of " + view.name() + " on " + member.me() + " changes all the time",
                        "look at 'tharsis view'"));
        if (outcome instanceof Outcome.Lost lost
                && lost.current().filter(RoleCommands::isNobodys).isPresent()) {
            return OptionalInt.empty();
        }
        CommandFailed.unlessDone(outcome);
        return OptionalInt.of(
                outcome instanceof Outcome.Done done
                        ? done.version()
                        : view.role().orElseThrow().version());
    }

    private static boolean isNobodys(Role role) {
        return role.primary().isEmpty() && role.handoverTo().isEmpty();
    }

    private ResourceView withoutPrimary(String name) throws Exception {
        return member.changes()
                .await(
                        SETTLED_WITHIN,
                        () -> Optional.of(knowledge.resource(name))
                                .filter(view -> view.role()
                                        .filter(role -> isNobodys(role.value()))
                                        .isPresent()))
                .orElseThrow(() -> CommandFailed.refused(
                        "the role of " + name + " is being changed by somebody else", "look at 'tharsis view'"));
    }

    /** Empty when it should be tried again with a newer view. */
    private Optional<Outcome> startedOrLost(String name, Role role) throws CommandFailed {
        ResourceView view = knowledge.resource(name);
        Optional<Role> now = view.role().map(Versioned::value);
        if (now.filter(RoleCommands::isNobodys).isPresent()) {
            return Optional.of(new Outcome.Lost(now, name + " has no primary any more"));
        }
        Outcome outcome = member.tree().startHandover(view, member.me());
        boolean again = outcome instanceof Outcome.Lost lost && lost.current().equals(Optional.of(role));
        return again ? Optional.empty() : Optional.of(outcome);
    }

    /** The role, once the old primary has answered the handover: sealed, or kept. */
    private Optional<Role> afterHandoverBegan(String name, int version, String from) throws CommandFailed {
        return knowledge
                .resource(name)
                .role()
                .filter(role -> role.version() >= version)
                .map(Versioned::value)
                .filter(role -> !role.isPrimary(from) || role.handoverTo().isEmpty());
    }

    private static Duration left(long deadlineNs) {
        return Duration.ofNanos(Math.max(1, deadlineNs - System.nanoTime()));
    }

    private void requireReady(ResourceView view, String from) throws Exception {
        String name = view.name();
        ReplicaLoop.Parts parts = knowledge.loop(name).parts();
        ResourceStatus.Replica replica = parts.watched()
                .replica()
                .orElseThrow(() -> CommandFailed.refused(
                        "the replica of " + name + " is not open here" + knowledge.failure(name),
                        "look at 'tharsis view'"));
        if (!replica.consistent() || !replica.diskAttached()) {
            throw CommandFailed.refused(
                    "the replica of " + name + " on " + member.me() + " is "
                            + (replica.consistent() ? "detached" : "not consistent yet"),
                    "'tharsis wait-resource " + name + " consistent' waits for it");
        }
        if (!member.changes().until(SETTLED_WITHIN, () -> follows(parts, from))) {
            throw CommandFailed.refused(
                    member.me() + " is not connected to " + from + ", the primary of " + name,
                    "when " + from
                            + " is gone for good, take over with --force: what has not arrived here stays there");
        }
        // The source tells its end each second.
        Optional<Lag> lag = member.changes()
                .await(SETTLED_WITHIN, () -> parts.reporter().lag().filter(Lag::isKnown));
        if (lag.isEmpty() || lag.get().bytes() > LAG_BYTES_MAX) {
            throw CommandFailed.refused(
                    member.me()
                            + lag.map(known -> " is " + known.bytes() + " bytes behind")
                                    .orElse(" does not know how far it is behind, as " + from + " says nothing")
                            + ": the device would be gone until it has caught up",
                    "'tharsis wait-resource " + name + " caught-up' waits for it");
        }
    }

    private static boolean follows(ReplicaLoop.Parts parts, String host) {
        return parts.fetching().following() instanceof Following.Running running
                && running.source().equals(host)
                && running.phase() == Following.Phase.FOLLOWING;
    }

    /** What the other node has told of its users is up to a second old. It looks itself before it gives the role away. */
    private void requireNoUsers(String name, String from, boolean disconnect) throws Exception {
        if (disconnect || member.changes().until(SETTLED_WITHIN, () -> users(name, from) == 0)) {
            return;
        }
        throw tooManyUsers(users(name, from), from);
    }

    private static CommandFailed tooManyUsers(int users, String host) {
        return CommandFailed.refused(
                "the device has " + users + (users == 1 ? " user" : " users") + " on " + host,
                "end them first, or let them be disconnected with --disconnect-users");
    }

    private static int usersHere(ReplicaLoop loop) {
        return loop.parts().watched().status().map(ResourceStatus::users).orElse(0);
    }

    private CommandFailed takenBack(String name, String from) throws CommandFailed {
        ResourceView view = knowledge.resource(name);
        Role now = role(view);
        if (now.isPrimary(from) && now.handoverTo().isPresent()) {
            CommandFailed.unlessDone(member.tree().undoHandover(view));
            return CommandFailed.timedOut(
                    from + " has not sealed its log in time; the handover was taken back, and " + from
                            + " is still the primary of " + name,
                    "look whether " + from + " works ('tharsis view'); when it is gone, take over with --force");
        }
        return CommandFailed.timedOut("the role of " + name + " is '" + now.format() + "'", "look at 'tharsis view'");
    }

    private String lastEventOf(String host) {
        List<ClusterEvent> events = member.tree().events();
        return events.stream()
                .filter(event -> event.host().equals(host))
                .reduce((before, last) -> last)
                .map(event -> " (" + event.text() + ")")
                .orElse("");
    }

    /** The log is sealed for this node: its loop takes the role as soon as all of it is here. */
    private Changed finish(String name, Duration within, Caller caller) throws Exception {
        caller.progress(Progress.step("fetching and replaying the rest of the log"));
        if (!knowledge.awaitUsableHere(name, within)) {
            throw CommandFailed.timedOut(
                    reached(knowledge.resource(name)) + knowledge.failure(name),
                    member.me() + " becomes the primary by itself as soon as it has all of the log");
        }
        return usable(name, within, caller);
    }

    private String reached(ResourceView view) {
        Optional<Long> end = view.sealed().map(last -> last.value().lsn());
        Optional<Long> here = member.replicas()
                .loop(view.name())
                .flatMap(loop -> loop.parts().watched().replica())
                .map(ResourceStatus.Replica::replayedLsn);
        return "the log of " + view.name() + " was sealed"
                + end.map(lsn -> " at LSN " + Long.toUnsignedString(lsn)).orElse("") + ", and this node has replayed "
                + here.map(lsn -> "it up to " + Long.toUnsignedString(lsn)).orElse("nothing of it");
    }

    /** Nobody is primary, and the end of the log is known: whoever has all of it can go on. */
    private Changed finishSealed(ResourceView view, Duration within, Caller caller) throws Exception {
        String name = view.name();
        // The keys of one transaction arrive one after the other.
        SealedEnd sealedEnd = member.changes()
                .await(SETTLED_WITHIN, () -> knowledge.resource(name).sealed().map(Versioned::value))
                .orElseThrow(() -> CommandFailed.refused(
                        name + " has no primary, and where its log ends is not known",
                        "take over at what this node has with --force"));
        if (role(view).handoverTo().equals(Optional.of(member.me()))) {
            return finish(name, within, caller);
        }
        ReplicaLoop loop = knowledge.loop(name);
        caller.progress(Progress.step("fetching and replaying the rest of the log"));
        if (!member.changes().until(within, () -> hasAll(loop, sealedEnd))) {
            throw CommandFailed.timedOut(
                    reached(view) + knowledge.failure(name),
                    "give the command on the node that has sealed it, or bring that node back");
        }
        loop.call(() -> {
                    loop.parts().fetching().stopFollowing();
                    begin(() -> loop.parts().roles().takeSealed());
                    return true;
                })
                .get();
        return usable(name, within, caller);
    }

    private static boolean hasAll(ReplicaLoop loop, SealedEnd end) {
        return loop.parts()
                .watched()
                .replica()
                .filter(replica ->
                        replica.consistent() && replica.replayedLsn() == end.lsn() && replica.chain() == end.chain())
                .isPresent();
    }

    // By force

    private Changed force(ResourceView view, Command.Primary command, Duration within, Caller caller) throws Exception {
        String name = command.name();
        ReplicaLoop loop = knowledge.loop(name);
        Position mine = loop.parts()
                .watched()
                .replica()
                .filter(ResourceStatus.Replica::consistent)
                .map(ReplicaReporter::position)
                .orElseThrow(() -> CommandFailed.refused(
                        "the replica of " + name + " on " + member.me() + " is not consistent: it cannot be used",
                        "take over on a node whose replica is ok ('tharsis view')"));
        if (!command.loseNewer()) {
            requireSilent(view, loop);
            requireFurthest(view, mine);
        }
        caller.progress(Progress.step("replaying what has arrived"));
        loop.call(() -> {
                    ResourceStatus.Replica end = loop.parts().actions().standStill();
                    requireUnchanged(name, role(view));
                    begin(() -> loop.parts().roles().force(end));
                    return true;
                })
                .get();
        return usable(name, within, caller);
    }

    /** One transaction of the tree: when it was refused, nothing is changed. */
    @FunctionalInterface
    private interface Transaction {
        void commit() throws TreeChangeException;
    }

    private static void begin(Transaction epoch) throws CommandFailed {
        try {
            epoch.commit();
        } catch (TreeChangeException failed) {
            String why = String.valueOf(failed.getMessage());
            throw failed.unreachable()
                    ? CommandFailed.unreachable(why, "when ZooKeeper is back, look at 'tharsis view' first")
                    : CommandFailed.refused(
                            why, "look at 'tharsis view', and give the command again if it is still wanted");
        }
    }

    /** Of two who take over at once one wins: the other one has not decided about this primary. */
    private void requireUnchanged(String name, Role before) throws CommandFailed {
        Role now = role(knowledge.resource(name));
        if (!now.equals(before)) {
            throw CommandFailed.refused(
                    "the role of " + name + " has changed meanwhile: it is '" + now.format() + "'",
                    "look at 'tharsis view', and give the command again if it is still wanted");
        }
    }

    /** Whoever is heard can hand over. ZooKeeper is not asked: it counts a node among the living for a while after its death. */
    private static void requireSilent(ResourceView view, ReplicaLoop loop) throws CommandFailed {
        Optional<String> heard =
                view.role().flatMap(role -> role.value().primary()).filter(primary -> follows(loop.parts(), primary));
        if (heard.isPresent()) {
            throw CommandFailed.refused(
                    heard.get() + ", the primary of " + view.name() + ", is alive, and is followed here",
                    "'tharsis primary " + view.name()
                            + "' lets it hand over, and loses nothing; when it cannot, --force"
                            + " --lose-newer takes over all the same");
        }
    }

    /** The old primary does not count: that it is gone is why there is force. */
    private void requireFurthest(ResourceView view, Position mine) throws CommandFailed {
        Optional<String> old = view.role().flatMap(role -> role.value().primary());
        Optional<ReplicaView> further = view.replicas().values().stream()
                .filter(replica -> !replica.host().equals(member.me()) && !old.equals(Optional.of(replica.host())))
                .filter(replica -> replica.isConsistent()
                        && replica.position()
                                .filter(position -> isFurther(position, mine))
                                .isPresent())
                .max(Comparator.comparing(
                        replica -> replica.position().orElseThrow().durableLsn(), Long::compareUnsigned));
        if (further.isPresent()) {
            Position position = further.get().position().orElseThrow();
            throw CommandFailed.refused(
                    further.get().host() + " has " + (position.durableLsn() - mine.endLsn())
                            + " bytes of log more than "
                            + member.me() + " (epoch " + position.epoch() + ", LSN "
                            + Long.toUnsignedString(position.durableLsn()) + ")",
                    "take over on " + further.get().host() + ", or lose that with --force --lose-newer");
        }
    }

    private static boolean isFurther(Position position, Position mine) {
        return position.epoch() == mine.epoch() && Long.compareUnsigned(position.durableLsn(), mine.endLsn()) > 0;
    }

    // No primary

    Changed secondary(Command.Secondary command, Caller caller) throws Exception {
        knowledge.requireLive();
        String name = command.name();
        ResourceView view = knowledge.replicaHere(name);
        if (!role(view).isPrimary(member.me())) {
            return new Changed(name + ": " + member.me() + " is not the primary.");
        }
        ReplicaLoop loop = knowledge.loop(name);
        if (!command.disconnectUsers() && !member.changes().until(SETTLED_WITHIN, () -> usersHere(loop) == 0)) {
            throw tooManyUsers(usersHere(loop), member.me());
        }
        caller.progress(Progress.step("sealing the log"));
        loop.call(() -> {
                    loop.parts().actions().perform(new Action.Unexport());
                    loop.parts().roles().seal();
                    return true;
                })
                .get(timeout(command.timeoutMs()).toMillis(), TimeUnit.MILLISECONDS);
        knowledge.awaitSeen(loop);
        return new Changed(name + ": nobody is the primary; " + member.me() + " has sealed its log.");
    }
}
