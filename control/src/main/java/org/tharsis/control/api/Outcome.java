// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.util.Optional;

/**
 * What became of a command. A time-out or a dead peer is never {@link Done}; messages are sentences for an operator, hints
 * say what to do next.
 *
 * @param <T> what a command that was done answers
 */
public sealed interface Outcome<T> {
    /** All of it was done. */
    record Done<T>(T result) implements Outcome<T> {}

    /** Some of it was done, and stays; the message says what was not. */
    record Partial<T>(String message, Optional<String> hint) implements Failure<T> {}

    /** Nothing was changed. */
    record Refused<T>(String message, Optional<String> hint) implements Failure<T> {}

    /** The time was up before it was done; the message says what was reached. */
    record TimedOut<T>(String message, Optional<String> hint) implements Failure<T> {}

    /** Somebody who is needed cannot be reached: ZooKeeper, another node, the driver. */
    record Unreachable<T>(String message, Optional<String> hint) implements Failure<T> {}

    /** It was not done, or not all of it. */
    sealed interface Failure<T> extends Outcome<T> permits Partial, Refused, TimedOut, Unreachable {
        String message();

        Optional<String> hint();

        /** The same failure, of a command that would have answered something else. */
        default <U> Outcome<U> of() {
            if (this instanceof Partial<T>) {
                return new Partial<>(message(), hint());
            }
            if (this instanceof Refused<T>) {
                return new Refused<>(message(), hint());
            }
            if (this instanceof TimedOut<T>) {
                return new TimedOut<>(message(), hint());
            }
            return new Unreachable<>(message(), hint());
        }
    }

    static <T> Outcome<T> done(T result) {
        return new Done<>(result);
    }

    static <T> Outcome<T> refused(String message, String hint) {
        return new Refused<>(message, Optional.of(hint));
    }

    static <T> Outcome<T> timedOut(String reached, String hint) {
        return new TimedOut<>(reached, Optional.of(hint));
    }

    static <T> Outcome<T> unreachable(String message, String hint) {
        return new Unreachable<>(message, Optional.of(hint));
    }

    static <T> Outcome<T> partial(String message, String hint) {
        return new Partial<>(message, Optional.of(hint));
    }
}
