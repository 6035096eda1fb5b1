// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.TreeMap;
import org.tharsis.control.api.Progress;
import org.tharsis.control.api.ViewReport;

/** A view as a person reads it. */
final class ViewText {
    private static final String NOTHING = "-";

    static String of(ViewReport view) {
        StringBuilder text = new StringBuilder();
        view.cluster()
                .ifPresentOrElse(
                        cluster -> cluster(text, view, cluster),
                        () -> text.append("node " + view.node().name()
                                + " is in no cluster: 'tharsis cluster create' or 'tharsis cluster join'\n"));
        view.resources().forEach(resource -> resource(text, resource));
        view.warnings().forEach(warning -> text.append("\nWARNING: " + warning + "\n"));
        return text.toString();
    }

    private static void cluster(StringBuilder text, ViewReport view, ViewReport.Cluster cluster) {
        text.append("cluster " + cluster.name() + ", as " + view.node().name() + " knows it ");
        text.append(
                cluster.source() == ViewReport.Source.LIVE
                        ? "now\n"
                        : "since " + Quantities.time(cluster.ageMs()) + ": ZooKeeper at " + cluster.zookeeper()
                                + " cannot be reached\n");
        TextTable nodes = new TextTable("NODE", "STATE", "SITE", "ADDRESS", "DRIVER", "VERSION");
        view.nodes()
                .forEach(node -> nodes.row(
                        node.name(),
                        node.alive() ? "alive" : "away",
                        node.site(),
                        node.address(),
                        node.driver(),
                        node.version()));
        text.append(nodes.format());
    }

    private static void resource(StringBuilder text, ViewReport.Resource resource) {
        text.append("\nresource " + resource.name() + ", " + Quantities.size(resource.sizeBytes()) + ", "
                + role(resource.role()) + "\n");
        TextTable replicas = new TextTable("REPLICA", "ROLE", "HEALTH", "LAG", "SOURCE", "USERS", "NOTE");
        resource.replicas()
                .forEach(replica -> replicas.row(
                        replica.node(),
                        replica.role().orElse(NOTHING),
                        replica.health(),
                        lag(replica),
                        replica.source().orElse(NOTHING),
                        replica.users().map(String::valueOf).orElse(NOTHING),
                        note(replica)));
        text.append(replicas.format());
    }

    private static String role(ViewReport.Role role) {
        String primary = role.primary()
                .map(node -> "primary " + node + (role.state() == ViewReport.RoleState.FORCED ? " (by force)" : ""))
                .orElse("no primary");
        String handover =
                role.successor().map(node -> ", handed over to " + node).orElse("");
        return primary + handover + ", epoch " + Long.toUnsignedString(role.epoch());
    }

    private static String lag(ViewReport.Replica replica) {
        if (replica.lagBytes().isEmpty()) {
            return NOTHING;
        }
        long bytes = replica.lagBytes().get();
        if (bytes == 0) {
            return "none";
        }
        return Quantities.size(bytes)
                + replica.lagMs().map(age -> ", " + Quantities.time(age)).orElse("");
    }

    private static String note(ViewReport.Replica replica) {
        StringJoiner note = new StringJoiner("; ");
        replica.healthDetail().ifPresent(note::add);
        replica.sync().ifPresent(sync -> note.add(progress(sync)));
        replica.lost()
                .ifPresent(lost -> note.add("has " + Quantities.size(lost.bytes()) + " in " + lost.records()
                        + " records of " + Quantities.moment(lost.firstTimeMs()) + " to "
                        + Quantities.moment(lost.lastTimeMs()) + " that the others have not"));
        onItsWay(replica).ifPresent(note::add);
        if (!replica.live() && replica.position().isPresent()) {
            note.add("as last published");
        }
        return note.toString();
    }

    /** What is wanted and not so yet. */
    private static Optional<String> onItsWay(ViewReport.Replica replica) {
        StringJoiner differences = new StringJoiner(", ");
        for (Map.Entry<String, Boolean> todo : new TreeMap<>(replica.todo()).entrySet()) {
            Optional<Boolean> actual = Optional.ofNullable(replica.actual().get(todo.getKey()));
            if (!todo.getValue()) {
                differences.add(todo.getKey() + " paused");
            } else if (actual.isPresent() && !actual.get() && !replica.role().equals(Optional.of("primary"))) {
                differences.add(todo.getKey() + " not yet");
            }
        }
        return differences.length() == 0 ? Optional.empty() : Optional.of(differences.toString());
    }

    /** One line: what is done, how much of it, how fast, for how long still. */
    static String progress(Progress progress) {
        StringJoiner text = new StringJoiner(", ");
        String step = progress.step();
        if (progress.doneBytes().isPresent()) {
            step += ": " + Quantities.size(progress.doneBytes().get())
                    + progress.totalBytes()
                            .map(total -> " of " + Quantities.size(total))
                            .orElse("");
        }
        text.add(step);
        progress.bytesPerSecond().ifPresent(rate -> text.add(Quantities.size(rate) + "/s"));
        progress.remainingMs().ifPresent(left -> text.add(Quantities.time(left) + " left"));
        return text.toString();
    }

    private ViewText() {}
}
