// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.tharsis.control.driver.DriverClient;
import org.tharsis.control.driver.ReplicaRole;
import org.tharsis.control.driver.ResourceStatus;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.state.TreeConnection;

/** What commands ask before they do something; what is missing is told as their outcome. Any thread may call. */
final class Knowledge {
    private static final long LOOP_MS_MAX = 5000;
    private static final Duration SEEN_WITHIN = Duration.ofSeconds(5);
    /** A daemon that has just come up finds ZooKeeper within this time, if that is there. */
    private static final Duration CONNECTED_WITHIN = Duration.ofSeconds(3);

    private final Member member;

    Knowledge(Member member) {
        this.member = member;
    }

    void requireLive() throws Exception {
        if (member.tree().connection().state() == TreeConnection.State.CONNECTING) {
            member.changes().until(CONNECTED_WITHIN, member::live);
        }
        if (!member.live()) {
            throw CommandFailed.unreachable(
                    "ZooKeeper cannot be reached: " + member.tree().connection().detail(),
                    "devices and replication go on without it; changes have to wait");
        }
    }

    DriverClient requireDriver() throws CommandFailed {
        return member.driver()
                .orElseThrow(() -> CommandFailed.refused(
                        member.me() + " has no driver, so it can hold no replicas",
                        "set 'driver' in tharsis.conf, and restart tharsisd"));
    }

    ClusterView view() throws CommandFailed {
        return member.view()
                .orElseThrow(() -> CommandFailed.unreachable(
                        "this node knows nothing of its cluster yet: "
                                + member.tree().connection().detail(),
                        "start ZooKeeper"));
    }

    ResourceView resource(String name) throws CommandFailed {
        return view().resource(name)
                .orElseThrow(() ->
                        CommandFailed.refused("there is no resource " + name, "'tharsis view' shows those there are"));
    }

    /** The resource, of which this node has a replica. */
    ResourceView replicaHere(String name) throws CommandFailed {
        ResourceView view = resource(name);
        if (view.replica(member.me()).isEmpty()) {
            throw CommandFailed.refused(
                    member.me() + " has no replica of " + name, "give the command on a node that has one");
        }
        return view;
    }

    ReplicaLoop loop(String name) throws CommandFailed {
        return member.replicas()
                .loop(name)
                .orElseThrow(() -> CommandFailed.refused(
                        member.me() + " does not run its replica of " + name
                                + ": it has no driver, or its keys are damaged",
                        "look at 'tharsis view'"));
    }

    boolean isPrimaryHere(ResourceView view) {
        return view.role().filter(role -> role.value().isPrimary(member.me())).isPresent();
    }

    /** The device can be used here: the role is this node's, the driver has it, and it is exported. */
    boolean isUsableHere(String name) throws CommandFailed {
        ResourceView view = replicaHere(name);
        Optional<ResourceStatus> status = member.replicas()
                .loop(name)
                .flatMap(loop -> loop.parts().watched().status());
        return isPrimaryHere(view)
                && view.role()
                        .filter(role -> role.value().handoverTo().isPresent())
                        .isEmpty()
                && status.filter(now -> now.role() == ReplicaRole.PRIMARY
                                && !now.exports().isEmpty()
                                && now.replica()
                                        .filter(replica -> Facts.newestEpoch(replica)
                                                == view.role()
                                                        .orElseThrow()
                                                        .value()
                                                        .epoch())
                                        .isPresent())
                        .isPresent();
    }

    /** Waits until {@link #isUsableHere}; false when the time is up. */
    boolean awaitUsableHere(String name, Duration within) throws Exception {
        return member.changes().until(within, () -> {
            boolean here = view().resource(name)
                    .flatMap(view -> view.replica(member.me()))
                    .isPresent();
            return here && isUsableHere(name);
        });
    }

    /** Waits until the view shows the role that this node has written: who looks next shall see it. */
    void awaitSeen(ReplicaLoop loop) throws Exception {
        member.changes()
                .until(
                        SEEN_WITHIN,
                        () -> loop.parts()
                                .roles()
                                .isSeenIn(resource(loop.parts().spec().resource())));
    }

    /** What is in the way, as the end of a sentence; empty when nothing is known. */
    String failure(String name) {
        try {
            return member.replicas()
                    .loop(name)
                    .flatMap(loop -> loop.failure()
                            .orTimeout(LOOP_MS_MAX, TimeUnit.MILLISECONDS)
                            .join())
                    .map(why -> ": " + why)
                    .orElse("");
        } catch (RuntimeException busy) {
            return "";
        }
    }
}
