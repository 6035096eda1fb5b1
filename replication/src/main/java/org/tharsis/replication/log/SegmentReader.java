// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * Walks the batches of one segment file from its start, and stops for good at the first byte that does not verify. What
 * was read until there is the history; whether more should be there is for the caller to find out.
 *
 * <p>One thread at a time. Reads only, also files that are being written. Memory is one batch.
 */
public final class SegmentReader implements Closeable {
    private final FileChannel file;
    private final SegmentHeader header;
    private ByteBuffer buffer;
    private LogPosition position;
    private long timeNs;
    private Optional<LogFormatException> refusal = Optional.empty();

    private SegmentReader(FileChannel file, SegmentHeader header, ByteBuffer buffer, long previousTimeNs) {
        this.file = file;
        this.header = header;
        this.buffer = buffer;
        this.position = header.end();
        this.timeNs = previousTimeNs;
    }

    /**
     * Opens a segment file and verifies its header.
     *
     * @param path its last element must be a segment's name
     * @param resourceUuid the resource that the log must belong to
     * @param previousTimeNs time of the batch before the segment; 0 when it is not known
     */
    public static SegmentReader open(Path path, UUID resourceUuid, long previousTimeNs)
            throws IOException, LogFormatException {
        String fileName = String.valueOf(path.getFileName());
        SegmentName name = SegmentName.parse(fileName)
                .orElseThrow(() -> new IllegalArgumentException(path + ": not the name of a segment file"));
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
        try {
            ByteBuffer buffer = ByteBuffer.allocateDirect(LogFormat.HEADER_BYTES);
            if (!read(file, buffer, 0, LogFormat.HEADER_BYTES)) {
                throw new LogFormatException.BadLength(
                        "segment " + fileName, "the file is shorter than its header: " + file.size() + " bytes");
            }
            return new SegmentReader(file, SegmentHeader.unpack(buffer, name, resourceUuid), buffer, previousTimeNs);
        } catch (IOException | LogFormatException | RuntimeException failed) {
            file.close();
            throw failed;
        }
    }

    public SegmentHeader header() {
        return header;
    }

    /** Where the reader stands: behind the last batch that verified. */
    public LogPosition position() {
        return position;
    }

    /** Time of the last batch that verified; before the first one, the time that the reader was opened with. */
    public long timeNs() {
        return timeNs;
    }

    /**
     * Why the reader stopped, when it stopped at bytes that are there and do not verify; empty when it has not stopped, or
     * stopped where the file ends. A preallocated file that is still written to ends in such bytes: they are zero.
     */
    public Optional<LogFormatException> refusal() {
        return refusal;
    }

    /** Returns the next batch, with its payloads verified; empty at the end. Blocks for the disk. */
    public Optional<Batch> next() throws IOException {
        return step(this::readBatch);
    }

    /**
     * Steps over the next batch by its header, which is verified; its payloads are not looked at. Empty at the end. Blocks for the
     * disk.
     */
    public Optional<BatchHeader> skip() throws IOException {
        return step(this::skipBatch);
    }

    /**
     * Skips batches until the reader stands at {@code lsn}, or behind it when no batch ends there.
     *
     * @throws LogFormatException when the segment does not verify, or ends, before {@code lsn}
     */
    public LogPosition skipTo(long lsn) throws IOException, LogFormatException {
        while (Long.compareUnsigned(position.lsn(), lsn) < 0) {
            if (skip().isEmpty()) {
                throw refusal.orElseGet(() -> new LogFormatException.BadLength(
                        "segment " + header.name().fileName(),
                        "it ends at LSN " + LogFormat.hex(position.lsn()) + ", and should go on to "
                                + LogFormat.hex(lsn)));
            }
        }
        return position;
    }

    /**
     * Goes on from another place in this segment.
     *
     * @param known where this reader, or another one of the same file, has stood before
     * @param knownTimeNs its {@link #timeNs} then
     */
    public void resume(LogPosition known, long knownTimeNs) {
        position = known;
        timeNs = knownTimeNs;
        refusal = Optional.empty();
    }

