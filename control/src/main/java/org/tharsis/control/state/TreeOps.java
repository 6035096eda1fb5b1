// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.ArrayList;
import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs;

/** Collects the operations of one transaction by key. Used by one thread. */
final class TreeOps {
    static final int ANY_VERSION = -1;

    private final TreePaths paths;
    private final List<Op> ops = new ArrayList<>();

    TreeOps(TreePaths paths) {
        this.paths = paths;
    }

    /** The key is there, in this version. */
    TreeOps check(String key, int version) {
        ops.add(Op.check(paths.path(key), version));
        return this;
    }

    TreeOps create(String key, String text) {
        ops.add(Op.create(paths.path(key), TreeText.encode(text), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        return this;
    }

    TreeOps set(String key, String text, int version) {
        ops.add(Op.setData(paths.path(key), TreeText.encode(text), version));
        return this;
    }

    TreeOps delete(String key, int version) {
        ops.add(Op.delete(paths.path(key), version));
        return this;
    }

    List<Op> list() {
        return ops;
    }
}
