// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.tharsis.control.api.Command.Condition;
import org.tharsis.control.api.Command.Primary;
import org.tharsis.control.api.Command.Secondary;
import org.tharsis.control.api.Command.WaitResource;
import org.tharsis.control.model.BadValueException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Verbs that move the role, and wait for what comes of it. */
final class RoleVerbs {
    @Command(
            name = "primary",
            description = {
                "Makes this node the primary.",
                "Planned: the old primary hands over, and nothing is lost. With --force: it is dead, and this node"
                        + " goes on with what it has."
            },
            footer = {"  tharsis primary vol0", "  tharsis primary vol0 --force", "  tharsis primary vol0 --timeout 30s"
            })
    static final class Promote extends ResourceVerbs.OfResource {
        @Option(names = "--force", description = "without the help of the old primary; may lose its newest writes")
        private boolean force;

        @Option(
                names = "--lose-newer",
                description =
                        "with --force: although the old primary is heard, or another replica is known to have more")
        private boolean loseNewer;

        @Option(names = "--disconnect-users", description = "of the old primary's device, instead of refusing")
        private boolean disconnectUsers;

        Promote(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            if (loseNewer && !force) {
                throw new BadValueException("--lose-newer is an addition to --force: a planned handover loses nothing");
            }
            return tharsis()
                    .run(
                            "primary",
                            new Primary(
                                    resource(),
                                    force,
                                    loseNewer,
                                    disconnectUsers,
                                    tharsis().timeoutMs()));
        }
    }

    @Command(
            name = "secondary",
            description = "Makes this node, which is the primary, a secondary. There is no primary afterwards.",
            footer = "  tharsis secondary vol0")
    static final class Demote extends ResourceVerbs.OfResource {
        @Option(names = "--disconnect-users", description = "of the device, instead of refusing")
        private boolean disconnectUsers;

        Demote(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            return tharsis()
                    .run(
                            "secondary",
                            new Secondary(resource(), disconnectUsers, tharsis().timeoutMs()));
        }
    }

    @Command(
            name = "wait-resource",
            description = {
                "Waits until a replica is so; exit code 3 when the time is up before.",
                "",
                "consistent: it equals the primary at one LSN.",
                "caught-up: it has replayed everything that the primary has.",
                "primary: its node is the primary, and the device can be used.",
                "secondary: it follows a source."
            },
            footer = {
                "  tharsis wait-resource vol0 consistent --timeout 1h",
                "  tharsis wait-resource vol0 caught-up --node berlin-2"
            })
    static final class Wait extends ResourceVerbs.OfResource {
        @Parameters(index = "1", paramLabel = "CONDITION", description = "consistent, caught-up, primary or secondary")
        private String condition = "";

        @Option(names = "--node", paramLabel = "NAME", description = "whose replica; this node's unless told")
        private Optional<String> node = Optional.empty();

        Wait(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            return tharsis()
                    .run(
                            "wait-resource",
                            new WaitResource(
                                    resource(), condition(), node, tharsis().timeoutMs()));
        }

        private Condition condition() {
            return Arrays.stream(Condition.values())
                    .filter(known -> word(known).equals(condition))
                    .findFirst()
                    .orElseThrow(() -> new BadValueException("'" + condition + "' is nothing to wait for: write "
                            + Arrays.stream(Condition.values()).map(Wait::word).collect(Collectors.joining(", "))));
        }

        private static String word(Condition condition) {
            return condition.name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    private RoleVerbs() {}
}
