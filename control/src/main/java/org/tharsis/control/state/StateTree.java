// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.tharsis.control.model.ClusterEvent;
import org.tharsis.control.model.ClusterView;
import org.tharsis.control.model.EpochRecord;
import org.tharsis.control.model.NodeRecord;
import org.tharsis.control.model.RawValue;
import org.tharsis.control.model.ReplicaRecord;
import org.tharsis.control.model.ReplicaReport;
import org.tharsis.control.model.ResourceOption;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.SealedEnd;
import org.tharsis.control.model.Switch;

/**
 * The tree of one cluster, as one node sees and changes it.
 *
 * <p>Threads: every method may be called from any thread. Those that return an {@link Outcome} block, at most for the
 * operation time-out; never call them on an event loop or from a listener. The others return at once.
 *
 * <p>Every change is one transaction: it is there as a whole or not at all. A change of the role counts only for the
 * version of {@code role} in the view that it is given: when two do it at once, exactly one wins.
 */
public interface StateTree extends AutoCloseable {
    /** The newest view; empty until the tree was read for the first time. It stays when the connection is lost. */
    Optional<ClusterView> view();

    /** How well the tree is seen, now. */
    TreeConnection connection();

    /**
     * Calls a listener after each change with the newest view, and at once when there is one. Changes are coalesced: a
     * slow listener misses views in between, never the last one. Listeners are called one after the other by one thread
     * of the tree.
     *
     * @return ends it
     */
    Subscription onView(Consumer<ClusterView> listener);

    /** Calls a listener with each change of the connection's state, and at once; by the same thread as {@link #onView}. */
    Subscription onConnection(Consumer<TreeConnection> listener);

    /**
     * Asks the ensemble whether this node's session lives, by a round trip to its leader: what a lease is renewed upon.
     * Returns at once.
     *
     * @return true when it answered; false when it did not, or the connection broke meanwhile
     */
    CompletionStage<Boolean> confirmSession();

    /** How long the session lives without a sign of life, as agreed with the server; zero while there was none yet. */
    Duration sessionTimeout();

    /** Ends a subscription; a call under way may still end. */
    interface Subscription extends AutoCloseable {
        @Override
        void close();
    }

    // Nodes

    /**
     * Enters this node, or brings its keys up to date, and keeps {@code alive/<host>} from now on, over lost sessions.
     * Refused when another node has this name.
     *
     * @param generation value of {@code alive/<host>}
     */
    Outcome registerNode(NodeRecord node, long generation);

    /** Removes a node that has no replica any more. */
    Outcome removeNode(String host);

    // Resources and replicas

    /** Creates a resource with its first replica, which is primary in epoch 1. */
    Outcome createResource(ResourceSpec spec);

    /** Deletes a resource that has no primary and no replicas but {@code lastReplica}. */
    Outcome deleteResource(ResourceView view, String lastReplica);

    /** Enlarges a resource; the devices follow. */
    Outcome resize(ResourceView view, long deviceBytes);

    Outcome joinReplica(ResourceView view, String host, ReplicaRecord replica);

    /** Removes a replica that is not the primary, not about to be, and not the last one. */
    Outcome leaveReplica(ResourceView view, String host);

    Outcome setTodo(String resource, String host, Switch which, boolean wanted);

    /**
     * Sets an option.
     *
     * @param value as a person writes it; empty: back to the default
     */
    Outcome setOption(String resource, ResourceOption option, Optional<String> value);

    // Roles

    /** Role {@code e A primary|forced} becomes {@code e A handover:to}; needs {@code to}'s health to be as in the view. */
    Outcome startHandover(ResourceView view, String to);

    /**
     * Gives a handover up: {@code e A handover:B} becomes {@code e A primary} again, and a sealed one, which has no
     * primary, {@code e none none}.
     */
    Outcome undoHandover(ResourceView view);

    /**
     * The primary has sealed its log: {@code e A handover:B} becomes {@code e none handover:B}, and a role without a
     * handover {@code e none none}, with the key {@code sealed}.
     */
    Outcome seal(ResourceView view, SealedEnd end);

    /**
     * Nothing is lost: role {@code e+1 <record's host> primary}, with {@code epochs/<e+1>}; {@code sealed} goes. The
     * role must have no primary, or the record's host itself, which begins a new epoch after its driver was restarted.
     */
    Outcome promotePlanned(ResourceView view, EpochRecord record);

    /** Takes over by force, whatever the role is: {@code e+1 <record's host> forced}, with {@code epochs/<e+1>}. */
    Outcome promoteForced(ResourceView view, EpochRecord record);

    // Reports

    /**
     * Publishes what this node says of its own replica. Returns at once; only changed keys are written, the newest
     * state wins over what was not written yet, positions at most once a second, and nothing is lost while ZooKeeper is
     * away. A report of a replica that is not in the tree is dropped.
     *
     * @return completes when this report or a newer one of the same replica is in the tree, or was dropped
     */
    CompletionStage<Void> publish(String resource, ReplicaReport report);

    /** Adds an event; the newest 1000 are kept. Returns at once; while ZooKeeper is away the newest 100 wait. */
    void addEvent(String text);

    /** The events that are seen, oldest first. */
    List<ClusterEvent> events();

    // The raw tree

    /** A key's value as it stands in ZooKeeper. */
    Optional<RawValue> get(String key) throws TreeUnavailableException;

    /** The names below a key, sorted; empty when it is not there. The root is the empty key. */
    Optional<List<String>> list(String key) throws TreeUnavailableException;

    /**
     * Sets {@code options/*} and {@code todo/*} by their key, with the same checks as the methods above. Every other key
     * has an owner and is refused.
     *
     * @param key relative to the cluster
     */
    Outcome set(String key, String value);

    @Override
    void close();
}
