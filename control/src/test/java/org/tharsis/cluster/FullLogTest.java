// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The log is as large as it may become, or its file system has no room left. */
final class FullLogTest extends ClusterTest {
    private static final String SIZE = "64MiB";
    private static final long RING_BYTES = 16L << 20;
    private static final long LIMIT_BYTES = 32L << 20;
    private static final long WRITE_BYTES = 4096;

    @Test
    void aFollowerWhoseLogIsFullSaysSoHoldsNobodyUpAndGoesOnWhenThereIsRoom() throws IOException {
        Path log = cluster().directory().resolve("small-" + resource);
        Files.createDirectory(log);
        assumeTrue(mount(log, "mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs"), "this machine mounts nothing for us");
        try {
            cluster().create(resource, SIZE, cluster().a());
            cluster()
                    .b()
                    .tharsis(
                            "join-resource",
                            resource,
                            "--disk",
                            cluster().b().disk(resource).toString(),
                            "--create-disk",
                            "--log-directory",
                            log.toString())
                    .succeeds();
            cluster().awaitCaughtUp(resource, cluster().b());
            fillAndMakeRoom(log);
        } finally {
            cluster().b().tharsis("leave-resource", resource);
            mount(log, "umount", "--lazy");
        }
    }

    @Test
    void aDeadReplicaHoldsNobodyUpAndIsComparedAsAWholeWhenTheLogItLacksIsGone() {
        cluster().create(resource, SIZE, cluster().a(), cluster().b(), cluster().c());
        cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
        set("log-limit-bytes", "192MiB"); // three segments, as they are now
        set("segment-bytes", "1MiB");
        set("log-limit-bytes", LIMIT_BYTES + "");
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, 4000)) {
            cluster().c().kill();
            long enough = writer.status().acknowledged() + 2 * LIMIT_BYTES / WRITE_BYTES;
            cluster()
                    .await(
                            "more is written than the log may hold",
                            () -> writer.status().acknowledged() > enough);
            cluster().c().start();
            cluster().awaitHealth(resource, cluster().c(), "gone");
            cluster().c().tharsis("invalidate", resource).succeeds();
            NumberedWriter.Counts counts = writer.stop();
            cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
            checkOnAll(counts, RING_BYTES);
        }
    }

    private void fillAndMakeRoom(Path log) {
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, 4000)) {
            cluster()
                    .await(
                            "b says that it has no room",
                            () -> cluster()
                                    .b()
                                    .replica(resource, cluster().b())
                                    .path("hindrance")
                                    .asText()
                                    .contains("no room for more log"));
            long before = writer.status().acknowledged();
            cluster().await("writes go on", () -> writer.status().acknowledged() > before + 1000);
            mount(log, "mount", "-o", "remount,size=1g");
            NumberedWriter.Counts counts = writer.stop();
            cluster().awaitCaughtUp(resource, cluster().b());
            cluster().b().brickctl("checkpoint", resource).succeeds();
            NumberedWriter.check(cluster().b().disk(resource).toString(), RING_BYTES, counts.flushed());
        }
    }

    private static boolean mount(Path directory, String... command) {
        return Commands.run(Stream.concat(Stream.of(command), Stream.of(directory.toString()))
                                .toList())
                        .exitStatus()
                == 0;
    }
}
