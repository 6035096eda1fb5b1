// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentName;

class DriverClientTest {
    private static final UUID RESOURCE = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final UUID NODE = UUID.fromString("f0e1d2c3-b4a5-9687-7869-5a4b3c2d1e0f");

    @TempDir
    private Path directory;

    private Path socket() {
        return directory.resolve("driver.sock");
    }

    private ScriptedDriver answering(String reply) throws Exception {
        return new ScriptedDriver(socket(), line -> Optional.of(reply));
    }

    @Test
    void writesCommandsAsTheChannelHasThem() throws Exception {
        try (ScriptedDriver driver = answering("ok\n");
                DriverClient client = new DriverClient(socket())) {
            client.create(
                    "vol0",
                    new NewReplica(
                            Path.of("/srv/a log %1\n"),
                            1 << 20,
                            4096,
                            RESOURCE,
                            NODE,
                            Optional.of(new LogPosition(-4096, 7, 0xabcL)),
                            Optional.of(new EpochLsn(8, 8192))),
                    new FileAccess(FileAccess.Io.SIO, true));
            client.attach("vol0", Path.of("/dev/vdü"), true, Optional.of(5L), FileAccess.USUAL);
            client.received("vol0", new SegmentName(3, 4096), 12288);
            client.peerAdd("vol0", NODE, Optional.of(4096L));
            client.peerAdd("vol0", NODE, Optional.empty());
            client.remoteDurable("vol0", NODE, -1);
            client.cut("vol0", 2, 8192);
            client.close("vol0", false);

            assertThat(driver.lines())
                    .containsExactly(
                            "create vol0 directory=/srv/a%20log%20%251%0A size=1048576 block=4096 resource-uuid="
                                    + RESOURCE
                                    + " node-uuid=" + NODE + " start-lsn=18446744073709547520 start-epoch=7"
                                    + " start-chain=0000000000000abc inconsistent-until-lsn=8192"
                                    + " inconsistent-until-epoch=8 io=sio direct=yes",
                            "attach vol0 disk=/dev/vdü label=write create-size=5 io=aio direct=no",
                            "received vol0 epoch=3 start-lsn=4096 lsn=12288",
                            "peer-add vol0 peer=" + NODE + " lsn=4096",
                            "peer-add vol0 peer=" + NODE,
                            "remote-durable vol0 peer=" + NODE + " lsn=18446744073709551615",
                            "cut vol0 epoch=2 lsn=8192",
                            "close vol0 drain=no");
            assertThat(driver.connections()).isEqualTo(1);
        }
    }

    @Test
    void readsNumbersWithoutASignAndSkipsKeysThatItDoesNotKnow() throws Exception {
        try (ScriptedDriver driver = answering(
                        "new-key=a=b\nepoch=18446744073709551615\nend-lsn=9223372036854775808\nend-chain=ffeeddccbbaa0099\nok\n");
                DriverClient client = new DriverClient(socket())) {
            assertThat(client.rolePrimary("vol0", -1, Optional.of(1L)))
                    .isEqualTo(new LogPosition(Long.MIN_VALUE, -1, 0xffeeddccbbaa0099L));
            assertThat(driver.lines())
                    .containsExactly("role vol0 primary epoch=18446744073709551615 chain=0000000000000001");
        }
    }

    @Test
    void givesTheCodeAndTheSentenceOfAnError() throws Exception {
        try (ScriptedDriver driver = answering("error stale-epoch epoch 3%0Ais not above 100%25 = 5\n");
                DriverClient client = new DriverClient(socket())) {
            assertThatExceptionOfType(DriverException.class)
                    .isThrownBy(() -> client.rolePrimary("vol0", 3, Optional.empty()))
                    .withMessage("epoch 3\nis not above 100% = 5")
                    .matches(refused -> refused.error() == DriverError.STALE_EPOCH);
            assertThatExceptionOfType(DriverException.class).isThrownBy(() -> client.flush("vol0"));
            assertThat(driver.connections()).isEqualTo(1);
        }
    }

