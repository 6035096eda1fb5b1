// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tharsis.control.model.BadValueException;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.ClusterWriter;
import org.tharsis.control.model.Keys;
import org.tharsis.control.model.NodeRecord;
import org.tharsis.control.model.RawValue;

/** Nodes that come and go, each as one transaction. Refusals are {@link BadValueException}s. Any thread. */
final class NodeChanges {
    private final TreePaths paths;

    NodeChanges(TreePaths paths) {
        this.paths = paths;
    }

    /** Enters a node, or brings its keys up to date. */
    Change register(NodeRecord node, TreeCalls calls, long deadlineNs) throws TreeUnavailableException {
        String key = Keys.node(node.name());
        String uuid = node.uuid().toString();
        Optional<RawValue> there = calls.get(paths.path(key + "/uuid"), deadlineNs);
        if (there.filter(value -> !value.text().equals(uuid)).isPresent()) {
            throw new BadValueException("another node of this cluster has the name " + node.name() + " (its UUID is "
                    + there.get().text() + ", ours is " + uuid + "): choose another name, or remove that node");
        }
        TreeOps ops = new TreeOps(paths).check(Keys.NODES, TreeOps.ANY_VERSION);
        if (calls.get(paths.path(key), deadlineNs).isEmpty()) {
            ops.create(key, "");
        }
        for (Map.Entry<String, RawValue> wanted : ClusterWriter.keys(node).entrySet()) {
            String text = wanted.getValue().text();
            Optional<RawValue> old = calls.get(paths.path(wanted.getKey()), deadlineNs);
            if (old.isEmpty()) {
                ops.create(wanted.getKey(), text);
            } else if (!old.get().text().equals(text)) {
                ops.set(wanted.getKey(), text, old.get().version());
            }
        }
        return new Change(
                ops.list(),
                0,
                (c, deadline) -> c.get(paths.path(key + "/uuid"), deadline)
                        .filter(value -> value.text().equals(uuid))
                        .isPresent(),
                (c, deadline) -> new Outcome.Lost(
                        Optional.empty(), "somebody else changed node " + node.name() + " at this moment: try again"));
    }

    Change remove(ClusterView view, String host, TreeCalls calls, long deadlineNs) throws TreeUnavailableException {
        List<String> resources = view.resources().values().stream()
                .filter(resource -> resource.replica(host).isPresent())
                .map(resource -> resource.name())
                .toList();
        if (!resources.isEmpty()) {
            throw new BadValueException(
                    host + " has replicas of " + String.join(", ", resources) + ": they have to leave first");
        }
        TreeOps ops = new TreeOps(paths);
        List<String> keys = calls.subtree(paths.path(Keys.node(host)), deadlineNs);
        if (keys.isEmpty()) {
            throw new BadValueException("there is no node " + host + " in this cluster");
        }
        keys.forEach(path -> ops.delete(paths.key(path), TreeOps.ANY_VERSION));
        return new Change(
                ops.list(),
                0,
                (c, deadline) -> c.get(paths.path(Keys.node(host)), deadline).isEmpty(),
                (c, deadline) -> new Outcome.Lost(
                        Optional.empty(), "node " + host + " changed at this moment: look at it and try again"));
    }
}
