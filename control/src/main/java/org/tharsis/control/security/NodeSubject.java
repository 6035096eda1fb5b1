// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import java.net.URI;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.tharsis.control.config.HostPort;
import org.tharsis.control.model.BadValueException;
import org.tharsis.control.model.Names;

/**
 * Who a node's certificate is for.
 *
 * @param cluster it is valid in this one only
 * @param node identity
 * @param name label
 * @param hosts names and addresses by which it is reached, 1 to 8
 */
public record NodeSubject(UUID cluster, UUID node, String name, List<String> hosts) {
    private static final int HOSTS_MAX = 8;
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9:][A-Za-z0-9._:-]{0,252}");

    public NodeSubject {
        Names.node(name);
        hosts = List.copyOf(hosts);
        if (hosts.isEmpty() || hosts.size() > HOSTS_MAX) {
            throw new BadValueException("a node is reached by 1 to " + HOSTS_MAX + " names, not by " + hosts.size());
        }
        for (String host : hosts) {
            if (!HOST.matcher(host).matches()) {
                throw new BadValueException("'" + host + "' is neither the name of a host nor an address");
            }
        }
    }

    /** How a certificate says it: {@code tharsis:<cluster UUID>/<node UUID>}. */
    URI uri() {
        return URI.create("tharsis:" + cluster + "/" + node);
    }

    /** The hosts of the places at which a node listens; those that mean every address are left out. */
    public static List<String> hosts(HostPort... places) {
        Set<String> hosts = new LinkedHashSet<>();
        for (HostPort place : places) {
            if (!place.isEveryAddress()) {
                hosts.add(place.host());
            }
        }
        if (hosts.contains("localhost") || hosts.stream().anyMatch(NodeSubject::isLoopback)) {
            hosts.addAll(List.of("localhost", "127.0.0.1"));
        }
        return List.copyOf(hosts);
    }

    private static boolean isLoopback(String host) {
        return host.equals("::1") || host.startsWith("127.");
    }
}
