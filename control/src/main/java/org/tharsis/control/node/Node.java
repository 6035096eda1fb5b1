// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.api.Caller;
import org.tharsis.control.api.Changed;
import org.tharsis.control.api.ClusterReport;
import org.tharsis.control.api.Command;
import org.tharsis.control.api.Event;
import org.tharsis.control.api.NodeCommands;
import org.tharsis.control.api.Outcome;
import org.tharsis.control.api.TokenReport;
import org.tharsis.control.api.TreeEntry;
import org.tharsis.control.api.VersionReport;
import org.tharsis.control.api.ViewReport;
import org.tharsis.control.config.TharsisConfig;
import org.tharsis.control.driver.DriverClient;
import org.tharsis.control.driver.DriverException;
import org.tharsis.control.driver.DriverGone;
import org.tharsis.control.journal.HistoryEntry;

/** The node: unconfigured at first, a member of a cluster from then on. */
public final class Node implements NodeCommands, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);

    private final TharsisConfig config;
    private final Clock clock;
    private final Membership membership;
    private volatile Optional<Member> member = Optional.empty();
    private boolean closed; // guarded by this

    private Node(TharsisConfig config, Clock clock) {
        this.config = config;
        this.clock = clock;
        this.membership = new Membership(config, clock);
    }

    /**
     * Starts the node, as a member when it belongs to a cluster. Blocks; does not wait for ZooKeeper, the driver, or peers.
     *
     * @throws IOException when something of this node itself is in the way: its files, its ports
     */
    public static Node start(TharsisConfig config, Clock clock) throws IOException {
        Files.createDirectories(config.stateDirectory());
        Node node = new Node(config, clock);
        Optional<Identity> identity = Identity.read(config.stateDirectory());
        if (identity.isPresent()) {
            node.enter(identity.get());
        } else {
            LOG.info(
                    "{} belongs to no cluster yet: 'tharsis cluster create NAME' makes one, 'tharsis cluster join TOKEN'"
                            + " enters one.",
                    config.node());
        }
        return node;
    }

    private synchronized Member enter(Identity identity) throws IOException {
        if (closed) {
            throw new IOException("the daemon is being stopped");
        }
        Member started = Member.start(config, identity, clock);
        member = Optional.of(started);
        LOG.info(
                "{} is a member of the cluster {}, ZooKeeper at {}.",
                config.node(),
                identity.clusterName(),
                identity.zookeeper());
        return started;
    }

    private Member member() throws CommandFailed {
        return member.orElseThrow(() -> CommandFailed.refused(
                config.node() + " belongs to no cluster",
                "'tharsis cluster create NAME' makes one, 'tharsis cluster join TOKEN' enters one"));
    }

    /** What changes something is written down, with its outcome. */
    private <T> Outcome<T> changing(String verb, Optional<String> resource, CommandFailed.Body<T> body) {
        Outcome<T> outcome = CommandFailed.outcomeOf(body);
        String end = outcome instanceof Outcome.Failure<T> failure ? "not done: " + failure.message() : "done";
        LOG.info("{}{}: {}", verb, resource.map(name -> " " + name).orElse(""), end);
        member.ifPresent(is -> is.journal()
                .history()
                .record(new HistoryEntry.AdminCommand("tharsis", end, verb, resource, List.of())));
        return outcome;
    }

    @Override
    public VersionReport version() {
        Optional<Identity> identity = member.map(Member::identity);
        return new VersionReport(
                config.node(),
                identity.map(Identity::nodeUuid),
                Version.TEXT,
                member.flatMap(Member::driver).flatMap(Node::driverVersion),
                identity.map(Identity::clusterName));
    }

    private static Optional<String> driverVersion(DriverClient driver) {
        try {
            return Optional.of(driver.version().driver());
        } catch (DriverException | DriverGone away) {
            return Optional.empty();
        }
    }

    @Override
    public synchronized Outcome<ClusterReport> createCluster(Command.CreateCluster command, Caller caller) {
        return changing("cluster create", Optional.empty(), () -> {
            requireNoCluster();
            return membership.entered(enter(membership.create(command, caller)));
        });
    }

    @Override
    public synchronized Outcome<ClusterReport> joinCluster(Command.JoinCluster command, Caller caller) {
        return changing("cluster join", Optional.empty(), () -> {
            requireNoCluster();
            return membership.entered(enter(membership.join(command, caller)));
        });
    }

    private void requireNoCluster() throws CommandFailed, IOException {
        Optional<Identity> identity = Identity.read(config.stateDirectory());
        if (identity.isPresent()) {
            throw CommandFailed.refused(
                    config.node() + " belongs to the cluster " + identity.get().clusterName() + " already",
                    "'tharsis view' shows it");
        }
    }

    @Override
    public Outcome<TokenReport> token() {
        return changing("cluster token", Optional.empty(), () -> membership.token(member()));
    }

    @Override
    public Outcome<Changed> createResource(Command.CreateResource command, Caller caller) {
        return changing(
                "create-resource",
                Optional.of(command.name()),
                () -> new ResourceCommands(member()).create(command, caller));
    }

    @Override
    public Outcome<Changed> joinResource(Command.JoinResource command, Caller caller) {
        return changing(
                "join-resource",
                Optional.of(command.name()),
                () -> new ResourceCommands(member()).join(command, caller));
    }

    @Override
    public Outcome<Changed> leaveResource(Command.LeaveResource command, Caller caller) {
        return changing(
                "leave-resource",
                Optional.of(command.name()),
                () -> new ResourceCommands(member()).leave(command, caller));
    }

    @Override
    public Outcome<Changed> primary(Command.Primary command, Caller caller) {
        return changing(
                command.force() ? "primary --force" : "primary",
                Optional.of(command.name()),
                () -> new RoleCommands(member()).primary(command, caller));
    }

    @Override
    public Outcome<Changed> secondary(Command.Secondary command, Caller caller) {
        return changing(
                "secondary", Optional.of(command.name()), () -> new RoleCommands(member()).secondary(command, caller));
    }

    @Override
    public Outcome<Changed> invalidate(Command.Invalidate command, Caller caller) {
        return changing(
                "invalidate",
                Optional.of(command.name()),
                () -> new ResourceCommands(member()).invalidate(command, caller));
    }

    @Override
    public Outcome<Changed> todo(Command.Switch command, Caller caller) {
        return changing(
                (command.on() ? "resume-" : "pause-") + command.todo().name().toLowerCase(Locale.ROOT),
                Optional.of(command.name()),
                () -> new ResourceCommands(member()).todo(command));
    }

    @Override
    public Outcome<Changed> waitResource(Command.WaitResource command, Caller caller) {
        return CommandFailed.outcomeOf(() -> new WaitCommand(member()).await(command, caller));
    }

    @Override
    public Outcome<ViewReport> view(Optional<String> resource) {
        return CommandFailed.outcomeOf(() -> member.isPresent()
                ? new ViewCommand(member.get()).report(resource)
                : new ViewReport(
                        new ViewReport.ThisNode(
                                config.node(),
                                Optional.<UUID>empty(),
                                Version.TEXT,
                                config.driver().isPresent() ? ViewReport.Driver.AWAY : ViewReport.Driver.NONE,
                                Optional.empty()),
                        Optional.empty(),
                        List.of(),
                        List.of(),
                        List.of()));
    }

    @Override
    public Outcome<TreeEntry> get(String key) {
        return CommandFailed.outcomeOf(() -> new TreeCommands(member()).get(key));
    }

    @Override
    public Outcome<Changed> set(Command.SetKey command) {
        return changing("set " + command.key(), Optional.empty(), () -> new TreeCommands(member()).set(command));
    }

    @Override
    public Outcome<List<String>> list(Optional<String> key) {
        return CommandFailed.outcomeOf(() -> new TreeCommands(member()).list(key));
    }

    @Override
    public Outcome<Changed> events(long sinceMs, boolean follow, Consumer<Event> events, Caller caller) {
        return CommandFailed.outcomeOf(() -> new EventsCommand(member()).tell(sinceMs, follow, events, caller));
    }

    /** Stops all that this node does; the driver goes on. */
    @Override
    public synchronized void close() {
        closed = true;
        member.ifPresent(Member::close);
        member = Optional.empty();
    }
}
