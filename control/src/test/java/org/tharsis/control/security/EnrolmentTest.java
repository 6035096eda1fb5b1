// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.control.config.HostPort;

/** A node gets its certificate over a real TLS connection. */
class EnrolmentTest {
    private static final UUID CLUSTER = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final UUID FIRST = UUID.fromString("11111111-4455-6677-8899-aabbccddeeff");
    private static final UUID SECOND = UUID.fromString("22222222-4455-6677-8899-aabbccddeeff");

    @TempDir
    private Path directory;

    private final SettableClock clock = new SettableClock(Instant.now());
    private final ClusterAuthority authority = ClusterAuthority.create("test", CLUSTER, clock);
    private final EventLoopGroup threads = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private TokenLedger tokens;
    private HostPort place;
    private boolean directoryAway;

    @BeforeEach
    void listen() throws Exception {
        tokens = new TokenLedger(directory, clock);
        place = listen(authority);
    }

    @AfterEach
    void stop() {
        threads.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private HostPort listen(ClusterAuthority signer) throws Exception {
        Credentials server = signer.credentials(new NodeSubject(CLUSTER, FIRST, "first", List.of("localhost")), clock);
        EnrolmentServer enrolment = new EnrolmentServer(signer, tokens, new TestDirectory(), clock, Runnable::run);
        var tls = server.peerTls().server();
        Channel channel = new ServerBootstrap()
                .group(threads)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel connection) {
                        connection.pipeline().addLast(tls.newHandler(connection.alloc()));
                        connection.pipeline().addLast(new ApplicationProtocolNegotiationHandler("none") {
                            @Override
                            protected void configurePipeline(ChannelHandlerContext context, String protocol) {
                                assertThat(protocol).isEqualTo(EnrolmentServer.protocol());
                                context.pipeline().addLast(enrolment.handler());
                            }
                        });
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .sync()
                .channel();
        return new HostPort("127.0.0.1", ((InetSocketAddress) channel.localAddress()).getPort());
    }

    private final class TestDirectory implements ClusterDirectory {
        @Override
        public UUID cluster() {
            return CLUSTER;
        }

        @Override
        public String clusterName() {
            return "test";
        }

        @Override
        public String zookeeper() {
            return "127.0.0.1:7441";
        }

        @Override
        public Optional<UUID> nodeNamed(String name) throws IOException {
            if (directoryAway) {
                throw new IOException("ZooKeeper is away");
            }
            return name.equals("first") ? Optional.of(FIRST) : Optional.empty();
        }
    }

    private JoinToken.Enrol token() throws IOException {
        JoinToken token = new JoinToken.Enrol(
                place, Fingerprint.of(authority.certificate()), tokens.create().text());
        return (JoinToken.Enrol) JoinToken.parse(token.format());
    }

    private Enrolled enrol(JoinToken.Enrol token, String name) throws EnrolmentException {
        return EnrolmentClient.enrol(token, token.place(), SECOND, name, List.of("localhost", "127.0.0.1", "::1"));
    }

    @Test
    void aTokenGivesACertificateThatNamesTheNode() throws Exception {
        Enrolled enrolled = enrol(token(), "second");

        assertThat(enrolled.cluster()).isEqualTo(CLUSTER);
        assertThat(enrolled.clusterName()).isEqualTo("test");
        assertThat(enrolled.zookeeper()).isEqualTo("127.0.0.1:7441");
        assertThat(enrolled.credentials().authority()).isEqualTo(authority.certificate());
        assertThat(enrolled.credentials().certificate().getSubjectAlternativeNames())
                .extracting(name -> name.get(1).toString())
                .containsExactly("tharsis:" + CLUSTER + "/" + SECOND, "localhost", "127.0.0.1", "0:0:0:0:0:0:0:1");
        assertThat(Duration.between(clock.instant(), enrolled.credentials().expires()))
                .isBetween(Duration.ofDays(364), Duration.ofDays(366));
    }

    @Test
    void aTokenIsGoodForOneNodeOnly() throws Exception {
        JoinToken.Enrol token = token();
        enrol(token, "second");

        assertRefused(token, "third", "this token was used already");
    }

    @Test
    void aTokenEndsAfterAnHour() throws Exception {
        JoinToken.Enrol token = token();
        clock.advance(TokenLedger.LIFETIME.plusSeconds(1));

        assertRefused(token, "second", "this token has expired");
    }

    @Test
    void aSecretThatNobodyGaveIsRefused() throws Exception {
        JoinToken.Enrol token = token();

        assertRefused(
                new JoinToken.Enrol(place, token.authority(), "0".repeat(32)), "second", "is none of this cluster");
    }

    @Test
    void aNameThatAnotherNodeHasIsRefusedAndTheTokenStaysGood() throws Exception {
        JoinToken.Enrol token = token();

        assertRefused(token, "first", "another node named first");
        assertThat(enrol(token, "second").clusterName()).isEqualTo("test");
    }

    @Test
    void aNameThatIsNoneIsRefusedAndTheTokenStaysGood() throws Exception {
        JoinToken.Enrol token = token();

        assertRefused(token, "none", "node name none");
        assertThat(enrol(token, "second").clusterName()).isEqualTo("test");
    }

    @Test
    void aNodeThatCannotDecideSaysSo() throws Exception {
        directoryAway = true;

        assertThatExceptionOfType(EnrolmentException.class)
                .isThrownBy(() -> enrol(token(), "second"))
                .withMessageContaining("ZooKeeper is away")
                .matches(EnrolmentException::unreachable);
    }

    @Test
    void aServerOfAnotherAuthorityGetsNoSecret() throws Exception {
        JoinToken.Enrol token = token();
        HostPort impostor = listen(ClusterAuthority.create("test", CLUSTER, clock));

        assertThatExceptionOfType(EnrolmentException.class)
                .isThrownBy(() -> EnrolmentClient.enrol(token, impostor, SECOND, "second", List.of("localhost")))
                .withMessageContaining("another authority than the token says");
        assertThat(enrol(token, "second").clusterName()).isEqualTo("test");
    }

    @Test
    void nobodyAtTheAddressIsUnreachable() throws Exception {
        JoinToken.Enrol token = token();

        assertThatExceptionOfType(EnrolmentException.class)
                .isThrownBy(() -> EnrolmentClient.enrol(
                        token, new HostPort("127.0.0.1", 1), SECOND, "second", List.of("localhost")))
                .withMessageContaining("cannot be reached at 127.0.0.1:1")
                .matches(EnrolmentException::unreachable);
    }

    @Test
    void tokensSurviveARestart() throws Exception {
        TokenLedger.Secret unused = tokens.create();
        TokenLedger.Secret used = tokens.create();
        assertThat(tokens.use(used.text())).isEqualTo(TokenLedger.Use.ACCEPTED);

        TokenLedger restarted = new TokenLedger(directory, clock);

        assertThat(restarted.use(used.text())).isEqualTo(TokenLedger.Use.UNKNOWN);
        assertThat(restarted.use(unused.text())).isEqualTo(TokenLedger.Use.ACCEPTED);
    }

    private void assertRefused(JoinToken.Enrol token, String name, String message) {
        assertThatExceptionOfType(EnrolmentException.class)
                .isThrownBy(() -> enrol(token, name))
                .withMessageContaining(message)
                .matches(refused -> !refused.unreachable() && !refused.hint().isEmpty());
    }
}
