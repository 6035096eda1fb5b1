// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogPosition;

/** The client and a real brickd understand each other. */
@Tag("cluster")
class BrickdTest {
    private static final UUID RESOURCE = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final UUID NODE = UUID.fromString("f0e1d2c3-b4a5-9687-7869-5a4b3c2d1e0f");
    private static final UUID PEER = UUID.fromString("aaaaaaaa-b4a5-9687-7869-5a4b3c2d1e0f");
    private static final FileAccess SIO = new FileAccess(FileAccess.Io.SIO, false);

    @TempDir
    private Path directory;

    private BrickdProcess brickd;
    private DriverClient client;

    @BeforeEach
    void start() throws Exception {
        brickd = new BrickdProcess(directory);
        client = new DriverClient(brickd.socket());
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        brickd.close();
    }

    private void openVol0(Optional<LogPosition> start) throws Exception {
        Path log = Files.createDirectory(directory.resolve("log"));
        client.create("vol0", new NewReplica(log, 16 << 20, 4096, RESOURCE, NODE, start, Optional.empty()), SIO);
        assertThat(client.open("vol0", log, RESOURCE, SIO))
                .isEqualTo(new Opened(RESOURCE, NODE, 16 << 20, start.orElse(new LogPosition(0, 0, 0))));
        client.attach("vol0", directory.resolve("disk"), true, Optional.of(17L << 20), SIO);
    }

    @Test
    void takesAReplicaThroughItsLife() throws Exception {
        assertThat(client.version().protocol()).isEqualTo(1);
        openVol0(Optional.empty());
        assertThat(client.list()).containsExactly("vol0");
        assertThatExceptionOfType(DriverException.class)
                .isThrownBy(() -> client.open("vol0", directory.resolve("log"), RESOURCE, SIO))
                .matches(refused -> refused.error() == DriverError.EXISTS);

        LogPosition begin = client.rolePrimary("vol0", 1, Optional.of(0L));
        assertThat(begin.epoch()).isEqualTo(1);
        client.export("vol0");
        client.peerAdd("vol0", PEER, Optional.of(0L));
        client.remoteDurable("vol0", PEER, client.flush("vol0").lsn());
        assertThat(client.tune("vol0", Map.of("segment-bytes", "8388608", "log-full", "drop")))
                .containsEntry("segment-bytes", "8388608")
                .containsEntry("log-full", "drop")
                .containsEntry("fencing", "none");

        ResourceStatus status = client.status("vol0");
        assertThat(status.state()).isEqualTo(ResourceStatus.State.OPEN);
        assertThat(status.role()).isEqualTo(ReplicaRole.PRIMARY);
        assertThat(status.disk()).contains(directory.resolve("disk"));
        assertThat(status.exports()).containsExactly(new ResourceStatus.Export("vol0", false, 0));
        assertThat(status.failure()).isEmpty();
        assertThat(status.events()).isNotEmpty();
        assertThat(status.change()).isPositive();
        ResourceStatus.Replica replica = status.replica().orElseThrow();
        assertThat(replica.replayed()).isEqualTo(begin);
        assertThat(replica.durableLsn()).isEqualTo(begin.lsn());
        assertThat(replica.consistent()).isTrue();
        assertThat(replica.epochs()).containsExactly(new EpochStart(1, 0, 0));
        assertThat(replica.peers())
                .containsExactly(new ResourceStatus.Peer(PEER, Optional.of(begin.lsn()), Optional.empty()));
        assertThat(replica.options()).containsEntry("log-full", "drop");
        assertThat(replica.counters()).containsEntry("writes", 0L);

        client.peerRemove("vol0", PEER);
        client.unexport("vol0");
        assertThat(client.roleSecondary("vol0")).isEqualTo(new SealedEnd(begin.lsn(), begin.chain()));
        client.replayPause("vol0");
        assertThat(client.status("vol0").replica().orElseThrow().replayPaused()).isTrue();
        client.replayRun("vol0");
        assertThat(client.resize("vol0", 16 << 20)).isEqualTo(16 << 20);
        client.suspend("vol0");
        client.resume("vol0");
        client.detach("vol0");
        client.close("vol0", false);
        assertThat(client.list()).isEmpty();
    }

    @Test
    void makesAReplicaWhoseLogBeginsInTheMiddleOfAHistory() throws Exception {
        LogPosition start = new LogPosition(40960, 3, 0x0123456789abcdefL);
        Path log = Files.createDirectory(directory.resolve("log"));
        client.create(
                "vol0",
                new NewReplica(
                        log, 16 << 20, 512, RESOURCE, NODE, Optional.of(start), Optional.of(new EpochLsn(4, 81920))),
                SIO);

        assertThat(client.open("vol0", log, RESOURCE, SIO)).isEqualTo(new Opened(RESOURCE, NODE, 16 << 20, start));
        ResourceStatus.Replica replica = client.status("vol0").replica().orElseThrow();
        assertThat(replica.replayed()).isEqualTo(start);
        assertThat(replica.blockBytes()).isEqualTo(512);
        assertThat(replica.consistent()).isFalse();
        assertThat(replica.inconsistentUntilLsn()).contains(81920L);
    }

    @Test
    void followsAResourceFromOpenToCloseAndBeyondItsDriversDeath() throws Exception {
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        try (DriverWatch watch = client.watch("vol0", new DriverWatch.ResourceListener() {
            @Override
            public void changed(ResourceStatus status) {
                told.add(status.role().toString());
            }

            @Override
            public void absent() {
                told.add("absent");
            }

            @Override
            public void gone(DriverGone why) {
                told.add("gone");
            }
        })) {
            assertThat(watch).isNotNull();
            assertThat(told.poll(10, TimeUnit.SECONDS)).isEqualTo("absent");
            openVol0(Optional.empty());
            awaitWord(told, "SECONDARY");
            client.rolePrimary("vol0", 1, Optional.empty());
            awaitWord(told, "PRIMARY");
            client.close("vol0", true);
            awaitWord(told, "absent");
            brickd.kill();
            awaitWord(told, "gone");
            brickd = new BrickdProcess(directory);
            client.open("vol0", directory.resolve("log"), RESOURCE, SIO);
            awaitWord(told, "SECONDARY");
        }
    }

    @Test
    void tellsWhatHasChangedOnTheHost() throws Exception {
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        try (DriverWatch watch = client.watchHost(new DriverWatch.HostListener() {
            @Override
            public void changed(List<String> resources, boolean set) {
                resources.forEach(told::add);
                if (set) {
                    told.add("set");
                }
            }

            @Override
            public void gone(DriverGone why) {
                told.add("gone");
            }
        })) {
            assertThat(watch).isNotNull();
            awaitWord(told, "set");
            openVol0(Optional.empty());
            awaitWord(told, "vol0");
            brickd.kill();
            awaitWord(told, "gone");
            brickd = new BrickdProcess(directory);
            awaitWord(told, "set");
        }
    }

    private static void awaitWord(BlockingQueue<String> told, String word) throws InterruptedException {
        String next = "";
        while (!next.equals(word)) {
            next = told.poll(10, TimeUnit.SECONDS);
            assertThat(next).as("the next word on the way to '%s'", word).isNotNull();
        }
    }
}
