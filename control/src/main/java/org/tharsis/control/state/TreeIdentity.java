// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs;
import org.tharsis.control.model.Keys;
import org.tharsis.control.model.RawValue;

/** Whose tree it is, and in which version of its layout. */
final class TreeIdentity {
    /** Of the layout, {@code major.minor}: another minor only adds keys. */
    static final String VERSION = "1.0";

    private static final Pattern VERSION_TEXT = Pattern.compile("([0-9]{1,4})\\.[0-9]{1,4}");
    private static final String MAJOR = "1";

    /** Creates a tree; done when it is there with this UUID. */
    static Outcome create(TreeCalls calls, TreePaths paths, UUID uuid) {
        long deadlineNs = calls.deadlineNs();
        // Other clusters may be there already; then this fails, and that is fine.
        TreeCalls.Reply top = calls.multi(
                List.of(Op.create(TreePaths.TOP, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)),
                deadlineNs);
        if (top instanceof TreeCalls.Reply.Silent) {
            return new Outcome.Unavailable(false, "ZooKeeper did not answer in time");
        }
        if (top.equals(new TreeCalls.Reply.Failed(Code.NONODE))) {
            return new Outcome.Refused(
                    "the path at the end of ZooKeeper's connect string is not there: create it first");
        }
        TreeOps ops = new TreeOps(paths)
                .create("", "")
                .create(Keys.UUID, uuid.toString())
                .create(Keys.VERSION, VERSION)
                .create(Keys.NODES, "")
                .create(Keys.ALIVE, "")
                .create(Keys.RESOURCES, "")
                .create(Keys.EVENTS, "");
        Change.Readback<Boolean> done = (c, deadline) -> c.get(paths.path(Keys.UUID), deadline)
                .filter(value -> value.text().equals(uuid.toString()))
                .isPresent();
        return new Transactor(calls)
                .run(
                        new Change(
                                ops.list(),
                                0,
                                done,
                                (c, deadline) -> done.read(c, deadline)
                                        ? new Outcome.Done(0)
                                        : new Outcome.Lost(
                                                Optional.empty(),
                                                "there is a cluster " + paths.cluster()
                                                        + " in this ZooKeeper already")),
                        deadlineNs);
    }

    /** What speaks against working with this tree; empty: nothing. */
    static Optional<String> objection(
            TreePaths paths, UUID uuid, Optional<RawValue> foundUuid, Optional<RawValue> foundVersion) {
        if (foundUuid.isEmpty() || foundVersion.isEmpty()) {
            return Optional.of("there is no cluster " + paths.cluster()
                    + " in this ZooKeeper: is it the right one, and are its data complete?");
        }
        if (!foundUuid.get().text().equals(uuid.toString())) {
            return Optional.of(
                    "cluster " + paths.cluster() + " in this ZooKeeper is another one of the same name: its UUID is "
                            + foundUuid.get().text() + ", ours is " + uuid);
        }
        Matcher version = VERSION_TEXT.matcher(foundVersion.get().text());
        if (!version.matches() || !version.group(1).equals(MAJOR)) {
            return Optional.of("cluster " + paths.cluster() + " has version "
                    + foundVersion.get().text() + " of the state tree; this program works with " + MAJOR + ".x");
        }
        return Optional.empty();
    }

    private TreeIdentity() {}
}
