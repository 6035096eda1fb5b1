// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.time.Duration;
import java.util.Optional;
import org.tharsis.control.api.Caller;
import org.tharsis.control.api.Changed;
import org.tharsis.control.api.Command;
import org.tharsis.control.api.Progress;
import org.tharsis.control.driver.ResourceStatus;
import org.tharsis.control.model.Actual;
import org.tharsis.control.model.Health;
import org.tharsis.control.model.Position;
import org.tharsis.control.model.ReplicaView;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.Role;
import org.tharsis.control.model.Switch;
import org.tharsis.control.model.Versioned;
import org.tharsis.control.reconcile.ReplicaFiles;

/** Waits for a replica. Any thread may call; it blocks. */
final class WaitCommand {
    /** Without a time-out it waits as long as somebody wants to know. */
    private static final Duration FOR_EVER = Duration.ofDays(3650);

    private static final Duration PROGRESS_EVERY = Duration.ofSeconds(1);

    private final Member member;
    private final Knowledge knowledge;

    WaitCommand(Member member) {
        this.member = member;
        this.knowledge = new Knowledge(member);
    }

    Changed await(Command.WaitResource command, Caller caller) throws Exception {
        String host = command.node().orElse(member.me());
        String name = command.name();
        if (knowledge.resource(name).replica(host).isEmpty()) {
            throw CommandFailed.refused(host + " has no replica of " + name, "'tharsis view " + name + "' shows them");
        }
        long begunNs = System.nanoTime();
        Duration within = command.timeoutMs().map(Duration::ofMillis).orElse(FOR_EVER);
        String wanted =
                command.condition().name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        while (!caller.gone()) {
            Duration left = within.minusNanos(System.nanoTime() - begunNs);
            if (left.isNegative()) {
                throw CommandFailed.timedOut(
                        name + " on " + host + " is not " + wanted + ": " + state(name, host),
                        "look at 'tharsis view'");
            }
            caller.progress(progress(name, host));
            Duration step = left.compareTo(PROGRESS_EVERY) < 0 ? left : PROGRESS_EVERY;
            boolean is = member.changes()
                    .await(step, () -> is(command, host, begunNs) ? Optional.of(true) : Optional.empty())
                    .isPresent();
            if (is) {
                return new Changed(name + " on " + host + " is " + wanted + ".");
            }
        }
        throw CommandFailed.timedOut(name + " on " + host + ": nobody waits any more", "");
    }

    private boolean is(Command.WaitResource command, String host, long begunNs) throws Exception {
        ResourceView view = knowledge.resource(command.name());
        boolean here = host.equals(member.me())
                && member.replicas().loop(command.name()).isPresent();
        return switch (command.condition()) {
            case CONSISTENT -> here ? isConsistentHere(command.name()) : isConsistent(view, host);
            case CAUGHT_UP -> here ? isCaughtUpHere(view, begunNs) : isCaughtUp(view, host);
            case PRIMARY -> here ? knowledge.isUsableHere(command.name()) : isPrimary(view, host);
            case SECONDARY -> isSecondary(view, host);
        };
    }

    private boolean isConsistentHere(String name) throws Exception {
        ReplicaLoop.Parts parts = knowledge.loop(name).parts();
        return parts.directory().files() == ReplicaFiles.REPLICA
                && parts.watched()
                        .replica()
                        .filter(replica -> replica.consistent() && replica.diskAttached())
                        .isPresent();
    }

    private static boolean isConsistent(ResourceView view, String host) {
        return view.replica(host).filter(ReplicaView::isConsistent).isPresent();
    }

    /** The source must have told its end after the command was given: what it told before says nothing about now. */
    private boolean isCaughtUpHere(ResourceView view, long begunNs) throws Exception {
        if (knowledge.isUsableHere(view.name())) {
            return true;
        }
        ReplicaLoop.Parts parts = knowledge.loop(view.name()).parts();
        Optional<ResourceStatus.Replica> replica = parts.watched().replica();
        return isConsistentHere(view.name())
                && parts.fetching()
                        .followed()
                        .flatMap(FollowedLog::sourceEnd)
                        .filter(source -> source.toldNs() - begunNs > 0
                                && replica.filter(
                                                open -> Long.compareUnsigned(open.replayedLsn(), source.endLsn()) >= 0)
                                        .isPresent())
                        .isPresent();
    }

    private static boolean isCaughtUp(ResourceView view, String host) {
        Optional<Position> primary = view.role()
                .map(Versioned::value)
                .flatMap(Role::primary)
                .flatMap(view::replica)
                .flatMap(ReplicaView::position);
        Optional<Position> replica = view.replica(host).flatMap(ReplicaView::position);
        return isConsistent(view, host)
                && primary.isPresent()
                && replica.isPresent()
                && replica.get().epoch() == primary.get().epoch()
                && Long.compareUnsigned(
                                replica.get().replayedLsn(), primary.get().endLsn())
                        >= 0;
    }

    private static boolean isPrimary(ResourceView view, String host) {
        boolean role = view.role()
                .filter(r -> r.value().isPrimary(host) && r.value().handoverTo().isEmpty())
                .isPresent();
        return role
                && view.replica(host)
                        .flatMap(ReplicaView::position)
                        .filter(position -> position.epoch()
                                == view.role().orElseThrow().value().epoch())
                        .isPresent();
    }

    private static boolean isSecondary(ResourceView view, String host) {
        return view.role().filter(role -> !role.value().isPrimary(host)).isPresent()
                && view.replica(host)
                        .flatMap(ReplicaView::actual)
                        .filter(actual -> actual.is(Switch.FETCH))
                        .isPresent();
    }

    private Progress progress(String name, String host) throws CommandFailed {
        Optional<Health.Syncing> syncing = knowledge
                .resource(name)
                .replica(host)
                .flatMap(ReplicaView::health)
                .map(Versioned::value)
                .filter(Health.Syncing.class::isInstance)
                .map(Health.Syncing.class::cast);
        return syncing.map(sync -> member.sightings().backfill(name, host, sync))
                .orElseGet(() -> Progress.step("waiting for " + name + " on " + host));
    }

    private String state(String name, String host) throws CommandFailed {
        Optional<ReplicaView> replica = knowledge.resource(name).replica(host);
        String health = replica.flatMap(ReplicaView::health)
                .map(value -> value.value().format())
                .orElse("unknown");
        String fetch = replica.flatMap(ReplicaView::actual)
                .flatMap(Actual::source)
                .map(source -> ", fetching from " + source)
                .orElse("");
        return "its health is " + health + fetch;
    }
}
