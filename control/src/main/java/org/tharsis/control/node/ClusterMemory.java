// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.journal.Fact;
import org.tharsis.control.journal.HistoryEntry;
import org.tharsis.control.journal.Journal;
import org.tharsis.control.model.ClusterReader;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.ClusterWriter;
import org.tharsis.control.model.RawValue;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.Role;
import org.tharsis.control.model.RoleState;
import org.tharsis.control.model.Versioned;

/**
 * Remembers the cluster in this node's journal, so that the node can go on without ZooKeeper, and writes down how roles
 * change. What changes all the time, and would be wrong a moment later, is not remembered: positions, sessions, what is
 * under way. One thread at a time.
 */
final class ClusterMemory {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterMemory.class);

    private final Journal journal;
    private final Map<String, Role> roles = new TreeMap<>();

    ClusterMemory(Journal journal) {
        this.journal = journal;
    }

    /** What the journal has; empty when it has nothing. */
    Optional<ClusterView> recall(String cluster, UUID uuid) {
        SortedMap<String, Fact> facts = journal.view().facts();
        if (facts.isEmpty()) {
            return Optional.empty();
        }
        SortedMap<String, RawValue> keys = new TreeMap<>();
        facts.forEach((key, fact) -> keys.put(key, new RawValue(fact.value(), fact.version())));
        return Optional.of(ClusterReader.read(cluster, uuid, keys));
    }

    /** A view of ZooKeeper's. */
    void seen(ClusterView view) {
        journal.view()
                .seenAll(ClusterWriter.keys(view).entrySet().stream()
                        .filter(entry -> isLasting(entry.getKey()))
                        .collect(Collectors.toMap(
                                Map.Entry::getKey,
                                entry -> new org.tharsis.control.journal.ClusterView.Value(
                                        entry.getValue().text(),
                                        entry.getValue().version()))));
        view.resources().values().forEach(this::seenRole);
    }

    private static boolean isLasting(String key) {
        return !key.startsWith("alive/") && !key.endsWith("/position") && !key.contains("/actual/");
    }

    private void seenRole(ResourceView resource) {
        Optional<Role> role = resource.role().map(Versioned::value);
        if (role.isEmpty() || role.equals(Optional.ofNullable(roles.get(resource.name())))) {
            return;
        }
        roles.put(resource.name(), role.get());
        String[] words = role.get().format().split(" ", 3);
        LOG.info("{}: {}", resource.name(), sentence(role.get()));
        journal.history()
                .record(new HistoryEntry.RoleChange(
                        resource.name(),
                        role.get().epoch(),
                        role.get().primary(),
                        words[2],
                        "Seen in the state tree."));
    }

    private static String sentence(Role role) {
        String epoch = ", in epoch " + Long.toUnsignedString(role.epoch()) + ".";
        if (role.handoverTo().isPresent()) {
            String to = role.handoverTo().get();
            return role.primary()
                    .map(from -> from + " is the primary, and shall hand over to " + to + epoch)
                    .orElseGet(() -> "nobody is the primary until " + to + " has all of the sealed log" + epoch);
        }
        boolean forced = role.state() instanceof RoleState.Forced;
        return role.primary()
                .map(host -> host + " is the primary" + (forced ? ", by force" : "") + epoch)
                .orElseGet(() -> "nobody is the primary" + epoch);
    }
}
