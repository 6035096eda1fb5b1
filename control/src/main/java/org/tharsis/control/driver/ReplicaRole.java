// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

/** What a replica is at its driver. */
public enum ReplicaRole {
    /** It is opening or closing. */
    CLOSED,
    /** It replays. */
    SECONDARY,
    /** It takes writes. */
    PRIMARY
}
