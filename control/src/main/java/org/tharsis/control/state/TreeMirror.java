// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executor;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.tharsis.control.model.RawValue;

/**
 * A copy of the cluster's keys in memory. One recursive watch tells what changes, whatever the number of keys; each changed
 * key is read once, however often it changed meanwhile. After each reconnection everything is read anew, because a watch
 * tells nothing of what happened while it was cut off; what is gone by then is removed.
 *
 * <p>Why not CuratorCache: it does not tell when it is complete again after a reconnection, so nobody could say how old the
 * view is.
 *
 * <p>Threads: everything on the owner's one thread, except {@link #value}, {@link #below} and {@link #has}, which any may
 * call.
 */
final class TreeMirror {
    /** Reads under way: enough to fill the line, few enough to leave room for others. */
    private static final int IN_FLIGHT_MAX = 256;

    /** Told on the owner's thread. */
    interface Listener {
        /** This key was made, changed or removed. */
        void changed(String key);

        /** The copy is complete and stays so until the connection breaks. */
        void complete();

        /** It could not be completed, though the connection is there. */
        void failed(String why);
    }

    /** A key in memory. */
    private record Entry(RawValue value, long walk) {}

    private final TreePaths paths;
    private final Executor owner;
    private final Listener listener;
    private final Watcher watcher;
    private final NavigableMap<String, Entry> entries = new ConcurrentSkipListMap<>();
    private final Set<String> toRead = new LinkedHashSet<>();
    private final Deque<String> toList = new ArrayDeque<>();

    private Optional<ZooKeeper> zooKeeper = Optional.empty();
    private long walk;
    private boolean walking;
    private int inFlight;

    TreeMirror(TreePaths paths, Executor owner, Listener listener) {
        this.paths = paths;
        this.owner = owner;
        this.listener = listener;
        // One object for good: ZooKeeper keeps a set of watchers.
        this.watcher = event -> owner.execute(() -> event(event));
    }

    /** Reads everything and follows the changes from now on. */
    void begin(ZooKeeper zk) {
        stop();
        zooKeeper = Optional.of(zk);
        walking = true;
        long now = walk;
        zk.addWatch(
                paths.root(),
                watcher,
                AddWatchMode.PERSISTENT_RECURSIVE,
                (rc, path, ctx) -> owner.execute(() -> watching(now, rc)),
                null);
    }

    /** The connection is gone; what is in memory stays. */
    void stop() {
        walk++;
        walking = false;
        zooKeeper = Optional.empty();
        toRead.clear();
        toList.clear();
        inFlight = 0;
    }

    Optional<RawValue> value(String key) {
        return Optional.ofNullable(entries.get(key)).map(Entry::value);
    }

    boolean has(String key) {
        return entries.containsKey(key);
    }

    /** The keys below a key, relative to it. */
    SortedMap<String, RawValue> below(String key) {
        SortedMap<String, RawValue> keys = new TreeMap<>();
        // '0' is the character after '/'
        for (Map.Entry<String, Entry> entry :
                entries.subMap(key + "/", key + "0").entrySet()) {
            keys.put(
                    entry.getKey().substring(key.length() + 1), entry.getValue().value());
        }
        return keys;
    }

    /** How many keys there are. */
    int size() {
        return entries.size();
    }

    private void watching(long ofWalk, int rc) {
        if (ofWalk != walk) {
            return;
        }
        if (rc == Code.OK.intValue()) {
            read("");
        } else {
            fail(Code.get(rc), "");
        }
    }

    private void event(WatchedEvent event) {
        if (zooKeeper.isPresent() && event.getPath() != null) {
            // A removed key is read too: an event of an old session may come late.
            read(paths.key(event.getPath()));
        }
    }

    private void read(String key) {
        toRead.add(key);
        pump();
    }

    private void pump() {
        while (zooKeeper.isPresent() && inFlight < IN_FLIGHT_MAX) {
            long ofWalk = walk;
            if (!toList.isEmpty()) {
                String key = toList.remove();
                inFlight++;
                zooKeeper
                        .get()
                        .getChildren(
                                paths.path(key),
                                false,
                                (rc, path, ctx, names) -> owner.execute(() -> listed(ofWalk, key, rc, names)),
                                null);
            } else if (!toRead.isEmpty()) {
                Iterator<String> first = toRead.iterator();
                String key = first.next();
                first.remove();
                inFlight++;
                zooKeeper
                        .get()
                        .getData(
                                paths.path(key),
                                false,
                                (rc, path, ctx, data, stat) -> {
                                    byte[] bytes = data == null ? new byte[0] : data;
                                    owner.execute(() -> got(ofWalk, key, rc, bytes, Optional.ofNullable(stat)));
                                },
                                null);
            } else {
                return;
            }
        }
    }

    private void got(long ofWalk, String key, int rc, byte[] data, Optional<Stat> stat) {
        if (ofWalk != walk) {
            return;
        }
        inFlight--;
        if (rc == Code.OK.intValue() && stat.isPresent()) {
            put(key, new RawValue(TreeText.decode(data), stat.get().getVersion()));
            if (walking && stat.get().getNumChildren() > 0) {
                toList.add(key);
            }
        } else if (rc == Code.NONODE.intValue()) {
            remove(key);
        } else {
            fail(Code.get(rc), key);
        }
        proceed();
    }

    private void listed(long ofWalk, String key, int rc, List<String> names) {
        if (ofWalk != walk) {
            return;
        }
        inFlight--;
        if (rc == Code.OK.intValue()) {
            names.forEach(name -> toRead.add(key.isEmpty() ? name : key + "/" + name));
        } else if (rc != Code.NONODE.intValue()) {
            fail(Code.get(rc), key);
        }
        proceed();
    }

    private void proceed() {
        pump();
        if (walking && inFlight == 0) {
            walking = false;
            entries.entrySet().stream()
                    .filter(entry -> entry.getValue().walk() != walk)
                    .map(Map.Entry::getKey)
                    .toList()
                    .forEach(this::remove);
            listener.complete();
        }
    }

    private void put(String key, RawValue value) {
        Entry old = entries.put(key, new Entry(value, walk));
        if (old == null || !old.value().equals(value)) {
            listener.changed(key);
        }
    }

    private void remove(String key) {
        if (entries.remove(key) != null) {
            listener.changed(key);
        }
    }

    private void fail(Code code, String key) {
        stop();
        // A broken connection is told by Curator, and this begins anew when it is back.
        if (!TreeCalls.isBroken(code)) {
            listener.failed("key " + paths.path(key) + ": " + code);
        }
    }
}
