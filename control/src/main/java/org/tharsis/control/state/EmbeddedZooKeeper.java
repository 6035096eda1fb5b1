// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.zookeeper.server.auth.ProviderRegistry;
import org.apache.zookeeper.server.embedded.ExitHandler;
import org.apache.zookeeper.server.embedded.ZooKeeperServerEmbedded;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A ZooKeeper server inside of this process, alone or as one of an ensemble. Its data survive restarts.
 *
 * <p>ZooKeeper takes some settings from system properties only; they are set while the server runs and taken back
 * afterwards. So a process runs one server; several (tests do) must agree about TLS. Start and close block; one thread at
 * a time.
 */
public final class EmbeddedZooKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedZooKeeper.class);
    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
    private static final String SYSTEM_PREFIX = "zookeeper.";

    private final EmbeddedZooKeeperConfig config;
    private final ZooKeeperServerEmbedded server;
    private final Map<Object, Object> systemBefore;

    private EmbeddedZooKeeper(
            EmbeddedZooKeeperConfig config, ZooKeeperServerEmbedded server, Map<Object, Object> systemBefore) {
        this.config = config;
        this.server = server;
        this.systemBefore = systemBefore;
    }

    /**
     * Starts a server and returns when it takes clients; one of an ensemble, when it takes part in elections.
     *
     * @throws IOException when it cannot, with the reason
     */
    public static EmbeddedZooKeeper start(EmbeddedZooKeeperConfig config) throws IOException {
        checkAddress(config);
        Files.createDirectories(config.directory());
        removeLeftovers(config.directory());
        Map<Object, Object> systemBefore = zooKeeperProperties();
        try {
            ZooKeeperServerEmbedded server = ZooKeeperServerEmbedded.builder()
                    .baseDir(config.directory())
                    .configuration(properties(config))
                    .exitHandler(ExitHandler.LOG_ONLY)
                    .build();
            checkPort(config);
            // The registry read the system properties when this process touched it first.
            ProviderRegistry.reset();
            startUnderWatchdog(config, server);
            return new EmbeddedZooKeeper(config, server, systemBefore);
        } catch (IOException e) {
            restore(systemBefore);
            throw e;
        } catch (Exception e) {
            restore(systemBefore);
            throw new IOException("ZooKeeper cannot start in " + config.directory() + ": " + e.getMessage(), e);
        } finally {
            removeLeftovers(config.directory());
        }
    }

    /** Where clients reach it. */
    public String connectString() {
        return config.host() + ":" + config.port();
    }

    @Override
    public void close() {
        server.close();
        restore(systemBefore);
    }

    /** A missing class makes ZooKeeper's start hang for ever instead of failing; a port in use makes it fail. */
    private static void startUnderWatchdog(EmbeddedZooKeeperConfig config, ZooKeeperServerEmbedded server)
            throws IOException {
        CompletableFuture<Void> started = new CompletableFuture<>();
        Thread starter = new Thread(
                () -> {
                    try {
                        server.start(START_TIMEOUT.toMillis());
                        started.complete(null);
                    } catch (Throwable e) {
                        started.completeExceptionally(e);
                    }
                },
                "tharsis-zookeeper-start");
        starter.setDaemon(true);
        starter.start();
        try {
            started.get(START_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            server.close();
            throw new IOException(
                    "ZooKeeper cannot start at " + config.host() + ":" + config.port() + " in " + config.directory()
                            + ": " + reason(e)
                            + ". Look whether another process uses this port or this directory, and for its own"
                            + " messages above",
                    e);
        } catch (InterruptedException e) {
            server.close();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while ZooKeeper was starting", e);
        }
    }

    private static String reason(Throwable e) {
        Throwable cause = e;
        for (Throwable next = cause.getCause(); next != null; next = cause.getCause()) {
            cause = next;
        }
        return cause instanceof TimeoutException
                ? "it was not ready after " + START_TIMEOUT.toSeconds() + " s"
                : String.valueOf(cause.getMessage());
    }

    private static void checkAddress(EmbeddedZooKeeperConfig config) throws IOException {
        if (config.tls().isEmpty() && !InetAddress.getByName(config.host()).isLoopbackAddress()) {
            throw new IOException("ZooKeeper without TLS may listen at a loopback address only, not at " + config.host()
                    + ": whoever reaches it could rule the cluster. Use tls = yes, or a ZooKeeper of your own");
        }
    }

    /** ZooKeeper itself would only log it, and never be ready. */
    private static void checkPort(EmbeddedZooKeeperConfig config) throws IOException {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(config.host(), config.port()));
        } catch (IOException e) {
            throw new IOException(
                    "ZooKeeper cannot listen at " + config.host() + ":" + config.port() + ": " + e.getMessage(), e);
        }
    }

    private static Properties properties(EmbeddedZooKeeperConfig config) throws IOException {
        Properties properties = new Properties();
        Path data = config.directory().toAbsolutePath().resolve("data");
        Files.createDirectories(data);
        properties.put("dataDir", data.toString());
        properties.put("tickTime", Long.toString(config.tick().toMillis()));
        properties.put("initLimit", "10");
        properties.put("syncLimit", "5");
        properties.put("maxClientCnxns", "4000");
        properties.put("autopurge.snapRetainCount", "3");
        properties.put("autopurge.purgeInterval", "1");
        properties.put("preAllocSize", "4096");
        properties.put("admin.enableServer", "false");
        properties.put("4lw.commands.whitelist", "srvr");
        if (config.tls().isPresent()) {
            properties.put("secureClientPort", Integer.toString(config.port()));
            properties.put("secureClientPortAddress", config.host());
            properties.put("serverCnxnFactory", "org.apache.zookeeper.server.NettyServerCnxnFactory");
            properties.put("enforce.auth.enabled", "true");
            properties.put("enforce.auth.schemes", "x509");
            properties.put("ssl.clientAuth", "need");
            properties.putAll(config.tls().get().settings("ssl"));
        } else {
            properties.put("clientPort", Integer.toString(config.port()));
            properties.put("clientPortAddress", config.host());
        }
        if (!config.members().isEmpty()) {
            ensemble(config, data, properties);
        }
        return properties;
    }

    private static void ensemble(EmbeddedZooKeeperConfig config, Path data, Properties properties) throws IOException {
        for (EmbeddedZooKeeperConfig.Member member : config.members()) {
            properties.put(
                    "server." + member.number(),
                    member.host() + ":" + member.quorumPort() + ":" + member.electionPort());
        }
        Files.writeString(data.resolve("myid"), config.self() + "\n", StandardCharsets.US_ASCII);
        if (config.tls().isPresent()) {
            properties.put("sslQuorum", "true");
            properties.putAll(config.tls().get().settings("ssl.quorum"));
        }
    }

    /** ZooKeeper leaves a copy of its configuration with each start. */
    private static void removeLeftovers(Path directory) throws IOException {
        try (DirectoryStream<Path> leftovers =
                Files.newDirectoryStream(directory, "zookeeper.configuration*.properties")) {
            for (Path leftover : leftovers) {
                Files.deleteIfExists(leftover);
            }
        }
    }

    private static Map<Object, Object> zooKeeperProperties() {
        Map<Object, Object> properties = new HashMap<>(System.getProperties());
        properties.keySet().removeIf(key -> !key.toString().startsWith(SYSTEM_PREFIX));
        return properties;
    }

    private static void restore(Map<Object, Object> before) {
        zooKeeperProperties().keySet().forEach(System.getProperties()::remove);
        System.getProperties().putAll(before);
        LOG.debug("ZooKeeper's system properties are as before");
    }
}
