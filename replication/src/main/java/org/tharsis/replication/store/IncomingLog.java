// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentHeader;
import org.tharsis.replication.log.SegmentName;
import org.tharsis.replication.log.SegmentReader;
import org.tharsis.replication.log.StreamVerifier;

/**
 * A follower's log: takes the byte stream of another replica's log, verifies every byte, and writes it to the same segment
 * files at the same offsets.
 *
 * <p>Only whole batches that verified reach a file; what is incomplete waits in memory, at most one batch. A segment is cut
 * to its exact length and durable before the next one exists. So after a crash the directory holds a prefix of what came.
 *
 * <p>Threads: {@link #accept} belongs to one thread, {@link #sync} to one other (or the same); the positions may be asked by
 * any. {@link #close} when neither is under way. All three block for the disk.
 *
 * <p>Errors: the first {@link LogFormatException} or {@link IOException} is final for the instance and thrown again by every
 * later call, except {@link LogFullException}: then the stream goes on from {@link #received} when there is room. After any
 * error the files hold what {@link #received} says; after bytes that did not verify, that can still be made durable and told.
 */
public final class IncomingLog implements Closeable {
    /** End of the log, and the time of the batch that ends there. */
    private record End(LogPosition position, long timeNs) {}

    private final Path path;
    private final UUID resourceUuid;
    private final SegmentDirectory directory;

    /** Of the thread that accepts. */
    private StreamVerifier verifier;

    /** Held while a file is made durable, and while the log goes on to the next one. */
    private final Object fileLock = new Object();

    /** Segment that is written to; empty while the log has none. Changes with {@link #fileLock} held. */
    private Optional<SegmentFile> current = Optional.empty();

    private volatile Optional<SegmentHeader> currentHeader = Optional.empty();

    /** Segments that are durable and that the driver has not been told of. Guarded by {@link #fileLock}. */
    private final List<SegmentExtent> untold = new ArrayList<>();

    private volatile List<EpochStart> epochs;
    private volatile End received;
    private volatile LogPosition durable;
    private volatile Optional<Exception> failure = Optional.empty();
    private volatile boolean closed;

    private IncomingLog(Path path, UUID resourceUuid, SegmentDirectory directory, VerifiedEnd end) {
        this.path = path;
        this.resourceUuid = resourceUuid;
        this.directory = directory;
        this.received = new End(end.position(), end.timeNs());
        this.durable = end.position();
        this.epochs = SegmentDirectory.epochs(end.history());
        this.currentHeader = last(end.history());
        this.verifier = new StreamVerifier(resourceUuid, end.position(), currentHeader, end.timeNs());
    }

    /**
     * Opens the log of a directory at its verified end, and makes that durable. Removes nothing; what stands behind the end is
     * overwritten by what comes, or removed by {@link #close}.
     *
     * @param directory exists
     * @param start where the log begins when the directory holds no segment
     * @throws LogFormatException when the directory's log is damaged before its last segment, or of another resource
     */
    public static IncomingLog open(Path directory, UUID resourceUuid, LogPosition start)
            throws IOException, LogFormatException {
        SegmentDirectory segments = new SegmentDirectory(directory, resourceUuid);
        VerifiedEnd end = VerifiedEnd.find(segments, start);
        IncomingLog log = new IncomingLog(directory, resourceUuid, segments, end);
        log.begin(end);
        return log;
    }

    private void begin(VerifiedEnd end) throws IOException {
        synchronized (fileLock) {
            for (int i = 0; i + 1 < end.history().size(); i++) {
                untold.add(new SegmentExtent(
                        end.history().get(i).name(), end.history().get(i + 1).startLsn()));
            }
            if (currentHeader.isPresent()) {
                SegmentFile file = SegmentFile.open(path, currentHeader.get().name());
                current = Optional.of(file);
                file.force();
                untold.add(new SegmentExtent(file.name(), end.position().lsn()));
            }
        }
    }

    /** End of what is verified and in the files. */
    public LogPosition received() {
        return received.position();
    }

    /** Wall clock of the last batch received, in nanoseconds since 1970; 0 when that is not known. */
    public long receivedTimeNs() {
        return received.timeNs();
    }

    /** End of what is on stable storage. */
    public LogPosition durable() {
        return durable;
    }

    /** The epochs of this log, oldest first. */
    public List<EpochStart> epochs() {
        return epochs;
    }

    /** Header of the newest segment; empty while there is none. */
    public Optional<SegmentHeader> newestSegment() {
        return currentHeader;
    }

    /**
     * Takes bytes of the stream, split in any way. Bytes that are here already are skipped, without a look at them.
     *
     * @param lsn of the first byte; at most where the bytes taken so far end
     * @param bytes all that remain are consumed
     * @throws LogFormatException when they do not verify, or are not the next: it says what and where; nothing of the bad batch counts
     * @throws LogFullException when there is no room; the stream is to be sent again from {@link #received}
     */
    public void accept(long lsn, ByteBuffer bytes) throws IOException, LogFormatException {
        checkUsable();
        try {
            align(lsn, bytes);
            Optional<StreamVerifier.Piece> piece = verifier.take(bytes);
            while (piece.isPresent()) {
                store(piece.get());
                piece = verifier.take(bytes);
            }
        } catch (LogFullException full) {
            verifier = new StreamVerifier(resourceUuid, received.position(), currentHeader, received.timeNs());
            throw full;
        } catch (IOException | LogFormatException failed) {
            failure = Optional.of(failed);
            throw failed;
        }
    }

