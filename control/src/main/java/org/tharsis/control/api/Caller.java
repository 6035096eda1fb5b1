// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

/** Who has given a command and waits for its outcome. Safe for all threads. */
public interface Caller {
    /** Tells how far it is; the newest counts, older ones may be left out. Does not block. */
    void progress(Progress progress);

    /**
     * True when nobody waits any more. A command that changes something goes on all the same; one that only waits or
     * follows ends.
     */
    boolean gone();
}
