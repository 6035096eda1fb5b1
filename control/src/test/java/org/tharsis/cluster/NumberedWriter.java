// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An NBD client, tools/numbered-writer, that writes all the time and follows the primary; afterwards it is known what must be
 * there. One thread at a time.
 */
final class NumberedWriter implements AutoCloseable {
    private static final Pattern COUNTS = Pattern.compile("acknowledged=(\\d+) flushed=(\\d+)");
    private static final Pattern MISSING = Pattern.compile("missing=(\\d+)");

    private final ChildProcess process;
    private final Talk talk;
    private final long sizeBytes;
    private final List<String> said = new ArrayList<>();

    /** Numbers up to these were acknowledged, and acknowledged before a flush that was. */
    record Counts(long acknowledged, long flushed) {}

    private NumberedWriter(ChildProcess process, long sizeBytes) {
        this.process = process;
        this.talk = new Talk(process);
        this.sizeBytes = sizeBytes;
    }

    /**
     * Starts one on the first bytes of a device.
     *
     * @param perSecond writes a second; 0: as many as it can
     * @param uris where the device may be, one for each node
     */
    static NumberedWriter start(Path log, long sizeBytes, int perSecond, List<String> uris) {
        List<String> command = new ArrayList<>(List.of(
                Installation.numberedWriter().toString(),
                "write",
                "--size",
                Long.toString(sizeBytes),
                "--rate",
                Integer.toString(perSecond)));
        command.addAll(uris);
        return new NumberedWriter(ChildProcess.startTalking("writer", log, command), sizeBytes);
    }

    /** Waits until somebody has taken a write. */
    void awaitAccepted() {
        String line = talk.hear();
        said.add(line);
        while (!line.contains(" accepted=")) {
            line = talk.hear();
            said.add(line);
        }
    }

    /** How far it has come. */
    Counts status() {
        talk.say("status");
        return hearCounts(" status ");
    }

    /** Waits until all that was begun is acknowledged and flushed, by whoever is the primary then. */
    Counts stop() {
        talk.say("stop");
        return hearCounts(" stopped ");
    }

    /** Ends it, whatever is under way. */
    Counts abandon() {
        talk.say("abandon");
        return hearCounts(" abandoned ");
    }

    /** How many acknowledged numbers servers have not had when the writer came to them. Known after {@link #stop}. */
    long missing() {
        long missing = 0;
        for (String line : said) {
            Matcher matcher = MISSING.matcher(line);
            if (matcher.find()) {
                missing += Long.parseLong(matcher.group(1));
            }
        }
        return missing;
    }

    /** All that it has told until now, for the failure of a test. */
    List<String> said() {
        return List.copyOf(said);
    }

    private Counts hearCounts(String kind) {
        String line = talk.hear();
        said.add(line);
        while (!line.contains(kind)) {
            line = talk.hear();
            said.add(line);
        }
        Matcher matcher = COUNTS.matcher(line);
        if (!matcher.find()) {
            throw new AssertionError(line);
        }
        return new Counts(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
    }

    /**
     * Fails unless a disk or device holds a prefix of what such a writer has written.
     *
     * @param atLeast this number must be there
     */
    static void check(String place, long sizeBytes, long atLeast) {
        Commands.run(List.of(
                        Installation.numberedWriter().toString(),
                        "check",
                        "--size",
                        Long.toString(sizeBytes),
                        "--at-least",
                        Long.toString(atLeast),
                        place))
                .succeeds();
    }

    long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void close() {
        process.close();
    }
}
