// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.model.Keys;
import org.tharsis.control.model.ReplicaReport;

/**
 * Writes this node's own reports. It holds the newest report of each of its replicas, so what could not be written, or was
 * written while the connection broke, is written when there is one again. One write of a key is under way at a time. The
 * owner's thread, except {@link #publish}.
 */
final class ReportPublisher {
    private static final Logger LOG = LoggerFactory.getLogger(ReportPublisher.class);
    private static final long POSITION_INTERVAL_NS = TimeUnit.SECONDS.toNanos(1);

    private final TreePaths paths;
    private final TreeMirror mirror;
    private final OwnerThread owner;
    private final Map<String, Replica> replicas = new TreeMap<>();
    private Optional<ZooKeeper> zooKeeper = Optional.empty();
    private long connections;

    ReportPublisher(TreePaths paths, TreeMirror mirror, OwnerThread owner) {
        this.paths = paths;
        this.mirror = mirror;
        this.owner = owner;
    }

    /** A replica of this node. */
    private static final class Replica {
        private final String directory;
        private final SortedMap<String, Cell> cells = new TreeMap<>();
        private final List<CompletableFuture<Void>> waiting = new ArrayList<>();

        Replica(String directory) {
            this.directory = directory;
        }
    }

    /** A key of a replica. */
    private static final class Cell {
        private Optional<String> desired = Optional.empty();
        /** What ZooKeeper has confirmed; not known after a broken connection. */
        private Optional<Optional<String>> confirmed = Optional.empty();

        private boolean inFlight;
        private long notBeforeNs = System.nanoTime();
    }

    /** See {@link StateTree#publish}. Any thread. */
    CompletionStage<Void> publish(String host, String resource, ReplicaReport report) {
        SortedMap<String, Optional<String>> keys = report.keys(resource, host);
        CompletableFuture<Void> done = new CompletableFuture<>();
        boolean taken = owner.offer(() -> {
            Replica replica =
                    replicas.computeIfAbsent(Keys.replica(resource, host), directory -> new Replica(directory));
            keys.forEach((key, text) -> replica.cells.computeIfAbsent(key, k -> new Cell()).desired = text);
            replica.waiting.add(done);
            flush(replica);
        });
        if (!taken) {
            done.complete(null);
        }
        return done;
    }

    /** The mirror is complete. */
    void connected(ZooKeeper zk) {
        zooKeeper = Optional.of(zk);
        connections++;
        replicas.values().forEach(this::flush);
    }

    void disconnected() {
        zooKeeper = Optional.empty();
        connections++;
        for (Replica replica : replicas.values()) {
            for (Cell cell : replica.cells.values()) {
                cell.inFlight = false;
                cell.confirmed = Optional.empty();
            }
        }
    }

    /** A key was made, changed or removed: perhaps the replica that was reported of joined just now, or left. */
    void changed(String key) {
        Replica replica = replicas.get(key);
        if (replica == null) {
            return;
        }
        if (!mirror.has(key)) {
            replica.cells.values().forEach(cell -> cell.confirmed = Optional.empty());
        }
        flush(replica);
    }

    private void flush(Replica replica) {
        if (zooKeeper.isEmpty()) {
            return;
        }
        boolean clean = true;
        if (mirror.has(replica.directory)) {
            for (Map.Entry<String, Cell> entry : replica.cells.entrySet()) {
                Cell cell = entry.getValue();
                if (cell.inFlight) {
                    clean = false;
                } else if (isDirty(entry.getKey(), cell)) {
                    clean = false;
                    writeWhenDue(zooKeeper.get(), replica, entry.getKey(), cell);
                }
            }
        }
        if (clean) {
            replica.waiting.forEach(done -> done.complete(null));
            replica.waiting.clear();
        }
    }

    private boolean isDirty(String key, Cell cell) {
        return !cell.desired.equals(
                cell.confirmed.orElseGet(() -> mirror.value(key).map(raw -> raw.text())));
    }

    private void writeWhenDue(ZooKeeper zk, Replica replica, String key, Cell cell) {
        long waitNs = cell.notBeforeNs - System.nanoTime();
        if (waitNs > 0) {
            cell.inFlight = true;
            long ofConnection = connections;
            owner.after(waitNs, () -> {
                if (ofConnection == connections) {
                    cell.inFlight = false;
                    flush(replica);
                }
            });
            return;
        }
        if (key.endsWith("/position")) {
            cell.notBeforeNs = System.nanoTime() + POSITION_INTERVAL_NS;
        }
        cell.inFlight = true;
        write(new Write(zk, connections, replica, key, cell, cell.desired));
    }

    /** A write under way. */
    private record Write(
            ZooKeeper zk, long ofConnection, Replica replica, String key, Cell cell, Optional<String> text) {}

    private void write(Write write) {
        String path = paths.path(write.key());
        if (write.text().isEmpty()) {
            write.zk().delete(path, TreeOps.ANY_VERSION, (rc, p, ctx) -> owner.execute(() -> written(write, rc)), null);
        } else {
            write.zk()
                    .setData(
                            path,
                            TreeText.encode(write.text().get()),
                            TreeOps.ANY_VERSION,
                            (rc, p, ctx, stat) -> owner.execute(() -> {
                                if (rc == Code.NONODE.intValue()) {
                                    create(write);
                                } else {
                                    written(write, rc);
                                }
                            }),
                            null);
        }
    }

    private void create(Write write) {
        write.zk()
                .create(
                        paths.path(write.key()),
                        TreeText.encode(write.text().orElse("")),
                        ZooDefs.Ids.OPEN_ACL_UNSAFE,
                        CreateMode.PERSISTENT,
                        (rc, p, ctx, name) -> owner.execute(() -> written(write, rc)),
                        null);
    }

    private void written(Write write, int rc) {
        Code code = Code.get(rc);
        if (write.ofConnection() != connections || TreeCalls.isBroken(code)) {
            return;
        }
        write.cell().inFlight = false;
        // NONODE: it was removed, or the replica left; then nobody waits for this any more.
        write.cell().confirmed = Optional.of(write.text());
        if (code != Code.OK && code != Code.NONODE && code != Code.NODEEXISTS) {
            LOG.error("A report of this node was refused by ZooKeeper: {} with {}", write.key(), code);
        }
        flush(write.replica());
    }
}
