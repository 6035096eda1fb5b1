// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.model.BadValueException;
import org.tharsis.control.model.ClusterEvent;
import org.tharsis.control.model.Keys;
import org.tharsis.control.model.RawValue;

/**
 * The newest events of the cluster. One is written at a time; one whose reply got lost is looked for before it is written
 * again. The owner's thread, except {@link #events}.
 */
final class EventLog {
    /** Events that are kept in the tree. */
    static final int KEPT_MAX = 1000;

    private static final Logger LOG = LoggerFactory.getLogger(EventLog.class);
    private static final int WAITING_MAX = 100;

    private final TreePaths paths;
    private final TreeMirror mirror;
    private final Executor owner;
    private final Deque<ClusterEvent> waiting = new ArrayDeque<>();
    private Optional<ZooKeeper> zooKeeper = Optional.empty();
    private boolean inFlight;

    EventLog(TreePaths paths, TreeMirror mirror, Executor owner) {
        this.paths = paths;
        this.mirror = mirror;
        this.owner = owner;
    }

    void add(ClusterEvent event) {
        waiting.add(event);
        if (waiting.size() > WAITING_MAX) {
            LOG.warn(
                    "An event is not told to the cluster, too many wait for ZooKeeper: {}",
                    waiting.remove().text());
        }
        write();
    }

    /** Oldest first; what cannot be understood is left out. Any thread. */
    List<ClusterEvent> events() {
        List<ClusterEvent> events = new ArrayList<>();
        for (RawValue value : mirror.below(Keys.EVENTS).values()) {
            try {
                events.add(ClusterEvent.parse(value.text()));
            } catch (BadValueException e) {
                LOG.debug("An event in the tree cannot be understood: {}", e.getMessage());
            }
        }
        return events;
    }

    /** The mirror is complete. */
    void connected(ZooKeeper zk) {
        zooKeeper = Optional.of(zk);
        inFlight = false;
        waiting.removeAll(events());
        write();
    }

    void disconnected() {
        zooKeeper = Optional.empty();
    }

    private void write() {
        ClusterEvent event = waiting.peek();
        if (event == null || inFlight || zooKeeper.isEmpty()) {
            return;
        }
        inFlight = true;
        ZooKeeper zk = zooKeeper.get();
        zk.create(
                paths.path(Keys.EVENTS) + "/",
                TreeText.encode(event.format()),
                ZooDefs.Ids.OPEN_ACL_UNSAFE,
                CreateMode.PERSISTENT_SEQUENTIAL,
                (rc, path, ctx, name) -> {
                    String created = name == null ? "" : name;
                    owner.execute(() -> written(zk, event, Code.get(rc), created));
                },
                null);
    }

    private void written(ZooKeeper zk, ClusterEvent event, Code code, String path) {
        if (zooKeeper.filter(current -> current == zk).isEmpty() || TreeCalls.isBroken(code)) {
            return;
        }
        inFlight = false;
        waiting.remove(event);
        if (code == Code.OK) {
            prune(zk, path);
        } else {
            LOG.error("An event was refused by ZooKeeper with {}: {}", code, event.text());
        }
        write();
    }

    /** ZooKeeper numbers the events without gaps: so it is known which are too many, whatever the mirror has by now. */
    private void prune(ZooKeeper zk, String newestPath) {
        long newest = Long.parseLong(newestPath.substring(newestPath.lastIndexOf('/') + 1));
        String firstKept = String.format("%010d", Math.max(0, newest - KEPT_MAX + 1));
        for (String name : mirror.below(Keys.EVENTS).headMap(firstKept).keySet()) {
            zk.delete(paths.path(Keys.EVENTS + "/" + name), TreeOps.ANY_VERSION, (rc, path, ctx) -> {}, null);
        }
    }
}
