// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.replication.log.EpochLsn;

/** The driver behind a character device, as the kernel driver is. */
class DeviceTest {
    @TempDir
    private Path directory;

    private Path socket() {
        return directory.resolve("driver.sock");
    }

    private Path device() {
        return directory.resolve("control");
    }

    @Test
    void givesCommandsOneAfterTheOtherOverOneSession() throws Exception {
        String name = "resource=" + "x".repeat(1000) + "\n";
        try (ScriptedDriver driver = new ScriptedDriver(
                        socket(),
                        line -> Optional.of(
                                switch (line) {
                                    case "list" -> name.repeat(500) + "ok\n";
                                    case "flush vol0" -> "epoch=2\nend-lsn=4096\nok\n";
                                    default -> "error absent vol1 is not open\n";
                                }));
                DeviceBridge bridge = new DeviceBridge(socket(), device());
                DriverClient client = new DriverClient(bridge.device())) {
            assertThat(client.flush("vol0")).isEqualTo(new EpochLsn(2, 4096));
            assertThat(client.list()).hasSize(500);
            assertThatExceptionOfType(DriverException.class)
                    .isThrownBy(() -> client.flush("vol1"))
                    .matches(refused -> refused.error() == DriverError.ABSENT);
            assertThat(client.flush("vol0")).isEqualTo(new EpochLsn(2, 4096));
            assertThat(driver.lines()).containsExactly("flush vol0", "list", "flush vol1", "flush vol0");
        }
    }

    @Test
    void closeEndsACommandThatWaits() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        try (ScriptedDriver driver = new ScriptedDriver(socket(), line -> {
                    await(never);
                    return Optional.empty();
                });
                DeviceBridge bridge = new DeviceBridge(socket(), device())) {
            DriverClient client = new DriverClient(bridge.device());
            CompletableFuture<Throwable> waiting = CompletableFuture.supplyAsync(() -> {
                try {
                    return new AssertionError("answered: " + client.checkpoint("vol0"));
                } catch (DriverException | DriverGone failed) {
                    return failed;
                }
            });
            Awaitility.await().until(() -> driver.lines().contains("checkpoint vol0"));
            client.close();
            assertThat(waiting.get(10, TimeUnit.SECONDS)).isInstanceOf(DriverGone.class);
        } finally {
            never.countDown();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void saysWhereTheDeviceIsMissing() throws Exception {
        try (DriverClient client = new DriverClient(device())) {
            assertThatExceptionOfType(DriverGone.class)
                    .isThrownBy(() -> client.flush("vol0"))
                    .withMessageContaining(device().toString())
                    .withMessageContaining("load tharsis.ko");
        }
    }
}
