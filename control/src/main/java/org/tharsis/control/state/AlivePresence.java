// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.model.Keys;

/**
 * Keeps {@code alive/<host>} in each session. One that an earlier session of this node left is replaced at once, not
 * waited for. The owner's thread only.
 */
final class AlivePresence {
    private static final Logger LOG = LoggerFactory.getLogger(AlivePresence.class);

    private final TreePaths paths;
    private final Executor owner;
    private Optional<ZooKeeper> zooKeeper = Optional.empty();
    private Optional<String> key = Optional.empty();
    private String value = "";

    AlivePresence(TreePaths paths, Executor owner) {
        this.paths = paths;
        this.owner = owner;
    }

    /** From now on this node shall be seen. */
    void announce(String host, long generation) {
        key = Optional.of(Keys.alive(host));
        value = Long.toString(generation);
        ensure();
    }

    /** From now on this node shall not be seen. */
    void withdraw() {
        Optional<String> old = key;
        key = Optional.empty();
        if (old.isPresent() && zooKeeper.isPresent()) {
            zooKeeper.get().delete(paths.path(old.get()), TreeOps.ANY_VERSION, (rc, path, ctx) -> {}, null);
        }
    }

    void connected(ZooKeeper zk) {
        zooKeeper = Optional.of(zk);
        ensure();
    }

    void disconnected() {
        zooKeeper = Optional.empty();
    }

    /** Something happened to this key. */
    void changed(String changedKey) {
        if (key.filter(changedKey::equals).isPresent()) {
            ensure();
        }
    }

    private void ensure() {
        if (key.isPresent() && zooKeeper.isPresent()) {
            ZooKeeper zk = zooKeeper.get();
            String path = paths.path(key.get());
            zk.exists(
                    path,
                    false,
                    (rc, p, ctx, stat) -> owner.execute(() -> found(zk, path, rc, Optional.ofNullable(stat))),
                    null);
        }
    }

    private boolean isCurrent(ZooKeeper zk, String path) {
        return zooKeeper.filter(current -> current == zk).isPresent()
                && key.filter(k -> paths.path(k).equals(path)).isPresent();
    }

    private void found(ZooKeeper zk, String path, int rc, Optional<Stat> stat) {
        if (!isCurrent(zk, path)) {
            return;
        }
        Op create = Op.create(path, TreeText.encode(value), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        if (rc == Code.NONODE.intValue()) {
            write(zk, path, List.of(create));
        } else if (rc == Code.OK.intValue()
                && stat.filter(s -> s.getEphemeralOwner() != zk.getSessionId()).isPresent()) {
            write(zk, path, List.of(Op.delete(path, stat.get().getVersion()), create));
        }
    }

    private void write(ZooKeeper zk, String path, List<Op> ops) {
        zk.multi(ops, (rc, p, ctx, results) -> owner.execute(() -> written(zk, path, Code.get(rc))), null);
    }

    private void written(ZooKeeper zk, String path, Code code) {
        if (!isCurrent(zk, path) || code == Code.OK || TreeCalls.isBroken(code)) {
            return;
        }
        if (code == Code.NODEEXISTS || code == Code.NONODE || code == Code.BADVERSION) {
            // The old session ended, or the mirror told us twice: look again.
            ensure();
        } else {
            LOG.error("This node cannot be shown as alive: {} was refused with {}", path, code);
        }
    }
}
