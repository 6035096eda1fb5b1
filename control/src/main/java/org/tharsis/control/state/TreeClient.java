// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.state.SessionConnectionStateErrorPolicy;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.client.ZKClientConfig;

/** Makes Curator clients. Curator keeps the session; what is asked and changed goes by {@link TreeCalls}. */
final class TreeClient {
    private static final int RETRY_MS = 100;

    /** A client that is not started yet. */
    static CuratorFramework create(TreeConfig config) throws IOException {
        return CuratorFrameworkFactory.builder()
                .connectString(config.connectString())
                .sessionTimeoutMs((int) config.sessionTimeout().toMillis())
                .connectionTimeoutMs((int) config.operationTimeout().toMillis())
                .retryPolicy(new RetryOneTime(RETRY_MS))
                .connectionStateErrorPolicy(new SessionConnectionStateErrorPolicy())
                // What servers call each other need not be what reaches them from here.
                .ensembleTracker(false)
                .dontUseContainerParents()
                .zkClientConfig(zooKeeperConfig(config))
                .threadFactory(daemons("tharsis-curator"))
                .build();
    }

    private static ZKClientConfig zooKeeperConfig(TreeConfig config) throws IOException {
        ZKClientConfig zooKeeper = new ZKClientConfig();
        if (config.tls().isPresent()) {
            zooKeeper.setProperty(ZKClientConfig.SECURE_CLIENT, "true");
            zooKeeper.setProperty(
                    ZKClientConfig.ZOOKEEPER_CLIENT_CNXN_SOCKET, "org.apache.zookeeper.ClientCnxnSocketNetty");
            for (Map.Entry<String, String> setting :
                    config.tls().get().settings("ssl").entrySet()) {
                zooKeeper.setProperty("zookeeper." + setting.getKey(), setting.getValue());
            }
        } else {
            zooKeeper.setProperty(ZKClientConfig.SECURE_CLIENT, "false");
        }
        return zooKeeper;
    }

    /** Threads that do not keep the process alive. */
    static ThreadFactory daemons(String name) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    private TreeClient() {}
}
