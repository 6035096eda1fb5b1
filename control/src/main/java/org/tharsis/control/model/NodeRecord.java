// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * The keys {@code nodes/<host>/*}: one node of the cluster, written by itself.
 *
 * @param name its label
 * @param uuid its identity
 * @param address HOST:PORT by which other nodes reach its daemon
 * @param fingerprint SHA-256 of its certificate, 64 hexadecimal digits; none without TLS
 * @param site where it stands
 * @param version of its daemon
 * @param driver {@code brickd}, {@code kernel}, or {@code none} for a node without replicas
 */
public record NodeRecord(
        String name,
        UUID uuid,
        String address,
        Optional<String> fingerprint,
        String site,
        String version,
        String driver) {
    private static final Pattern ADDRESS = Pattern.compile("\\S{1,253}:[0-9]{1,5}");
    private static final Pattern FINGERPRINT = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern WORD = Pattern.compile("[\\x21-\\x7e]{1,60}");

    public NodeRecord {
        Names.node(name);
        Names.site(site);
        if (!ADDRESS.matcher(address).matches()) {
            throw new BadValueException("address " + Names.shown(address) + ": HOST:PORT is expected");
        }
        fingerprint.filter(f -> !FINGERPRINT.matcher(f).matches()).ifPresent(f -> {
            throw new BadValueException("fingerprint " + Names.shown(f)
                    + ": the SHA-256 of a certificate is expected, 64 hexadecimal digits in lower case, or none");
        });
        word("version", version);
        word("driver", driver);
    }

    private static void word(String what, String value) {
        if (!WORD.matcher(value).matches()) {
            throw new BadValueException(
                    what + " " + Names.shown(value) + ": one word of 1 to 60 characters is expected");
        }
    }
}
