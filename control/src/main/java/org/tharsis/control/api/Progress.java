// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.util.Optional;

/**
 * How far a command is.
 *
 * @param step what is being done now, as a short phrase: "waiting for the log's end"
 * @param doneBytes of the bytes of this step, when it counts any
 * @param totalBytes all bytes of this step, when that is known
 * @param bytesPerSecond now, when it is known
 * @param remainingMs until the step is done, as far as one can tell
 */
public record Progress(
        String step,
        Optional<Long> doneBytes,
        Optional<Long> totalBytes,
        Optional<Long> bytesPerSecond,
        Optional<Long> remainingMs) {

    /** A step that counts nothing. */
    public static Progress step(String step) {
        return new Progress(step, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }
}
