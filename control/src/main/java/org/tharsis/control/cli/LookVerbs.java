// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.tharsis.control.api.Changed;
import org.tharsis.control.api.Command.SetKey;
import org.tharsis.control.api.Event;
import org.tharsis.control.api.Json;
import org.tharsis.control.api.Outcome;
import org.tharsis.control.api.TreeEntry;
import org.tharsis.control.api.TreeKeys;
import org.tharsis.control.api.VersionReport;
import org.tharsis.control.api.ViewReport;
import org.tharsis.control.model.Names;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Verbs that look, and the raw tree. */
final class LookVerbs {
    @Command(
            name = "view",
            description =
                    "Shows the cluster as this node knows it: nodes, resources, replicas, how far behind they are.",
            footer = {"  tharsis view", "  tharsis view vol0", "  tharsis --json view | jq '.resources[].role'"})
    static final class View extends Verb {
        @Parameters(arity = "0..1", paramLabel = "RESOURCE", description = "only this one")
        private Optional<String> resource = Optional.empty();

        View(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            Map<String, String> query = resource.map(name -> Map.of("resource", Names.resource(name)))
                    .orElse(Map.of());
            return tharsis().show(tharsis().look("view", query, ViewReport.class), ViewText::of);
        }
    }

    @Command(
            name = "get",
            description = "Prints the value of a key of the cluster's state.",
            footer = {"  tharsis get resources/vol0/role"})
    static final class Get extends Verb {
        @Parameters(paramLabel = "KEY", description = "names with '/' between them")
        private String key = "";

        Get(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            return tharsis()
                    .show(
                            tharsis().look("get", Map.of("key", TreeKeys.check(key)), TreeEntry.class),
                            entry -> entry.value() + "\n");
        }
    }

    @Command(
            name = "set",
            description = {
                "Sets a key of the cluster's state, for options of a resource and what is wanted of a replica.",
                "Everything else has a verb of its own, which checks what it does."
            },
            footer = {
                "  tharsis set resources/vol0/options/durability-remote 1",
                "  tharsis set resources/vol0/replicas/berlin-2/todo/fetch no"
            })
    static final class Set extends Verb {
        @Parameters(index = "0", paramLabel = "KEY", description = "names with '/' between them")
        private String key = "";

        @Parameters(index = "1", paramLabel = "VALUE", description = "as it is to stand there")
        private String value = "";

        Set(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            return tharsis().run("set", new SetKey(key, value));
        }
    }

    @Command(
            name = "ls",
            description = "Lists what is below a key of the cluster's state.",
            footer = {"  tharsis ls", "  tharsis ls resources/vol0/replicas"})
    static final class List extends Verb {
        @Parameters(arity = "0..1", paramLabel = "KEY", description = "names with '/' between them")
        private Optional<String> key = Optional.empty();

        List(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            Map<String, String> query =
                    key.map(name -> Map.of("key", TreeKeys.check(name))).orElse(Map.of());
            return tharsis()
                    .show(
                            tharsis().look("list", query, String[].class),
                            names -> names.length == 0 ? "" : String.join("\n", names) + "\n");
        }
    }

    @Command(
            name = "events",
            description = "Prints what has happened, the oldest first.",
            footer = {"  tharsis events --since 10m", "  tharsis events --since 2026-11-21T10:00:00Z --follow"})
    static final class Events extends Verb {
        @Option(names = "--since", paramLabel = "TIME", description = "a moment, or how long ago: 10m")
        private Optional<String> since = Optional.empty();

        @Option(names = "--follow", description = "go on with what happens from now on")
        private boolean follow;

        Events(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            long sinceMs = since.map(
                            text -> Quantities.moment(text, Instant.now()).toEpochMilli())
                    .orElse(0L);
            Outcome<Changed> outcome = tharsis()
                    .follow(
                            Map.of("since-ms", Long.toString(Math.max(0, sinceMs)), "follow", follow ? "yes" : "no"),
                            this::print);
            return outcome instanceof Outcome.Done<Changed>
                    ? ExitCode.DONE
                    : tharsis().show(outcome, done -> "");
        }

        private void print(Event event) {
            String line = tharsis().json() ? Json.line(event) : text(event);
            tharsis().terminal().out().println(line);
            tharsis().terminal().out().flush();
        }

        private static String text(Event event) {
            return Quantities.moment(event.timeMs()) + " "
                    + event.level().name().toLowerCase(Locale.ROOT)
                    + " " + event.node()
                    + event.resource().map(name -> " " + name).orElse("") + " " + event.kind()
                    + ": " + event.message();
        }
    }

    @Command(
            name = "version",
            description = "Prints the versions of this command, of the daemon and of the driver.",
            footer = "  tharsis version")
    static final class Version extends Verb {
        Version(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            if (!tharsis().json()) {
                tharsis().terminal().out().println("tharsis " + Tharsis.version());
            }
            return tharsis()
                    .show(
                            tharsis().look("version", Map.of(), VersionReport.class),
                            report -> "tharsisd " + report.version() + ", node "
                                    + report.node()
                                    + report.cluster()
                                            .map(name -> ", cluster " + name)
                                            .orElse(", in no cluster")
                                    + "\n"
                                    + report.driver()
                                            .map(driver -> "driver " + driver)
                                            .orElse("no driver")
                                    + "\n");
        }
    }

    @Command(
            name = "help",
            description = "Prints what the verbs are, or how one of them is used.",
            footer = {"  tharsis help", "  tharsis help cluster join"})
    static final class Help extends Verb {
        @Parameters(arity = "0..*", paramLabel = "VERB", description = "of which; all are listed unless told")
        private String[] verb = {};

        Help(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            return Tharsis.help(tharsis(), verb);
        }
    }

    private LookVerbs() {}
}
