// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What people and broken disks put in front of a cluster: one clear error each, and nothing is lost or half done. */
final class BadInputTest extends ClusterTest {
    private static final String SIZE = "64MiB";
    private static final long RING_BYTES = 16L << 20;
    private static final int PER_SECOND = 500;

    @Test
    void aTreeEditedIntoNonsenseIsNamedAndNothingStopsUntilItIsRepaired() {
        createOnAll();
        String keys = "resources/" + resource + "/";
        Map<String, String> nonsense = new TreeMap<>(Map.of(
                keys + "role", "3 nobody is king",
                keys + "size", "large",
                keys + "options/log-full", "explode",
                keys + "replicas/b/todo/fetch", "perhaps",
                keys + "replicas/c/position", "far",
                keys + "replicas/c/health", "\u0000"));
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND);
                TreeByHand tree = new TreeByHand(cluster().witness())) {
            Map<String, String> good = Map.of(
                    keys + "role", tree.read(keys + "role"),
                    keys + "size", tree.read(keys + "size"),
                    keys + "replicas/c/position", tree.read(keys + "replicas/c/position"),
                    keys + "replicas/c/health", tree.read(keys + "replicas/c/health"));
            for (Map.Entry<String, String> edit : nonsense.entrySet()) {
                tree.write(edit.getKey(), edit.getValue());
                cluster().await(edit.getKey() + " is named", () -> isWarnedOf(edit.getKey()));
            }
            awaitReplication(writer);
            for (TestNode node : List.of(cluster().a(), cluster().b())) {
                Answer answer = node.tharsis("primary", resource, "--disconnect-users", "--timeout", "5s");
                assertThat(answer.exitStatus()).as(answer::toString).isEqualTo(1);
            }
            awaitReplication(writer);

            good.forEach(tree::write);
            nonsense.keySet().stream().filter(key -> !good.containsKey(key)).forEach(tree::remove);
            cluster()
                    .await(
                            "nobody is warned any more",
                            () -> nonsense.keySet().stream().noneMatch(this::isWarnedOf));
            cluster().b().tharsis("primary", resource, "--disconnect-users").succeeds();
            NumberedWriter.Counts counts = writer.stop();
            assertThat(writer.missing()).isZero();
            cluster().awaitCaughtUp(resource, cluster().a(), cluster().c());
            oracle().checkEqual(cluster().nodes());
            NumberedWriter.check(cluster().c().disk(resource).toString(), RING_BYTES, counts.flushed());
        }
    }

    private boolean isWarnedOf(String key) {
        return cluster().a().view().path("warnings").toString().contains(key);
    }

    /** The log arrives at b. */
    private void awaitReplication(NumberedWriter writer) {
        long before = oracle().driverEnd(cluster().b());
        long acknowledged = writer.status().acknowledged();
        cluster()
                .await(
                        "log arrives",
                        () -> writer.status().acknowledged() > acknowledged
                                && oracle().driverEnd(cluster().b()) > before);
    }

    @Test
    void aDaemonWhoseJournalHasATornTailComesUpAndFetchesOnWithoutZooKeeper() throws IOException {
        createOnAll();
        try (NumberedWriter writer = cluster().write(resource, RING_BYTES, PER_SECOND)) {
            cluster().b().tharsisd().kill();
            tearEnd(newestFile(cluster().b().stateDirectory().resolve("journal")));
            cluster().b().lineToZooKeeper().cut();
            cluster().b().start();
            awaitReplication(writer);
            assertThat(cluster().b().view().path("cluster").path("source").asText())
                    .isEqualTo("journal");
            assertThat(cluster().b().log("tharsisd")).content().containsOnlyOnce("The journal was damaged");
            cluster().b().lineToZooKeeper().heal();
            NumberedWriter.Counts counts = writer.stop();
            cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
            oracle().checkEqual(cluster().nodes());
            NumberedWriter.check(cluster().b().disk(resource).toString(), RING_BYTES, counts.flushed());
        }
    }

    private static Path newestFile(Path journal) throws IOException {
        try (Stream<Path> files = Files.walk(journal)) {
            return files.filter(file -> file.toString().endsWith(".cq4"))
                    .max(Comparator.comparing(file -> file.toFile().lastModified()))
                    .orElseThrow();
        }
    }

    /** Half of the last entry, about, is not there, as after a power cut. */
    private static void tearEnd(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] == 0) {
            end--;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(end - 20);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a/b", "../vol", "a b", "-x", "", "LONG"})
    void aNameThatIsNoneIsWrongUsageAndMakesNothing(String name) {
        Path disk = cluster().a().disk(resource);
        Answer answer = cluster()
                .a()
                .tharsis(
                        "create-resource",
                        name.equals("LONG") ? "v".repeat(300) : name,
                        "--disk",
                        disk.toString(),
                        "--create-disk",
                        "--size",
                        SIZE);

        assertThat(answer.exitStatus()).as(answer::toString).isEqualTo(2);
        assertThat(answer.error()).startsWith("tharsis: ").hasSizeLessThan(500);
        assertThat(disk).doesNotExist();
        assertThat(cluster().a().view().path("resources")).isEmpty();
    }

    @Test
    void aDiskThatDoesNotFitIsRefusedAndMakesNothing() throws IOException {
        cluster().create(resource, SIZE, cluster().a());
        Path disk = cluster().b().disk(resource);

        Answer missing = cluster().b().tharsis("join-resource", resource, "--disk", disk.toString());
        assertThat(missing.exitStatus()).as(missing::toString).isEqualTo(1);

        Files.write(disk, new byte[1 << 20]);
        Answer small = cluster().b().tharsis("join-resource", resource, "--disk", disk.toString());
        assertThat(small.exitStatus()).as(small::toString).isEqualTo(1);
        assertThat(Files.size(disk)).isEqualTo(1 << 20);

        Answer twice = cluster().a().tharsis("join-resource", resource, "--disk", disk.toString());
        assertThat(twice.exitStatus()).as(twice::toString).isEqualTo(1);
        assertThat(cluster().a().resource(resource).path("replicas")).hasSize(1);
        assertThat(cluster().b().logDirectory(resource)).doesNotExist();
    }

    @Test
    void aDaemonWithAKeyThatNobodyKnowsDoesNotStartAndSaysWhere() throws IOException {
        Path file = cluster().directory().resolve("wrong.conf");
        Files.writeString(file, "node = d\ncolour = red\n");

        Answer answer = Commands.run(List.of(Installation.tharsisd().toString(), "--config", file.toString()));

        assertThat(answer.exitStatus()).as(answer::toString).isEqualTo(2);
        assertThat(answer.error()).contains(file + ":2: there is no key 'colour': known are node, site");
    }

    private void createOnAll() {
        cluster().create(resource, SIZE, cluster().a(), cluster().b(), cluster().c());
        cluster().awaitCaughtUp(resource, cluster().b(), cluster().c());
    }
}
