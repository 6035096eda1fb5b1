// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** A real brickd, told what to do by brickctl, as a person would. */
final class Brickd {
    private static final Path NATIVE =
            Path.of(System.getProperty("tharsis.native", "../build/release/block-driver/brickd"));

    private final Path socket;
    private final Path nbdSocket;
    private final Process process;

    Brickd(Path directory) throws IOException {
        assertThat(NATIVE.resolve("brickd"))
                .as(
                        "brickd has to be built first (tools/build release), or -Dtharsis.native=FOLDER has to say where it is")
                .isExecutable();
        socket = directory.resolve("control.sock");
        nbdSocket = directory.resolve("nbd.sock");
        process = new ProcessBuilder(
                        NATIVE.resolve("brickd").toString(),
                        "--control",
                        socket.toString(),
                        "--nbd-unix",
                        nbdSocket.toString(),
                        "--dirty-limit",
                        "32MiB",
                        "--log-level",
                        "warning")
                .inheritIO()
                .start();
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> Files.exists(socket));
    }

    /** Gives a command and returns the keys and values of its reply. */
    Map<String, String> command(String line) throws IOException, InterruptedException {
        List<String> words =
                new ArrayList<>(List.of(NATIVE.resolve("brickctl").toString(), "--control", socket.toString()));
        words.addAll(List.of(line.split(" ")));
        Map<String, String> reply = new HashMap<>();
        for (String answer : run(words)) {
            String[] keyAndValue = answer.split("=", 2);
            reply.put(keyAndValue[0], keyAndValue.length > 1 ? keyAndValue[1] : "");
        }
        return reply;
    }

    long number(String resource, String key) throws IOException, InterruptedException {
        return Long.parseLong(command("status " + resource).getOrDefault(key, "-1"));
    }

    /** Runs Python with {@code h} as a connected NBD client. */
    void nbd(String export, String python) throws IOException, InterruptedException {
        run(List.of("nbdsh", "-u", "nbd+unix:///" + export + "?socket=" + nbdSocket, "-c", python));
    }

    private static List<String> run(List<String> words) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
        // nbdsh needs the Python of the distribution, whatever else is on the path.
        builder.environment().put("PATH", "/usr/bin:/bin");
        Process command = builder.start();
        command.getOutputStream().close();
        String output = new String(command.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(command.waitFor()).as("%s: %s", words, output).isZero();
        return output.lines().toList();
    }

    void close() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }
}
