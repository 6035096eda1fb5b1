// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooKeeper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.Keys;
import org.tharsis.control.model.RawValue;

/**
 * The life of the connection: after each (re)connection the tree's identity is checked, then the mirror is read, and only
 * then a view is told and reports are written. The owner's thread, except what says otherwise.
 */
final class TreeSession {
    private static final Logger LOG = LoggerFactory.getLogger(TreeSession.class);
    private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(1);
    /** Views are built at most so often: what changes meanwhile is one view. */
    private static final long VIEW_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(10);

    private final TreeConfig config;
    private final CuratorFramework client;
    private final TreePaths paths;
    private final UUID uuid;
    private final OwnerThread owner;
    private final TreeMirror mirror;
    private final ViewBuilder builder;
    private final AlivePresence alive;
    private final ReportPublisher reports;
    private final EventLog events;
    private final Listeners<ClusterView> viewListeners;
    private final Listeners<TreeConnection> connectionListeners;

    private volatile Optional<ClusterView> view = Optional.empty();
    private volatile Status status = new Status(TreeConnection.State.CONNECTING, "not connected yet");
    private volatile long heardNs = System.nanoTime();

    private Optional<ZooKeeper> zooKeeper = Optional.empty();
    /** Counts connections, so that answers of an earlier one are recognised. */
    private long connections;

    private boolean viewScheduled;

    /** What is told of the connection. */
    private record Status(TreeConnection.State state, String detail) {}

    TreeSession(
            TreeConfig config,
            CuratorFramework client,
            TreePaths paths,
            UUID uuid,
            OwnerThread owner,
            Executor telling) {
        this.config = config;
        this.client = client;
        this.paths = paths;
        this.uuid = uuid;
        this.owner = owner;
        this.mirror = new TreeMirror(paths, owner, new MirrorListener());
        this.builder = new ViewBuilder(paths.cluster(), uuid);
        this.alive = new AlivePresence(paths, owner);
        this.reports = new ReportPublisher(paths, mirror, owner);
        this.events = new EventLog(paths, mirror, owner);
        this.viewListeners = new Listeners<>(telling, () -> view);
        this.connectionListeners = new Listeners<>(telling, () -> Optional.of(connection()));
    }

    /** Any thread, once. */
    void start() {
        client.getConnectionStateListenable().addListener((c, state) -> owner.execute(() -> changed(state)));
        client.start();
        owner.after(pulseNs(), this::pulse);
    }

    /** Any thread. */
    Optional<ClusterView> view() {
        return view;
    }

    /** Any thread. */
    TreeConnection connection() {
        Status now = status;
        boolean current = now.state() == TreeConnection.State.CONNECTED || view.isEmpty();
        Duration age = current ? Duration.ZERO : Duration.ofNanos(Math.max(0, System.nanoTime() - heardNs));
        return new TreeConnection(now.state(), age, now.detail());
    }

    /** Any thread. */
    StateTree.Subscription onView(Consumer<ClusterView> listener) {
        return viewListeners.add(listener);
    }

    /** Any thread. */
    StateTree.Subscription onConnection(Consumer<TreeConnection> listener) {
        return connectionListeners.add(listener);
    }

    AlivePresence alive() {
        return alive;
    }

    ReportPublisher reports() {
        return reports;
    }

    EventLog events() {
        return events;
    }

    /** Any thread: blocks until changes are possible; returns what prevents them. */
    Optional<Outcome> awaitConnected(long deadlineNs) {
        CountDownLatch decided = new CountDownLatch(1);
        StateTree.Subscription subscription = onConnection(now -> {
            if (isDecided(now.state())) {
                decided.countDown();
            }
        });
        try {
            boolean inTime = decided.await(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS);
            LOG.debug("Waited for the state tree: {}", inTime ? "in time" : "too long");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            subscription.close();
        }
        Status now = status;
        return switch (now.state()) {
            case CONNECTED -> Optional.empty();
            case REFUSED -> Optional.of(new Outcome.Refused(now.detail()));
            default ->
                Optional.of(
                        new Outcome.Unavailable(false, "ZooKeeper at " + config.connectString() + ": " + now.detail()));
        };
    }

    private static boolean isDecided(TreeConnection.State state) {
        return state == TreeConnection.State.CONNECTED || state == TreeConnection.State.REFUSED;
    }

    /** Completes after a round trip to the leader. */
    void confirm(CompletableFuture<Boolean> confirmed) {
        if (zooKeeper.isEmpty() || status.state() != TreeConnection.State.CONNECTED) {
            confirmed.complete(false);
            return;
        }
        long ofConnection = connections;
        zooKeeper
                .get()
                .sync(
                        paths.root(),
                        (rc, path, ctx) -> owner.execute(() -> {
                            boolean good = rc == Code.OK.intValue() && ofConnection == connections;
                            heard(good);
                            confirmed.complete(good);
                        }),
                        null);
    }

