// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

/** What the transfer of a backfill does. */
public sealed interface Backfilling {
    /** There is none. */
    record Stopped() implements Backfilling {}

    /** It runs, from this host, and comes back after cuts by itself. */
    record Running(String source) implements Backfilling {}

    /** All has come, is durable, and was announced to the driver. */
    record Complete() implements Backfilling {}

    /** It cannot go on as it was begun. */
    record Impossible(String why) implements Backfilling {}
}
