// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import org.tharsis.control.api.Progress;
import org.tharsis.control.api.ViewReport;

/** A view as a person reads it. */
final class ViewText {
    private static final String NOTHING = "-";
    private static final Set<String> NEEDS_INVALIDATE = Set.of("diverged", "gone");
    private static final Set<String> WORKING = Set.of("ok", "inconsistent", "detached");

    /** How a switch reads that is off: because it shall be, or although it shall not. */
    private record Words(String off, String notYet) {}

    private static final Map<String, Words> WORDS = new TreeMap<>(Map.of(
            "attach", new Words("disk detached as told", "no disk yet"),
            "fetch", new Words("fetch paused", "fetches nothing now"),
            "replay", new Words("replay paused", "replay stands still"),
            "sync", new Words("backfill paused", "not filled yet")));

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
        boolean live = cluster.source() == ViewReport.Source.LIVE;
        text.append("cluster " + cluster.name() + ", as " + view.node().name());
        text.append(
                live
                        ? " sees it now\n"
                        : " saw it " + Quantities.time(cluster.ageMs()) + " ago: ZooKeeper at " + cluster.zookeeper()
                                + " cannot be reached\n");
        TextTable nodes = new TextTable("NODE", "STATE", "SITE", "ADDRESS", "DRIVER", "VERSION");
        view.nodes()
                .forEach(node -> nodes.row(
                        node.name(), state(node, live), node.site(), node.address(), node.driver(), node.version()));
        text.append(nodes.format());
    }

    /** A journal remembers nodes, and not who of them was alive. */
    private static String state(ViewReport.Node node, boolean live) {
        if (!live && !node.alive() && node.awayMs().isEmpty()) {
            return "unknown";
        }
        String since = node.awayMs().map(ms -> " " + Quantities.time(ms)).orElse("");
        return (live ? "" : "was ") + (node.alive() ? "alive" : "away" + since);
    }

    private static void resource(StringBuilder text, ViewReport.Resource resource) {
        text.append("\nresource " + resource.name() + ", " + Quantities.size(resource.sizeBytes()) + ", "
                + role(resource.role()) + "\n");
        TextTable replicas = new TextTable("REPLICA", "ROLE", "HEALTH", "LAG", "SOURCE", "USERS", "NOTE");
        resource.replicas()
                .forEach(replica -> replicas.row(
                        replica.node(),
                        replica.role().orElse(NOTHING),
                        (replica.staleMs().isPresent() ? "was " : "") + replica.health(),
                        lag(replica),
                        replica.source().orElse(NOTHING),
                        replica.users().map(String::valueOf).orElse(NOTHING),
                        note(replica)));
        text.append(replicas.format());
    }

    private static String role(ViewReport.Role role) {
        String epoch = ", epoch " + Long.toUnsignedString(role.epoch());
        if (role.state() == ViewReport.RoleState.HANDOVER) {
            String successor = role.successor().orElse("another node");
            return role.primary()
                            .map(node -> "primary " + node + ", which hands over to " + successor)
                            .orElse("no primary until " + successor + " has all of the log and takes over")
                    + epoch;
        }
        return role.primary()
                        .map(node ->
                                "primary " + node + (role.state() == ViewReport.RoleState.FORCED ? " (by force)" : ""))
                        .orElse("no primary")
                + epoch;
    }

    private static String lag(ViewReport.Replica replica) {
        if (isPrimary(replica)) {
            return NOTHING;
        }
        if (replica.lagBytes().isPresent()) {
            return amount(replica.lagBytes().get())
                    + replica.lagMs()
                            .filter(age -> replica.lagBytes().get() > 0)
                            .map(age -> ", " + Quantities.time(age))
                            .orElse("");
        }
        return replica.lastLag()
                .map(last -> "unknown, was " + amount(last.bytes()))
                .orElse(NOTHING);
    }

    private static String amount(long lagBytes) {
        return lagBytes == 0 ? "none" : Quantities.size(lagBytes);
    }

    private static boolean isPrimary(ViewReport.Replica replica) {
        return replica.role().equals(Optional.of("primary"));
    }

    private static String note(ViewReport.Replica replica) {
        StringJoiner note = new StringJoiner("; ");
        replica.healthDetail().ifPresent(note::add);
        replica.sync().ifPresent(sync -> note.add(progress(sync)));
        replica.lost()
                .ifPresent(lost -> note.add("has " + Quantities.size(lost.bytes()) + " in " + lost.records()
                        + " records of " + Quantities.moment(lost.firstTimeMs()) + " to "
                        + Quantities.moment(lost.lastTimeMs()) + " that the others have not"));
        if (NEEDS_INVALIDATE.contains(replica.health())) {
            note.add("stays so until 'tharsis invalidate' on " + replica.node());
        }
        onItsWay(replica).ifPresent(note::add);
        replica.hindrance().ifPresent(note::add);
        replica.lastLag()
                .filter(last -> replica.staleMs().isEmpty())
                .ifPresent(last -> note.add("its source was heard " + Quantities.time(last.heardMs()) + " ago"));
        replica.staleMs().ifPresent(ms -> note.add("as of " + Quantities.time(ms) + " ago"));
        return note.toString();
    }

    /** What the administrator has switched off, and what is not so yet although it is wanted. */
    private static Optional<String> onItsWay(ViewReport.Replica replica) {
        StringJoiner differences = new StringJoiner(", ");
        WORDS.forEach((which, words) -> {
            boolean wanted = replica.todo().getOrDefault(which, true);
            boolean is = replica.actual().getOrDefault(which, true);
            if (!wanted) {
                differences.add(words.off());
            } else if (!is && isExpected(which, replica)) {
                differences.add(words.notYet());
            }
        });
        return differences.length() == 0 ? Optional.empty() : Optional.of(differences.toString());
    }

    /** A primary fetches from nobody; of a replica that is filled, or cannot be used, the health says all. */
    private static boolean isExpected(String which, ViewReport.Replica replica) {
        return !isPrimary(replica)
                && replica.staleMs().isEmpty()
                && WORKING.contains(replica.health())
                && !(which.equals("fetch") && replica.hindrance().isPresent());
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
