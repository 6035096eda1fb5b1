// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.api.Caller;
import org.tharsis.control.api.ClusterReport;
import org.tharsis.control.api.Command;
import org.tharsis.control.api.Progress;
import org.tharsis.control.api.TokenReport;
import org.tharsis.control.config.HostPort;
import org.tharsis.control.config.TharsisConfig;
import org.tharsis.control.security.ClusterAuthority;
import org.tharsis.control.security.Enrolled;
import org.tharsis.control.security.EnrolmentClient;
import org.tharsis.control.security.EnrolmentException;
import org.tharsis.control.security.JoinToken;
import org.tharsis.control.security.NodeSubject;
import org.tharsis.control.security.TlsFiles;
import org.tharsis.control.security.TokenLedger;
import org.tharsis.control.state.CuratorStateTree;
import org.tharsis.control.state.EmbeddedZooKeeper;
import org.tharsis.control.state.TreeConfig;

/** How a node comes into a cluster, and lets others in. One thread at a time. */
final class Membership {
    private static final Logger LOG = LoggerFactory.getLogger(Membership.class);
    private static final Duration REGISTERED_WITHIN = Duration.ofSeconds(30);

    private final TharsisConfig config;
    private final Clock clock;
    private final ZooKeeperPlaces places;

    Membership(TharsisConfig config, Clock clock) {
        this.config = config;
        this.clock = clock;
        this.places = new ZooKeeperPlaces(config);
    }

    private TlsFiles tlsFiles() {
        return new TlsFiles(config.stateDirectory().resolve("tls"));
    }

    /** Makes a cluster of this node; the identity that it returns is written down. */
    Identity create(Command.CreateCluster command, Caller caller) throws Exception {
        UUID node = UUID.randomUUID();
        UUID cluster = UUID.randomUUID();
        boolean embedded = !(config.zookeeper().orElse(new TharsisConfig.ZooKeeperPlace.Embedded())
                instanceof TharsisConfig.ZooKeeperPlace.Servers);
        String zookeeper = config.zookeeper()
                .filter(TharsisConfig.ZooKeeperPlace.Servers.class::isInstance)
                .map(place -> ((TharsisConfig.ZooKeeperPlace.Servers) place).connectString())
                .orElseGet(places::embeddedConnectString);
        if (config.tls()) {
            caller.progress(Progress.step("making the cluster's authority"));
            ClusterAuthority authority = ClusterAuthority.create(command.name(), cluster, clock);
            TlsFiles files = tlsFiles();
            files.write(authority);
            files.write(authority.credentials(new NodeSubject(cluster, node, config.node(), hosts()), clock));
        }
        caller.progress(Progress.step("making the state tree"));
        if (embedded) {
            try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(places.embedded())) {
                LOG.debug("The tree is made at {}.", server.connectString());
                makeTree(zookeeper, command.name(), cluster);
            }
        } else {
            makeTree(zookeeper, command.name(), cluster);
        }
        Identity identity = new Identity(node, command.name(), cluster, zookeeper, embedded);
        identity.write(config.stateDirectory());
        return identity;
    }

    private void makeTree(String zookeeper, String name, UUID cluster) throws IOException, CommandFailed {
        CommandFailed.unlessDone(CuratorStateTree.createCluster(TreeConfig.of(zookeeper, places.tls()), name, cluster));
    }

    private List<String> hosts() {
        return NodeSubject.hosts(config.advertise(), config.listen(), config.zookeeperListen());
    }

    /** Lets this node into the cluster of the token; the identity that it returns is written down. */
    Identity join(Command.JoinCluster command, Caller caller) throws Exception {
        JoinToken token = JoinToken.parse(command.token());
        if (token instanceof JoinToken.Enrol == !config.tls()) {
            throw CommandFailed.refused(
                    "this token is of a cluster " + (config.tls() ? "without" : "with")
                            + " TLS, and this node has tls = " + (config.tls() ? "yes" : "no"),
                    "set tls in tharsis.conf as the cluster has it, and restart tharsisd");
        }
        UUID node = UUID.randomUUID();
        caller.progress(Progress.step("entering the cluster"));
        Identity identity = token instanceof JoinToken.Enrol enrol
                ? enrolled(enrol, command.address(), node)
                : plain((JoinToken.Plain) token, node);
        identity.write(config.stateDirectory());
        return identity;
    }

    private Identity enrolled(JoinToken.Enrol token, Optional<String> address, UUID node)
            throws CommandFailed, IOException {
        HostPort place = address.map(HostPort::parse).orElse(token.place());
        try {
            Enrolled enrolled = EnrolmentClient.enrol(token, place, node, config.node(), hosts());
            tlsFiles().write(enrolled.credentials());
            return new Identity(
                    node, enrolled.clusterName(), enrolled.cluster(), connectString(enrolled.zookeeper()), false);
        } catch (EnrolmentException failed) {
            String message = String.valueOf(failed.getMessage());
            throw failed.unreachable()
                    ? CommandFailed.unreachable(message, failed.hint())
                    : CommandFailed.refused(message, failed.hint());
        }
    }

    private Identity plain(JoinToken.Plain token, UUID node) {
        return new Identity(node, token.name(), token.cluster(), connectString(token.zookeeper()), false);
    }

    /** What this node's own configuration says counts more than what it is told. */
    private String connectString(String told) {
        return config.zookeeper()
                .filter(TharsisConfig.ZooKeeperPlace.Servers.class::isInstance)
                .map(place -> ((TharsisConfig.ZooKeeperPlace.Servers) place).connectString())
                .orElse(told);
    }

    /** A token for one more node. */
    TokenReport token(Member member) throws Exception {
        Identity identity = member.identity();
        if (!config.tls()) {
            JoinToken token = new JoinToken.Plain(identity.clusterUuid(), identity.clusterName(), identity.zookeeper());
            return new TokenReport(
                    token.format(), clock.instant().plus(TokenLedger.LIFETIME).toEpochMilli());
        }
        TokenLedger ledger = member.tokens()
                .orElseThrow(() -> CommandFailed.refused(
                        config.node() + " does not have the key of the cluster's authority",
                        "make the token on the node that created the cluster"));
        TokenLedger.Secret secret = ledger.create();
        String fingerprint = member.keys().orElseThrow().credentials().authorityFingerprint();
        JoinToken token = new JoinToken.Enrol(config.advertise(), fingerprint, secret.text());
        return new TokenReport(token.format(), secret.expires().toEpochMilli());
    }

    /** Waits until the tree knows this node. */
    ClusterReport entered(Member member) throws Exception {
        if (!member.awaitRegistered(REGISTERED_WITHIN)) {
            throw CommandFailed.timedOut(
                    config.node() + " belongs to the cluster "
                            + member.identity().clusterName()
                            + ", but is not entered in its state tree yet: "
                            + member.tree().connection().detail(),
                    "it enters by itself as soon as ZooKeeper can be reached");
        }
        Identity identity = member.identity();
        return new ClusterReport(
                identity.clusterName(),
                identity.clusterUuid(),
                config.node(),
                identity.nodeUuid(),
                identity.zookeeper());
    }
}
