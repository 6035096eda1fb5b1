// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import io.netty.channel.ChannelHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.config.TharsisConfig;
import org.tharsis.control.driver.DriverClient;
import org.tharsis.control.driver.DriverException;
import org.tharsis.control.driver.DriverGone;
import org.tharsis.control.journal.Journal;
import org.tharsis.control.journal.JournalOptions;
import org.tharsis.control.journal.LagRecorder;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.NodeRecord;
import org.tharsis.control.security.ClusterAuthority;
import org.tharsis.control.security.Credentials;
import org.tharsis.control.security.EnrolmentServer;
import org.tharsis.control.security.TlsFiles;
import org.tharsis.control.security.TokenLedger;
import org.tharsis.control.state.CuratorStateTree;
import org.tharsis.control.state.EmbeddedZooKeeper;
import org.tharsis.control.state.Outcome;
import org.tharsis.control.state.StateTree;
import org.tharsis.control.state.TreeConfig;
import org.tharsis.control.state.TreeConnection;
import org.tharsis.replication.fetch.Fetcher;
import org.tharsis.replication.peer.NodeIdentity;
import org.tharsis.replication.peer.PeerServer;
import org.tharsis.replication.peer.PeerSettings;
import org.tharsis.replication.peer.PeerTls;
import org.tharsis.replication.ship.Shipper;

/**
 * A node while it belongs to a cluster: the state tree, the journal, the connections to other nodes, and the loops of its
 * replicas. It comes up without ZooKeeper as well, with what the journal remembers. Any thread may use it.
 */
