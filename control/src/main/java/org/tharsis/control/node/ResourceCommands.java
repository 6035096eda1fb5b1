// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.control.api.Caller;
import org.tharsis.control.api.Changed;
import org.tharsis.control.api.Command;
import org.tharsis.control.api.Progress;
import org.tharsis.control.driver.DriverClient;
import org.tharsis.control.driver.DriverException;
import org.tharsis.control.driver.FileAccess;
import org.tharsis.control.driver.NewReplica;
import org.tharsis.control.model.ReplicaRecord;
import org.tharsis.control.model.ResourceIdentity;
import org.tharsis.control.model.ResourceOptions;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.Role;
import org.tharsis.control.model.Switch;
import org.tharsis.control.model.Versioned;
import org.tharsis.control.reconcile.Action;
import org.tharsis.control.reconcile.Backfilling;
import org.tharsis.control.reconcile.ReplicaFiles;
import org.tharsis.control.state.Outcome;
import org.tharsis.control.state.ResourceSpec;

/** Commands that make replicas, give them up, and say what they shall do. Any thread may call; they block. */
final class ResourceCommands {
    private static final int LABEL_BYTES = 4096;
    private static final long NS_PER_S = 1_000_000_000L;
    private static final Duration UP_WITHIN = Duration.ofSeconds(60);

    private final Member member;
    private final Knowledge knowledge;

    ResourceCommands(Member member) {
        this.member = member;
        this.knowledge = new Knowledge(member);
    }

    // Create

    Changed create(Command.CreateResource command, Caller caller) throws Exception {
        knowledge.requireLive();
        DriverClient driver = knowledge.requireDriver();
        String name = command.name();
        if (knowledge.view().resource(name).isPresent()
                || knowledge.view().unreadable().contains(name)) {
            throw CommandFailed.refused(
                    "there is a resource " + name + " already", "'tharsis join-resource' puts a replica here");
        }
        ReplicaSpec spec = newSpec(command);
        caller.progress(Progress.step("making the first replica"));
        makeFirst(driver, spec, command.createDisk());
        Outcome outcome = member.tree()
                .createResource(new ResourceSpec(
                        name,
                        new ResourceIdentity(spec.resourceUuid(), spec.deviceBytes(), spec.blockBytes(), nowNs()),
                        ResourceOptions.DEFAULTS,
                        member.me(),
                        record(spec)));
        boolean unclear = outcome instanceof Outcome.Unavailable unavailable && unavailable.mayHaveHappened();
        if (!(outcome instanceof Outcome.Done) && !unclear) {
            unmake(driver, spec);
        }
        CommandFailed.unlessDone(outcome);
        caller.progress(Progress.step("becoming primary"));
        if (!knowledge.awaitUsableHere(name, UP_WITHIN)) {
            throw CommandFailed.timedOut(
                    name + " is created, but not usable yet" + knowledge.failure(name), "look at 'tharsis view'");
        }
        return new Changed(name + " is created; " + member.me() + " is its primary.");
    }

    private ReplicaSpec newSpec(Command.CreateResource command) throws CommandFailed, IOException {
        int block = command.blockBytes().orElse(LABEL_BYTES);
        Path disk = Path.of(command.disk());
        checkDisk(disk, command.createDisk());
        long room = command.createDisk() ? Long.MAX_VALUE : sizeOf(disk);
        long size = command.sizeBytes().orElse(room / LABEL_BYTES * LABEL_BYTES - LABEL_BYTES);
        if (size < block || size > room) {
            throw CommandFailed.refused(
                    disk + " has " + room + " bytes: not enough for a device of " + size,
                    "give a smaller size, or a larger disk");
        }
        return new ReplicaSpec(
                command.name(),
                UUID.randomUUID(),
                member.identity().nodeUuid(),
                size,
                block,
                disk,
                emptyLogDirectory(command.name(), command.logDirectory()));
    }

    private static void checkDisk(Path disk, boolean create) throws CommandFailed {
        if (create == Files.exists(disk)) {
            throw CommandFailed.refused(
                    create ? disk + " exists already" : "there is no disk " + disk,
                    create
                            ? "leave --create-disk out to use it"
                            : "check the path, or have it made with --create-disk");
        }
    }

