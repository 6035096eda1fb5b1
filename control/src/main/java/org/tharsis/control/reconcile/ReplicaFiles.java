// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

/** What stands in a replica's log directory. */
public enum ReplicaFiles {
    /** No replica: it has to be backfilled. */
    NONE,
    /** A backfill that has been begun, and is not on the disk as a whole yet. */
    BACKFILLING,
    /** A backfill that is on the disk: its log can be put in its place. */
    BACKFILLED,
    /** A replica. */
    REPLICA,
    /** Segments without the file that says what they are. */
    DAMAGED
}
