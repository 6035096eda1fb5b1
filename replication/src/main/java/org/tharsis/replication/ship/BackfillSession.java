// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.ship;

import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.tharsis.replication.backfill.DeviceRanges;
import org.tharsis.replication.peer.ServedStream;
import org.tharsis.replication.peer.ServedStream.Precedence;
import org.tharsis.replication.peer.StreamServer;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.FollowerFrame;
import org.tharsis.replication.wire.FollowerFrame.Digests;
import org.tharsis.replication.wire.ServerFrame;
import org.tharsis.replication.wire.WireException;

/** Serves one backfill: has the disk made ready, then answers digests. On the event loop of the connection. */
final class BackfillSession implements StreamServer.Session {
    private final FollowerFrame.BackfillRequest request;
    private final ServedStream stream;
    private final ServedReplica replica;
    private final Executor makers;
    private final DeviceRanges ranges;
    private Optional<BackfillSource> source = Optional.empty();
    /** The next range whose digest must come. */
    private long askedRange;

    BackfillSession(
            FollowerFrame.BackfillRequest request, ServedStream stream, ServedReplica replica, Executor makers) {
        this.request = request;
        this.stream = stream;
        this.replica = replica;
        this.makers = makers;
        this.ranges = new DeviceRanges(request.deviceBytes());
        this.askedRange = ranges.rangeAt(request.offset());
    }

    void start() {
        if (request.offset() != request.deviceBytes() && request.offset() % DeviceRanges.RANGE_BYTES != 0) {
            stream.fail(ErrorCode.PROTOCOL, "a backfill goes on at the start of a range, not at " + request.offset());
            return;
        }
        CompletionStage<Void> unused = replica.prepareBackfill(stream.follower().node(), request.resume())
                .thenAcceptAsync(this::prepared, stream.loop())
                .whenCompleteAsync(
                        (done, failure) -> {
                            if (failure != null) {
                                refused(failure);
                            }
                        },
                        stream.loop());
    }

    private void refused(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        stream.fail(ErrorCode.REFUSED, cause.getMessage() == null ? cause.toString() : cause.getMessage());
    }

    private void prepared(BackfillOrigin origin) {
        if (stream.ended()) {
            return;
        }
        if (origin.deviceBytes() != request.deviceBytes()) {
            stream.fail(
                    ErrorCode.GONE,
                    "the device has " + origin.deviceBytes() + " bytes here, and " + request.deviceBytes() + " there");
            return;
        }
        if (request.resume().isPresent() && !request.resume().get().equals(origin.resumePoint())) {
            stream.fail(
                    ErrorCode.GONE,
                    "the log from " + request.resume().get()
                            + " on is not kept any more: the backfill must begin anew");
            return;
        }
        stream.send(new ServerFrame.BackfillBegin(
                stream.id(),
                origin.resumePoint(),
                origin.deviceBytes(),
                origin.blockBytes(),
                DeviceRanges.RANGE_BYTES));
        BackfillSource answers = new BackfillSource(stream, replica, origin, askedRange);
        source = Optional.of(answers);
        stream.feed(answers, Precedence.BACKFILL, makers);
    }

    @Override
    public void received(FollowerFrame frame) throws WireException {
        if (!(frame instanceof Digests asked) || source.isEmpty()) {
            throw WireException.protocol(
                    "a frame of type " + frame.type() + " on a stream that backfills, or before it does");
        }
        if (askedRange + asked.digests().size() > ranges.count() || asked.offset() != ranges.offset(askedRange)) {
            throw WireException.protocol("digests of other ranges than the next ones");
        }
        askedRange += asked.digests().size();
        source.get().ask(asked.digests());
    }

    @Override
    public void closed() {}
}
