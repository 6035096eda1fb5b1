// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Views as a node would give them. */
public final class TestViews {
    private static final ViewReport.ThisNode ALPHA = new ViewReport.ThisNode(
            "alpha", Optional.of(FakeNode.NODE), "0.1.0", ViewReport.Driver.CONNECTED, Optional.empty());

    /** A node that was started and told nothing. */
    public static ViewReport unconfigured() {
        return new ViewReport(ALPHA, Optional.empty(), List.of(), List.of(), List.of());
    }

    /** Two nodes, a resource with a primary, a follower that is behind, and a diverged replica. */
    public static ViewReport inUse() {
        return new ViewReport(
                ALPHA,
                Optional.of(
                        new ViewReport.Cluster("test", FakeNode.CLUSTER, ViewReport.Source.LIVE, 0, "127.0.0.1:7441")),
                List.of(node("alpha", true), node("beta", true), node("gamma", false)),
                List.of(new ViewReport.Resource(
                        "vol0",
                        new UUID(3, 3),
                        1L << 30,
                        4096,
                        new ViewReport.Role(2, Optional.of("alpha"), ViewReport.RoleState.PRIMARY, Optional.empty()),
                        List.of(
                                replica("alpha", "primary", "ok", 0, 0),
                                replica("beta", "secondary", "ok", 3L << 20, 1500),
                                diverged()),
                        Map.of("durability-remote", "1"))),
                List.of("the certificate of this node ends in 12 days: join the cluster again"));
    }

    private static ViewReport.Node node(String name, boolean alive) {
        return new ViewReport.Node(
                name,
                new UUID(1, name.length()),
                name + ":7440",
                "here",
                "0.1.0",
                "brickd",
                alive,
                alive ? Optional.empty() : Optional.of(300_000L));
    }

    private static ViewReport.Replica replica(String node, String role, String health, long lagBytes, long lagMs) {
        return new ViewReport.Replica(
                node,
                Optional.of(role),
                health,
                Optional.empty(),
                Optional.of(new ViewReport.Position(2, -1, 8192, 4096, 0, Optional.of(1_700_000_000_000L))),
                Optional.of(lagBytes),
                Optional.of(lagMs),
                Optional.empty(),
                true,
                Optional.empty(),
                role.equals("primary") ? Optional.empty() : Optional.of("alpha"),
                Optional.empty(),
                Map.of("attach", true, "fetch", true, "replay", true),
                Map.of("attach", true, "fetch", role.equals("secondary"), "replay", true),
                role.equals("primary") ? Optional.of(1) : Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of("/dev/vdb"),
                role.equals("primary") ? Optional.of("nbd+unix:///vol0") : Optional.empty(),
                Optional.of("/var/lib/tharsis/logs/vol0"));
    }

    private static ViewReport.Replica diverged() {
        return new ViewReport.Replica(
                "gamma",
                Optional.empty(),
                "diverged",
                Optional.of("from LSN 8192 of epoch 1"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                Optional.of(300_000L),
                Optional.empty(),
                Optional.empty(),
                Map.of("fetch", true),
                Map.of("fetch", false),
                Optional.empty(),
                Optional.empty(),
                Optional.of(new ViewReport.Lost(8192, 20480, 8192, 2, 2, 1_700_000_000_000L, 1_700_000_001_000L)),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private TestViews() {}
}
