// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.config;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tharsis.control.model.BadValueException;
import org.tharsis.control.model.Names;

/**
 * The configuration of a node, with its defaults filled in.
 *
 * @param node label of this node
 * @param site label of where it stands
 * @param stateDirectory identity, keys, journal, and logs of resources that were told no other place
 * @param socket where the command-line tool speaks to the daemon
 * @param driver control socket of brickd, or the kernel driver's control device; empty on a node that holds no replicas
 * @param listen for peers
 * @param advertise where others reach this node
 * @param reach nodes that this one reaches at another place than they advertise, by name; immutable
 * @param zookeeper empty: embedded on the node that creates the cluster, what it was told on those that join
 * @param zookeeperListen where an embedded ZooKeeper listens
 * @param tls between nodes, and to ZooKeeper
 */
public record TharsisConfig(
        String node,
        String site,
        Path stateDirectory,
        Path socket,
        Optional<Path> driver,
        HostPort listen,
        HostPort advertise,
        Map<String, HostPort> reach,
        Optional<ZooKeeperPlace> zookeeper,
        HostPort zookeeperListen,
        boolean tls) {
    /** Read unless another file is named. */
    public static final Path USUAL_FILE = Path.of("/etc/tharsis/tharsis.conf");

    /** The socket, unless the file or the command line names another. */
    public static final Path USUAL_SOCKET = Path.of("/run/tharsis/tharsis.sock");

    private static final String NODE = "node";
    private static final String SITE = "site";
    private static final String STATE_DIRECTORY = "state-directory";
    private static final String SOCKET = "socket";
    private static final String DRIVER = "driver";
    private static final String LISTEN = "listen";
    private static final String ADVERTISE = "advertise";
    private static final String REACH = "reach";
    private static final String ZOOKEEPER = "zookeeper";
    private static final String ZOOKEEPER_LISTEN = "zookeeper-listen";
    private static final String TLS = "tls";
    private static final List<String> KEYS = List.of(
            NODE, SITE, STATE_DIRECTORY, SOCKET, DRIVER, LISTEN, ADVERTISE, REACH, ZOOKEEPER, ZOOKEEPER_LISTEN, TLS);

    private static final int ZOOKEEPER_PORT = 7441;
    private static final int SOCKET_BYTES_MAX = 107;

    /** The ensemble that holds the cluster's state. */
    public sealed interface ZooKeeperPlace {
        /** A server within this daemon. */
        record Embedded() implements ZooKeeperPlace {}

        /** Servers that somebody else runs: {@code HOST:PORT}, with commas between them. */
        record Servers(String connectString) implements ZooKeeperPlace {}
    }

    /**
     * Reads the file.
     *
     * @param file empty: {@link #USUAL_FILE}, which may be missing: then all is at its defaults
     * @throws ConfigException at the first thing that is wrong
     */
    public static TharsisConfig read(Optional<Path> file) throws ConfigException {
        Path path = file.orElse(USUAL_FILE);
        ConfigFile read = file.isEmpty() && !Files.exists(path) ? ConfigFile.none(path) : ConfigFile.read(path, KEYS);
        HostPort listen = read.get(LISTEN, HostPort::parse).orElse(new HostPort("0.0.0.0", 7440));
        return new TharsisConfig(
                node(read),
                read.get(SITE, Names::site).orElse("default"),
                read.get(STATE_DIRECTORY, TharsisConfig::path).orElse(Path.of("/var/lib/tharsis")),
                read.get(SOCKET, TharsisConfig::socketPath).orElse(USUAL_SOCKET),
                read.get(DRIVER, TharsisConfig::driver).orElse(Optional.of(Path.of("/run/tharsis/brickd.sock"))),
                listen,
                advertise(read, listen),
                read.get(REACH, TharsisConfig::reach).orElse(Map.of()),
                read.get(ZOOKEEPER, TharsisConfig::zookeeper),
                read.get(ZOOKEEPER_LISTEN, HostPort::parse).orElse(new HostPort(listen.host(), ZOOKEEPER_PORT)),
                read.get(TLS, TharsisConfig::flag).orElse(true));
    }

    private static String node(ConfigFile file) throws ConfigException {
        Optional<String> node = file.get(NODE, Names::node);
        if (node.isPresent()) {
            return node.get();
        }
        String host = hostName(file, NODE);
        try {
            return Names.node(host);
        } catch (BadValueException unfit) {
            throw file.error(NODE, "this host's name cannot be the node's: " + unfit.getMessage());
        }
    }

    private static HostPort advertise(ConfigFile file, HostPort listen) throws ConfigException {
        Optional<HostPort> advertise = file.get(ADVERTISE, HostPort::parse);
        if (advertise.isPresent() && advertise.get().isEveryAddress()) {
            throw file.error(ADVERTISE, "nobody can connect to " + advertise.get() + ": name this node's own address");
        }
        if (advertise.isPresent()) {
            return advertise.get();
        }
        return listen.isEveryAddress() ? new HostPort(hostName(file, ADVERTISE), listen.port()) : listen;
    }

    private static Map<String, HostPort> reach(String text) {
        Map<String, HostPort> places = new HashMap<>();
        for (String place : text.split(",", -1)) {
            int at = place.indexOf('@');
            if (at < 0) {
                throw new BadValueException(
                        "'" + place.strip() + "' is not NODE@HOST:PORT; with commas between several");
            }
            String node = Names.node(place.substring(0, at).strip());
            if (places.put(node, HostPort.parse(place.substring(at + 1).strip())) != null) {
                throw new BadValueException("node " + node + " is named twice");
            }
        }
        return Map.copyOf(places);
    }

    private static String hostName(ConfigFile file, String key) throws ConfigException {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException nameless) {
            throw file.error(key, "this host's own name cannot be resolved: give a value for this key");
        }
    }

    private static Path path(String text) {
        try {
            Path path = Path.of(text);
            if (path.isAbsolute()) {
                return path.normalize();
            }
        } catch (InvalidPathException unfit) {
            throw new BadValueException("'" + text + "' is not a path: " + unfit.getReason());
        }
        throw new BadValueException("'" + text + "' is not an absolute path: it must begin with /");
    }

    private static Path socketPath(String text) {
        Path path = path(text);
        if (path.toString().getBytes(StandardCharsets.UTF_8).length > SOCKET_BYTES_MAX) {
            throw new BadValueException(
                    "'" + text + "' is too long for a socket: at most " + SOCKET_BYTES_MAX + " bytes are possible");
        }
        return path;
    }

    private static Optional<Path> driver(String text) {
        return text.equals("none") ? Optional.empty() : Optional.of(socketPath(text));
    }

    private static ZooKeeperPlace zookeeper(String text) {
        if (text.equals("embedded")) {
            return new ZooKeeperPlace.Embedded();
        }
        try {
            for (String server : text.split(",", -1)) {
                HostPort.parse(server.strip());
            }
        } catch (BadValueException unfit) {
            throw new BadValueException(unfit.getMessage()
                    + "; allowed are the word 'embedded', or servers as HOST:PORT with commas between them");
        }
        return new ZooKeeperPlace.Servers(text.replace(" ", ""));
    }

    private static boolean flag(String text) {
        return switch (text) {
            case "yes" -> true;
            case "no" -> false;
            default -> throw new BadValueException("'" + text + "' is neither yes nor no");
        };
    }
}
