// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tharsis.control.model.BadValueException;

/**
 * Where somebody listens or is reached.
 *
 * @param host name or address; IPv6 without brackets
 * @param port 1 to 65535
 */
public record HostPort(String host, int port) {
    private static final Pattern TEXT =
            Pattern.compile("(?:\\[([0-9A-Fa-f:.]{2,45})]|([A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})?)):([0-9]{1,5})");
    private static final int PORT_MAX = 65535;

    /**
     * Reads {@code HOST:PORT} or {@code [IPV6]:PORT}.
     *
     * @throws BadValueException when it is neither
     */
    public static HostPort parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw bad(text);
        }
        int port = Integer.parseInt(matcher.group(3));
        if (port < 1 || port > PORT_MAX) {
            throw bad(text);
        }
        String host = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
        return new HostPort(host, port);
    }

    private static BadValueException bad(String text) {
        return new BadValueException("'" + text + "' is not HOST:PORT: a name, an IPv4 address or an IPv6 address in"
                + " brackets, a colon, and a port from 1 to " + PORT_MAX);
    }

    /** True for {@code 0.0.0.0} and {@code ::}, which mean every address of the node. */
    public boolean isEveryAddress() {
        return host.equals("0.0.0.0") || host.equals("::");
    }

    @Override
    public String toString() {
        return host.indexOf(':') < 0 ? host + ":" + port : "[" + host + "]:" + port;
    }
}