    private void changed(ConnectionState state) {
        switch (state) {
            case CONNECTED, RECONNECTED -> connected();
            case SUSPENDED ->
                disconnected(
                        TreeConnection.State.SUSPENDED, "the connection to ZooKeeper is broken; trying to get it back");
            case LOST ->
                disconnected(
                        TreeConnection.State.LOST, "the session with ZooKeeper is over; trying to begin a new one");
            case READ_ONLY -> disconnected(TreeConnection.State.SUSPENDED, "ZooKeeper has no majority of its servers");
        }
    }

    private void disconnected(TreeConnection.State state, String detail) {
        connections++;
        zooKeeper = Optional.empty();
        mirror.stop();
        alive.disconnected();
        reports.disconnected();
        events.disconnected();
        LOG.warn("State tree: {}. Replication goes on with the last known roles", detail);
        tell(state, detail);
    }

    private void connected() {
        connections++;
        try {
            ZooKeeper zk = client.getZookeeperClient().getZooKeeper();
            zooKeeper = Optional.of(zk);
            identify(zk, connections);
        } catch (Exception e) {
            again("ZooKeeper's client is not ready: " + e.getMessage());
        }
    }

    private void identify(ZooKeeper zk, long ofConnection) {
        read(
                zk,
                Keys.UUID,
                ofConnection,
                foundUuid -> read(zk, Keys.VERSION, ofConnection, foundVersion -> {
                    Optional<String> objection = TreeIdentity.objection(paths, uuid, foundUuid, foundVersion);
                    if (objection.isPresent()) {
                        LOG.error("State tree left alone: {}", objection.get());
                        tell(TreeConnection.State.REFUSED, objection.get());
                    } else {
                        alive.connected(zk);
                        mirror.begin(zk);
                    }
                }));
    }

    private void read(ZooKeeper zk, String key, long ofConnection, Consumer<Optional<RawValue>> then) {
        zk.getData(
                paths.path(key),
                false,
                (rc, path, ctx, data, stat) -> {
                    byte[] bytes = data == null ? new byte[0] : data;
                    Optional<RawValue> value = rc == Code.OK.intValue()
                            ? Optional.of(new RawValue(TreeText.decode(bytes), stat.getVersion()))
                            : Optional.empty();
                    owner.execute(() -> {
                        if (ofConnection != connections) {
                            return;
                        }
                        if (rc == Code.OK.intValue() || rc == Code.NONODE.intValue()) {
                            then.accept(value);
                        } else {
                            again("the tree's identity cannot be read: " + Code.get(rc));
                        }
                    });
                },
                null);
    }

    /** The connection is there, but something went wrong: begin anew in a while, unless Curator tells of another one. */
    private void again(String why) {
        LOG.warn("State tree: {}. Trying again", why);
        long ofConnection = connections;
        owner.after(RETRY_NS, () -> {
            if (ofConnection == connections) {
                connected();
            }
        });
    }

    private long pulseNs() {
        return config.sessionTimeout().toNanos() / 3;
    }

    private void pulse() {
        owner.after(pulseNs(), this::pulse);
        if (status.state() == TreeConnection.State.CONNECTED) {
            confirm(new CompletableFuture<>());
        }
    }

    private void heard(boolean good) {
        if (good && status.state() == TreeConnection.State.CONNECTED) {
            heardNs = System.nanoTime();
        }
    }

    private void tell(TreeConnection.State state, String detail) {
        status = new Status(state, detail);
        connectionListeners.changed();
    }

    private void scheduleView() {
        if (!viewScheduled && status.state() == TreeConnection.State.CONNECTED) {
            viewScheduled = true;
            owner.after(VIEW_INTERVAL_NS, () -> {
                viewScheduled = false;
                // While the mirror is read anew it is a mixture of old and new.
                if (status.state() == TreeConnection.State.CONNECTED) {
                    buildView();
                }
            });
        }
    }

    private void buildView() {
        ClusterView newest = builder.build(mirror);
        if (!view.equals(Optional.of(newest))) {
            view = Optional.of(newest);
            viewListeners.changed();
        }
    }

    /** What the mirror tells. */
    private final class MirrorListener implements TreeMirror.Listener {
        @Override
        public void changed(String key) {
            heard(true);
            alive.changed(key);
            reports.changed(key);
            if (builder.changed(key)) {
                scheduleView();
            }
        }

        @Override
        public void complete() {
            heardNs = System.nanoTime();
            // First the view: whoever sees that it is connected relies on there being one.
            buildView();
            LOG.info("State tree: connected, {} keys", mirror.size());
            tell(TreeConnection.State.CONNECTED, "connected");
            zooKeeper.ifPresent(reports::connected);
            zooKeeper.ifPresent(events::connected);
        }

        @Override
        public void failed(String why) {
            again(why);
        }
    }
}
