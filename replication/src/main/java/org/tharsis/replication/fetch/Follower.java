// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.util.concurrent.CompletionStage;
import org.tharsis.replication.log.LogPosition;

/** Follows one source with one replica, until it is stopped. Any thread may call; nothing blocks. */
public interface Follower {
    /** The newest state. */
    FollowState state();

    /**
     * Ends it. The stage is complete when all that was received is on stable storage and announced, the files are trimmed to
     * it and closed, and no method of the replica is called any more. Repeated: the same stage.
     *
     * @return end of the log; fails when the log cannot be made durable
     */
    CompletionStage<LogPosition> stop();
}
