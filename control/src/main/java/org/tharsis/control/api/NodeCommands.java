// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * All that a node can be asked and told. Every method may be called by any thread, several at a time, and blocks until
 * there is an outcome. What they throw is a bug, and is told as such.
 */
public interface NodeCommands {
    /** Which node this is and how it does: always answers, also without a cluster. */
    VersionReport version();

    Outcome<ClusterReport> createCluster(Command.CreateCluster command, Caller caller);

    /** Makes a token with which one node can join, once. Only on a node that holds the CA's key. */
    Outcome<TokenReport> token();

    Outcome<ClusterReport> joinCluster(Command.JoinCluster command, Caller caller);

    Outcome<Changed> createResource(Command.CreateResource command, Caller caller);

    /** Done when the replica is made and its backfill has begun; {@link #waitResource} waits for its end. */
    Outcome<Changed> joinResource(Command.JoinResource command, Caller caller);

    Outcome<Changed> leaveResource(Command.LeaveResource command, Caller caller);

    Outcome<Changed> primary(Command.Primary command, Caller caller);

    Outcome<Changed> secondary(Command.Secondary command, Caller caller);

    Outcome<Changed> invalidate(Command.Invalidate command, Caller caller);

    Outcome<Changed> todo(Command.Switch command, Caller caller);

    /** Ends early when the caller is gone. */
    Outcome<Changed> waitResource(Command.WaitResource command, Caller caller);

    /**
     * The cluster as this node knows it, live or from its journal.
     *
     * @param resource only this one; refused when there is none of this name
     */
    Outcome<ViewReport> view(Optional<String> resource);

    /** The value of a key of the tree, as it is written there. */
    Outcome<TreeEntry> get(String key);

    Outcome<Changed> set(Command.SetKey command);

    /**
     * What is below a key, sorted; names only.
     *
     * @param key empty for the cluster's root
     */
    Outcome<List<String>> list(Optional<String> key);

    /**
     * Tells events from the oldest to the newest.
     *
     * @param sinceMs milliseconds since 1970-01-01 UTC; 0 for all that are kept
     * @param follow goes on with those that happen, until the caller is gone
     * @param events called by one thread; may block when the reader is slow
     */
    Outcome<Changed> events(long sinceMs, boolean follow, Consumer<Event> events, Caller caller);
}