    private static long sizeOf(Path disk) throws IOException {
        try (FileChannel channel = FileChannel.open(disk, StandardOpenOption.READ)) {
            return channel.size();
        }
    }

    private Path emptyLogDirectory(String name, Optional<String> told) throws CommandFailed, IOException {
        Path directory = told.map(Path::of)
                .orElseGet(
                        () -> member.config().stateDirectory().resolve("logs").resolve(name));
        Files.createDirectories(directory);
        if (new ReplicaDirectory(directory).files() != ReplicaFiles.NONE) {
            throw CommandFailed.refused(
                    directory + " holds a replica's log already",
                    "move it away if it is not needed any more, or give another log directory");
        }
        return directory;
    }

    private static void makeFirst(DriverClient driver, ReplicaSpec spec, boolean createDisk)
            throws IOException, DriverException {
        driver.create(
                spec.resource(),
                new NewReplica(
                        spec.logDirectory(),
                        spec.deviceBytes(),
                        spec.blockBytes(),
                        spec.resourceUuid(),
                        spec.nodeUuid(),
                        Optional.empty(),
                        Optional.empty()),
                FileAccess.USUAL);
        try {
            driver.open(spec.resource(), spec.logDirectory(), spec.resourceUuid(), FileAccess.USUAL);
            driver.attach(
                    spec.resource(),
                    spec.disk(),
                    true,
                    createDisk ? Optional.of(spec.newDiskBytes()) : Optional.empty(),
                    FileAccess.USUAL);
        } catch (IOException | DriverException failed) {
            unmake(driver, spec);
            throw failed;
        }
    }

    /** Takes back what {@link #makeFirst} did; the disk stays. */
    private static void unmake(DriverClient driver, ReplicaSpec spec) throws IOException {
        try {
            driver.close(spec.resource(), false);
        } catch (DriverException notOpen) {
            // Then there is nothing to be closed.
        }
        ReplicaDirectory directory = new ReplicaDirectory(spec.logDirectory());
        directory.discard();
        directory.removeBackfill();
    }

    private ReplicaRecord record(ReplicaSpec spec) {
        return new ReplicaRecord(
                spec.disk().toString(),
                "nbd:" + spec.resource(),
                spec.logDirectory().toString());
    }

    private long nowNs() {
        Instant now = member.clock().instant();
        return now.getEpochSecond() * NS_PER_S + now.getNano();
    }

    // Join and leave

    Changed join(Command.JoinResource command, Caller caller) throws Exception {
        knowledge.requireLive();
        knowledge.requireDriver();
        String name = command.name();
        ResourceView view = knowledge.resource(name);
        if (view.replica(member.me()).isPresent()) {
            throw CommandFailed.refused(
                    member.me() + " has a replica of " + name + " already", "'tharsis view " + name + "' shows it");
        }
        if (view.role().flatMap(role -> role.value().primary()).isEmpty()) {
            throw CommandFailed.refused(
                    name + " has no primary from which a new replica could be filled",
                    "'tharsis primary " + name + "' on a node that has one");
        }
        Path disk = Path.of(command.disk());
        checkDisk(disk, command.createDisk());
        long deviceBytes = view.identity().deviceBytes();
        if (!command.createDisk() && sizeOf(disk) < deviceBytes) {
            throw CommandFailed.refused(
                    disk + " has " + sizeOf(disk) + " bytes, and the device " + deviceBytes, "give a larger disk");
        }
        Path log = emptyLogDirectory(name, command.logDirectory());
        ReplicaRecord record = new ReplicaRecord(disk.toString(), "nbd:" + name, log.toString());
        CommandFailed.unlessDone(member.tree().joinReplica(view, member.me(), record));
        caller.progress(Progress.step("beginning the backfill"));
        if (!member.changes().until(UP_WITHIN, () -> hasBegun(name))) {
            throw CommandFailed.timedOut(
                    name + " has a replica here, but its backfill has not begun yet" + knowledge.failure(name),
                    "look at 'tharsis view'; 'tharsis wait-resource " + name + " consistent' waits for it");
        }
        return new Changed(name + " has a replica on " + member.me() + "; its backfill has begun.");
    }

