// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.curator.framework.CuratorFramework;
import org.tharsis.control.model.BadValueException;
import org.tharsis.control.model.ClusterEvent;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.EpochRecord;
import org.tharsis.control.model.Keys;
import org.tharsis.control.model.Names;
import org.tharsis.control.model.NodeRecord;
import org.tharsis.control.model.RawValue;
import org.tharsis.control.model.ReplicaRecord;
import org.tharsis.control.model.ReplicaReport;
import org.tharsis.control.model.ResourceOption;
import org.tharsis.control.model.ResourceOptions;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.SealedEnd;
import org.tharsis.control.model.Switch;

/**
 * The tree in ZooKeeper, with Curator keeping the session. It can be opened while ZooKeeper is away.
 *
 * <p>Threads: one of its own ({@code tharsis-tree}) has the mirror of the tree, the reports and the events; a second one
 * calls listeners. Changes block the thread that asks for them.
 */
public final class CuratorStateTree implements StateTree {
    private final String self;
    private final CuratorFramework client;
    private final TreePaths paths;
    private final TreeCalls calls;
    private final Transactor transactor;
    private final RoleChanges roles;
    private final ResourceChanges resources;
    private final NodeChanges nodes;
    private final OwnerThread owner;
    private final ExecutorService telling;
    private final TreeSession session;

    private CuratorStateTree(TreeConfig config, String cluster, UUID uuid, String self) throws IOException {
        this.self = Names.node(self);
        this.client = TreeClient.create(config);
        this.paths = new TreePaths(cluster);
        this.calls = new TreeCalls(client, config);
        this.transactor = new Transactor(calls);
        this.roles = new RoleChanges(paths);
        this.resources = new ResourceChanges(paths);
        this.nodes = new NodeChanges(paths);
        this.owner = new OwnerThread();
        this.telling = Executors.newSingleThreadExecutor(TreeClient.daemons("tharsis-tree-listeners"));
        this.session = new TreeSession(config, client, paths, uuid, owner, telling);
    }

    /**
     * Creates the tree of a new cluster. Blocks. Done when it is there already with this UUID.
     *
     * @throws IOException when the certificates cannot be read
     */
    public static Outcome createCluster(TreeConfig config, String cluster, UUID uuid) throws IOException {
        try (CuratorFramework client = TreeClient.create(config)) {
            client.start();
            return TreeIdentity.create(new TreeCalls(client, config), new TreePaths(cluster), uuid);
        }
    }

    /**
     * Opens the tree for one node. Returns at once; {@link #connection} tells how far it is.
     *
     * @param cluster its name
     * @param uuid its identity: a tree with another one is left alone
     * @param self name of this node
     * @throws IOException when the certificates cannot be read
     */
    public static CuratorStateTree open(TreeConfig config, String cluster, UUID uuid, String self) throws IOException {
        CuratorStateTree tree = new CuratorStateTree(config, cluster, uuid, self);
        tree.session.start();
        return tree;
    }

    @Override
    public Optional<ClusterView> view() {
        return session.view();
    }

    @Override
    public TreeConnection connection() {
        return session.connection();
    }

    @Override
    public Subscription onView(Consumer<ClusterView> listener) {
        return session.onView(listener);
    }

    @Override
    public Subscription onConnection(Consumer<TreeConnection> listener) {
        return session.onConnection(listener);
    }

    @Override
    public CompletionStage<Boolean> confirmSession() {
        CompletableFuture<Boolean> confirmed = new CompletableFuture<>();
        if (!owner.offer(() -> session.confirm(confirmed))) {
            confirmed.complete(false);
        }
        return confirmed;
    }

    @Override
    public Duration sessionTimeout() {
        return Duration.ofMillis(client.getZookeeperClient().getLastNegotiatedSessionTimeoutMs());
    }

    @Override
    public Outcome registerNode(NodeRecord node, long generation) {
        if (!node.name().equals(self)) {
            return new Outcome.Refused("this is node " + self + ", not " + node.name());
        }
        Outcome outcome = change(deadlineNs -> nodes.register(node, calls, deadlineNs));
        if (outcome instanceof Outcome.Done) {
            owner.execute(() -> session.alive().announce(self, generation));
        }
        return outcome;
    }

    @Override
    public Outcome removeNode(String host) {
        Optional<ClusterView> view = view();
        if (view.isEmpty()) {
            return new Outcome.Unavailable(false, connection().detail());
        }
        if (!host.equals(self) && view.get().isAlive(host)) {
            return new Outcome.Refused(host + " is alive: stop its daemon first, or let it leave by itself");
        }
        Outcome outcome = change(deadlineNs -> nodes.remove(view.get(), host, calls, deadlineNs));
        if (outcome instanceof Outcome.Done && host.equals(self)) {
            owner.execute(() -> session.alive().withdraw());
        }
        return outcome;
    }

    @Override
    public Outcome createResource(ResourceSpec spec) {
        return change(deadlineNs -> resources.create(spec));
    }

    @Override
    public Outcome deleteResource(ResourceView view, String lastReplica) {
        return change(view, deadlineNs -> resources.delete(view, lastReplica, calls, deadlineNs));
    }

