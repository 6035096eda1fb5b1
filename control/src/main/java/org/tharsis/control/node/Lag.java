// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.Optional;

/**
 * How far a replica is behind its source, as far as that is known.
 *
 * @param bytes what the source had when it was heard last, and this replica has not replayed; 0 when there is nothing
 * @param ms age of the oldest write that is not replayed, by the source's clock; 0 when there is none, empty when nothing
 *     tells
 * @param heardAgoMs for so long the source was not heard: since then it may have taken writes that nobody knows of here
 */
record Lag(long bytes, Optional<Long> ms, long heardAgoMs) {
    /** A source that works is heard each second. */
    static final long HEARD_MS = 5000;

    /** The lag of a primary: there is nobody that it could be behind. */
    static final Lag NONE = new Lag(0, Optional.of(0L), 0);

    /** The source was heard so lately that this is the lag of now, give or take a second. */
    boolean isKnown() {
        return heardAgoMs <= HEARD_MS;
    }
}
