// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.io.Closeable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.tharsis.replication.peer.Link;
import org.tharsis.replication.peer.NodeIdentity;
import org.tharsis.replication.peer.PeerAddress;
import org.tharsis.replication.peer.PeerSettings;
import org.tharsis.replication.peer.PeerTls;
import org.tharsis.replication.peer.Transport;

/** Fetches logs and backfills from peers; one connection for all that comes from the same peer. Any thread may call. */
public final class Fetcher implements Closeable {
    private final NodeIdentity identity;
    private final Optional<PeerTls> tls;
    private final PeerSettings settings;
    private final Transport transport = new Transport("fetch");
    private final Workers workers = new Workers();
    private final Windows windows;
    private final Map<PeerAddress, Link> links = new ConcurrentHashMap<>();
    private final Set<Follower> followers = ConcurrentHashMap.newKeySet();
    private final Set<Backfill> backfills = ConcurrentHashMap.newKeySet();

    public Fetcher(NodeIdentity identity, Optional<PeerTls> tls, PeerSettings settings) {
        this.identity = identity;
        this.tls = tls;
        this.settings = settings;
        this.windows = new Windows(settings);
    }

    /** Begins to follow. One follower at a time for a log directory: stop the other one first, and wait for it. */
    public Follower follow(PeerAddress source, FollowedReplica replica) {
        LogFollower follower = new LogFollower(source, replica, link(source), settings, workers, windows);
        windows.enter();
        followers.add(follower);
        CompletionStage<Boolean> unused = follower.stopped().handle((end, failure) -> ended(followers, follower));
        follower.start();
        return follower;
    }

    /** Begins a backfill, or goes on with one that is in the target's directory. */
    public Backfill backfill(PeerAddress source, BackfillTarget target) {
        BackfillRun backfill =
                new BackfillRun(source, identity.node(), target, link(source), settings, workers, windows);
        windows.enter();
        backfills.add(backfill);
        CompletionStage<Boolean> unused = backfill.result().handle((end, failure) -> ended(backfills, backfill));
        backfill.start();
        return backfill;
    }

    private boolean ended(Set<?> running, Object one) {
        windows.leave();
        return running.remove(one);
    }

    private Link link(PeerAddress source) {
        return links.computeIfAbsent(source, address -> new Link(transport, address, identity, tls, settings));
    }

    /** Stops all that is still going on, waits for it, and ends connections and threads. */
    @Override
    public void close() {
        List<CompletableFuture<?>> ends = new ArrayList<>();
        followers.forEach(each -> ends.add(each.stop().toCompletableFuture()));
        backfills.forEach(each -> ends.add(each.stop().toCompletableFuture()));
        // Whoever asked for an end that fails is told there.
        CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new))
                .handle((done, failure) -> failure == null)
                .join();
        workers.close();
        transport.close();
    }
}
