// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.api.ApiServer;
import org.tharsis.control.config.ConfigException;
import org.tharsis.control.config.TharsisConfig;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/**
 * The daemon's process: reads the configuration, starts the node and its socket, and stops both in order at SIGTERM. Devices
 * go on without it.
 */
@CommandLine.Command(
        name = "tharsisd",
        mixinStandardHelpOptions = true,
        versionProvider = Tharsisd.VersionText.class,
        description = "The daemon of a node of Tharsis. It stays in the foreground; 'tharsis' speaks with it.")
public final class Tharsisd implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(Tharsisd.class);
    private static final int REFUSED = 1;
    private static final int USAGE = 2;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "configuration; /etc/tharsis/tharsis.conf when it is there")
    private Optional<Path> file = Optional.empty();

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Tharsisd()).execute(arguments));
    }

    @Override
    public Integer call() throws InterruptedException {
        TharsisConfig config;
        try {
            config = TharsisConfig.read(file);
        } catch (ConfigException wrong) {
            LOG.error("{}", wrong.getMessage());
            return USAGE;
        }
        try {
            run(config);
            return 0;
        } catch (IOException failed) {
            LOG.error("The daemon cannot start: {}", failed.getMessage());
            return REFUSED;
        }
    }

    /** Until a signal ends it; the signal waits for the end. */
    @SuppressWarnings("try") // the server is there, and need not be spoken to
    private static void run(TharsisConfig config) throws IOException, InterruptedException {
        CountDownLatch told = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        try (Node node = Node.start(config, Clock.systemUTC());
                Closeable served = ApiServer.start(config.socket(), node)) {
            LOG.info("Commands are taken at {}.", config.socket());
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(told, ended), "shutdown"));
            told.await();
            LOG.info("Stopping; devices go on without the daemon.");
        } finally {
            ended.countDown();
        }
    }

    static final class VersionText implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"tharsisd " + Version.TEXT};
        }
    }

    private static void stop(CountDownLatch told, CountDownLatch ended) {
        told.countDown();
        try {
            ended.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
