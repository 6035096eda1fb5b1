// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The cluster as one node knows it. What has no meaning at the moment is left out; there are no sentinel values.
 *
 * @param node the node that answers
 * @param cluster left out until one was created or joined; then there are no other nodes and no resources
 * @param warnings what somebody should look at, a sentence each: a certificate that ends soon, a driver that is away
 */
public record ViewReport(
        ThisNode node, Optional<Cluster> cluster, List<Node> nodes, List<Resource> resources, List<String> warnings) {

    /**
     * Who answers.
     *
     * @param certificateExpiresMs when this node's certificate ends, in milliseconds since 1970-01-01 UTC
     */
    public record ThisNode(
            String name, Optional<UUID> uuid, String version, Driver driver, Optional<Long> certificateExpiresMs) {}

    /** How the node gets on with its driver. */
    public enum Driver implements Word {
        /** It answers. */
        CONNECTED,
        /** It should be there and is not. */
        AWAY,
        /** This node has none: it holds no replicas. */
        NONE
    }

    /**
     * The cluster.
     *
     * @param source where what follows comes from
     * @param ageMs how old it is: 0 when it is live
     * @param zookeeper connect string
     */
    public record Cluster(String name, UUID uuid, Source source, long ageMs, String zookeeper) {}

    /** Where a view comes from. */
    public enum Source implements Word {
        /** ZooKeeper, now. */
        LIVE,
        /** This node's journal, because ZooKeeper cannot be reached. */
        JOURNAL
    }

    /**
     * A node of the cluster.
     *
     * @param address HOST:PORT for its peers
     * @param alive it has a session with ZooKeeper, as far as that is known
     * @param driver {@code brickd}, {@code kernel} or {@code none}
     * @param awayMs for how long the answering node has seen it away; left out while it is alive
     */
    public record Node(
            String name,
            UUID uuid,
            String address,
            String site,
            String version,
            String driver,
            boolean alive,
            Optional<Long> awayMs) {}

    /**
     * A resource.
     *
     * @param options those that were set
     */
    public record Resource(
            String name,
            UUID uuid,
            long sizeBytes,
            int blockBytes,
            Role role,
            List<Replica> replicas,
            Map<String, String> options) {}

    /**
     * Who is the primary, by the cluster's state.
     *
     * @param primary left out while there is none
     * @param successor the node that becomes the primary, while it is handed over
     */
    public record Role(@Unsigned long epoch, Optional<String> primary, RoleState state, Optional<String> successor) {}

    /** How the primary came to be. */
    public enum RoleState implements Word {
        /** It was created so, or took over by a handover. */
        PRIMARY,
        /** It hands over right now. */
        HANDOVER,
        /** It took over without the help of the one before. */
        FORCED,
        /** There is none. */
        NONE
    }

    /**
     * A replica of a resource.
     *
     * @param node where it is
     * @param role what it is by its own driver: {@code primary}, {@code secondary}; left out when that is not known
     * @param health one word: {@code ok}, {@code inconsistent}, {@code diverged}, {@code detached}, {@code failed}
     * @param healthDetail what belongs to it, as a phrase: "until LSN 1234"
     * @param lagBytes what the source has and this one has not replayed; 0 when they are equal, and for the primary; left
     *     out while the source is not heard
     * @param lagMs age of the oldest write that is not replayed; 0 when there is none; left out when nothing tells
     * @param lastLag while the lag is not known: what it was
     * @param live the positions come from the driver now, and not from what was last published
     * @param staleMs how old all this is; left out when it is of now, or was published by a node that is alive, a second or
     *     two ago at the most
     * @param source node from which it fetches
     * @param hindrance what keeps it from fetching, as a phrase; known for replicas of the answering node
     * @param todo what is wanted: {@code attach}, {@code fetch}, {@code replay}, {@code sync}
     * @param actual what is
     * @param users of the device, on the primary
     * @param sync of a backfill under way
     * @param lost of a diverged replica: what it has that the others have not
     */
    public record Replica(
            String node,
            Optional<String> role,
            String health,
            Optional<String> healthDetail,
            Optional<Position> position,
            Optional<Long> lagBytes,
            Optional<Long> lagMs,
            Optional<LastLag> lastLag,
            boolean live,
            Optional<Long> staleMs,
            Optional<String> source,
            Optional<String> hindrance,
            Map<String, Boolean> todo,
            Map<String, Boolean> actual,
            Optional<Integer> users,
            Optional<Progress> sync,
            Optional<Lost> lost,
            Optional<String> disk,
            Optional<String> device,
            Optional<String> logDirectory) {}

    /**
     * A lag that is not known any more.
     *
     * @param bytes of what the source had when it was heard last
     * @param heardMs how long ago that is
     */
    public record LastLag(long bytes, long heardMs) {}

    /**
     * Where a replica stands in the log.
     *
     * @param endLsn end of its log
     * @param durableLsn on stable storage up to here
     * @param replayedLsn all below is in memory or on the disk
     * @param checkpointLsn all below is on the disk
     * @param replayedTimeMs when the last replayed batch was written, in milliseconds since 1970-01-01 UTC
     */
    public record Position(
            @Unsigned long epoch,
            @Unsigned long endLsn,
            @Unsigned long durableLsn,
            @Unsigned long replayedLsn,
            @Unsigned long checkpointLsn,
            Optional<Long> replayedTimeMs) {}

    /** What a diverged replica holds behind the branch point: it is kept until {@code invalidate}. */
    public record Lost(
            @Unsigned long fromLsn,
            @Unsigned long toLsn,
            long bytes,
            long records,
            long blocks,
            long firstTimeMs,
            long lastTimeMs) {}
}
