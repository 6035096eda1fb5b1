// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.tharsis.control.config.HostPort;
import org.tharsis.control.reconcile.Backfilling;
import org.tharsis.control.reconcile.Following;
import org.tharsis.control.reconcile.Source;
import org.tharsis.replication.fetch.Backfill;
import org.tharsis.replication.fetch.BackfillResult;
import org.tharsis.replication.fetch.Fetcher;
import org.tharsis.replication.fetch.FollowState;
import org.tharsis.replication.fetch.Follower;
import org.tharsis.replication.peer.PeerAddress;

/**
 * What one replica fetches: a log, or a backfill, never both. Belongs to the replica's loop; what others may ask says so.
 */
final class Fetching {
    private static final long STOP_MS_MAX = 60_000;

    private record Log(String source, FollowedLog replica, Follower follower) {}

    private record Disk(String source, BackfilledDisk disk, Backfill backfill) {}

    private final Fetcher fetcher;
    private volatile Optional<Log> log = Optional.empty();
    private volatile Optional<Disk> disk = Optional.empty();
    private final LagMeter meter = new LagMeter();
    private final Map<String, Long> lacking = new HashMap<>();
    /** The source that the meter is about: a cut or a pause makes no other of it. */
    private String metered = "";

    Fetching(Fetcher fetcher) {
        this.fetcher = fetcher;
    }

    void follow(Source source, FollowedLog replica) {
        measureFrom(source.host());
        log = Optional.of(new Log(source.host(), replica, fetcher.follow(address(source), replica)));
    }

    /** @param ended called when the backfill has ended, by any thread */
    void backfill(Source source, BackfilledDisk target, Runnable ended) {
        measureFrom("");
        Backfill backfill = fetcher.backfill(address(source), target);
        disk = Optional.of(new Disk(source.host(), target, backfill));
        backfill.result().whenComplete((result, failure) -> ended.run());
    }

    private void measureFrom(String source) {
        if (!metered.equals(source)) {
            meter.forget();
            metered = source;
        }
    }

    /** How far the replica is behind what it follows, or followed last. Any thread may use it. */
    LagMeter meter() {
        return meter;
    }

    private static PeerAddress address(Source source) {
        HostPort place = HostPort.parse(source.address());
        return new PeerAddress(source.nodeUuid(), place.host(), place.port());
    }

    /** Returns when all that has come in is durable and announced. */
    void stopFollowing() throws IOException {
        if (log.isPresent()) {
            await(log.get().follower().stop(), "the log that has come in cannot be made durable");
            log = Optional.empty();
        }
    }

    void stopBackfill() throws IOException {
        if (disk.isPresent()) {
            await(disk.get().backfill().stop(), "the backfill does not end");
            disk = Optional.empty();
        }
    }

    /** The state of the log that is followed. Any thread may ask. */
    Following following() {
        return log.<Following>map(running -> new Following.Running(
                        running.source(), phase(running.replica().state())))
                .orElseGet(Following.Stopped::new);
    }

    /** Hosts that have the log only from this LSN on, by what they have said last. */
    Map<String, Long> lacking() {
        log.ifPresent(running -> running.replica()
                .state()
                .filter(FollowState.Gone.class::isInstance)
                .map(FollowState.Gone.class::cast)
                .ifPresent(gone -> lacking.put(running.source(), gone.oldestLsn())));
        return Map.copyOf(lacking);
    }

    /** What the source has said of this replica last. Any thread may ask. */
    Optional<FollowState> state() {
        return log.flatMap(running -> running.replica().state());
    }

    /** The host that is fetched from. Any thread may ask. */
    Optional<String> source() {
        return log.map(Log::source).or(() -> disk.map(Disk::source));
    }

    /** The replica that follows. Any thread may ask. */
    Optional<FollowedLog> followed() {
        return log.map(Log::replica);
    }

    /** The disk that is being filled. Any thread may ask. */
    Optional<BackfilledDisk> filled() {
        return disk.map(Disk::disk);
    }

    Backfilling backfilling() {
        if (disk.isEmpty()) {
            return new Backfilling.Stopped();
        }
        var result = disk.get().backfill().result().toCompletableFuture();
        if (!result.isDone()) {
            return new Backfilling.Running(disk.get().source());
        }
        return result.isCompletedExceptionally()
                ? new Backfilling.Impossible(failure(result))
                : new Backfilling.Complete();
    }

    /** The result of a backfill that is complete. */
    Optional<BackfillResult> result() {
        return backfilling() instanceof Backfilling.Complete
                ? disk.map(running ->
                        running.backfill().result().toCompletableFuture().join())
                : Optional.empty();
    }

    private static String failure(CompletableFuture<BackfillResult> result) {
        try {
            result.join();
            return "";
        } catch (RuntimeException failed) {
            Throwable cause = failed.getCause() == null ? failed : failed.getCause();
            return String.valueOf(cause.getMessage());
        }
    }

    private static Following.Phase phase(Optional<FollowState> state) {
        if (state.isEmpty() || state.get() instanceof FollowState.Connecting) {
            return Following.Phase.CONNECTING;
        }
        if (state.get() instanceof FollowState.Following) {
            return Following.Phase.FOLLOWING;
        }
        if (state.get() instanceof FollowState.Diverged) {
            return Following.Phase.DIVERGED;
        }
        if (state.get() instanceof FollowState.Gone) {
            return Following.Phase.GONE;
        }
        return state.get() instanceof FollowState.Behind ? Following.Phase.BEHIND : Following.Phase.REFUSED;
    }

    private static <T> T await(CompletionStage<T> stage, String otherwise) throws IOException {
        try {
            return stage.toCompletableFuture().get(STOP_MS_MAX, TimeUnit.MILLISECONDS);
        } catch (ExecutionException failed) {
            throw new IOException(otherwise + ": " + failed.getCause(), failed);
        } catch (TimeoutException late) {
            throw new IOException(otherwise + " within " + STOP_MS_MAX / 1000 + " s", late);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IOException(otherwise + ": this node is being stopped", stopped);
        }
    }
}
