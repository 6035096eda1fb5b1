// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.replication.log.LogEncoder;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentName;
import org.tharsis.replication.peer.NodeIdentity;
import org.tharsis.replication.peer.PeerSettings;
import org.tharsis.replication.peer.PeerTls;
import org.tharsis.replication.peer.RawPeer;
import org.tharsis.replication.peer.TestCertificates;
import org.tharsis.replication.ship.GrowingLog;
import org.tharsis.replication.wire.ConnectionFrame.ErrorFrame;
import org.tharsis.replication.wire.ConnectionFrame.Heartbeat;
import org.tharsis.replication.wire.ConnectionFrame.Hello;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.FollowerFrame;
import org.tharsis.replication.wire.Frame;
import org.tharsis.replication.wire.ServerFrame;

/** What a peer can do wrong: one clear answer each, and nothing half-changed. */
class HostilePeerTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final LogPosition START = new LogPosition(0, 0, 0);

    @TempDir
    private Path primaryDirectory;

    @TempDir
    private Path secondaryDirectory;

    private GrowingLog primary;
    private RecordingReplica secondary;
    private TwoNodes nodes;

    @BeforeEach
    void startNodes() throws IOException {
        primary = new GrowingLog(primaryDirectory);
        secondary = new RecordingReplica(secondaryDirectory);
        nodes = new TwoNodes(uuid -> Optional.of(primary), Optional.empty(), Optional.empty());
    }

    @AfterEach
    void stopNodes() {
        nodes.close();
    }

    private RawPeer raw() throws IOException {
        return new RawPeer(nodes.server.address());
    }

    private RawPeer greeted() throws IOException {
        RawPeer peer = raw();
        assertThat(peer.hello(TwoNodes.FOLLOWER)).isInstanceOf(Hello.class);
        return peer;
    }

    private static FollowerFrame.Follow follow(int stream) {
        return new FollowerFrame.Follow(stream, LogEncoder.RESOURCE, 1 << 20, START, List.of());
    }

    private static void assertRefused(RawPeer peer, ErrorCode code, String why) throws IOException {
        Frame answer = peer.next();
        while (answer instanceof ServerFrame) {
            answer = peer.next();
        }
        assertThat(answer).isInstanceOf(ErrorFrame.class);
        ErrorFrame error = (ErrorFrame) answer;
        assertThat(error.code()).isEqualTo(code);
        assertThat(error.stream()).isZero();
        assertThat(error.sentence()).contains(why);
        assertThatThrownBy(peer::next).isInstanceOf(IOException.class);
    }

    /** What the follower tells its operator about a server that does as the script says. */
    private String followersWord(Script script) throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Follower follower = nodes.fetcher.follow(TwoNodes.address(listener.getLocalPort()), secondary);
            try (RawPeer peer = new RawPeer(listener.accept())) {
                assertThat(peer.next()).isInstanceOf(Hello.class);
                script.run(peer);
                await().atMost(SOON).until(() -> secondary.states.stream().anyMatch(HostilePeerTest::isBad));
            }
            follower.stop().toCompletableFuture().join();
        }
        return secondary.states.stream()
                .filter(HostilePeerTest::isBad)
                .map(Object::toString)
                .findFirst()
                .orElseThrow();
    }

    private static boolean isBad(FollowState state) {
        return state instanceof FollowState.Failed
                || (state instanceof FollowState.Connecting connecting
                        && !connecting.why().isEmpty());
    }

    private interface Script {
        void run(RawPeer peer) throws IOException;
    }

    private static Hello serverHello() {
        return new Hello(1, 1, TwoNodes.CLUSTER, TwoNodes.SERVER.node(), "server");
    }

    /** Exchanges hellos and waits for the follower's question, then goes on with the script. */
    private static Script asked(Script script) {
        return peer -> {
            peer.send(serverHello());
            assertThat(peer.next()).isInstanceOf(FollowerFrame.Follow.class);
            script.run(peer);
        };
    }

    private void assertNothingStored() throws IOException {
        assertThat(secondary.received).isEmpty();
        try (Stream<Path> files = Files.list(secondaryDirectory)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void aFollowerOfAnotherClusterIsRefused() throws IOException {
        UUID other = UUID.randomUUID();
        try (RawPeer peer = raw()) {
            peer.send(new Hello(1, 1, other, TwoNodes.FOLLOWER.node(), "stranger"));
            assertRefused(peer, ErrorCode.FOREIGN, "node stranger is of cluster " + other);
        }
    }

    @Test
    void aFollowerOfAnotherVersionIsRefused() throws IOException {
        try (RawPeer peer = raw()) {
            peer.send(new Hello(2, 3, TwoNodes.CLUSTER, TwoNodes.FOLLOWER.node(), "newer"));
            assertRefused(peer, ErrorCode.VERSION, "node newer speaks versions 2 to 3");
        }
    }

    @Test
    void aFollowerOfMoreVersionsIsTakenWithTheOneThatBothKnow() throws IOException {
        try (RawPeer peer = raw()) {
            peer.send(new Hello(1, 9, TwoNodes.CLUSTER, TwoNodes.FOLLOWER.node(), "newer"));
            assertThat(peer.next()).isEqualTo(serverHello());
        }
    }

    @Test
    void garbageIsRefused() throws IOException {
        try (RawPeer peer = raw()) {
            peer.send("GET / HTTP/1.1\r\nHost: example\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertRefused(peer, ErrorCode.PROTOCOL, "a frame of");
        }
    }

    @Test
    void aFirstFrameThatIsNoHelloIsRefused() throws IOException {
        try (RawPeer peer = raw()) {
            peer.send(follow(1));
            assertRefused(peer, ErrorCode.PROTOCOL, "no hello");
        }
    }

    @Test
    void aSecondHelloIsRefused() throws IOException {
        try (RawPeer peer = greeted()) {
            peer.send(serverHello());
            assertRefused(peer, ErrorCode.PROTOCOL, "type 1");
        }
    }

    @Test
    void aFrameOfTheServerIsRefusedByTheServer() throws IOException {
        try (RawPeer peer = greeted()) {
            peer.send(new ServerFrame.Following(1, 0));
            assertRefused(peer, ErrorCode.PROTOCOL, "type 32");
        }
    }

    @Test
    void aStreamThatWasNeverOpenedIsRefused() throws IOException {
        try (RawPeer peer = greeted()) {
            peer.send(new FollowerFrame.Credit(7, 1));
            assertRefused(peer, ErrorCode.PROTOCOL, "stream 7 was never opened");
        }
    }

    @Test
    void aStreamThatIsOpenedTwiceIsRefused() throws IOException {
        try (RawPeer peer = greeted()) {
            peer.send(follow(1));
            peer.send(follow(1));
            assertRefused(peer, ErrorCode.PROTOCOL, "stream 1 was opened before");
        }
    }

    @Test
    void creditBeyondOneGibibyteIsRefused() throws IOException {
        try (RawPeer peer = greeted()) {
            peer.send(follow(1));
            peer.send(new FollowerFrame.Credit(1, 1 << 30));
            assertRefused(peer, ErrorCode.PROTOCOL, "more than 1 GiB");
        }
    }

    @Test
    void anAcknowledgementOfWhatWasNotSentIsRefusedAndNotBelieved() throws IOException {
        primary.append(4096).durable();
        try (RawPeer peer = greeted()) {
            peer.send(follow(1));
            assertThat(peer.next()).isInstanceOf(ServerFrame.Following.class);
            peer.send(new FollowerFrame.Ack(1, 1 << 20, 1 << 20, 0));
            assertRefused(peer, ErrorCode.PROTOCOL, "what was not sent");
        }
        assertThat(primary.acknowledged).isEmpty();
    }

    @Test
    void aPositionThatIsNoneOfThisLogsGetsNothing() throws IOException {
        primary.append(4096).durable();
        try (RawPeer peer = greeted()) {
            peer.send(
                    new FollowerFrame.Follow(1, LogEncoder.RESOURCE, 1 << 20, new LogPosition(4096, 1, 42), List.of()));
            Frame answer = peer.next();
            assertThat(answer).isInstanceOfAny(ServerFrame.Diverged.class, ErrorFrame.class);
            assertThat(primary.kept).isEmpty();
        }
    }

    @Test
    void aFollowerThatGivesNoCreditGetsNoMoreThanItsWindow() throws IOException {
        for (int i = 0; i < 30; i++) {
            primary.append(100 * 512);
        }
        primary.durable();
        try (RawPeer peer = greeted()) {
            peer.send(follow(1));
            long window = 1 << 20;
            long came = 0;
            peer.patience(500);
            try {
                while (true) {
                    Frame frame = peer.nextOfAny();
                    if (frame instanceof ServerFrame.Bytes bytes) {
                        came += bytes.frameBytes();
                        bytes.content().release();
                    } else if (frame instanceof Heartbeat && came > window / 2) {
                        peer.patience(1);
                    }
                }
            } catch (SocketTimeoutException nothingMore) {
                assertThat(came).isBetween(window / 2, window);
            }
            assertThat(primary.end().lsn()).isGreaterThan(window);
        }
    }

    @Test
    void aPeerThatSaysNoHelloIsGivenUp() throws IOException {
        try (TwoNodes impatient = new TwoNodes(
                        uuid -> Optional.of(primary),
                        Optional.empty(),
                        Optional.empty(),
                        TwoNodes.FOLLOWER,
                        new PeerSettings(20, 100, 5, 40, 1 << 20));
                RawPeer peer = new RawPeer(impatient.server.address())) {
            assertThatThrownBy(peer::next).hasMessageContaining("closed");
        }
    }

    @Test
    void aServerOfAnotherClusterIsLeft() throws Exception {
        UUID other = UUID.randomUUID();
        assertThat(followersWord(peer -> peer.send(new Hello(1, 1, other, TwoNodes.SERVER.node(), "stranger"))))
                .contains("node stranger is of cluster " + other);
    }

    @Test
    void anotherNodeThanTheOneWantedIsLeft() throws Exception {
        UUID other = UUID.randomUUID();
        assertThat(followersWord(peer -> peer.send(new Hello(1, 1, TwoNodes.CLUSTER, other, "wrong"))))
                .contains("answers node wrong (" + other + ")");
    }

    @Test
    void theReasonOfAServerThatRefusesIsTold() throws Exception {
        assertThat(followersWord(peer -> peer.send(new ErrorFrame(0, ErrorCode.VERSION, "too old, sorry"))))
                .contains("refused by")
                .contains("too old, sorry");
    }

    @Test
    void bytesAtAnotherPlaceThanTheNextAreNotTaken() throws Exception {
        assertThat(followersWord(asked(peer -> {
                    peer.send(new ServerFrame.Following(1, 0));
                    peer.send(
                            new ServerFrame.Bytes(1, 4096, Unpooled.EMPTY_BUFFER), Unpooled.wrappedBuffer(new byte[8]));
                })))
                .contains("LSN 4096 came, 0 is the next one");
        assertNothingStored();
    }

    @Test
    void bytesBeforeAnAnswerAreNotTaken() throws Exception {
        assertThat(followersWord(asked(peer -> peer.send(
                        new ServerFrame.Bytes(1, 0, Unpooled.EMPTY_BUFFER), Unpooled.wrappedBuffer(new byte[8])))))
                .contains("out of order");
        assertNothingStored();
    }

    @Test
    void aSegmentThatDoesNotBeginWhereTheLogEndsIsNotTaken() throws Exception {
        assertThat(followersWord(asked(peer -> {
                    peer.send(new ServerFrame.Following(1, 0));
                    peer.send(new ServerFrame.Segment(1, new SegmentName(1, 4096)));
                })))
                .contains("LSN 4096 came, 0 is the next one");
        assertNothingStored();
    }

    @Test
    void aSegmentHeaderOfAnotherChainIsNotStored() throws Exception {
        byte[] header = LogEncoder.segmentHeader(new SegmentName(1, 0), 0, 7);
        assertThat(followersWord(asked(peer -> {
                    peer.send(new ServerFrame.Following(1, 0));
                    peer.send(new ServerFrame.Bytes(1, 0, Unpooled.EMPTY_BUFFER), Unpooled.wrappedBuffer(header));
                })))
                .contains("Failed");
        assertThat(secondary.received).isEmpty();
    }

    @Test
    void garbageInTheLogIsNotStored() throws Exception {
        assertThat(followersWord(asked(peer -> {
                    peer.send(new ServerFrame.Following(1, 0));
                    peer.send(
                            new ServerFrame.Bytes(1, 0, Unpooled.EMPTY_BUFFER),
                            Unpooled.wrappedBuffer(LogEncoder.payload(8192)));
                })))
                .contains("magic THARSEG1 expected");
        assertThat(secondary.received).isEmpty();
    }

    @Test
    void anUnknownCertificateIsRefusedOnBothSides() throws IOException {
        assertTlsRefused(
                new TestCertificates().of(TwoNodes.SERVER),
                new TestCertificates().of(TwoNodes.FOLLOWER),
                "the peer's certificate is not of this cluster");
    }

    @Test
    void anExpiredCertificateOfTheServerIsRefused() throws IOException {
        TestCertificates authority = new TestCertificates();
        assertTlsRefused(
                authority.of(TwoNodes.SERVER, Duration.ofMinutes(-10)),
                authority.of(TwoNodes.FOLLOWER),
                "the peer's certificate has expired");
    }

    @Test
    void anExpiredCertificateOfTheFollowerIsRefused() throws IOException {
        TestCertificates authority = new TestCertificates();
        assertTlsRefused(
                authority.of(TwoNodes.SERVER),
                authority.of(TwoNodes.FOLLOWER, Duration.ofMinutes(-10)),
                "this node's certificate has expired");
    }

    @Test
    void aNodeThatShowsAnothersCertificateIsRefused() throws IOException {
        TestCertificates authority = new TestCertificates();
        NodeIdentity other = new NodeIdentity(TwoNodes.CLUSTER, UUID.randomUUID(), "other");
        assertTlsRefused(authority.of(TwoNodes.SERVER), authority.of(other), "but its certificate is of tharsis:");
    }

    @Test
    void aNodeWithoutACertificateIsRefused() throws IOException {
        TestCertificates authority = new TestCertificates();
        assertTlsRefused(
                authority.of(TwoNodes.SERVER), authority.withoutCertificate(), "shows no certificate of a node");
    }

    private void assertTlsRefused(PeerTls server, PeerTls follower, String why) throws IOException {
        primary.append(4096).durable();
        try (TwoNodes secured =
                new TwoNodes(uuid -> Optional.of(primary), Optional.of(server), Optional.of(follower))) {
            Follower started = secured.fetcher.follow(secured.address(), secondary);
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(secondary.states.toString()).contains(why));
            started.stop().toCompletableFuture().join();
        }
        assertThat(secondary.received).isEmpty();
        assertThat(primary.kept).isEmpty();
    }

    @Test
    void aFollowerWithoutTlsIsToldApartFromAServerWithIt() throws IOException {
        TestCertificates authority = new TestCertificates();
        try (TwoNodes secured = new TwoNodes(
                uuid -> Optional.of(primary), Optional.of(authority.of(TwoNodes.SERVER)), Optional.empty())) {
            Follower started = secured.fetcher.follow(secured.address(), secondary);
            await().atMost(SOON).until(() -> secondary.states.stream().anyMatch(HostilePeerTest::isBad));
            started.stop().toCompletableFuture().join();
        }
        assertThat(primary.kept).isEmpty();
    }

    @Test
    void aFollowerWithTlsIsToldThatTheServerHasNone() throws Exception {
        TestCertificates authority = new TestCertificates();
        try (RawPeer peer = raw();
                TwoNodes secured = new TwoNodes(
                        uuid -> Optional.of(primary), Optional.empty(), Optional.of(authority.of(TwoNodes.FOLLOWER)))) {
            Follower started = secured.fetcher.follow(secured.address(), secondary);
            await().atMost(SOON).until(() -> secondary.states.stream().anyMatch(HostilePeerTest::isBad));
            started.stop().toCompletableFuture().join();
            peer.send(new byte[] {0x16, 3, 1, 0, 0});
            assertRefused(peer, ErrorCode.PROTOCOL, "the peer speaks TLS, and this node does not");
        }
    }
}
