// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.tharsis.control.api.Outcome;
import org.tharsis.control.api.ViewReport;
import org.tharsis.control.model.Names;
import org.tharsis.replication.log.LogDump;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogSummary;
import org.tharsis.replication.log.LogVerify;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code tharsis log ...}: reads a log directory itself; the daemon is asked only where one is. */
final class LogVerbs {
    /** A verb about one log. */
    abstract static class OfLog extends Verb {
        @Parameters(
                paramLabel = "LOG",
                description = "a log directory (with a '/' in it), or the name of a resource of this node")
        private String log = "";

        OfLog(Call call) {
            super(call);
        }

        /** Reads the log; returns the exit code. */
        abstract int read(Path directory) throws IOException, LogFormatException;

        @Override
        public Integer call() {
            if (log.indexOf('/') >= 0) {
                return readOrSayWhyNot(Path.of(log));
            }
            Outcome<ViewReport> view =
                    tharsis().look("view", Map.of("resource", Names.resource(log)), ViewReport.class);
            if (view instanceof Outcome.Done<ViewReport> done) {
                Optional<Path> directory = directory(done.result());
                return directory.isPresent()
                        ? readOrSayWhyNot(directory.get())
                        : refuse("this node has no replica of " + log, "give this command on a node that has one");
            }
            return tharsis().show(view, report -> "");
        }

        private static Optional<Path> directory(ViewReport view) {
            return view.resources().stream()
                    .flatMap(resource -> resource.replicas().stream())
                    .filter(replica -> replica.node().equals(view.node().name()))
                    .flatMap(replica -> replica.logDirectory().stream())
                    .map(Path::of)
                    .findFirst();
        }

        private int readOrSayWhyNot(Path directory) {
            try {
                if (!Files.isDirectory(directory)) {
                    throw new NotDirectoryException(directory.toString());
                }
                return read(directory);
            } catch (NoSuchFileException empty) {
                return refuse(directory + " holds no log: there is no segment file in it", "name another directory");
            } catch (NotDirectoryException other) {
                return refuse(directory + " is no directory", "name the directory that holds the segment files");
            } catch (IOException unreadable) {
                return refuse(directory + " cannot be read: " + unreadable, "check that you may read it");
            } catch (LogFormatException unfit) {
                return refuse(directory + ": " + unfit.getMessage(), "compare it with another replica's");
            }
        }

        int refuse(String message, String hint) {
            return tharsis().show(Outcome.refused(message, hint), nothing -> "");
        }
    }

    @Command(
            name = "dump",
            description = "Prints what stands in a log: a line for each segment, batch and record.",
            footer = "  tharsis log dump /var/lib/tharsis/logs/vol0")
    static final class Dump extends OfLog {
        Dump(Call call) {
            super(call);
        }

        @Override
        int read(Path directory) throws IOException, LogFormatException {
            LogSummary summary = LogDump.dump(directory, tharsis().terminal().out()::println);
            return summary.damage()
                    .map(damage -> refuse(directory + " is damaged: " + damage, "resync this replica: invalidate"))
                    .orElse(ExitCode.DONE);
        }
    }

    @Command(
            name = "verify",
            description = {
                "Verifies every byte of a log, from its oldest segment to its end. Exit code 1 when it is damaged.",
                "Of a log that is in use, what stands there now."
            },
            footer = {"  tharsis log verify vol0", "  tharsis log verify /var/lib/tharsis/logs/vol0"})
    static final class Verify extends OfLog {
        Verify(Call call) {
            super(call);
        }

        @Override
        int read(Path directory) throws IOException, LogFormatException {
            LogSummary summary = LogVerify.verify(directory);
            if (summary.damage().isPresent()) {
                return refuse(
                        directory + " is damaged: " + summary.damage().get(),
                        "resync this replica from another one: tharsis invalidate");
            }
            return tharsis().show(Outcome.done(LogReport.of(summary)), LogReport::text);
        }
    }

    /** Names its verbs. */
    @Command(name = "log", description = "Reads the log of a resource.", footer = "  tharsis log verify vol0")
    static final class Group extends Verb {
        Group(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            return tharsis().usage("say what to do: 'tharsis log --help' lists the verbs");
        }
    }

    private LogVerbs() {}
}
