// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The secrets that can still be used, each once and for an hour. Survives a restart; on disk stand their digests only. Safe for
 * all threads.
 */
public final class TokenLedger {
    /** So long a token can be used. */
    public static final Duration LIFETIME = Duration.ofHours(1);

    private static final String FILE = "tokens";
    private static final int TOKENS_MAX = 100;

    /** What became of a secret that somebody showed. */
    enum Use {
        /** It is good, and used up now. */
        ACCEPTED,
        /** It was good once; its hour is over. */
        EXPIRED,
        /** It was never given, was used already, or expired long ago. */
        UNKNOWN
    }

    private final Path directory;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Instant> expiryByDigest = new LinkedHashMap<>(); // guarded by this

    /**
     * Reads what is left of former runs.
     *
     * @param directory of the node's keys
     */
    public TokenLedger(Path directory, Clock clock) throws IOException {
        this.directory = directory;
        this.clock = clock;
        Path file = directory.resolve(FILE);
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                String[] words = line.split(" ", -1);
                if (words.length != 2) {
                    throw new IOException(file + ": '" + line + "' is no token: remove the file, and make new tokens");
                }
                expiryByDigest.put(words[0], Instant.parse(words[1]));
            }
        }
    }

    /** A new secret, and when it ends. */
    public record Secret(String text, Instant expires) {}

    /** Makes a secret. With more than 100 of them the oldest is forgotten. */
    public synchronized Secret create() throws IOException {
        byte[] bytes = new byte[JoinToken.SECRET_BYTES];
        random.nextBytes(bytes);
        Secret secret =
                new Secret(HexFormat.of().formatHex(bytes), clock.instant().plus(LIFETIME));
        expiryByDigest.values().removeIf(expiry -> expiry.plus(LIFETIME).isBefore(clock.instant()));
        if (expiryByDigest.size() >= TOKENS_MAX) {
            expiryByDigest.remove(expiryByDigest.keySet().iterator().next());
        }
        expiryByDigest.put(digest(secret.text()), secret.expires());
        save();
        return secret;
    }

    /** Uses a secret up. What is accepted once is not accepted again, even after a crash right now. */
    synchronized Use use(String secret) throws IOException {
        String digest = digest(secret);
        Instant expiry = expiryByDigest.get(digest);
        if (expiry == null) {
            return Use.UNKNOWN;
        }
        if (clock.instant().isAfter(expiry)) {
            return Use.EXPIRED;
        }
        expiryByDigest.remove(digest);
        save();
        return Use.ACCEPTED;
    }

    private static String digest(String secret) {
        return Fingerprint.of(secret.getBytes(StandardCharsets.UTF_8));
    }

    private void save() throws IOException {
        PrivateFiles.write(
                directory,
                FILE,
                expiryByDigest.entrySet().stream()
                        .map(entry -> entry.getKey() + " " + entry.getValue() + "\n")
                        .collect(Collectors.joining()));
    }
}