final class Member implements ClusterSight, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Member.class);

    /** By what this node proves who it is, on a cluster with TLS. */
    record Keys(Credentials credentials, PeerTls peerTls, TlsFiles files) {}

    private final TharsisConfig config;
    private final Identity identity;
    private final Clock clock;
    private final Optional<Keys> keys;
    private final Optional<DriverClient> driver;
    private final Deque<AutoCloseable> toClose = new ArrayDeque<>();
    private final Changes changes = new Changes();
    private final Sightings sightings;
    private final Background background = new Background();
    private final Journal journal;
    private final StateTree tree;
    private final Events events;
    private final LagRecorder lags;
    private final Fetcher fetcher;
    private final Replicas replicas;
    private final Optional<ClusterView> remembered;
    private final Optional<TokenLedger> tokens;
    private final AtomicBoolean registering = new AtomicBoolean();
    private volatile boolean registered;

    /** Starts everything, or nothing. Blocks. */
    static Member start(TharsisConfig config, Identity identity, Clock clock) throws IOException {
        return new Member(config, identity, clock);
    }

    private Member(TharsisConfig config, Identity identity, Clock clock) throws IOException {
        this.config = config;
        this.identity = identity;
        this.clock = clock;
        this.sightings = new Sightings(clock, System::nanoTime);
        try {
            toClose.push(background);
            keys = config.tls() ? Optional.of(readKeys(config)) : Optional.empty();
            driver = config.driver().map(DriverClient::new);
            driver.ifPresent(toClose::push);
            journal = opened(Journal.open(JournalOptions.of(config.stateDirectory())));
            ClusterMemory memory = new ClusterMemory(journal);
            remembered = memory.recall(identity.clusterName(), identity.clusterUuid());
            ZooKeeperPlaces places = new ZooKeeperPlaces(config);
            if (identity.embedded()) {
                opened(EmbeddedZooKeeper.start(places.embedded()));
            }
            tree = opened(CuratorStateTree.open(
                    TreeConfig.of(identity.zookeeper(), places.tls()),
                    identity.clusterName(),
                    identity.clusterUuid(),
                    config.node()));
            events = new Events(journal, tree);
            lags = new LagRecorder(journal.history(), clock);
            NodeIdentity self = new NodeIdentity(identity.clusterUuid(), identity.nodeUuid(), config.node());
            fetcher = opened(new Fetcher(self, keys.map(Keys::peerTls), PeerSettings.DEFAULTS));
            replicas = new Replicas(config.node(), identity.nodeUuid(), this::newLoop);
            Shipper shipper = opened(new Shipper(replicas, PeerSettings.DEFAULTS));
            tokens = authority().isPresent()
                    ? Optional.of(new TokenLedger(tlsDirectory(config), clock))
                    : Optional.empty();
            opened(PeerServer.start(
                    new InetSocketAddress(
                            config.listen().host(), config.listen().port()),
                    self,
                    keys.map(Keys::peerTls),
                    PeerSettings.DEFAULTS,
                    shipper,
                    enrolment()));
            toClose.push(replicas);
            begin(memory);
        } catch (IOException | RuntimeException failed) {
            close();
            throw failed;
        }
    }

    private <T extends AutoCloseable> T opened(T part) {
        toClose.push(part);
        return part;
    }

    private static Path tlsDirectory(TharsisConfig config) {
        return config.stateDirectory().resolve("tls");
    }

    private static Keys readKeys(TharsisConfig config) throws IOException {
        TlsFiles files = new TlsFiles(tlsDirectory(config));
        Credentials credentials = files.credentials()
                .orElseThrow(() -> new IOException("this node has no certificate in " + tlsDirectory(config)
                        + ", but its cluster has TLS: set tls = no, if that is meant, or let the node join anew"));
        return new Keys(credentials, credentials.peerTls(), files);
    }

    /** The authority, on nodes that let others in. */
    Optional<ClusterAuthority> authority() throws IOException {
        return keys.isPresent() ? keys.get().files().authority() : Optional.empty();
    }

    private Map<String, ChannelHandler> enrolment() throws IOException {
        Optional<ClusterAuthority> authority = authority();
        if (authority.isEmpty() || tokens.isEmpty()) {
            return Map.of();
        }
        EnrolmentServer server = new EnrolmentServer(
                authority.get(),
                tokens.get(),
                new TreeDirectory(identity, tree),
                clock,
                task -> background.run(task::run));
        return Map.of(EnrolmentServer.protocol(), server.handler());
    }

    private void begin(ClusterMemory memory) {
        if (tree.view().isEmpty() && driver.isPresent()) {
            remembered.ifPresent(replicas::seen);
        }
        opened(tree.onView(view -> {
            memory.seen(view);
            sightings.seen(view);
            if (driver.isPresent()) {
                replicas.seen(view);
            }
            changes.tell();
        }));
        opened(tree.onConnection(connection -> {
            LOG.debug("ZooKeeper: {}", connection.detail()); // the state tree tells it
            replicas.all().forEach(ReplicaLoop::treeChanged);
            register();
            changes.tell();
        }));
    }

    /** Enters this node into the tree, as soon as that can be reached; done again after a failure with the next change. */
    private void register() {
        if (registered || !live() || !registering.compareAndSet(false, true)) {
            return;
        }
        background.run(() -> {
            try {
                Outcome outcome = tree.registerNode(record(), journal.generation());
                registered = outcome instanceof Outcome.Done;
                if (outcome instanceof Outcome.Refused refused) {
                    LOG.error("This node cannot take part in the cluster: {}", refused.why());
                }
            } finally {
                registering.set(false);
            }
            changes.tell();
        });
    }

    private NodeRecord record() {
        return new NodeRecord(
                config.node(),
                identity.nodeUuid(),
                config.advertise().toString(),
                keys.map(key -> key.credentials().fingerprint()),
                config.site(),
                Version.TEXT,
                driverKind());
    }

    private String driverKind() {
        if (driver.isEmpty()) {
            return "none";
        }
        try {
            return driver.get().version().host();
        } catch (DriverException | DriverGone away) {
            return "brickd";
        }
    }

    private ReplicaLoop newLoop(ReplicaSpec spec) {
        DriverClient client = driver.orElseThrow();
        String me = config.node();
        ReplicaDirectory directory = new ReplicaDirectory(spec.logDirectory());
        WatchedResource watched = new WatchedResource(client, spec.resource());
        watched.onChange(sight -> changes.tell());
        ServedLog served = new ServedLog(spec, client, watched, background, clock::millis);
        Fetching fetching = new Fetching(fetcher);
        RoleActions roles = new RoleActions(spec, me, tree, client, watched, events, clock);
        WakeUp wakeUp = new WakeUp(changes);
        ReplicaActions actions = new ReplicaActions(spec, directory, client, watched, fetching, roles, wakeUp);
        ReplicaReporter reporter = new ReplicaReporter(spec, me, tree, watched, fetching, events, lags);
        ReplicaLoop loop = new ReplicaLoop(
                me,
                new ReplicaLoop.Parts(spec, directory, watched, served, fetching, actions, roles, reporter),
                this,
                config.reach());
        wakeUp.wakes(loop);
        return loop;
    }

    /** What follower and backfill call: wakes the loop, once there is one, and those who wait. */
    private static final class WakeUp implements Runnable {
        private final Changes changes;
        private volatile Optional<ReplicaLoop> loop = Optional.empty();

        WakeUp(Changes changes) {
            this.changes = changes;
        }

        void wakes(ReplicaLoop other) {
            loop = Optional.of(other);
        }

        @Override
        public void run() {
            loop.ifPresent(ReplicaLoop::wakeUp);
            changes.tell();
        }
    }

    @Override
    public Optional<ClusterView> view() {
        return tree.view().or(() -> remembered);
    }

    @Override
    public boolean live() {
        return tree.connection().isConnected() && tree.view().isPresent();
    }

    /** How old the view is. */
    Duration viewAge() {
        if (live()) {
            return Duration.ZERO;
        }
        TreeConnection connection = tree.connection();
        return tree.view().isPresent()
                ? connection.viewAge()
                : journal.view().age().orElse(Duration.ZERO);
    }

    /** Waits until this node is entered in the tree; false when it is not in time. */
    boolean awaitRegistered(Duration within) throws Exception {
        return changes.await(within, () -> {
                    register();
                    return registered ? Optional.of(true) : Optional.empty();
                })
                .isPresent();
    }

    String me() {
        return config.node();
    }

    TharsisConfig config() {
        return config;
    }

    Identity identity() {
        return identity;
    }

    StateTree tree() {
        return tree;
    }

    Journal journal() {
        return journal;
    }

    Events events() {
        return events;
    }

    Changes changes() {
        return changes;
    }

    Sightings sightings() {
        return sightings;
    }

    Replicas replicas() {
        return replicas;
    }

    Optional<DriverClient> driver() {
        return driver;
    }

    Optional<Keys> keys() {
        return keys;
    }

    Optional<TokenLedger> tokens() {
        return tokens;
    }

    Clock clock() {
        return clock;
    }

    /** Ends everything, the newest first. The driver goes on. */
    @Override
    public void close() {
        while (!toClose.isEmpty()) {
            AutoCloseable part = toClose.pop();
            try {
                part.close();
            } catch (Exception failed) {
                LOG.warn("{} does not end well: {}", part.getClass().getSimpleName(), failed.getMessage());
            }
        }
    }
}
