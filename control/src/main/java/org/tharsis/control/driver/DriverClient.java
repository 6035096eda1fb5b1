// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.io.Closeable;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentName;

/**
 * The commands of docs/control-channel.md, each a method that waits for the driver's answer: there is no time-out, because
 * the driver always answers or goes. Safe for all threads; their commands run side by side, each on a session of its own,
 * which is kept for later ones. An interrupted thread gets {@link DriverGone}.
 *
 * <p>Each method throws {@link DriverException} when the driver refuses, and {@link DriverGone} when it is away: the next
 * call connects anew.
 */
public final class DriverClient implements Closeable {
    private static final int COMMANDS_AT_ONCE_MAX = 64;
    private static final int IDLE_SESSIONS_MAX = 4;

    private final Path place;
    private final Semaphore commands = new Semaphore(COMMANDS_AT_ONCE_MAX);
    private final Object lock = new Object();
    private final Deque<DriverSession> idle = new ArrayDeque<>(); // guarded by lock
    private final Set<DriverSession> running = new HashSet<>(); // guarded by lock
    private boolean closed; // guarded by lock

    /** Connects with the first command to brickd's socket, or to the kernel driver's {@code /dev/tharsis-control}. */
    public DriverClient(Path place) {
        this.place = place;
    }

    public DriverVersion version() throws DriverException, DriverGone {
        return run(new CommandLine("version"), DriverVersion::of);
    }

    /** Names of the open resources, in the order in which they were opened. */
    public List<String> list() throws DriverException, DriverGone {
        return run(new CommandLine("list"), reply -> reply.all("resource"));
    }

    /** Makes a new replica; it is not open afterwards. Repeated: {@link DriverError#EXISTS}. */
    public void create(String resource, NewReplica replica, FileAccess access) throws DriverException, DriverGone {
        run(access.addTo(replica.command(resource)));
    }

    /** Recovers the replica in this log directory. Repeated: {@link DriverError#EXISTS}. */
    public Opened open(String resource, Path directory, UUID resourceUuid, FileAccess access)
            throws DriverException, DriverGone {
        return run(
                access.addTo(new CommandLine("open", resource)
                        .path("directory", directory)
                        .uuid("resource-uuid", resourceUuid)),
                Opened::of);
    }

    /**
     * Closes the log and forgets the resource. Repeated: {@link DriverError#ABSENT}.
     *
     * @param drain writes all back before, so that the next open replays nothing
     */
    public void close(String resource, boolean drain) throws DriverException, DriverGone {
        run(new CommandLine("close", resource).key("drain", flag(drain)));
    }

    /**
     * Claims the disk and starts write-back. Repeated: {@link DriverError#EXISTS}.
     *
     * @param writeLabel gives the disk its label; otherwise it must have it, when it is large enough for one
     * @param createSizeBytes makes a sparse file of this size when there is none
     */
    public void attach(
            String resource, Path disk, boolean writeLabel, Optional<Long> createSizeBytes, FileAccess access)
            throws DriverException, DriverGone {
        run(access.addTo(new CommandLine("attach", resource)
                .path("disk", disk)
                .key("label", writeLabel ? "write" : "check")
                .optional("create-size", createSizeBytes.map(Long::toUnsignedString))));
    }

    /** Gives the disk back. Repeated: {@link DriverError#ABSENT}. */
    public void detach(String resource) throws DriverException, DriverGone {
        run(new CommandLine("detach", resource));
    }

    /** Makes the device visible under the resource's name. Repeated: {@link DriverError#EXISTS}. */
    public void export(String resource) throws DriverException, DriverGone {
        run(new CommandLine("export", resource));
    }

    /** Ends the export and disconnects its clients. Repeated: {@link DriverError#ABSENT}. */
    public void unexport(String resource) throws DriverException, DriverGone {
        run(new CommandLine("unexport", resource));
    }

    /**
     * Begins an epoch as primary, after all received records were replayed.
     *
     * @param chain only when this is the chain value at the end of the log
     * @return end of the log
     */
    public LogPosition rolePrimary(String resource, long epoch, Optional<Long> chain)
            throws DriverException, DriverGone {
        CommandLine command = new CommandLine("role", resource, "primary").number("epoch", epoch);
        chain.ifPresent(value -> command.chain("chain", value));
        return run(
                command,
                reply -> new LogPosition(
                        reply.get("end-lsn").number(),
                        reply.get("epoch").number(),
                        reply.get("end-chain").chain()));
    }

    /** Refuses writers from now on and makes the log durable. */
    public SealedEnd roleSecondary(String resource) throws DriverException, DriverGone {
        return run(new CommandLine("role", resource, "secondary"), SealedEnd::of);
    }

    /** The segment file of this name holds durable bytes up to {@code lsn}. Tell segments in log order. */
    public void received(String resource, SegmentName segment, long lsn) throws DriverException, DriverGone {
        run(new CommandLine("received", resource)
                .number("epoch", segment.epoch())
                .number("start-lsn", segment.startLsn())
                .number("lsn", lsn));
    }

    /** Replays all that is received, from now on. */
    public void replayRun(String resource) throws DriverException, DriverGone {
        run(new CommandLine("replay", resource, "run"));
    }

    /** Stops replay at the next batch. */
    public void replayPause(String resource) throws DriverException, DriverGone {
        run(new CommandLine("replay", resource, "pause"));
    }

    /** Removes the log's tail from {@code lsn} of {@code epoch} on. */
    public void cut(String resource, long epoch, long lsn) throws DriverException, DriverGone {
        run(new CommandLine("cut", resource).number("epoch", epoch).number("lsn", lsn));
    }

