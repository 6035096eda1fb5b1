// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

/**
 * What the administrator wants of this replica.
 *
 * @param attach its disk is attached, and written
 * @param fetch it follows a source
 * @param replay what it has received is replayed
 * @param sync a backfill may run
 * @param invalidate its data is thrown away and fetched anew; the only thing that ever drops data
 * @param disconnectUsers a handover may disconnect those who use the device
 */
public record Todo(
        boolean attach, boolean fetch, boolean replay, boolean sync, boolean invalidate, boolean disconnectUsers) {
    /** What holds when nothing was said. */
    public static final Todo USUAL = new Todo(true, true, true, true, false, false);
}
