// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.util.Map;
import java.util.Optional;
import org.tharsis.control.api.ClusterReport;
import org.tharsis.control.api.TokenReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tharsis cluster ...}. */
final class ClusterVerbs {
    @Command(
            name = "create",
            description = "Makes a new cluster with this node as its first.",
            footer = {"  tharsis cluster create production"})
    static final class Create extends Verb {
        @Parameters(paramLabel = "NAME", description = "1 to 40 letters, digits, '.', '_', '-'")
        private String name = "";

        Create(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            var command = new org.tharsis.control.api.Command.CreateCluster(name);
            return tharsis()
                    .show(
                            tharsis().command("create-cluster", command, ClusterReport.class),
                            report -> "cluster " + report.name() + " exists, with " + report.node()
                                    + " in it. To let others join: tharsis cluster token\n");
        }
    }

    @Command(
            name = "token",
            description = {
                "Makes a token with which one node can join, once and within an hour.",
                "Only on a node that has the key of the cluster's authority: the one that created it."
            },
            footer = "  tharsis cluster token")
    static final class Token extends Verb {
        Token(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            return tharsis()
                    .show(tharsis().command("token", Map.of(), TokenReport.class), report -> report.token() + "\n");
        }
    }

    @Command(
            name = "join",
            description = "Enters a cluster with a token that was made there.",
            footer = {
                "  tharsis cluster join tharsis-ZSAxMjcuMC4wLjE6...",
                "  tharsis cluster join --address 203.0.113.7:7440 tharsis-ZSAxMjcuMC4wLjE6..."
            })
    static final class Join extends Verb {
        @Parameters(paramLabel = "TOKEN", description = "what 'tharsis cluster token' has printed")
        private String token = "";

        @Option(
                names = "--address",
                paramLabel = "HOST:PORT",
                description = "where that node is reached from here, when it is not what the token says")
        private Optional<String> address = Optional.empty();

        Join(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            var command = new org.tharsis.control.api.Command.JoinCluster(token, address);
            return tharsis()
                    .show(
                            tharsis().command("join-cluster", command, ClusterReport.class),
                            report -> report.node() + " is in cluster " + report.name() + "\n");
        }
    }

    /** Names its verbs. */
    @Command(
            name = "cluster",
            description = "Creates a cluster, and lets nodes join it.",
            footer = "  tharsis cluster create production")
    static final class Group extends Verb {
        Group(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            return tharsis().usage("say what to do: 'tharsis cluster --help' lists the verbs");
        }
    }

    private ClusterVerbs() {}
}