    /**
     * Begins a new segment, unless the newest is empty.
     *
     * @return where the new segment starts
     */
    public long rotate(String resource) throws DriverException, DriverGone {
        return run(new CommandLine("rotate", resource), DriverClient::endLsn);
    }

    /**
     * Makes the log durable up to now.
     *
     * @return up to there
     */
    public EpochLsn flush(String resource) throws DriverException, DriverGone {
        return run(
                new CommandLine("flush", resource),
                reply -> new EpochLsn(
                        reply.get("epoch").number(), reply.get("end-lsn").number()));
    }

    /**
     * Writes back all that is dirty now.
     *
     * @return the checkpoint is at least there
     */
    public long checkpoint(String resource) throws DriverException, DriverGone {
        return run(new CommandLine("checkpoint", resource), DriverClient::endLsn);
    }

    /**
     * Keeps the log for this replica.
     *
     * @param lsn it has the log durable up to there, and gets it from there on; empty: all that there is is kept, unless it is
     *     known already what it has
     */
    public void peerAdd(String resource, UUID peer, Optional<Long> lsn) throws DriverException, DriverGone {
        run(new CommandLine("peer-add", resource).uuid("peer", peer).optional("lsn", lsn.map(Long::toUnsignedString)));
    }

    /** Keeps no log for this replica any more. */
    public void peerRemove(String resource, UUID peer) throws DriverException, DriverGone {
        run(new CommandLine("peer-remove", resource).uuid("peer", peer));
    }

    /** This replica has the log durable up to {@code lsn}. */
    public void remoteDurable(String resource, UUID peer, long lsn) throws DriverException, DriverGone {
        run(new CommandLine("remote-durable", resource).uuid("peer", peer).number("lsn", lsn));
    }

    /** With {@code fencing=lease}: the primary may serve for so long from now, 0 to 3600000. */
    public void lease(String resource, long milliseconds) throws DriverException, DriverGone {
        run(new CommandLine("lease", resource).number("milliseconds", milliseconds));
    }

    /** New I/O waits; returns when none is under way and the log is durable. */
    public void suspend(String resource) throws DriverException, DriverGone {
        run(new CommandLine("suspend", resource));
    }

    /** Lets I/O go on. */
    public void resume(String resource) throws DriverException, DriverGone {
        run(new CommandLine("resume", resource));
    }

    /**
     * Enlarges the device.
     *
     * @return its size in bytes
     */
    public long resize(String resource, long sizeBytes) throws DriverException, DriverGone {
        return run(
                new CommandLine("resize", resource).number("size", sizeBytes),
                reply -> reply.get("device-bytes").number());
    }

    /**
     * Changes options; those not named stay. They hold until the resource is closed.
     *
     * @return all of them
     */
    public Map<String, String> tune(String resource, Map<String, String> options) throws DriverException, DriverGone {
        CommandLine command = new CommandLine("tune", resource);
        options.forEach(command::key);
        return run(command, ResourceStatus::options);
    }

    public ResourceStatus status(String resource) throws DriverException, DriverGone {
        return run(new CommandLine("status", resource), ResourceStatus::of);
    }

    /** Follows a resource on a thread of its own, until the watch is closed. */
    public DriverWatch watch(String resource, DriverWatch.ResourceListener listener) {
        return DriverWatch.ofResource(place, resource, listener);
    }

    /** Follows the whole host on a thread of its own, until the watch is closed. */
    public DriverWatch watchHost(DriverWatch.HostListener listener) {
        return DriverWatch.ofHost(place, listener);
    }

    private static long endLsn(Reply reply) {
        return reply.get("end-lsn").number();
    }

    private static String flag(boolean value) {
        return value ? "yes" : "no";
    }

    private void run(CommandLine command) throws DriverException, DriverGone {
        run(command, reply -> reply);
    }

    private <T> T run(CommandLine command, Function<Reply, T> reader) throws DriverException, DriverGone {
        commands.acquireUninterruptibly();
        try {
            DriverSession session = take();
            try {
                return session.run(command, reader);
            } finally {
                giveBack(session);
            }
        } finally {
            commands.release();
        }
    }

    /** An idle session that the driver has not ended meanwhile, or a new one. */
    private DriverSession take() throws DriverGone {
        Optional<DriverSession> session = nextIdle();
        while (session.isPresent() && !session.get().usable()) {
            session.get().close();
            session = nextIdle();
        }
        return started(session.isPresent() ? session.get() : DriverSession.connect(place));
    }

    private Optional<DriverSession> nextIdle() {
        synchronized (lock) {
            return Optional.ofNullable(idle.poll());
        }
    }

    private DriverSession started(DriverSession session) throws DriverGone {
        synchronized (lock) {
            if (!closed) {
                running.add(session);
                return session;
            }
        }
        session.close();
        throw new DriverGone("this node does not speak to its driver any more, because it is being stopped");
    }

    private void giveBack(DriverSession session) {
        synchronized (lock) {
            running.remove(session);
            if (session.isOpen() && idle.size() < IDLE_SESSIONS_MAX && !closed) {
                idle.push(session);
                return;
            }
        }
        session.close();
    }

    /** Ends all sessions. Commands under way are carried out by the driver, but their callers get {@link DriverGone}. */
    @Override
    public void close() {
        List<DriverSession> all = new ArrayList<>();
        synchronized (lock) {
            closed = true;
            all.addAll(idle);
            all.addAll(running);
            idle.clear();
        }
        all.forEach(DriverSession::close);
    }
}
