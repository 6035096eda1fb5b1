// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.UUID;

/**
 * How a node gets its certificate: one HTTP request with JSON, {@code POST /v1/enrol}, over TLS with the protocol name {@code
 * tharsis-enrol/1} in ALPN, at the address for peers. The answer is 200 with {@link Accepted}, or another status with {@link
 * Refused}.
 */
final class Enrolment {
    static final String PROTOCOL = "tharsis-enrol/1";
    static final String PATH = "/v1/enrol";

    /** Neither side sends more than this. */
    static final int BODY_BYTES_MAX = 64 * 1024;

    /**
     * What a node asks for.
     *
     * @param signingRequest see {@link SigningRequest}
     */
    record Request(String secret, String signingRequest, UUID node, String name, List<String> hosts) {
        Request {
            hosts = List.copyOf(hosts);
        }
    }

    /** What it gets; certificates as PEM. */
    record Accepted(String certificate, String authority, UUID cluster, String clusterName, String zookeeper) {}

    /** Why it does not. */
    record Refused(String message, String hint) {}

    static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_ABSENT, JsonInclude.Include.ALWAYS))
            .build();

    private Enrolment() {}
}
