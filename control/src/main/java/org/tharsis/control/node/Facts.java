// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.tharsis.control.config.HostPort;
import org.tharsis.control.driver.ReplicaRole;
import org.tharsis.control.driver.ResourceStatus;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.Health;
import org.tharsis.control.model.NodeRecord;
import org.tharsis.control.model.Position;
import org.tharsis.control.model.ReplicaView;
import org.tharsis.control.model.ResourceOption;
import org.tharsis.control.model.ResourceOptions;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.Switch;
import org.tharsis.control.model.Versioned;
import org.tharsis.control.reconcile.Desired;
import org.tharsis.control.reconcile.DriverState;
import org.tharsis.control.reconcile.LogEnd;
import org.tharsis.control.reconcile.Source;
import org.tharsis.control.reconcile.Todo;
import org.tharsis.replication.log.EpochStart;

/** Makes of the tree's and the driver's facts what the reconciler asks for. */
final class Facts {
    /** A lease would have to be renewed; nobody does so far, so the driver is not told of any. */
    private static final Set<ResourceOption> NOT_FOR_THE_DRIVER =
            Set.of(ResourceOption.FENCING, ResourceOption.LEASE_READS);

    /** @param reach nodes that are reached elsewhere than they advertise */
    static Desired desired(
            ClusterView cluster, ResourceView resource, String me, boolean live, Map<String, HostPort> reach) {
        return new Desired(
                me,
                live && resource.role().isPresent(),
                resource.role().map(Versioned::value),
                resource.sealed().map(Versioned::value),
                resource.role()
                        .flatMap(role -> Optional.ofNullable(
                                resource.epochs().get(role.value().epoch()))),
                resource.replica(me).map(replica -> todo(replica.todo())).orElse(Todo.USUAL),
                options(resource.options()),
                sources(cluster, resource, me, reach));
    }

    private static Todo todo(org.tharsis.control.model.Todo todo) {
        return new Todo(
                todo.wants(Switch.ATTACH),
                todo.wants(Switch.FETCH),
                todo.wants(Switch.REPLAY),
                todo.wants(Switch.SYNC),
                todo.wants(Switch.INVALIDATE),
                todo.wants(Switch.DISCONNECT_USERS));
    }

    private static Map<String, String> options(ResourceOptions options) {
        return Stream.of(ResourceOption.values())
                .filter(option -> option.isDrivers() && !NOT_FOR_THE_DRIVER.contains(option))
                .collect(Collectors.toMap(ResourceOption::key, options::get));
    }

    private static List<Source> sources(
            ClusterView cluster, ResourceView resource, String me, Map<String, HostPort> reach) {
        return resource.replicas().values().stream()
                .filter(replica -> !replica.host().equals(me))
                .flatMap(replica -> cluster.node(replica.host()).stream()
                        .map(node -> source(replica, node, cluster.isAlive(replica.host()), reach)))
                .toList();
    }

    private static Source source(ReplicaView replica, NodeRecord node, boolean alive, Map<String, HostPort> reach) {
        boolean usable = replica.health()
                .filter(health -> health.value() instanceof Health.Ok || health.value() instanceof Health.Detached)
                .isPresent();
        return new Source(
                node.name(),
                node.uuid(),
                Optional.ofNullable(reach.get(node.name()))
                        .map(HostPort::toString)
                        .orElseGet(node::address),
                alive,
                usable,
                replica.position().map(Position::epoch).orElse(0L),
                replica.position().map(Position::durableLsn).orElse(0L));
    }

    /**
     * @param settled what stands in the log directory was announced
     * @param served peers that are being served now
     */
    static DriverState driver(DriverSight sight, ReplicaDirectory directory, boolean settled, Set<UUID> served) {
        if (sight instanceof DriverSight.Away) {
            return new DriverState.Away();
        }
        if (!(sight instanceof DriverSight.Present present)) {
            return new DriverState.Closed();
        }
        ResourceStatus status = present.status();
        return status.replica()
                .<DriverState>map(replica -> open(status, replica, place(status, directory), settled, served))
                .orElseGet(DriverState.Busy::new);
    }

    private static DriverState.Place place(ResourceStatus status, ReplicaDirectory directory) {
        if (status.directory().equals(Optional.of(directory.log()))) {
            return DriverState.Place.LOG;
        }
        return status.directory().equals(Optional.of(directory.backfill()))
                ? DriverState.Place.BACKFILL
                : DriverState.Place.FOREIGN;
    }

    private static DriverState open(
            ResourceStatus status,
            ResourceStatus.Replica replica,
            DriverState.Place place,
            boolean settled,
            Set<UUID> served) {
        Map<UUID, DriverState.Peer> peers = replica.peers().stream()
                .collect(Collectors.toMap(
                        ResourceStatus.Peer::uuid,
                        peer -> new DriverState.Peer(peer.durableLsn().orElse(0L), served.contains(peer.uuid()))));
        return new DriverState.Open(
                place,
                settled,
                replica.diskAttached(),
                status.exports().isEmpty() ? Optional.empty() : Optional.of(status.users()),
                status.role() == ReplicaRole.PRIMARY,
                newestEpoch(replica),
                replica.endLsn(),
                new LogEnd(replica.replayedLsn(), replica.chain()),
                replica.consistent(),
                replica.replayPaused(),
                new HashMap<>(replica.options()),
                peers);
    }

    /** The highest epoch that the log knows. */
    static long newestEpoch(ResourceStatus.Replica replica) {
        long newest = replica.epoch();
        for (EpochStart epoch : replica.epochs()) {
            newest = Long.compareUnsigned(epoch.epoch(), newest) > 0 ? epoch.epoch() : newest;
        }
        return newest;
    }

    private Facts() {}
}