    /** Brings the verifier and the buffer to the same LSN. */
    private void align(long lsn, ByteBuffer bytes) throws LogFormatException {
        long endLsn = received.position().lsn();
        if (Long.compareUnsigned(lsn, endLsn) < 0) {
            long repeated = Math.min(bytes.remaining(), endLsn - lsn);
            bytes.position(bytes.position() + (int) repeated);
            if (bytes.hasRemaining()) {
                verifier.rewind(endLsn);
            }
        } else {
            verifier.rewind(lsn);
        }
    }

    private void store(StreamVerifier.Piece piece) throws IOException {
        if (piece instanceof StreamVerifier.Piece.Segment segment) {
            beginSegment(segment);
        } else if (piece instanceof StreamVerifier.Piece.Records records) {
            current.orElseThrow().write(records.header().lsn(), records.bytes());
            received = new End(records.header().end(), records.header().timeNs());
        }
    }

    private void beginSegment(StreamVerifier.Piece.Segment segment) throws IOException {
        SegmentHeader header = segment.header();
        synchronized (fileLock) {
            sealCurrent();
            SegmentFile file = SegmentFile.create(path, header.name());
            try {
                file.write(header.startLsn(), segment.bytes());
            } catch (IOException failed) {
                file.close();
                throw failed;
            }
            if (current.isPresent()) {
                current.get().close();
            }
            current = Optional.of(file);
            currentHeader = Optional.of(header);
            epochs = withEpoch(header);
            received = new End(header.end(), received.timeNs());
        }
    }

    /** Rule of the format: a segment is whole and durable before there is one behind it. */
    private void sealCurrent() throws IOException {
        if (current.isPresent()) {
            SegmentFile file = current.get();
            file.truncate(received.position().lsn());
            file.force();
            noteDurable(file, received.position());
        }
    }

    private List<EpochStart> withEpoch(SegmentHeader header) {
        List<EpochStart> extended = new ArrayList<>(epochs);
        if (extended.isEmpty() || extended.get(extended.size() - 1).epoch() != header.epoch()) {
            extended.add(new EpochStart(header.epoch(), header.startLsn(), header.chainBefore()));
        }
        return List.copyOf(extended);
    }

    private void noteDurable(SegmentFile file, LogPosition end) {
        if (!end.equals(durable)) {
            durable = end;
            untold.removeIf(shorter -> shorter.segment().equals(file.name()));
            untold.add(new SegmentExtent(file.name(), end.lsn()));
        }
    }

    /**
     * Makes durable what was received when it was called, by one fdatasync.
     *
     * @return segments that grew, and how far they are durable now, in log order: what the driver is to be told. The first
     *     call gives all segments of the directory, since nobody knows what was told of them before a crash
     */
    public List<SegmentExtent> sync() throws IOException {
        checkIo();
        synchronized (fileLock) {
            LogPosition end = received.position();
            if (current.isPresent() && !end.equals(durable)) {
                try {
                    current.get().force();
                } catch (IOException failed) {
                    failure = Optional.of(failed);
                    throw failed;
                }
                noteDurable(current.get(), end);
            }
            List<SegmentExtent> toTell = List.copyOf(untold);
            untold.clear();
            return toTell;
        }
    }

    /**
     * Cuts the newest segment to what was received, makes it durable, and removes files of segments behind it in which nothing
     * verifies. To be done before the driver is made primary in this directory. Does nothing the second time, and only closes the file after a failed write or sync.
     */
    @Override
    public void close() throws IOException {
        synchronized (fileLock) {
            if (closed) {
                return;
            }
            closed = true;
            try {
                if (failure.filter(IOException.class::isInstance).isEmpty()) {
                    sealCurrent();
                    removeRemains();
                }
            } finally {
                if (current.isPresent()) {
                    current.get().close();
                }
            }
        }
    }

    /** What an interrupted rotation left: whoever finds it later must not take it for a part of the log. */
    private void removeRemains() throws IOException {
        boolean removed = false;
        for (SegmentName name : directory.names()) {
            boolean behind =
                    Long.compareUnsigned(name.startLsn(), received.position().lsn()) >= 0;
            if (behind && holdsNothing(name)) {
                removed |= Files.deleteIfExists(directory.path(name));
            }
        }
        if (removed) {
            Directories.force(path);
        }
    }

    private boolean holdsNothing(SegmentName name) throws IOException {
        try (SegmentReader reader = directory.open(name, 0)) {
            return reader.next().isEmpty();
        } catch (NoSuchFileException removedMeanwhile) {
            return true;
        } catch (LogFormatException.Foreign | LogFormatException.BadVersion notOurs) {
            return false;
        } catch (LogFormatException noSegment) {
            return true;
        }
    }

    private void checkUsable() throws IOException, LogFormatException {
        checkIo();
        if (failure.isPresent() && failure.get() instanceof LogFormatException refused) {
            throw refused;
        }
    }

    private void checkIo() throws IOException {
        if (closed) {
            throw new IllegalStateException("the incoming log of " + path + " is closed");
        }
        if (failure.isPresent() && failure.get() instanceof IOException failed) {
            throw failed;
        }
    }

    private static Optional<SegmentHeader> last(List<SegmentHeader> history) {
        return history.isEmpty() ? Optional.empty() : Optional.of(history.get(history.size() - 1));
    }
}
