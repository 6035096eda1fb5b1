// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.Arrays;
import java.util.stream.Collectors;

/** What an admin can switch on and off for one replica. */
public enum Switch {
    /** The disk is in use: recovery, replay, and the device where this replica is primary. */
    ATTACH,
    /** The log is fetched from another replica. */
    FETCH,
    /** The log that is there is replayed onto the disk. */
    REPLAY,
    /** A sync (the first one, or after {@code invalidate}) may run. */
    SYNC,
    /** Asked for once: the replica's data are thrown away and copied anew. The host takes it back when it has done so. */
    INVALIDATE,
    /** Asked for once: the next handover may disconnect the users of the device. The host takes it back with the handover. */
    DISCONNECT_USERS;

    /** What holds while the key is missing: a yes for what lasts, a no for what is asked for once. */
    public boolean isUsual() {
        return this != INVALIDATE && this != DISCONNECT_USERS;
    }

    public static Switch parse(String word) {
        return Arrays.stream(values())
                .filter(s -> s.key().equals(word))
                .findFirst()
                .orElseThrow(() -> new BadValueException("switch " + Names.shown(word) + ": expected is one of "
                        + Arrays.stream(values()).map(Switch::key).collect(Collectors.joining(", "))));
    }

    /** Its name in the tree, below {@code todo/} and {@code actual/}. */
    public String key() {
        return Words.word(this).replace('_', '-');
    }
}
