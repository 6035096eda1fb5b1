// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.model.ClusterView;
import org.tharsis.replication.ship.ServedReplica;
import org.tharsis.replication.ship.ServedReplicas;

/**
 * The replicas of this node: those that the tree, or the journal, says it has. Begins and ends their loops as they come and
 * go. {@link #seen} belongs to one thread; the rest may be asked by any.
 */
final class Replicas implements ServedReplicas, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Replicas.class);

    private final String me;
    private final UUID nodeUuid;
    private final Function<ReplicaSpec, ReplicaLoop> begin;
    private final Map<String, ReplicaLoop> loops = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** @param begin makes a loop that is not started yet */
    Replicas(String me, UUID nodeUuid, Function<ReplicaSpec, ReplicaLoop> begin) {
        this.me = me;
        this.nodeUuid = nodeUuid;
        this.begin = begin;
    }

    /** The cluster is so now. */
    void seen(ClusterView view) {
        if (closed) {
            return;
        }
        Map<String, ReplicaSpec> wanted = new TreeMap<>();
        view.resources()
                .values()
                .forEach(resource ->
                        ReplicaSpec.of(resource, me, nodeUuid).ifPresent(spec -> wanted.put(spec.resource(), spec)));
        for (ReplicaLoop loop : List.copyOf(loops.values())) {
            ReplicaSpec spec = loop.parts().spec();
            boolean unreadable = view.unreadable().contains(spec.resource());
            if (!unreadable && !spec.equals(wanted.get(spec.resource()))) {
                LOG.info(
                        "{}: the state tree names no such replica of this node any more; it is let go. Disk and log stay as they are.",
                        spec.resource());
                loops.remove(spec.resource());
                loop.close();
            }
        }
        wanted.values().forEach(spec -> {
            if (!loops.containsKey(spec.resource())) {
                ReplicaLoop loop = begin.apply(spec);
                loops.put(spec.resource(), loop);
                loop.start();
            }
        });
        loops.values().forEach(ReplicaLoop::treeChanged);
    }

    Optional<ReplicaLoop> loop(String resource) {
        return Optional.ofNullable(loops.get(resource));
    }

    List<ReplicaLoop> all() {
        return new ArrayList<>(loops.values());
    }

    /** A replica is served while the driver has its own log open: a backfill is nothing for others. */
    @Override
    public Optional<ServedReplica> find(UUID resourceUuid) {
        return loops.values().stream()
                .map(ReplicaLoop::parts)
                .filter(parts -> parts.spec().resourceUuid().equals(resourceUuid))
                .filter(parts -> parts.watched().replica().isPresent()
                        && parts.reporter().isOwnLog())
                .<ServedReplica>map(ReplicaLoop.Parts::served)
                .findFirst();
    }

    @Override
    public void close() {
        closed = true;
        loops.values().forEach(ReplicaLoop::close);
        loops.clear();
    }
}
