// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

/** What the follower does that fetches the log from another node. */
public sealed interface Following {
    /** There is none. */
    record Stopped() implements Following {}

    /**
     * It runs, and goes on trying by itself whatever its source says.
     *
     * @param source host of its source
     */
    record Running(String source, Phase phase) implements Following {}

    /** How it gets on with its source. */
    enum Phase {
        /** No connection yet, or no more. */
        CONNECTING,
        /** The source sends what it has. */
        FOLLOWING,
        /** This replica has records that are no part of the source's history. */
        DIVERGED,
        /** The source has not the log any more that is needed next. */
        GONE,
        /** The source has less than this replica. */
        BEHIND,
        /** The source does not serve it, or what arrives cannot be stored. */
        REFUSED
    }
}
