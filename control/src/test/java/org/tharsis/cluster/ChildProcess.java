// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One process that a test has started, and may kill. What it says goes to a file. One thread at a time. */
final class ChildProcess implements AutoCloseable {
    private static final long END_SECONDS = 30;

    private final String name;
    private final Process process;

    private ChildProcess(String name, Process process) {
        this.name = name;
        this.process = process;
    }

    /** Starts it; what it prints is appended to the log. */
    static ChildProcess start(String name, Path log, List<String> command) {
        return start(name, command, Redirect.appendTo(log.toFile()), log);
    }

    /** Starts one that is spoken with: its standard output is not in the log but for the caller. */
    static ChildProcess startTalking(String name, Path log, List<String> command) {
        return start(name, command, Redirect.PIPE, log);
    }

    private static ChildProcess start(String name, List<String> command, Redirect output, Path log) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectOutput(output)
                    .redirectError(Redirect.appendTo(log.toFile()))
                    .start();
            return new ChildProcess(name, process);
        } catch (IOException cannot) {
            throw new UncheckedIOException(cannot);
        }
    }

    Process process() {
        return process;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** kill -9, and waits until it is gone. */
    void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    /** SIGTERM, and waits until it has ended by itself. */
    void terminate() {
        process.destroy();
        awaitEnd();
    }

    /** SIGSTOP: it is there and does nothing. */
    void suspend() {
        signal("-STOP");
    }

    /** Ends {@link #suspend}. */
    void resume() {
        signal("-CONT");
    }

    private void signal(String signal) {
        try {
            new ProcessBuilder("kill", signal, Long.toString(process.pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
        } catch (IOException cannot) {
            throw new UncheckedIOException(cannot);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private void awaitEnd() {
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(name + " has not ended within " + END_SECONDS + " s");
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            throw new AssertionError(interrupted);
        }
    }

    @Override
    public void close() {
        kill();
    }
}
