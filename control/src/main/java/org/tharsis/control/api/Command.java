// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Optional;
import org.tharsis.control.model.BadValueException;
import org.tharsis.control.model.Names;

/**
 * What a node can be told to do. Each record is the JSON body of the request of the same name; what it holds is well-formed,
 * or the constructor throws {@link BadValueException}. Times are in milliseconds; a command that can take long ends with
 * {@link Outcome.TimedOut} when its {@code timeoutMs} is up.
 */
public sealed interface Command {
    /** Makes a new cluster of this node alone: its CA, its identity, its state tree. */
    record CreateCluster(String name) implements Command {
        public CreateCluster {
            Names.cluster(name);
        }
    }

    /**
     * Enters the cluster that a token was made in.
     *
     * @param address HOST:PORT of the node that made it; the token has one already
     */
    record JoinCluster(String token, Optional<String> address) implements Command {}

    /**
     * Makes a new resource with its first replica on this node, which becomes its primary.
     *
     * @param disk absolute path of a block device or file on this node; a file in the state directory unless told
     * @param sizeBytes of the device; unless told, what the disk has room for
     * @param createDisk the disk is a file that does not exist: make it, sparse
     * @param blockBytes 512 or 4096 (unless told)
     * @param logDirectory absolute path; in the state directory unless told
     */
    record CreateResource(
            String name,
            String disk,
            Optional<Long> sizeBytes,
            boolean createDisk,
            Optional<Integer> blockBytes,
            Optional<String> logDirectory)
            implements Command {
        public CreateResource {
            Names.resource(name);
            Paths.check("disk", disk);
            logDirectory.ifPresent(directory -> Paths.check("log directory", directory));
            if (blockBytes.isPresent() && blockBytes.get() != 512 && blockBytes.get() != 4096) {
                throw new BadValueException("a device has blocks of 512 or of 4096 bytes, not of " + blockBytes.get());
            }
            int block = blockBytes.orElse(4096);
            if (sizeBytes.isPresent() && (sizeBytes.get() < block || sizeBytes.get() % block != 0)) {
                throw new BadValueException("a device of " + sizeBytes.get()
                        + " bytes is not possible: its size is a multiple" + " of its block size, " + block + " bytes");
            }
            if (createDisk && sizeBytes.isEmpty()) {
                throw new BadValueException("a disk that is to be made needs a size: give the size of the device");
            }
        }
    }

    /** Puts a new replica of an existing resource on this node. The parameters are those of {@link CreateResource}. */
    record JoinResource(String name, String disk, boolean createDisk, Optional<String> logDirectory)
            implements Command {
        public JoinResource {
            Names.resource(name);
            Paths.check("disk", disk);
            logDirectory.ifPresent(directory -> Paths.check("log directory", directory));
        }
    }

    /**
     * Gives this node's replica up. Its disk and log stay as they are.
     *
     * @param force also when it is the last one, or the primary
     */
    record LeaveResource(String name, boolean force) implements Command {
        public LeaveResource {
            Names.resource(name);
        }
    }

    /**
     * Makes this node the primary.
     *
     * @param force without the old primary's help, because it is dead
     * @param loseNewer with {@code force}: although another replica has more
     * @param disconnectUsers of the old primary's device
     */
    record Primary(String name, boolean force, boolean loseNewer, boolean disconnectUsers, Optional<Long> timeoutMs)
            implements Command {
        public Primary {
            Names.resource(name);
            if (loseNewer && !force) {
                throw new BadValueException("lose-newer is an addition to force: a planned handover loses nothing");
            }
            checkTimeout(timeoutMs);
        }
    }

    /** Makes this node's replica, which is the primary, a secondary: afterwards there is no primary. */
    record Secondary(String name, boolean disconnectUsers, Optional<Long> timeoutMs) implements Command {
        public Secondary {
            Names.resource(name);
            checkTimeout(timeoutMs);
        }
    }

    /** Throws away what this node's replica holds, and fetches all that differs from the primary. */
    record Invalidate(String name) implements Command {
        public Invalidate {
            Names.resource(name);
        }
    }

    /**
     * Sets what is wanted of this node's replica.
     *
     * @param todo {@code fetch} or {@code replay}
     * @param on false pauses it
     */
    record Switch(
            String name,
            Todo todo,
            @JsonProperty(required = true) boolean on) implements Command {
        public Switch {
            Names.resource(name);
        }
    }

    /** What {@link Switch} can pause and resume. */
    enum Todo implements Word {
        FETCH,
        REPLAY
    }

    /**
     * Waits.
     *
     * @param node whose replica is meant; this node's unless told
     */
    record WaitResource(String name, Condition condition, Optional<String> node, Optional<Long> timeoutMs)
            implements Command {
        public WaitResource {
            Names.resource(name);
            node.ifPresent(host -> Names.node(host));
            checkTimeout(timeoutMs);
        }
    }

    /** What {@link WaitResource} can wait for. */
    enum Condition implements Word {
        /** The replica is consistent: it equals the primary at one LSN. */
        CONSISTENT,
        /** It has replayed everything that the primary has in its log. */
        CAUGHT_UP,
        /** Its node is the primary, and the device can be used. */
        PRIMARY,
        /** It is a secondary that follows a source. */
        SECONDARY
    }

    /** Sets one key of the tree, as it is written there. For those who know what they do. */
    record SetKey(String key, String value) implements Command {
        public SetKey {
            TreeKeys.check(key);
        }
    }

    private static void checkTimeout(Optional<Long> timeoutMs) {
        if (timeoutMs.isPresent() && timeoutMs.get() < 1) {
            throw new BadValueException("a time-out is at least 1 ms, not " + timeoutMs.get());
        }
    }
}
