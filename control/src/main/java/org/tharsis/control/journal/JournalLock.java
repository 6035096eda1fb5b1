// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps a second process, and a second user in this one, from the same journal. The kernel takes the lock away when a
 * process ends, however it ends. The process id in the file is for people only.
 */
final class JournalLock implements Closeable {
    /** Of this process: closing a second channel of a file would take the lock from the first. */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path directory;
    private final FileChannel channel;

    private JournalLock(Path directory, FileChannel channel) {
        this.directory = directory;
        this.channel = channel;
    }

    static JournalLock take(Path journal) throws IOException {
        Path directory = journal.toRealPath();
        if (!HELD.add(directory)) {
            throw new JournalInUseException("The journal in " + journal + " is open in this process already.");
        }
        try {
            return new JournalLock(directory, locked(journal));
        } catch (IOException | RuntimeException failure) {
            HELD.remove(directory);
            throw failure;
        }
    }

    private static FileChannel locked(Path journal) throws IOException {
        Path file = journal.resolve("lock");
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw new JournalInUseException("The journal in " + journal + " is in use by process "
                        + Files.readString(file, UTF_8).strip() + ". Two daemons must not share a state directory.");
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(UTF_8)));
            return channel;
        } catch (IOException failure) {
            channel.close();
            throw failure;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
        HELD.remove(directory);
    }
}
