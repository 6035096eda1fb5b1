// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogPosition;

/**
 * How a resource is at its driver, at one moment. LSNs and epochs are without a sign: compare them so.
 *
 * @param change number of its newest change: a status with a larger one is newer; 0 from drivers that do not tell
 * @param directory its log directory
 * @param disk left out while there is none
 * @param replica left out while it is opening or closing
 * @param events the newest, oldest first
 */
public record ResourceStatus(
        String name,
        State state,
        long change,
        Optional<Path> directory,
        Optional<Path> disk,
        List<Export> exports,
        ReplicaRole role,
        Optional<Replica> replica,
        Optional<Failure> failure,
        List<DriverEvent> events) {

    /** Whether it can be used. */
    public enum State {
        OPENING,
        OPEN,
        CLOSING
    }

    /**
     * A way by which the device is visible.
     *
     * @param clients users now
     */
    public record Export(String name, boolean readOnly, int clients) {}

    /** The first error that concerns the whole replica: it stays until it is closed. */
    public record Failure(DriverError error, String text) {}

    /** An event: numbered from 0 with the open, so that a gap shows. */
    public record DriverEvent(long number, String level, String text) {}

    /**
     * An open replica.
     *
     * @param epoch of the last batch appended or replayed; 0 while there is none
     * @param consistent it equals the primary at one LSN
     * @param inconsistentUntilLsn while not consistent: it will be, once replayed to here
     * @param oldestLsn first byte of the log that is kept
     * @param checkpointLsn all below is on the disk
     * @param appliedLimitLsn nothing at or above has touched the disk
     * @param replayedLsn all below is in memory or on the disk
     * @param receivedLsn secondary: replay may go so far
     * @param durableLsn the log is on stable storage up to here
     * @param endLsn end of the log: appended, or received
     * @param chain chain value at {@code replayedLsn}
     * @param replayedTimeNs when the batch was written that ends at {@code replayedLsn}, since 1970-01-01 UTC
     * @param epochs the newest 32, the oldest first
     * @param counters those of the status that are single numbers, by their keys; they begin at 0 with the open
     */
    public record Replica(
            UUID resourceUuid,
            UUID nodeUuid,
            long deviceBytes,
            int blockBytes,
            long epoch,
            boolean consistent,
            Optional<Long> inconsistentUntilLsn,
            boolean diskAttached,
            boolean suspended,
            boolean leaseExpired,
            Optional<Long> leaseRemainingMs,
            boolean replayPaused,
            boolean logFull,
            long oldestLsn,
            long checkpointLsn,
            long appliedLimitLsn,
            long replayedLsn,
            Optional<Long> receivedLsn,
            long durableLsn,
            long endLsn,
            long chain,
            Optional<Long> replayedTimeNs,
            long dirtyBytes,
            long logBytes,
            List<EpochStart> epochs,
            List<Peer> peers,
            Map<String, String> options,
            Map<String, Long> counters) {

        /** What was replayed: with the chain value that belongs to it. */
        public LogPosition replayed() {
            return new LogPosition(replayedLsn, epoch, chain);
        }
    }

    /**
     * Another replica that the log is kept for.
     *
     * @param bitmap the log for it was dropped; its bitmap has the changes between these LSNs
     */
    public record Peer(UUID uuid, Optional<Long> durableLsn, Optional<Bitmap> bitmap) {}

    /** A range of the log that is known by its changed blocks only. */
    public record Bitmap(long fromLsn, long toLsn) {}

    /** Users of the device now, over all exports. */
    public int users() {
        return exports.stream().mapToInt(Export::clients).sum();
    }

    private static final List<String> COUNTERS = List.of(
            "reads",
            "read-bytes",
            "writes",
            "write-bytes",
            "flushes",
            "throttled-ns",
            "batches",
            "log-write-bytes",
            "log-syncs",
            "writebacks",
            "writeback-bytes",
            "writeback-errors",
            "spill-read-bytes");

    static ResourceStatus of(Reply reply) {
        ReplicaRole role = reply.get("role").choice(ReplicaRole.class);
        return new ResourceStatus(
                reply.get("resource").value(),
                reply.get("state").choice(State.class),
                reply.number("change").orElse(0L),
                reply.value("directory").map(Path::of),
                reply.value("disk").map(Path::of),
                exports(reply),
                role,
                role == ReplicaRole.CLOSED ? Optional.empty() : Optional.of(replica(reply)),
                reply.value("error-code")
                        .map(code -> new Failure(
                                DriverError.of(code), reply.value("error-text").orElse(code))),
                events(reply));
    }

    private static List<Export> exports(Reply reply) {
        return reply.between("export.", ".read-only").stream()
                .map(name -> new Export(
                        name, reply.get("export." + name + ".read-only").flag(), (int)
                                reply.number("export." + name + ".clients")
                                        .orElse(0L)
                                        .longValue()))
                .toList();
    }

    private static List<DriverEvent> events(Reply reply) {
        List<DriverEvent> events = new ArrayList<>();
        for (String number : reply.between("event.", "")) {
            Reply.Field field = reply.get("event." + number);
            String[] words = field.value().split(" ", 2);
            if (words.length < 2) {
                throw new Reply.Unexpected(field, "a level and a sentence");
            }
            events.add(new DriverEvent(new Reply.Field("event", number).number(), words[0], words[1]));
        }
        return List.copyOf(events);
    }

    private static Replica replica(Reply reply) {
        return new Replica(
                reply.get("resource-uuid").uuid(),
                reply.get("node-uuid").uuid(),
                reply.get("device-bytes").number(),
                (int) reply.get("block-bytes").number(),
                reply.get("epoch").number(),
                reply.get("consistent").flag(),
                reply.number("inconsistent-until-lsn"),
                reply.get("disk-attached").flag(),
                reply.get("suspended").flag(),
                reply.get("lease-expired").flag(),
                reply.number("lease-remaining-ms"),
                reply.get("replay-paused").flag(),
                reply.get("log-full").flag(),
                reply.get("oldest-lsn").number(),
                reply.get("checkpoint-lsn").number(),
                reply.get("applied-limit-lsn").number(),
                reply.get("replayed-lsn").number(),
                reply.number("received-lsn"),
                reply.get("durable-lsn").number(),
                reply.get("end-lsn").number(),
                reply.get("end-chain").chain(),
                reply.number("end-time-ns"),
                reply.get("dirty-bytes").number(),
                reply.get("log-bytes").number(),
                epochs(reply),
                peers(reply),
                options(reply),
                counters(reply));
    }

    private static List<EpochStart> epochs(Reply reply) {
        return reply.between("epoch.", ".start-lsn").stream()
                .map(number -> new EpochStart(
                        new Reply.Field("epoch", number).number(),
                        reply.get("epoch." + number + ".start-lsn").number(),
                        reply.get("epoch." + number + ".chain").chain()))
                .sorted((a, b) -> Long.compareUnsigned(a.epoch(), b.epoch()))
                .toList();
    }

    private static List<Peer> peers(Reply reply) {
        return reply.between("peer.", ".state").stream()
                .map(uuid -> new Peer(
                        new Reply.Field("peer", uuid).uuid(),
                        reply.number("peer." + uuid + ".durable-lsn"),
                        reply.number("peer." + uuid + ".bitmap-from-lsn")
                                .map(from -> new Bitmap(
                                        from,
                                        reply.get("peer." + uuid + ".bitmap-to-lsn")
                                                .number()))))
                .toList();
    }

    static Map<String, String> options(Reply reply) {
        Map<String, String> options = new LinkedHashMap<>();
        for (String name : reply.between("option.", "")) {
            options.put(name, reply.get("option." + name).value());
        }
        return Map.copyOf(options);
    }

    private static Map<String, Long> counters(Reply reply) {
        Map<String, Long> counters = new LinkedHashMap<>();
        for (String name : COUNTERS) {
            reply.number(name).ifPresent(value -> counters.put(name, value));
        }
        return Map.copyOf(counters);
    }
}
