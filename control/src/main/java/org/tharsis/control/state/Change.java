// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.List;
import org.apache.zookeeper.Op;

/**
 * One transaction, and how to find out what became of it.
 *
 * @param ops what is checked and changed; all or nothing
 * @param version of {@link Outcome.Done}: the changed key's, once it is done
 * @param done does the tree show that it was done? Asked only after a lost reply
 * @param lost what to say when a check failed
 */
record Change(List<Op> ops, int version, Readback<Boolean> done, Readback<Outcome> lost) {
    /** A question to the tree. */
    @FunctionalInterface
    interface Readback<T> {
        T read(TreeCalls calls, long deadlineNs) throws TreeUnavailableException;
    }

    Change {
        ops = List.copyOf(ops);
    }
}
