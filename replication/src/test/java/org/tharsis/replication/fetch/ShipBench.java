// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.tharsis.replication.log.SegmentName;
import org.tharsis.replication.peer.PeerSettings;
import org.tharsis.replication.peer.PeerTls;
import org.tharsis.replication.peer.TestCertificates;
import org.tharsis.replication.ship.GrowingLog;

/**
 * Measures shipping against {@link PlainCopy} of the same segment files over the same loopback, with and without TLS, in turn: the
 * machine's moods meet all alike. Both ends are in this process, so its CPU time is that of both. Arguments: a directory to work in (on
 * the file system that is to be measured), MiB of log, rounds. Prints {@code key=value} lines.
 */
public final class ShipBench {
    private static final int SEGMENT_BYTES = 64 << 20;
    private static final int PAYLOAD_BYTES = 256 << 10;

    /** One way to bring the log over. */
    private enum Way {
        COPY,
        SHIP
    }

    private record Figure(Way way, boolean tls, double bytesPerSecond, double cpuSecondsPerGib) {}

    private final PrintStream out;
    private final Path work;
    private final GrowingLog log;
    private final List<Path> segments;
    private final long bytes;
    private final PeerTls serverTls;
    private final PeerTls followerTls;

    private ShipBench(Path work, long logBytes, PrintStream out) throws IOException {
        this.out = out;
        this.work = work;
        this.log = new GrowingLog(Files.createDirectory(work.resolve("source")));
        while (log.end().lsn() < logBytes) {
            SegmentName newest =
                    SegmentName.parse(log.newest().getFileName().toString()).orElseThrow();
            if (log.end().lsn() - newest.startLsn() > SEGMENT_BYTES) {
                log.segment(1);
            }
            log.append(PAYLOAD_BYTES);
        }
        log.durable();
        try (Stream<Path> files = Files.list(log.logDirectory())) {
            segments = files.sorted().toList();
        }
        bytes = log.end().lsn();
        TestCertificates authority = new TestCertificates();
        serverTls = authority.of(TwoNodes.SERVER);
        followerTls = authority.of(TwoNodes.FOLLOWER);
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 3) {
            System.err.println("usage: ShipBench DIRECTORY MIB ROUNDS");
            System.exit(2);
        }
        Path work = Files.createTempDirectory(Path.of(arguments[0]), "ship-bench");
        try {
            new ShipBench(work, Long.parseLong(arguments[1]) << 20, System.out).run(Integer.parseInt(arguments[2]));
        } finally {
            remove(work);
        }
    }

    private void run(int rounds) throws Exception {
        List<Figure> figures = new ArrayList<>();
        // Round 0 warms up the compiler and the page cache, and does not count.
        for (int round = 0; round <= rounds; round++) {
            for (boolean tls : new boolean[] {false, true}) {
                for (Way way : Way.values()) {
                    Figure figure = measure(way, tls);
                    out.printf(
                            "round=%d way=%s tls=%s mib-per-second=%.0f cpu-seconds-per-gib=%.2f%n",
                            round, way, tls, figure.bytesPerSecond / (1 << 20), figure.cpuSecondsPerGib);
                    if (round > 0) {
                        figures.add(figure);
                    }
                }
            }
        }
        for (boolean tls : new boolean[] {false, true}) {
            double copy = median(figures, Way.COPY, tls).bytesPerSecond;
            Figure ship = median(figures, Way.SHIP, tls);
            out.printf(
                    "tls=%s ship-to-copy=%.2f mib-per-second=%.0f cpu-seconds-per-gib=%.2f copy-cpu-seconds-per-gib=%.2f%n",
                    tls,
                    ship.bytesPerSecond / copy,
                    ship.bytesPerSecond / (1 << 20),
                    ship.cpuSecondsPerGib,
                    median(figures, Way.COPY, tls).cpuSecondsPerGib);
        }
    }

    private static Figure median(List<Figure> figures, Way way, boolean tls) {
        List<Figure> sorted = figures.stream()
                .filter(figure -> figure.way == way && figure.tls == tls)
                .sorted(Comparator.comparingDouble(Figure::bytesPerSecond))
                .toList();
        return sorted.get(sorted.size() / 2);
    }

    private Figure measure(Way way, boolean tls) throws Exception {
        Path target = Files.createDirectory(work.resolve("target"));
        try {
            OperatingSystemMXBean machine = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
            long cpuNs = machine.getProcessCpuTime();
            double seconds = way == Way.COPY ? copy(target, tls) : ship(target, tls);
            double cpuSeconds = (machine.getProcessCpuTime() - cpuNs) / 1e9;
            return new Figure(way, tls, bytes / seconds, cpuSeconds / (bytes / (double) (1 << 30)));
        } finally {
            remove(target);
        }
    }

    private double copy(Path target, boolean tls) {
        try (PlainCopy copy = new PlainCopy(segments, tls ? Optional.of(serverTls) : Optional.empty())) {
            long startNs = System.nanoTime();
            copy.copyTo(target);
            return (System.nanoTime() - startNs) / 1e9;
        }
    }

    private double ship(Path target, boolean tls) throws Exception {
        try (TwoNodes nodes = new TwoNodes(
                uuid -> Optional.of(log),
                tls ? Optional.of(serverTls) : Optional.empty(),
                tls ? Optional.of(followerTls) : Optional.empty(),
                TwoNodes.FOLLOWER,
                PeerSettings.DEFAULTS)) {
            RecordingReplica replica = new RecordingReplica(target);
            long startNs = System.nanoTime();
            Follower follower = nodes.fetcher.follow(nodes.address(), replica);
            while (replica.receivedLsn() != bytes) {
                Thread.sleep(0, 200_000);
            }
            double seconds = (System.nanoTime() - startNs) / 1e9;
            follower.stop().toCompletableFuture().get();
            return seconds;
        }
    }

    private static void remove(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
