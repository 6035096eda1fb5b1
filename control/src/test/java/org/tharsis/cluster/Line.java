// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import java.nio.file.Path;
import java.util.List;

/** A TCP line by tools/proxy, which a test makes slow, or cuts. One thread at a time. */
final class Line implements AutoCloseable {
    private static final String LISTENING = "listening ";

    private final ChildProcess process;
    private final Talk talk;
    private final String address;

    private Line(ChildProcess process, Talk talk, String address) {
        this.process = process;
        this.talk = talk;
        this.address = address;
    }

    /**
     * Starts one that listens at a free port.
     *
     * @param to HOST:PORT, need not be there yet
     */
    static Line to(String to, String name, Path log) {
        ChildProcess process = ChildProcess.startTalking(
                name,
                log,
                List.of(Installation.proxy().toString(), "--listen", "127.0.0.1:" + Ports.free(), "--to", to));
        Talk talk = new Talk(process);
        String first = talk.hear();
        if (!first.startsWith(LISTENING)) {
            throw new AssertionError(name + " says: " + first);
        }
        return new Line(process, talk, first.substring(LISTENING.length()));
    }

    /** Where it listens, HOST:PORT. */
    String address() {
        return address;
    }

    /** Connections are reset, new ones too. */
    void cut() {
        command("cut");
    }

    /** Connections stay, and nothing moves. */
    void stall() {
        command("stall");
    }

    /** Ends {@link #cut} and {@link #stall}. */
    void heal() {
        command("heal");
    }

    /** Each byte arrives so much later, in each direction. */
    void delay(int delayMs) {
        command("delay " + delayMs);
    }

    /** So much at most, in both directions together; 0: no limit. */
    void rate(int bytesPerSecond) {
        command("rate " + bytesPerSecond);
    }

    /** Connections are closed, once, when so many more bytes were carried. */
    void closeAfter(long bytes) {
        command("close-after " + bytes);
    }

    /** Bytes that it has carried so far, both directions together. */
    long carriedBytes() {
        talk.say("carried");
        String answer = talk.hear();
        if (!answer.startsWith("ok ")) {
            throw new AssertionError("carried: " + answer);
        }
        return Long.parseLong(answer.substring(3));
    }

    private void command(String command) {
        talk.say(command);
        String answer = talk.hear();
        if (!answer.equals("ok")) {
            throw new AssertionError(command + ": " + answer);
        }
    }

    @Override
    public void close() {
        process.close();
    }
}
