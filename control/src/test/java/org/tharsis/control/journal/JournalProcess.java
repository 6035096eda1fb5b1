// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A process of its own that has a journal open and writes to it until it is killed. It prints the number of each change
 * that {@link Outbox#putSynced} has taken.
 */
final class JournalProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;

    private JournalProcess(Process process) {
        this.process = process;
        this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    }

    static JournalProcess start(Path stateDirectory) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--") || argument.startsWith("-Dchronicle"))
                .forEach(command::add);
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                JournalProcess.class.getName(),
                stateDirectory.toString()));
        return new JournalProcess(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    long pid() {
        return process.pid();
    }

    /** The next number that it prints; waits for it. */
    long nextNumber() throws IOException {
        String line = output.readLine();
        if (line == null) {
            throw new IOException("the process with the journal has ended");
        }
        return Long.parseLong(line.strip());
    }

    /** Ends it by SIGKILL and returns the last number that it has printed, or the given one. */
    long kill(long atLeast) throws IOException, InterruptedException {
        // Not by the process itself: that would close its output, of which the last is still to be read.
        process.toHandle().destroyForcibly();
        long last = atLeast;
        // What was not printed to its end does not count.
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.endsWith(" ")) {
                last = Long.parseLong(line.strip());
            }
        }
        process.waitFor();
        return last;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    public static void main(String[] arguments) throws IOException {
        try (Journal journal = Journal.open(JournalOptions.of(Path.of(arguments[0])))) {
            for (int i = 0; ; i++) {
                journal.history().record(HistoryEntry.Event.ofNode("tick", "x".repeat(i % 1000)));
                long number = journal.outbox().putSynced("key " + i % 5, "value");
                System.out.println(number + " ");
                System.out.flush();
            }
        }
    }
}
