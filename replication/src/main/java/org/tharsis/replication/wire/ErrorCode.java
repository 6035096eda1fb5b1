// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.wire;

import java.util.Optional;

/** Why a stream or a connection was ended. The numbers are those of the frames. */
public enum ErrorCode {
    /** A frame is malformed, out of order, or beyond a limit. */
    PROTOCOL(1),
    /** No version that both know. */
    VERSION(2),
    /** Of another cluster. */
    FOREIGN(3),
    /** Certificate and hello differ, or another node was expected. */
    IDENTITY(4),
    /** Too many connections or streams. */
    LIMIT(5),
    /** Not served, now. */
    REFUSED(6),
    /** A backfill cannot go on as it was begun. */
    GONE(7),
    /** What was received does not verify. */
    DAMAGED(8),
    /** The sender cannot read or write its files. */
    FAILED(9);

    private final int number;

    ErrorCode(int number) {
        this.number = number;
    }

    /** The number on the wire. */
    public int number() {
        return number;
    }

    static Optional<ErrorCode> of(int number) {
        return number >= 1 && number <= values().length ? Optional.of(values()[number - 1]) : Optional.empty();
    }
}
