// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * One connection to the driver, a socket of brickd or the kernel driver's device, which runs one command at a time. One thread
 * at a time may {@link #run}; {@link #close} may come from any other and ends a command that waits. A session that has thrown
 * {@link DriverGone} is closed.
 */
final class DriverSession implements Closeable {
    private static final int REPLY_BYTES_MAX = 1 << 20;
    private static final int FILE_TYPE_MASK = 0170000;
    private static final int CHARACTER_DEVICE = 0020000;

    private final Path place;
    private final ByteChannel channel;
    private final ByteBuffer in = ByteBuffer.allocate(16 * 1024).limit(0);

    private DriverSession(Path place, ByteChannel channel) {
        this.place = place;
        this.channel = channel;
    }

    static DriverSession connect(Path place) throws DriverGone {
        try {
            return new DriverSession(place, isDevice(place) ? openDevice(place) : openSocket(place));
        } catch (IOException failed) {
            throw new DriverGone(
                    "the driver cannot be reached at " + place + " (" + failed.getMessage()
                            + "): start brickd or load tharsis.ko, or check 'driver' in tharsis.conf",
                    failed);
        }
    }

    private static boolean isDevice(Path place) throws IOException {
        int mode = (int) Files.getAttribute(place, "unix:mode");
        return (mode & FILE_TYPE_MASK) == CHARACTER_DEVICE;
    }

    /** A thread that waits in a read of it is woken when the channel is closed, as with a socket. */
    private static ByteChannel openDevice(Path device) throws IOException {
        return FileChannel.open(device, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    private static ByteChannel openSocket(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return channel;
        } catch (IOException | RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    /** False when the driver has ended this connection since the last command, or says something unasked. */
    boolean usable() {
        if (!channel.isOpen() || in.hasRemaining()) {
            return false;
        }
        // The kernel driver stays as long as a session is open.
        return !(channel instanceof SocketChannel connection) || silent(connection);
    }

    private boolean silent(SocketChannel connection) {
        try {
            connection.configureBlocking(false);
            boolean silent = connection.read(in.clear()) == 0;
            in.limit(0);
            connection.configureBlocking(true);
            return silent;
        } catch (IOException gone) {
            return false;
        }
    }

    /**
     * Gives a command and waits for its reply, for as long as the driver needs.
     *
     * @param reader makes what is wanted of the reply; may throw {@link Reply.Unexpected}
     */
    <T> T run(CommandLine command, Function<Reply, T> reader) throws DriverException, DriverGone {
        byte[] line = command.toBytes();
        try {
            ByteBuffer out = ByteBuffer.wrap(line);
            while (out.hasRemaining()) {
                channel.write(out);
            }
            return reader.apply(readReply());
        } catch (IOException gone) {
            throw lost(
                    "the driver at " + place + " has gone before it answered '" + command
                            + "': its status tells what was done",
                    gone);
        } catch (IllegalArgumentException unexpected) {
            throw lost(
                    "the driver at " + place + " has answered '" + command + "' with what this version does not"
                            + " understand: " + unexpected.getMessage(),
                    unexpected);
        }
    }

    boolean isOpen() {
        return channel.isOpen();
    }

    private DriverGone lost(String message, Exception cause) {
        close();
        return new DriverGone(message, cause);
    }

    private Reply readReply() throws IOException, DriverException {
        List<Reply.Field> fields = new ArrayList<>();
        int bytesLeft = REPLY_BYTES_MAX;
        while (true) {
            byte[] bytes = readLine(bytesLeft);
            bytesLeft -= bytes.length + 1;
            String line = new String(bytes, StandardCharsets.UTF_8);
            if (line.equals("ok")) {
                return new Reply(fields);
            }
            if (line.startsWith("error ")) {
                throw error(line, fields);
            }
            fields.add(Reply.field(line));
        }
    }

    private static DriverException error(String line, List<Reply.Field> fields) {
        String[] words = line.split(" ", 3);
        if (words.length < 3 || !fields.isEmpty()) {
            throw new Reply.Unexpected("'" + line + "' is no error as the protocol has it");
        }
        return new DriverException(DriverError.of(words[1]), PercentCode.decode(words[2]));
    }

    private byte[] readLine(int bytesMax) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(128);
        while (true) {
            if (!in.hasRemaining()) {
                fill();
            }
            byte next = in.get();
            if (next == '\n') {
                return line.toByteArray();
            }
            if (line.size() >= bytesMax) {
                throw new Reply.Unexpected("the reply is longer than " + REPLY_BYTES_MAX + " bytes");
            }
            line.write(next);
        }
    }

    private void fill() throws IOException {
        in.clear();
        int count = channel.read(in);
        in.flip();
        if (count < 0) {
            throw new IOException("end of the connection");
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException closedAnyway) {
            // There is nothing left to be done with it.
        }
    }
}
