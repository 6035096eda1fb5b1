// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.control.config.HostPort;

/** Which certificates open a connection between nodes, and how they are kept. */
class CredentialsTest {
    private static final UUID CLUSTER = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final NodeSubject ALPHA = new NodeSubject(CLUSTER, new UUID(1, 1), "alpha", List.of("127.0.0.1"));
    private static final NodeSubject BETA = new NodeSubject(CLUSTER, new UUID(1, 2), "beta", List.of("127.0.0.1"));

    @TempDir
    private Path directory;

    private final SettableClock clock = new SettableClock(Instant.now());
    private final ClusterAuthority authority = ClusterAuthority.create("test", CLUSTER, clock);

    @Test
    void nodesOfOneClusterAgreeAndKnowEachOther() throws Exception {
        SSLEngine server = handshake(authority.credentials(ALPHA, clock), authority.credentials(BETA, clock));

        assertThat(server.getSession().getProtocol()).isEqualTo("TLSv1.3");
        assertThat(server.getApplicationProtocol()).isEqualTo("tharsis/1");
        assertThat(server.getSession().getPeerCertificates()[0].toString())
                .contains("tharsis:" + CLUSTER + "/" + BETA.node());
    }

    @Test
    void aNodeOfAnotherAuthorityIsRefused() {
        ClusterAuthority other = ClusterAuthority.create("test", CLUSTER, clock);

        assertThatExceptionOfType(SSLException.class)
                .isThrownBy(() -> handshake(authority.credentials(ALPHA, clock), other.credentials(BETA, clock)));
    }

    @Test
    void aCertificateThatHasEndedIsRefused() {
        SettableClock longAgo = new SettableClock(clock.instant().minus(Duration.ofDays(366)));

        assertThatExceptionOfType(SSLException.class)
                .isThrownBy(() -> handshake(authority.credentials(ALPHA, clock), authority.credentials(BETA, longAgo)));
    }

    @Test
    void aNodeCannotSignForAnother() {
        Credentials alpha = authority.credentials(ALPHA, clock);
        ClusterAuthority impostor = new ClusterAuthority(alpha.key(), alpha.certificate());
        Credentials forged = impostor.credentials(BETA, clock);
        Credentials shown = new Credentials(forged.key(), forged.certificate(), alpha.certificate());

        assertThatExceptionOfType(SSLException.class).isThrownBy(() -> handshake(alpha, shown));
    }

    @Test
    void warnsThirtyDaysBeforeTheEnd() {
        Credentials credentials = authority.credentials(ALPHA, clock);

        assertThat(credentials.expiresSoon(clock.instant().plus(Duration.ofDays(334))))
                .isFalse();
        assertThat(credentials.expiresSoon(clock.instant().plus(Duration.ofDays(336))))
                .isTrue();
    }

    @Test
    void filesReadBackAndAreTheirOwnersOnly() throws Exception {
        TlsFiles files = new TlsFiles(directory.resolve("tls"));
        assertThat(files.authority()).isEmpty();
        assertThat(files.credentials()).isEmpty();
        Credentials credentials = authority.credentials(ALPHA, clock);

        files.write(authority);
        files.write(credentials);

        assertThat(files.authority()).contains(authority);
        assertThat(files.credentials()).contains(credentials);
        try (Stream<Path> written = Files.list(directory.resolve("tls"))) {
            assertThat(written)
                    .hasSize(5)
                    .allSatisfy(file -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                            .isEqualTo("rw-------"));
        }
        assertThat(Files.readString(files.keyStore()))
                .containsSubsequence("BEGIN PRIVATE KEY", "BEGIN CERTIFICATE", "BEGIN CERTIFICATE");
    }

    @Test
    void filesThatDoNotBelongTogetherAreRefused() throws Exception {
        TlsFiles files = new TlsFiles(directory);
        files.write(authority.credentials(ALPHA, clock));
        files.write(ClusterAuthority.create("test", CLUSTER, clock));

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(files::credentials)
                .withMessageContaining("node.pem: not signed by ca.pem");
    }

    @Test
    void aDamagedFileIsNamed() throws Exception {
        TlsFiles files = new TlsFiles(directory);
        files.write(authority.credentials(ALPHA, clock));
        Files.writeString(directory.resolve("node.key"), "-----BEGIN PRIVATE KEY-----\nAAAA\n");

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(files::credentials)
                .withMessageContaining("node.key: cannot be used");
    }

    @Test
    void loopbackIsReachedByAllItsNames() {
        assertThat(NodeSubject.hosts(new HostPort("0.0.0.0", 1), new HostPort("127.0.0.2", 2)))
                .containsExactly("127.0.0.2", "localhost", "127.0.0.1");
        assertThat(NodeSubject.hosts(new HostPort("berlin", 1), new HostPort("::", 2)))
                .containsExactly("berlin");
    }

    /** Returns the server's side when both have agreed. */
    private static SSLEngine handshake(Credentials serving, Credentials connecting)
            throws SSLException, SSLPeerUnverifiedException {
        SSLEngine server = engine(serving.peerTls().server());
        SSLEngine client = engine(connecting.peerTls().client());
        ByteBuffer toServer = ByteBuffer.allocate(64 * 1024);
        ByteBuffer toClient = ByteBuffer.allocate(64 * 1024);
        for (int step = 0; step < 20; step++) {
            move(client, toClient, toServer);
            move(server, toServer, toClient);
        }
        server.getSession().getPeerCertificates();
        return server;
    }

    private static SSLEngine engine(SslContext context) {
        return context.newEngine(ByteBufAllocator.DEFAULT);
    }

    /** One side reads what there is and writes what it can. */
    private static void move(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws SSLException {
        ByteBuffer nothing = ByteBuffer.allocate(0);
        in.flip();
        for (int step = 0; step < 10; step++) {
            engine.unwrap(in, ByteBuffer.allocate(64 * 1024));
            for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
                task.run();
            }
        }
        in.compact();
        while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
            engine.wrap(nothing, out);
        }
    }
}
