// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.replication.backfill.DeviceRanges;
import org.tharsis.replication.backfill.DiskReader;
import org.tharsis.replication.backfill.RangeDigest;
import org.tharsis.replication.peer.ClientStream;
import org.tharsis.replication.wire.FollowerFrame;
import org.tharsis.replication.wire.WireFormat;

/** Sends the digests of a disk, a bounded number ahead of the answers. On the event loop; reads on a lane. */
final class DigestReader {
    private static final Logger LOG = LoggerFactory.getLogger(DigestReader.class);
    private static final int RANGES_AT_ONCE = 64;

    private final BackfillTarget target;
    private final DeviceRanges ranges;
    private final EventLoop loop;
    private final Executor readLane;
    private final Consumer<Exception> failed;
    private Optional<ClientStream> stream = Optional.empty();
    private long next;
    private long answered;
    private boolean reading;
    /** Of the lane. */
    private Optional<DiskReader> disk = Optional.empty();

    /** @param failed is told on the event loop when the disk cannot be read; then nothing is sent until {@link #begin} */
    DigestReader(BackfillTarget target, EventLoop loop, Executor readLane, Consumer<Exception> failed) {
        this.target = target;
        this.ranges = new DeviceRanges(target.deviceBytes());
        this.loop = loop;
        this.readLane = readLane;
        this.failed = failed;
    }

    /** Sends from this offset on, which is the start of a range, or the device's end. */
    void begin(ClientStream to, long offset) {
        stream = Optional.of(to);
        next = ranges.rangeAt(offset);
        answered = next;
        more();
    }

    /** The next range is answered. */
    void answered() {
        answered++;
        more();
    }

    /** The next range that must be answered; the number of ranges when all are. */
    long expected() {
        return answered;
    }

    /** The range was asked about. */
    boolean asked(long range) {
        return range < next;
    }

    DeviceRanges ranges() {
        return ranges;
    }

    /** Ends it, and closes the disk. */
    void close() {
        stream = Optional.empty();
        readLane.execute(() -> disk.ifPresent(open -> {
            try {
                open.close();
            } catch (IOException failure) {
                LOG.warn("{} could not be closed: {}", target.disk(), Reasons.of(failure));
            }
        }));
    }

    private void more() {
        long ahead = next - answered;
        if (reading
                || stream.isEmpty()
                || next == ranges.count()
                || ahead + RANGES_AT_ONCE > WireFormat.DIGESTS_UNANSWERED_MAX) {
            return;
        }
        reading = true;
        long first = next;
        int count = (int) Math.min(RANGES_AT_ONCE, ranges.count() - first);
        ClientStream to = stream.get();
        readLane.execute(() -> {
            try {
                List<RangeDigest> digests = read(first, count);
                loop.execute(() -> send(to, first, digests));
            } catch (IOException | RuntimeException failure) {
                loop.execute(() -> {
                    reading = false;
                    failed.accept(failure);
                });
            }
        });
    }

    private List<RangeDigest> read(long first, int count) throws IOException {
        if (disk.isEmpty()) {
            disk = Optional.of(DiskReader.open(target.disk(), ranges));
        }
        return disk.get().digests(first, count);
    }

    private void send(ClientStream to, long first, List<RangeDigest> digests) {
        reading = false;
        if (stream.isPresent() && stream.get() == to) {
            to.send(new FollowerFrame.Digests(to.id(), ranges.offset(first), digests));
            next += digests.size();
        }
        more();
    }
}