    /** The backfill of this node's replica runs, or is over already. */
    private boolean hasBegun(String name) throws IOException {
        Optional<ReplicaLoop.Parts> parts = member.replicas().loop(name).map(ReplicaLoop::parts);
        return parts.isPresent()
                && (!(parts.get().fetching().backfilling() instanceof Backfilling.Stopped)
                        || parts.get().directory().files() == ReplicaFiles.REPLICA);
    }

    Changed leave(Command.LeaveResource command, Caller caller) throws Exception {
        knowledge.requireLive();
        String name = command.name();
        ResourceView view = knowledge.replicaHere(name);
        boolean primary = knowledge.isPrimaryHere(view);
        boolean last = view.replicas().size() == 1;
        if ((primary || last) && !command.force()) {
            throw CommandFailed.refused(
                    member.me() + (last ? " has the last replica of " : " is the primary of ") + name,
                    last
                            ? "--force gives the resource up; disk and log stay as they are"
                            : "make another node the primary first");
        }
        ReplicaLoop loop = knowledge.loop(name);
        caller.progress(Progress.step("closing the replica"));
        loop.call(() -> {
                    giveUp(loop, primary, last);
                    return true;
                })
                .get();
        return new Changed(member.me() + " has given up its replica of " + name
                + (last ? ", which was the last one" : "") + "; disk and log are as they were.");
    }

    /** On the loop's thread. */
    private void giveUp(ReplicaLoop loop, boolean primary, boolean last) throws Exception {
        ReplicaLoop.Parts parts = loop.parts();
        loop.resign(true);
        try {
            if (primary) {
                parts.actions().perform(new Action.Unexport());
                parts.roles().seal();
                knowledge.awaitSeen(loop);
            }
            parts.fetching().stopFollowing();
            parts.fetching().stopBackfill();
            parts.actions().perform(new Action.Close());
            ResourceView now = parts.roles().view();
            CommandFailed.unlessDone(
                    last
                            ? member.tree().deleteResource(now, member.me())
                            : member.tree().leaveReplica(now, member.me()));
        } catch (Exception failed) {
            loop.resign(false);
            throw failed;
        }
    }

    // What a replica shall do

    Changed invalidate(Command.Invalidate command, Caller caller) throws Exception {
        knowledge.requireLive();
        String name = command.name();
        ResourceView view = knowledge.replicaHere(name);
        Optional<String> primary = view.role().map(Versioned::value).flatMap(Role::primary);
        if (primary.isEmpty() || primary.get().equals(member.me())) {
            throw CommandFailed.refused(
                    primary.isEmpty()
                            ? name + " has no primary from which this replica could be filled again"
                            : member.me() + " is the primary of " + name + ": its data are the ones that count",
                    "'tharsis primary " + name + "' on the node whose data are good");
        }
        CommandFailed.unlessDone(member.tree().setTodo(name, member.me(), Switch.INVALIDATE, true));
        caller.progress(Progress.step("throwing the log away"));
        if (!member.changes().until(UP_WITHIN, () -> !isInvalidateWanted(name) && hasBegun(name))) {
            throw CommandFailed.timedOut(
                    name + " shall be filled again, but that has not begun yet" + knowledge.failure(name),
                    "look at 'tharsis view'");
        }
        return new Changed(name + " on " + member.me() + " is being filled again from " + primary.get() + ".");
    }

    private boolean isInvalidateWanted(String name) throws CommandFailed {
        return knowledge
                .resource(name)
                .replica(member.me())
                .filter(replica -> replica.todo().wants(Switch.INVALIDATE))
                .isPresent();
    }

    Changed todo(Command.Switch command) throws Exception {
        knowledge.requireLive();
        String name = command.name();
        knowledge.replicaHere(name);
        Switch which = command.todo() == Command.Todo.FETCH ? Switch.FETCH : Switch.REPLAY;
        CommandFailed.unlessDone(member.tree().setTodo(name, member.me(), which, command.on()));
        return new Changed(name + ": " + which.key() + " is " + (command.on() ? "resumed" : "paused") + " on "
                + member.me() + ".");
    }
}
