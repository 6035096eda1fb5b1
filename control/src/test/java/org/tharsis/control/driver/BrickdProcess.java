// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** A real brickd, for as long as a test. The system property {@code tharsis.native} names the folder that holds it. */
public final class BrickdProcess implements Closeable {
    private final Process process;
    private final Path socket;

    public BrickdProcess(Path directory) throws IOException {
        Path binary = Path.of(System.getProperty("tharsis.native", "../build/release/block-driver/brickd"), "brickd");
        if (!Files.isExecutable(binary)) {
            throw new IllegalStateException("there is no brickd at " + binary.toAbsolutePath()
                    + ": build the C side first (tools/build release), or say where it is by -Dtharsis.native=FOLDER");
        }
        this.socket = directory.resolve("brickd.sock");
        this.process = new ProcessBuilder(
                        binary.toString(),
                        "--control",
                        socket.toString(),
                        "--nbd-unix",
                        directory.resolve("nbd.sock").toString(),
                        "--log-level",
                        "error")
                .redirectError(directory.resolve("brickd.log").toFile())
                .start();
        Awaitility.await().until(this::answers);
    }

    public Path socket() {
        return socket;
    }

    private boolean answers() {
        try (DriverClient client = new DriverClient(socket)) {
            client.version();
            return true;
        } catch (DriverGone notYet) {
            return false;
        } catch (DriverException refused) {
            throw new IllegalStateException(refused);
        }
    }

    /** Ends it as a power cut would. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() throws IOException {
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException stop) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
