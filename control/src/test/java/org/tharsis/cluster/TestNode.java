// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/** One node: a directory that stays, and a brickd and a tharsisd that come and go. One thread at a time. */
final class TestNode implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    private final String name;
    private final Path directory;
    private final boolean hasDriver;
    private final String listen = "127.0.0.1:" + Ports.free();
    private final String zookeeperListen = "127.0.0.1:" + Ports.free();
    private final Map<String, Line> linesToPeers = new TreeMap<>();
    private Optional<Line> lineToZooKeeper = Optional.empty();
    private Optional<ChildProcess> brickd = Optional.empty();
    private Optional<ChildProcess> tharsisd = Optional.empty();

    /** @param hasDriver without one it holds no replicas: it runs ZooKeeper */
    TestNode(String name, Path parent, boolean hasDriver) {
        this.name = name;
        this.directory = parent.resolve(name);
        this.hasDriver = hasDriver;
        try {
            Files.createDirectories(directory);
        } catch (IOException cannot) {
            throw new UncheckedIOException(cannot);
        }
    }

    String name() {
        return name;
    }

    boolean hasDriver() {
        return hasDriver;
    }

    /** By which this node reaches that one. */
    Line lineTo(TestNode peer) {
        Line line = linesToPeers.get(peer.name);
        if (line == null) {
            throw new AssertionError(name + " has no line to " + peer.name);
        }
        return line;
    }

    Line lineToZooKeeper() {
        return lineToZooKeeper.orElseThrow();
    }

    /** Lays a line to a peer; before the start. */
    void reach(TestNode peer) {
        linesToPeers.put(peer.name, Line.to(peer.listen, name + "-to-" + peer.name, log("lines")));
    }

    /** Lays the line to the ZooKeeper that this node runs; before the start. */
    void reachZooKeeperOf(TestNode witness) {
        lineToZooKeeper = Optional.of(Line.to(witness.zookeeperListen, name + "-to-zookeeper", log("lines")));
    }

    /** Writes its configuration; after all lines are laid. */
    void configure() {
        List<String> lines = new ArrayList<>(List.of(
                "node = " + name,
                "state-directory = " + stateDirectory(),
                "socket = " + directory.resolve("tharsis.sock"),
                "driver = " + (hasDriver ? directory.resolve("brickd.sock").toString() : "none"),
                "listen = " + listen));
        lineToZooKeeper.ifPresentOrElse(
                line -> lines.add("zookeeper = " + line.address()),
                () -> lines.addAll(List.of("zookeeper = embedded", "zookeeper-listen = " + zookeeperListen)));
        if (!linesToPeers.isEmpty()) {
            lines.add("reach = "
                    + linesToPeers.entrySet().stream()
                            .map(line -> line.getKey() + "@" + line.getValue().address())
                            .collect(Collectors.joining(", ")));
        }
        try {
            Files.write(configuration(), lines);
        } catch (IOException cannot) {
            throw new UncheckedIOException(cannot);
        }
    }

    // ---- its processes

    /** Starts what does not run, and waits until it can be spoken with. */
    void start() {
        startBrickd();
        startTharsisd();
        awaitStarted();
    }

    void startBrickd() {
        if (!hasDriver || brickd.filter(ChildProcess::isAlive).isPresent()) {
            return;
        }
        brickd = Optional.of(ChildProcess.start(
                name + "'s brickd",
                log("brickd"),
                List.of(
                        Installation.brickd().toString(),
                        "--control",
                        directory.resolve("brickd.sock").toString(),
                        "--nbd-unix",
                        nbdSocket().toString(),
                        "--dirty-limit",
                        "64MiB")));
    }

    void startTharsisd() {
        if (tharsisd.filter(ChildProcess::isAlive).isPresent()) {
            return;
        }
        tharsisd = Optional.of(ChildProcess.start(
                name + "'s tharsisd",
                log("tharsisd"),
                // It lives for seconds: what is compiled once is good enough.
                List.of(
                        "env",
                        "THARSIS_JAVA_OPTIONS=-XX:TieredStopAtLevel=1",
                        Installation.tharsisd().toString(),
                        "--config",
                        configuration().toString())));
    }

    void awaitStarted() {
        if (hasDriver) {
            await("brickd of " + name + " answers", () -> brickctl("version").exitStatus() == 0);
        }
        await("tharsisd of " + name + " answers", () -> DaemonSocket.answers(daemonSocket()));
    }

    private void await(String what, Callable<Boolean> condition) {
        Awaitility.await(what)
                .atMost(START_LIMIT)
                .pollInterval(Duration.ofMillis(100))
                .until(condition);
    }

    ChildProcess brickd() {
        return brickd.orElseThrow();
    }

    ChildProcess tharsisd() {
        return tharsisd.orElseThrow();
    }

    /** kill -9 of both: the machine is gone. */
    void kill() {
        brickd.ifPresent(ChildProcess::kill);
        tharsisd.ifPresent(ChildProcess::kill);
    }

    /** Starts what a test has killed, goes on with what it has suspended, and makes all lines good. */
    void restore() {
        brickd.filter(ChildProcess::isAlive).ifPresent(ChildProcess::resume);
        tharsisd.filter(ChildProcess::isAlive).ifPresent(ChildProcess::resume);
        for (Line line : lines()) {
            line.heal();
            line.delay(0);
            line.rate(0);
        }
        startBrickd();
        startTharsisd();
    }

    private List<Line> lines() {
        List<Line> lines = new ArrayList<>(linesToPeers.values());
        lineToZooKeeper.ifPresent(lines::add);
        return lines;
    }

    // ---- what it can be asked and told

    /** Runs {@code tharsis} as an operator of this node does. */
    Answer tharsis(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Installation.tharsis().toString(), "--socket", daemonSocket().toString()));
        command.addAll(List.of(arguments));
        return Commands.run(command);
    }

    /** Runs {@code brickctl} on this node's driver. */
    Answer brickctl(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Installation.brickctl().toString(),
                "--control",
                directory.resolve("brickd.sock").toString()));
        command.addAll(List.of(arguments));
        return Commands.run(command);
    }

    /** What this node knows of a resource: {@code resource} of {@code view}; missing when it knows none. */
    JsonNode resource(String resource) {
        for (JsonNode candidate : view().path("resources")) {
            if (candidate.path("name").asText().equals(resource)) {
                return candidate;
            }
        }
        return MissingNode.getInstance();
    }

    JsonNode view() {
        return DaemonSocket.get(daemonSocket(), "/v1/view");
    }

    /** A replica of a resource, as this node knows it; missing when it knows none. */
    JsonNode replica(String resource, TestNode node) {
        for (JsonNode replica : resource(resource).path("replicas")) {
            if (replica.path("node").asText().equals(node.name)) {
                return replica;
            }
        }
        return MissingNode.getInstance();
    }

    /** Waits as {@code tharsis wait-resource} does; false when the time is up. */
    boolean waitsUntilCaughtUp(String resource, Duration limit) {
        return DaemonSocket.post(
                daemonSocket(),
                "/v1/wait-resource",
                "{\"name\":\"" + resource + "\",\"condition\":\"caught-up\",\"timeoutMs\":" + limit.toMillis() + "}");
    }

    /** Gives its replica of a resource up; false when it could not. */
    boolean leave(String resource, boolean force) {
        return DaemonSocket.post(
                daemonSocket(), "/v1/leave-resource", "{\"name\":\"" + resource + "\",\"force\":" + force + "}");
    }

    // ---- its files

    Path disk(String resource) {
        return directory.resolve(resource + ".disk");
    }

    Path logDirectory(String resource) {
        return stateDirectory().resolve("logs").resolve(resource);
    }

    /** Where an NBD client finds the device while this node is the primary. */
    String uri(String resource) {
        return "nbd+unix:///" + resource + "?socket=" + nbdSocket();
    }

    /** Where the ZooKeeper of this node listens. */
    String zookeeperListen() {
        return zookeeperListen;
    }

    Path stateDirectory() {
        return directory.resolve("state");
    }

    private Path nbdSocket() {
        return directory.resolve("nbd.sock");
    }

    private Path daemonSocket() {
        return directory.resolve("tharsis.sock");
    }

    private Path configuration() {
        return directory.resolve("tharsis.conf");
    }

    Path log(String of) {
        return directory.resolve(of + ".log");
    }

    @Override
    public void close() {
        tharsisd.ifPresent(ChildProcess::close);
        brickd.ifPresent(ChildProcess::close);
        lines().forEach(Line::close);
    }
}
