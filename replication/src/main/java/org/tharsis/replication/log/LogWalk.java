// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/** One walk over a whole log: what is found is shown to a visitor and summed up. */
final class LogWalk {
    /** Sees what verified, in the order of the log. */
    interface Visitor {
        Visitor SILENT = new Visitor() {
            @Override
            public void segment(SegmentHeader header) {}

            @Override
            public void batch(BatchHeader header) {}
        };

        void segment(SegmentHeader header);

        void batch(BatchHeader header);
    }

    private final Path directory;
    private final Visitor visitor;
    private final List<EpochStart> epochs = new ArrayList<>();
    private long segments;
    private long batches;
    private long records;
    private long payloadBytes;

    LogWalk(Path directory, Visitor visitor) {
        this.directory = directory;
        this.visitor = visitor;
    }

    LogSummary summary() throws IOException, LogFormatException {
        UUID resourceUuid = claimedResource();
        try (LogReader log = LogReader.open(directory, resourceUuid, this::enter)) {
            LogPosition start = log.segment().header().start();
            Optional<Batch> batch = log.next();
            while (batch.isPresent()) {
                count(batch.get().header());
                batch = log.next();
            }
            SegmentReader last = log.segment();
            return new LogSummary(
                    resourceUuid,
                    start,
                    last.position(),
                    last.timeNs(),
                    segments,
                    batches,
                    records,
                    payloadBytes,
                    epochs,
                    last.refusal().map(Throwable::getMessage),
                    damage(last, resourceUuid));
        }
    }

    private UUID claimedResource() throws IOException, LogFormatException {
        SegmentName oldest = LogReader.oldest(SegmentName.in(directory))
                .orElseThrow(() -> new NoSuchFileException(directory.toString(), null, "no log segment in it"));
        ByteBuffer block = ByteBuffer.allocate(LogFormat.HEADER_BYTES);
        try (FileChannel file = FileChannel.open(directory.resolve(oldest.fileName()), StandardOpenOption.READ)) {
            while (block.hasRemaining() && file.read(block) >= 0) {}
        }
        return SegmentHeader.claimedResource(block.clear());
    }

    private void enter(SegmentHeader header) {
        segments++;
        if (epochs.isEmpty() || epochs.get(epochs.size() - 1).epoch() != header.epoch()) {
            epochs.add(new EpochStart(header.epoch(), header.startLsn(), header.chainBefore()));
        }
        visitor.segment(header);
    }

    private void count(BatchHeader header) {
        batches++;
        records += header.records().size();
        payloadBytes += header.records().stream()
                .mapToLong(RecordDescriptor::payloadBytes)
                .sum();
        visitor.batch(header);
    }

    /** In the same file, or in one that would have followed. */
    private Optional<String> damage(SegmentReader last, UUID resourceUuid) throws IOException {
        long endLsn = last.position().lsn();
        Optional<String> here = describe(last, last.proofOfDamage(), endLsn);
        if (here.isPresent()) {
            return here;
        }
        for (SegmentName name : SegmentName.in(directory).stream().sorted().toList()) {
            boolean follows = Long.compareUnsigned(name.startLsn(), endLsn) >= 0
                    && Long.compareUnsigned(name.epoch(), last.header().epoch()) >= 0;
            Optional<String> there = follows ? damageIn(name, resourceUuid, endLsn) : Optional.empty();
            if (there.isPresent()) {
                return there;
            }
        }
        return Optional.empty();
    }

    private Optional<String> damageIn(SegmentName name, UUID resourceUuid, long endLsn) throws IOException {
        try (SegmentReader reader = SegmentReader.open(directory.resolve(name.fileName()), resourceUuid, 0)) {
            return describe(reader, reader.proofOfDamage(endLsn, LogFormat.HEADER_BYTES), endLsn);
        } catch (LogFormatException | NoSuchFileException provesNothing) {
            return Optional.empty();
        }
    }

    private static Optional<String> describe(SegmentReader reader, OptionalLong offset, long endLsn) {
        if (offset.isEmpty()) {
            return Optional.empty();
        }
        SegmentHeader header = reader.header();
        return Optional.of(String.format(
                "segment %s, offset %d: a batch there says that the log was durable beyond LSN %016x, where it cannot be read"
                        + " on. If this is the log of node %s, which wrote it, it is damaged: resync this replica; if it"
                        + " is a copy, its end was lost in a crash and is fetched again",
                header.name().fileName(), offset.getAsLong(), endLsn, header.creatorUuid()));
    }
}
