// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.util.Optional;

/**
 * Something that happened.
 *
 * @param timeMs milliseconds since 1970-01-01 UTC, by the clock of the node that tells it
 * @param node where it happened
 * @param resource which it concerns, if one
 * @param kind one word that stays the same: {@code role}, {@code diverged}, {@code sync-done}, ...
 * @param message one sentence for a person
 */
public record Event(long timeMs, String node, Optional<String> resource, Level level, String kind, String message) {
    /** How much it matters. */
    public enum Level implements Word {
        INFO,
        WARNING,
        ERROR
    }
}
