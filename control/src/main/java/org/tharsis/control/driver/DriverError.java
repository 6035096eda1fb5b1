// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.util.Arrays;
import java.util.Locale;

/** The error codes of the control channel: a program decides by them. */
public enum DriverError {
    /** The line is wrong as it stands. */
    USAGE,
    /** Well-formed, but not possible with this resource as it is. */
    INVALID,
    /** There is one already. */
    EXISTS,
    /** There is none. */
    ABSENT,
    /** In use, or another command changes it right now: try again later. */
    BUSY,
    /** The epoch is not above all that this log has seen. */
    STALE_EPOCH,
    /** The replica does not equal the primary at one LSN, or its disk is ahead of what was asked. */
    NOT_CONSISTENT,
    /** The log or the meta file is damaged. */
    CORRUPT,
    /** Belongs to another resource or node. */
    FOREIGN,
    /** The log directory is full, or the disk too small. */
    NO_SPACE,
    /** Memory or another bounded supply of the host is used up. */
    NO_MEMORY,
    /** The place cannot be written. */
    READ_ONLY,
    /** Not allowed. */
    DENIED,
    /** A device failed. */
    IO,
    /** This host or this file system cannot do it. */
    UNSUPPORTED,
    /** The resource or the host is being closed. */
    STOPPED,
    /** A code that this version of Tharsis does not know. */
    UNKNOWN;

    /** The code as the channel writes it. */
    public String code() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static DriverError of(String code) {
        return Arrays.stream(values())
                .filter(error -> error.code().equals(code))
                .findFirst()
                .orElse(UNKNOWN);
    }
}
