// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.core.Jvm;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.rollcycles.LegacyRollCycles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the one queue file of a new generation. A queue that exists is never opened again: what its index or its
 * header holds after a crash is of no importance then.
 *
 * <p>Writing to a mapped hole of a file on a full disk kills with SIGBUS. So the blocks are allocated by plain writes of
 * zeroes first, which fail with an exception; the queue writes only where they have succeeded.
 *
 * <p>One thread at a time.
 */
final class GenerationWriter implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(GenerationWriter.class);
    private static final int BLOCK_BYTES = 1 << 20;
    /** More than an index page of the queue and the largest entry, so that both fit into what is allocated. */
    private static final int AHEAD_BYTES_MIN = 3 * EntryCodec.ENTRY_BYTES_MAX;

    private static final int AHEAD_BYTES = 8 * EntryCodec.ENTRY_BYTES_MAX;

    static {
        System.setProperty("chronicle.analytics.disable", "true");
        System.setProperty("chronicle.announcer.disable", "true");
        System.setProperty("chronicle.disk.monitor.disable", "true");
        Jvm.setExceptionHandlers(
                (type, message, thrown) -> LOG.warn("Chronicle Queue: {}", message, thrown),
                (type, message, thrown) -> LOG.debug("Chronicle Queue: {}", message, thrown),
                null);
    }

    private final ChronicleQueue queue;
    private final ExcerptAppender appender;
    private final RandomAccessFile file;
    private final EntryFile check;
    private final Bytes<byte[]> buffer = Bytes.allocateElasticOnHeap();
    private long allocatedTo;

    private GenerationWriter(ChronicleQueue queue, ExcerptAppender appender, RandomAccessFile file, EntryFile check) {
        this.queue = queue;
        this.appender = appender;
        this.file = file;
        this.check = check;
        // Any thread writes, under the journal's lock: the library's own check takes that for a mistake.
        buffer.singleThreadedCheckDisabled(true);
    }

    /**
     * Begins a queue in a new directory and writes its first entry.
     *
     * @param now names the file
     */
    static GenerationWriter begin(Path directory, Instant now, StoredEntry first) throws IOException {
        Files.createDirectory(directory);
        probeSpace(directory);
        long nowMs = now.toEpochMilli();
        try {
            ChronicleQueue queue = SingleChronicleQueueBuilder.binary(directory)
                    .rollCycle(LegacyRollCycles.DAILY)
                    .timeProvider(() -> nowMs)
                    .blockSize(BLOCK_BYTES)
                    .build();
            ExcerptAppender appender = queue.createAppender();
            appender.singleThreadedCheckDisabled(true);
            appender.writeBytes(Bytes.wrapForRead(EntryCodec.encode(first)));
            Path path = GenerationDirectory.queueFile(directory)
                    .orElseThrow(() -> new IOException("Chronicle Queue has made no file in " + directory));
            GenerationWriter writer = new GenerationWriter(
                    queue, appender, new RandomAccessFile(path.toFile(), "rw"), EntryFile.open(path));
            writer.expect(first.sequence());
            writer.allocateFromStart();
            return writer;
        } catch (IllegalStateException | InternalError failure) {
            throw new IOException("Chronicle Queue cannot begin a file: " + failure.getMessage(), failure);
        }
    }

    /** The queue makes its first pages through a mapping: find out before whether there is space for them. */
    private static void probeSpace(Path directory) throws IOException {
        Path probe = directory.resolve("probe");
        try {
            Files.write(probe, new byte[BLOCK_BYTES]);
        } finally {
            Files.deleteIfExists(probe);
        }
    }

    /**
     * Appends an entry and reads it back.
     *
     * @throws IOException when there is no space, or when it cannot be read back; the writer is of no use then
     */
    void append(StoredEntry stored) throws IOException {
        byte[] bytes = EntryCodec.encode(stored);
        allocate();
        buffer.clear();
        buffer.write(bytes);
        try {
            appender.writeBytes(buffer);
        } catch (IllegalStateException | InternalError failure) {
            throw new IOException("Chronicle Queue cannot append: " + failure.getMessage(), failure);
        }
        expect(stored.sequence());
    }

    /** Returns when all that was appended is on stable storage. */
    void sync() throws IOException {
        file.getFD().sync();
    }

    /** Bytes written so far, those of the queue itself included. */
    long endOffset() {
        return check.offset();
    }

    private void expect(long sequence) throws IOException {
        Optional<StoredEntry> read = check.next();
        if (read.isEmpty() || read.get().sequence() != sequence) {
            throw new JournalDamagedException("entry " + sequence + " was written and is not there");
        }
    }

    /** Gives blocks to the holes that the queue has left at the file's beginning, by writing what is read there. */
    private void allocateFromStart() throws IOException {
        if (check.next().isPresent()) {
            throw new JournalDamagedException("a new queue has an entry that nobody wrote");
        }
        byte[] bytes = new byte[(int) check.offset()];
        file.seek(0);
        file.readFully(bytes);
        file.seek(0);
        file.write(bytes);
        allocatedTo = bytes.length;
        allocate();
    }

    private void allocate() throws IOException {
        if (allocatedTo - check.offset() < AHEAD_BYTES_MIN) {
            file.seek(allocatedTo);
            file.write(new byte[AHEAD_BYTES]);
            allocatedTo += AHEAD_BYTES;
        }
    }

    /** Ends the queue and cuts off what was allocated for more. Does not sync. */
    @Override
    public void close() throws IOException {
        try (file;
                check) {
            queue.close();
            file.setLength(check.offset());
        }
    }
}
