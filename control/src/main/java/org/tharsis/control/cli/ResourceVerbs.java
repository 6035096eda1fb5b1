// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.tharsis.control.api.Command.CreateResource;
import org.tharsis.control.api.Command.Invalidate;
import org.tharsis.control.api.Command.JoinResource;
import org.tharsis.control.api.Command.LeaveResource;
import org.tharsis.control.api.Command.Switch;
import org.tharsis.control.api.Command.Todo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Verbs that make, change and remove this node's replica of a resource. */
final class ResourceVerbs {
    /** A verb about one resource. */
    abstract static class OfResource extends Verb {
        @Parameters(index = "0", paramLabel = "RESOURCE", description = "its name")
        private String resource = "";

        OfResource(Call call) {
            super(call);
        }

        String resource() {
            return resource;
        }
    }

    /** Paths are seen from where the command is given, and the daemon stands elsewhere. */
    private static String absolute(Path path) {
        return path.toAbsolutePath().normalize().toString();
    }

    @Command(
            name = "create-resource",
            description = "Makes a new resource with its first replica on this node, which becomes the primary.",
            footer = {
                "  tharsis create-resource vol0 --disk /dev/vdb",
                "  tharsis create-resource vol0 --disk /srv/vol0.disk --create-disk --size 10GiB"
            })
    static final class Create extends OfResource {
        @Option(names = "--disk", paramLabel = "PATH", required = true, description = "a block device or a file")
        private Path disk = Path.of("");

        @Option(
                names = "--size",
                paramLabel = "SIZE",
                description = "of the device: 10GiB; unless told, what the disk has room for")
        private Optional<String> size = Optional.empty();

        @Option(names = "--create-disk", description = "the disk is a file that does not exist: make it, sparse")
        private boolean createDisk;

        @Option(names = "--block", paramLabel = "BYTES", description = "size of its blocks: 512 or 4096 (unless told)")
        private Optional<Integer> block = Optional.empty();

        @Option(
                names = "--log-directory",
                paramLabel = "PATH",
                description = "for the log; in the daemon's state directory unless told")
        private Optional<Path> logDirectory = Optional.empty();

        Create(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            return tharsis()
                    .run(
                            "create-resource",
                            new CreateResource(
                                    resource(),
                                    absolute(disk),
                                    size.map(Quantities::bytes),
                                    createDisk,
                                    block,
                                    logDirectory.map(ResourceVerbs::absolute)));
        }
    }

    @Command(
            name = "join-resource",
            description = {
                "Puts a replica of an existing resource on this node, and begins to fill it.",
                "What stood on the disk is overwritten. 'wait-resource RESOURCE consistent' waits for its end."
            },
            footer = {
                "  tharsis join-resource vol0 --disk /dev/vdb",
                "  tharsis join-resource vol0 --disk /srv/vol0.disk --create-disk"
            })
    static final class Join extends OfResource {
        @Option(names = "--disk", paramLabel = "PATH", required = true, description = "a block device or a file")
        private Path disk = Path.of("");

        @Option(names = "--create-disk", description = "the disk is a file that does not exist: make it, sparse")
        private boolean createDisk;

        @Option(
                names = "--log-directory",
                paramLabel = "PATH",
                description = "for the log; in the daemon's state directory unless told")
        private Optional<Path> logDirectory = Optional.empty();

        Join(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            return tharsis()
                    .run(
                            "join-resource",
                            new JoinResource(
                                    resource(), absolute(disk), createDisk, logDirectory.map(ResourceVerbs::absolute)));
        }
    }

    @Command(
            name = "leave-resource",
            description = "Gives this node's replica up. Its disk and its log stay as they are.",
            footer = "  tharsis leave-resource vol0")
    static final class Leave extends OfResource {
        @Option(names = "--force", description = "also when it is the last replica")
        private boolean force;

        Leave(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            return tharsis().run("leave-resource", new LeaveResource(resource(), force));
        }
    }

    @Command(
            name = "invalidate",
            description = {
                "Gives up what this node's replica holds, and fetches what differs from the primary.",
                "For a replica that has diverged: what it alone has is lost then ('view' says how much)."
            },
            footer = "  tharsis invalidate vol0")
    static final class Resync extends OfResource {
        Resync(Call call) {
            super(call);
        }

        @Override
        public Integer call() {
            return tharsis().run("invalidate", new Invalidate(resource()));
        }
    }

    /** {@code pause-fetch} and its like. */
    abstract static class Switching extends OfResource {
        private final Todo todo;
        private final boolean on;

        Switching(Call call, Todo todo, boolean on) {
            super(call);
            this.todo = todo;
            this.on = on;
        }

        @Override
        public Integer call() {
            return tharsis().run("todo", new Switch(resource(), todo, on));
        }
    }

    @Command(
            name = "pause-fetch",
            description = "Stops fetching the log to this node's replica.",
            footer = {"  tharsis pause-fetch vol0"})
    static final class PauseFetch extends Switching {
        PauseFetch(Call call) {
            super(call, Todo.FETCH, false);
        }
    }

    @Command(
            name = "resume-fetch",
            description = "Goes on fetching the log to this node's replica.",
            footer = {"  tharsis resume-fetch vol0"})
    static final class ResumeFetch extends Switching {
        ResumeFetch(Call call) {
            super(call, Todo.FETCH, true);
        }
    }

    @Command(
            name = "pause-replay",
            description = "Keeps this node's replica at the state that it has now; the log is fetched all the same.",
            footer = "  tharsis pause-replay vol0")
    static final class PauseReplay extends Switching {
        PauseReplay(Call call) {
            super(call, Todo.REPLAY, false);
        }
    }

    @Command(
            name = "resume-replay",
            description = "Goes on replaying the log on this node's replica.",
            footer = {"  tharsis resume-replay vol0"})
    static final class ResumeReplay extends Switching {
        ResumeReplay(Call call) {
            super(call, Todo.REPLAY, true);
        }
    }

    private ResourceVerbs() {}
}
