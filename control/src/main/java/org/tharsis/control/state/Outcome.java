// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.Optional;
import org.tharsis.control.model.Role;

/** What became of a change of the tree. */
public sealed interface Outcome {
    /**
     * It stands in the tree.
     *
     * @param version of the key after it: of {@code role} for a change of the role; 0 for something new
     */
    record Done(int version) implements Outcome {}

    /**
     * Somebody else was faster, or what it needs is not (any more) there. Nothing was changed.
     *
     * @param current the role as it is now, where a change of the role was asked for
     * @param why who won, for people
     */
    record Lost(Optional<Role> current, String why) implements Outcome {}

    /** What was asked for is not possible, now or ever; the reason is for people. Nothing was changed. */
    record Refused(String why) implements Outcome {}

    /**
     * ZooKeeper did not answer in time.
     *
     * @param mayHaveHappened whether it may have been done all the same, or may still be: the next view that is seen
     *     while connected tells. It cannot be done later than the session that asked for it lives. Asking again with
     *     the view of before is safe: compare-and-set does nothing twice
     * @param why for people
     */
    record Unavailable(boolean mayHaveHappened, String why) implements Outcome {}
}
