// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.tharsis.control.api.ViewReport;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.ReplicaView;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.Role;
import org.tharsis.control.model.RoleState;
import org.tharsis.control.model.Versioned;

/** Makes the report of {@code tharsis view}: this node's replicas as they are now, the others as they were told last. */
final class ViewCommand {
    private final Member member;
    private final Knowledge knowledge;
    private final ViewedReplicas replicas;

    ViewCommand(Member member) {
        this.member = member;
        this.replicas = new ViewedReplicas(member);
        this.knowledge = new Knowledge(member);
    }

    ViewReport report(Optional<String> resource) throws CommandFailed {
        if (resource.isPresent()) {
            knowledge.resource(resource.get());
        }
        Optional<ClusterView> view = member.view();
        List<ViewReport.Node> nodes = view.map(this::nodes).orElseGet(List::of);
        List<ViewReport.Resource> resources = view.map(cluster -> cluster.resources().values().stream()
                        .filter(r -> resource.isEmpty() || resource.get().equals(r.name()))
                        .map(r -> resource(cluster, r))
                        .toList())
                .orElseGet(List::of);
        return new ViewReport(thisNode(), Optional.of(cluster()), nodes, resources, warnings(view, resource));
    }

    private ViewReport.ThisNode thisNode() {
        return new ViewReport.ThisNode(
                member.me(),
                Optional.of(member.identity().nodeUuid()),
                Version.TEXT,
                driver(),
                member.keys().map(keys -> keys.credentials().expires().toEpochMilli()));
    }

    private ViewReport.Driver driver() {
        return member.driver()
                .map(client -> {
                    try {
                        client.version();
                        return ViewReport.Driver.CONNECTED;
                    } catch (Exception away) {
                        return ViewReport.Driver.AWAY;
                    }
                })
                .orElse(ViewReport.Driver.NONE);
    }

    private ViewReport.Cluster cluster() {
        return new ViewReport.Cluster(
                member.identity().clusterName(),
                member.identity().clusterUuid(),
                member.live() ? ViewReport.Source.LIVE : ViewReport.Source.JOURNAL,
                member.viewAge().toMillis(),
                member.identity().zookeeper());
    }

    private List<ViewReport.Node> nodes(ClusterView view) {
        return view.nodes().values().stream()
                .map(node -> new ViewReport.Node(
                        node.name(),
                        node.uuid(),
                        node.address(),
                        node.site(),
                        node.version(),
                        node.driver(),
                        view.isAlive(node.name()),
                        member.sightings().awayMs(node.name())))
                .toList();
    }

    private ViewReport.Resource resource(ClusterView cluster, ResourceView view) {
        Map<String, String> options = new LinkedHashMap<>();
        view.options().values().forEach((option, value) -> options.put(option.key(), value));
        return new ViewReport.Resource(
                view.name(),
                view.identity().uuid(),
                view.identity().deviceBytes(),
                view.identity().blockBytes(),
                view.role()
                        .map(Versioned::value)
                        .map(ViewCommand::role)
                        .orElseGet(() ->
                                new ViewReport.Role(0, Optional.empty(), ViewReport.RoleState.NONE, Optional.empty())),
                view.replicas().values().stream()
                        .map(replica -> replicas.of(cluster, view, replica))
                        .sorted(Comparator.comparing(ViewReport.Replica::node))
                        .toList(),
                options);
    }

    private static ViewReport.Role role(Role role) {
        return new ViewReport.Role(role.epoch(), role.primary(), state(role.state()), role.handoverTo());
    }

    private static ViewReport.RoleState state(RoleState state) {
        if (state instanceof RoleState.Handover) {
            return ViewReport.RoleState.HANDOVER;
        }
        if (state instanceof RoleState.Forced) {
            return ViewReport.RoleState.FORCED;
        }
        return state instanceof RoleState.None ? ViewReport.RoleState.NONE : ViewReport.RoleState.PRIMARY;
    }

    private List<String> warnings(Optional<ClusterView> view, Optional<String> resource) {
        List<String> warnings = new ArrayList<>();
        if (!member.live()) {
            warnings.add("ZooKeeper cannot be reached: "
                    + member.tree().connection().detail() + ". Devices and replication go on; roles cannot change.");
        }
        if (driver() == ViewReport.Driver.AWAY) {
            warnings.add("the driver of " + member.me() + " cannot be reached at "
                    + member.config().driver().orElseThrow() + ": start brickd.");
        }
        Instant now = member.clock().instant();
        member.keys()
                .filter(keys -> keys.credentials().expiresSoon(now))
                .ifPresent(keys -> warnings.add("the certificate of " + member.me() + " ends on "
                        + keys.credentials().expires() + ": let the node join anew before."));
        view.ifPresent(cluster -> {
            cluster.problems().forEach(problem -> warnings.add("the state tree has " + problem));
            cluster.unreadable()
                    .forEach(name -> warnings.add("resource " + name + " in the state tree cannot be understood."));
            cluster.resources().values().stream()
                    .filter(any -> resource.isEmpty() || resource.get().equals(any.name()))
                    .forEach(any -> {
                        any.problems().forEach(problem -> warnings.add("the state tree has " + problem));
                        primaryAway(cluster, any).ifPresent(warnings::add);
                    });
        });
        return warnings;
    }

    /** A node that is away by what ZooKeeper says now may only be cut off from it. */
    private Optional<String> primaryAway(ClusterView cluster, ResourceView resource) {
        Optional<String> primary = resource.role().flatMap(role -> role.value().primary());
        if (!member.live() || primary.isEmpty() || cluster.isAlive(primary.get())) {
            return Optional.empty();
        }
        String others = resource.replicas().values().stream()
                .filter(replica -> cluster.isAlive(replica.host()) && replica.isConsistent())
                .map(ReplicaView::host)
                .collect(Collectors.joining(" or "));
        return Optional.of(
                primary.get() + ", the primary of " + resource.name() + ", is away. When it is gone for good: "
                        + (others.isEmpty()
                                ? "no other replica can take over now."
                                : "'tharsis primary " + resource.name() + " --force' on " + others + "."));
    }
}
