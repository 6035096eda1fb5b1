// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.ship;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.replication.backfill.BackfillScan;
import org.tharsis.replication.backfill.DeviceRanges;
import org.tharsis.replication.backfill.DiskReader;
import org.tharsis.replication.backfill.RangeDifference;
import org.tharsis.replication.backfill.RangeDigest;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.peer.Chunk;
import org.tharsis.replication.peer.ChunkSource;
import org.tharsis.replication.peer.ServedStream;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.ServerFrame;
import org.tharsis.replication.wire.WireException;
import org.tharsis.replication.wire.WireFormat;

/** The answers to the digests of a follower, in order; at the end where the log ends by then. */
final class BackfillSource implements ChunkSource {
    private static final Logger LOG = LoggerFactory.getLogger(BackfillSource.class);

    private final ServedStream stream;
    private final ServedReplica replica;
    private final BackfillOrigin origin;
    private final DeviceRanges ranges;
    private final Queue<RangeDigest> asked = new ConcurrentLinkedQueue<>();
    private final AtomicInteger unanswered = new AtomicInteger();
    private Optional<BackfillScan> scan = Optional.empty();
    /** The next to be answered. */
    private long range;

    /** End of the log after the last block was read; asked for when that was answered. */
    private Optional<CompletableFuture<EpochLsn>> end = Optional.empty();

    /** @param firstRange is answered first */
    BackfillSource(ServedStream stream, ServedReplica replica, BackfillOrigin origin, long firstRange) {
        this.stream = stream;
        this.replica = replica;
        this.origin = origin;
        this.ranges = new DeviceRanges(origin.deviceBytes());
        this.range = firstRange;
    }

    /** Takes the digests of the ranges that follow. On the event loop. */
    void ask(List<RangeDigest> digests) throws WireException {
        if (unanswered.addAndGet(digests.size()) > WireFormat.DIGESTS_UNANSWERED_MAX) {
            throw WireException.protocol("more than " + WireFormat.DIGESTS_UNANSWERED_MAX + " digests unanswered");
        }
        asked.addAll(digests);
        stream.wake();
    }

    @Override
    public Optional<Chunk> next() throws WireException, IOException {
        if (range == ranges.count()) {
            return end();
        }
        RangeDigest theirs = asked.poll();
        if (theirs == null) {
            return Optional.empty();
        }
        if (scan.isEmpty()) {
            scan = Optional.of(new BackfillScan(DiskReader.open(origin.disk(), ranges)));
        }
        Chunk answer = answer(scan.get().compare(range, theirs));
        range++;
        unanswered.decrementAndGet();
        return Optional.of(answer);
    }

    private Chunk answer(RangeDifference difference) {
        int id = stream.id();
        if (difference instanceof RangeDifference.Block block) {
            ByteBuf content = Unpooled.wrappedBuffer(block.bytes());
            return Chunk.of(
                    new ServerFrame.Blocks(id, block.position(), block.crc32c(), Unpooled.EMPTY_BUFFER),
                    content,
                    content.readableBytes());
        }
        return difference instanceof RangeDifference.Zeroes zeroes
                ? Chunk.of(new ServerFrame.Zeroes(id, zeroes.position(), zeroes.length()))
                : Chunk.of(new ServerFrame.Equal(id, ranges.offset(range), ranges.length(range)));
    }

    private Optional<Chunk> end() throws WireException {
        if (end.isEmpty()) {
            CompletionStage<EpochLsn> asked = replica.flushedEnd();
            end = Optional.of(asked.toCompletableFuture());
            asked.whenComplete((position, failure) -> stream.wake());
        }
        CompletableFuture<EpochLsn> known = end.get();
        if (!known.isDone()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Chunk.of(new ServerFrame.BackfillEnd(stream.id(), known.join())));
        } catch (CompletionException unknown) {
            Throwable cause = unknown.getCause() == null ? unknown : unknown.getCause();
            throw new WireException(ErrorCode.REFUSED, String.valueOf(cause.getMessage()));
        }
    }

    @Override
    public void close() {
        scan.ifPresent(open -> {
            try {
                open.close();
            } catch (IOException failed) {
                LOG.warn("{} could not be closed after a backfill", origin.disk(), failed);
            }
        });
    }
}
