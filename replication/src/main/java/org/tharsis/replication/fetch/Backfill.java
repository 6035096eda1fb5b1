// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.util.concurrent.CompletionStage;

/** Fills one new replica from one source. Comes back after cuts by itself. Any thread may call; nothing blocks. */
public interface Backfill {
    /** The newest state. */
    BackfillProgress progress();

    /**
     * Complete when all is there. Fails with {@link BackfillImpossibleException} when it cannot go on as it was begun, and with
     * {@link java.util.concurrent.CancellationException} when it was stopped. All other failures are tried again, with the
     * reason in {@link BackfillProgress#why}; what was done stays.
     */
    CompletionStage<BackfillResult> result();

    /** Ends it. The stage is complete when files are closed and no method of the target is called any more. */
    CompletionStage<Void> stop();
}
