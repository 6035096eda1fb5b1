// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs commands to their end. Any thread. */
final class Commands {
    private static final long LIMIT_SECONDS = 120;

    private Commands() {}

    /** Runs it and returns what it said, whatever its exit status is. */
    static Answer run(List<String> command) {
        try {
            Path output = Files.createTempFile("tharsis", ".out");
            Path error = Files.createTempFile("tharsis", ".err");
            try {
                int status = run(command, output, error);
                return new Answer(String.join(" ", command), status, text(output), text(error));
            } finally {
                Files.delete(output);
                Files.delete(error);
            }
        } catch (IOException cannot) {
            throw new UncheckedIOException(cannot);
        }
    }

    private static int run(List<String> command, Path output, Path error) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(output.toFile())
                .redirectError(error.toFile())
                .start();
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(String.join(" ", command) + ": no end within " + LIMIT_SECONDS + " s\n"
                        + text(output) + text(error));
            }
            return process.exitValue();
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            throw new AssertionError(interrupted);
        }
    }

    private static String text(Path file) throws IOException {
        return Files.readString(file, StandardCharsets.UTF_8);
    }
}