    @Test
    void knowsAnErrorOfALaterDriverAsUnknown() throws Exception {
        try (ScriptedDriver driver = answering("error brand-new something else\n");
                DriverClient client = new DriverClient(socket())) {
            assertThatExceptionOfType(DriverException.class)
                    .isThrownBy(() -> client.flush("vol0"))
                    .matches(refused -> refused.error() == DriverError.UNKNOWN);
            assertThat(driver.lines()).containsExactly("flush vol0");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense\nok\n",
                "=5\nok\n",
                "error\n",
                "error busy\n",
                "epoch=1\nend-lsn=5\nerror busy in the middle\n",
                "epoch=1\nend-lsn=\nok\n",
                "epoch=1\nend-lsn=-1\nok\n",
                "epoch=1\nend-lsn=+1\nok\n",
                "epoch=1\nend-lsn=18446744073709551616\nok\n",
                "epoch=1\nend-lsn=99999999999999999999\nok\n",
                "epoch=1\nend-lsn=5 \nok\n",
                "epoch=1\nend-lsn=%3\nok\n",
                "epoch=1\nend-lsn=%zz\nok\n",
                "epoch=1\nother=5\nok\n",
                "\nok\n",
            })
    void endsASessionWhoseReplyTheProtocolDoesNotAllow(String reply) throws Exception {
        try (ScriptedDriver driver = answering(reply);
                DriverClient client = new DriverClient(socket())) {
            assertThatExceptionOfType(DriverGone.class)
                    .isThrownBy(() -> client.flush("vol0"))
                    .withMessageContaining("does not understand");
            assertThatExceptionOfType(DriverGone.class).isThrownBy(() -> client.flush("vol0"));
            assertThat(driver.connections()).isEqualTo(2);
        }
    }

    @Test
    void endsASessionWhoseReplyIsLongerThanOneMebibyte() throws Exception {
        String line = "key=" + "x".repeat(1019) + "\n";
        try (ScriptedDriver driver = answering(line.repeat(1025) + "ok\n");
                DriverClient client = new DriverClient(socket())) {
            assertThatExceptionOfType(DriverGone.class)
                    .isThrownBy(() -> client.list())
                    .withMessageContaining("longer than 1048576");
            assertThat(driver.lines()).containsExactly("list");
        }
    }

    @Test
    void saysThatACommandMayHaveBeenDoneWhenTheDriverGoesBeforeItAnswers() throws Exception {
        try (ScriptedDriver driver = new ScriptedDriver(socket(), line -> Optional.empty());
                DriverClient client = new DriverClient(socket())) {
            assertThatExceptionOfType(DriverGone.class)
                    .isThrownBy(() -> client.flush("vol0"))
                    .withMessageContaining("'flush vol0': its status tells");
            assertThat(driver.lines()).containsExactly("flush vol0");
        }
    }

    @Test
    void saysWhereTheDriverIsMissingAndConnectsWhenItIsBack() throws Exception {
        try (DriverClient client = new DriverClient(socket())) {
            assertThatExceptionOfType(DriverGone.class)
                    .isThrownBy(() -> client.flush("vol0"))
                    .withMessageContaining(socket().toString())
                    .withMessageContaining("start brickd");
            for (int start = 0; start < 2; start++) {
                try (ScriptedDriver driver = answering("epoch=2\nend-lsn=4096\nok\n")) {
                    assertThat(client.flush("vol0")).isEqualTo(new EpochLsn(2, 4096));
                    assertThat(driver.lines()).hasSize(1);
                }
            }
        }
    }

    @Test
    void refusesALineThatTheDriverWouldNotTake() throws Exception {
        try (ScriptedDriver driver = answering("ok\n");
                DriverClient client = new DriverClient(socket())) {
            assertThatExceptionOfType(DriverException.class)
                    .isThrownBy(() -> client.tune("vol0", Map.of("option", "x".repeat(4096))))
                    .matches(refused -> refused.error() == DriverError.USAGE);
            assertThat(driver.lines()).isEmpty();
        }
    }

    @Test
    void runsCommandsSideBySideAndCloseEndsThemAll() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        DriverClient client = new DriverClient(socket());
        try (ScriptedDriver driver = new ScriptedDriver(socket(), line -> {
            if (line.startsWith("checkpoint")) {
                awaitForever(never);
            }
            return Optional.of("epoch=0\nend-lsn=0\nok\n");
        })) {
            CompletableFuture<Throwable> slow = CompletableFuture.runAsync(() -> {
                        try {
                            client.checkpoint("vol0");
                        } catch (DriverException | DriverGone failed) {
                            throw new IllegalStateException(failed);
                        }
                    })
                    .handle((done, failed) -> failed);
            Awaitility.await().until(() -> driver.lines().contains("checkpoint vol0"));
            assertThat(client.flush("vol0").lsn()).isZero();

            client.close();

            assertThat(slow.get(10, TimeUnit.SECONDS)).hasRootCauseInstanceOf(java.io.IOException.class);
            assertThatExceptionOfType(DriverGone.class).isThrownBy(() -> client.flush("vol0"));
        } finally {
            never.countDown();
        }
    }

    private static void awaitForever(CountDownLatch never) {
        try {
            never.await();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }
}