    @Override
    public Outcome resize(ResourceView view, long deviceBytes) {
        return change(view, deadlineNs -> resources.resize(view, deviceBytes));
    }

    @Override
    public Outcome joinReplica(ResourceView view, String host, ReplicaRecord replica) {
        return change(view, deadlineNs -> resources.join(view, host, replica));
    }

    @Override
    public Outcome leaveReplica(ResourceView view, String host) {
        return change(view, deadlineNs -> resources.leave(view, host, calls, deadlineNs));
    }

    @Override
    public Outcome setTodo(String resource, String host, Switch which, boolean wanted) {
        return change(deadlineNs -> resources.put(
                Keys.todo(Names.resource(resource), Names.node(host), which),
                Optional.of(wanted ? "yes" : "no"),
                Keys.replica(resource, host),
                calls,
                deadlineNs));
    }

    @Override
    public Outcome setOption(String resource, ResourceOption option, Optional<String> value) {
        return change(deadlineNs -> resources.put(
                Keys.option(Names.resource(resource), option),
                optionsNow(resource, deadlineNs).with(option, value).set(option),
                Keys.resource(resource),
                calls,
                deadlineNs));
    }

    /** Those that have to fit together. A view may still lack what was set just before. */
    private ResourceOptions optionsNow(String resource, long deadlineNs) throws TreeUnavailableException {
        SortedMap<String, RawValue> keys = new TreeMap<>();
        for (ResourceOption option : ResourceOptions.OF_THE_LOGS_SIZE) {
            Optional<RawValue> raw = calls.get(paths.path(Keys.option(resource, option)), deadlineNs);
            raw.ifPresent(value -> keys.put("options/" + option.key(), value));
        }
        return ResourceOptions.read(keys);
    }

    @Override
    public Outcome startHandover(ResourceView view, String to) {
        return change(view, deadlineNs -> roles.startHandover(view, to));
    }

    @Override
    public Outcome undoHandover(ResourceView view) {
        return change(view, deadlineNs -> roles.undoHandover(view));
    }

    @Override
    public Outcome seal(ResourceView view, SealedEnd end) {
        return change(view, deadlineNs -> roles.seal(view, end));
    }

    @Override
    public Outcome promotePlanned(ResourceView view, EpochRecord record) {
        return change(view, deadlineNs -> roles.promotePlanned(view, record));
    }

    @Override
    public Outcome promoteForced(ResourceView view, EpochRecord record) {
        return change(view, deadlineNs -> roles.promoteForced(view, record));
    }

    @Override
    public CompletionStage<Void> publish(String resource, ReplicaReport report) {
        return session.reports().publish(self, Names.resource(resource), report);
    }

    @Override
    public void addEvent(String text) {
        long timeNs = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
        ClusterEvent event = new ClusterEvent(timeNs, self, text);
        owner.execute(() -> session.events().add(event));
    }

    @Override
    public List<ClusterEvent> events() {
        return session.events().events();
    }

    @Override
    public Optional<RawValue> get(String key) throws TreeUnavailableException {
        return calls.get(paths.path(RawKeys.check(key)), calls.deadlineNs());
    }

    @Override
    public Optional<List<String>> list(String key) throws TreeUnavailableException {
        return calls.children(paths.path(RawKeys.check(key)), calls.deadlineNs());
    }

    @Override
    public Outcome set(String key, String value) {
        return refusing(() -> RawKeys.set(this, key, value));
    }

    @Override
    public void close() {
        client.close();
        owner.close();
        telling.shutdownNow();
    }

    /** The client, for tests that break what nobody may break otherwise. */
    CuratorFramework client() {
        return client;
    }

    /** Makes a change, given the deadline. */
    @FunctionalInterface
    private interface Maker {
        Change make(long deadlineNs) throws TreeUnavailableException;
    }

    /** As the other one, for the resource of this view only: another one may have the same name by now. */
    private Outcome change(ResourceView view, Maker maker) {
        return change(deadlineNs -> {
            String key = Keys.resource(view.name()) + "/uuid";
            Optional<String> uuid = calls.get(paths.path(key), deadlineNs).map(RawValue::text);
            if (uuid.filter(view.identity().uuid().toString()::equals).isEmpty()) {
                throw new BadValueException("resource " + view.name() + " was deleted"
                        + (uuid.isPresent() ? ", and there is a new one of this name" : ""));
            }
            return maker.make(deadlineNs);
        });
    }

    private Outcome change(Maker maker) {
        return refusing(() -> {
            long deadlineNs = calls.deadlineNs();
            Optional<Outcome> obstacle = session.awaitConnected(deadlineNs);
            if (obstacle.isPresent()) {
                return obstacle.get();
            }
            try {
                return transactor.run(maker.make(deadlineNs), deadlineNs);
            } catch (TreeUnavailableException e) {
                return new Outcome.Unavailable(false, String.valueOf(e.getMessage()));
            }
        });
    }

    private static Outcome refusing(Supplier<Outcome> action) {
        try {
            return action.get();
        } catch (BadValueException e) {
            return new Outcome.Refused(e.getMessage());
        }
    }
}