    private interface Step<T> {
        Optional<T> read() throws IOException, LogFormatException;
    }

    private <T> Optional<T> step(Step<T> step) throws IOException {
        if (refusal.isPresent()) {
            return Optional.empty();
        }
        try {
            return step.read();
        } catch (LogFormatException refused) {
            refusal = Optional.of(refused);
            return Optional.empty();
        }
    }

    /**
     * Looks behind the place where the reader stands for a proof that more than that had been on stable storage: then the
     * log is damaged here, and has not just lost its last writes in a crash. Reads the rest of the file.
     *
     * @return offset in the file of the first block that proves it
     */
    public OptionalLong proofOfDamage() throws IOException {
        // The block at the position itself is the one that did not verify.
        return proofOfDamage(position.lsn(), position.lsn() - header.startLsn() + LogFormat.HEADER_BYTES);
    }

    /**
     * Looks for a proof that more than up to {@code lsn} had been on stable storage.
     *
     * @param from offset in the file of the first block to look at
     */
    OptionalLong proofOfDamage(long lsn, long from) throws IOException {
        for (long offset = from; read(file, buffer, offset, LogFormat.HEADER_BYTES); offset += LogFormat.HEADER_BYTES) {
            OptionalLong durableLsn = BatchHeader.provenDurableLsn(buffer, header.startLsn() + offset, header.epoch());
            if (durableLsn.isPresent() && Long.compareUnsigned(durableLsn.getAsLong(), lsn) > 0) {
                return OptionalLong.of(offset);
            }
        }
        return OptionalLong.empty();
    }

    /** The header block of the batch where the reader stands; empty where the file ends. */
    private Optional<BatchHeader> readHeader() throws IOException, LogFormatException {
        if (!read(file, buffer, position.lsn() - header.startLsn(), LogFormat.HEADER_BYTES)) {
            return Optional.empty();
        }
        return Optional.of(BatchHeader.unpack(buffer, position, timeNs, header.blockBytes()));
    }

    private Optional<Batch> readBatch() throws IOException, LogFormatException {
        Optional<BatchHeader> batch = readHeader();
        if (batch.isEmpty()) {
            return Optional.empty();
        }
        BatchHeader next = batch.get();
        if (buffer.capacity() < next.length()) {
            buffer = ByteBuffer.allocateDirect(LogFormat.BATCH_BYTES_MAX);
        }
        if (!read(file, buffer, next.lsn() - header.startLsn(), next.length())) {
            throw fileEndsInside(next);
        }
        Batch verified = Batch.verified(next, buffer);
        stepOver(next);
        return Optional.of(verified);
    }

    private Optional<BatchHeader> skipBatch() throws IOException, LogFormatException {
        Optional<BatchHeader> batch = readHeader();
        if (batch.isPresent()) {
            if (file.size() < batch.get().end().lsn() - header.startLsn()) {
                throw fileEndsInside(batch.get());
            }
            stepOver(batch.get());
        }
        return batch;
    }

    private void stepOver(BatchHeader batch) {
        position = batch.end();
        timeNs = batch.timeNs();
    }

    private static LogFormatException fileEndsInside(BatchHeader batch) {
        return new LogFormatException.BadLength(
                "batch at LSN " + LogFormat.hex(batch.lsn()),
                "it has " + batch.length() + " bytes, but the file ends before");
    }

    /** Fills the first {@code length} bytes of the buffer; returns false when the file ends before. */
    private static boolean read(FileChannel file, ByteBuffer buffer, long offset, int length) throws IOException {
        buffer.clear().limit(length);
        while (buffer.hasRemaining()) {
            if (file.read(buffer, offset + buffer.position()) < 0) {
                return false;
            }
        }
        buffer.flip();
        return true;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
