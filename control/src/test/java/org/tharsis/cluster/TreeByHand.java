// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;

/** Somebody who edits the state tree with ZooKeeper's own tools, past all checks. One thread at a time. */
final class TreeByHand implements AutoCloseable {
    private static final int SESSION_MS = 10_000;
    private static final String TOP = "/tharsis/test/";

    private final ZooKeeper zooKeeper;

    /** With the certificate of the node that runs ZooKeeper. */
    TreeByHand(TestNode witness) {
        Path tls = witness.stateDirectory().resolve("tls");
        ZKClientConfig config = new ZKClientConfig();
        config.setProperty(ZKClientConfig.SECURE_CLIENT, "true");
        config.setProperty(ZKClientConfig.ZOOKEEPER_CLIENT_CNXN_SOCKET, "org.apache.zookeeper.ClientCnxnSocketNetty");
        config.setProperty(
                "zookeeper.ssl.keyStore.location", tls.resolve("zookeeper.pem").toString());
        config.setProperty("zookeeper.ssl.keyStore.type", "PEM");
        config.setProperty(
                "zookeeper.ssl.trustStore.location", tls.resolve("ca.pem").toString());
        config.setProperty("zookeeper.ssl.trustStore.type", "PEM");
        CountDownLatch connected = new CountDownLatch(1);
        try {
            zooKeeper = new ZooKeeper(
                    witness.zookeeperListen(),
                    SESSION_MS,
                    event -> {
                        if (event.getState() == Watcher.Event.KeeperState.SyncConnected) {
                            connected.countDown();
                        }
                    },
                    config);
            if (!connected.await(SESSION_MS, TimeUnit.MILLISECONDS)) {
                throw new AssertionError("no connection to ZooKeeper at " + witness.zookeeperListen());
            }
        } catch (IOException cannot) {
            throw new UncheckedIOException(cannot);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    String read(String key) {
        try {
            return new String(zooKeeper.getData(TOP + key, false, null), StandardCharsets.UTF_8);
        } catch (KeeperException | InterruptedException failed) {
            throw new AssertionError(key, failed);
        }
    }

    /** Writes it, whatever stands there and whether there is one or not. */
    void write(String key, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        try {
            if (zooKeeper.exists(TOP + key, false) == null) {
                zooKeeper.create(TOP + key, bytes, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            } else {
                zooKeeper.setData(TOP + key, bytes, -1);
            }
        } catch (KeeperException | InterruptedException failed) {
            throw new AssertionError(key, failed);
        }
    }

    void remove(String key) {
        try {
            zooKeeper.delete(TOP + key, -1);
        } catch (KeeperException | InterruptedException failed) {
            throw new AssertionError(key, failed);
        }
    }

    @Override
    public void close() {
        try {
            zooKeeper.close();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
