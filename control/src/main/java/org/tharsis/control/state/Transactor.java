// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

/**
 * Does changes. A reply that got lost is found out: the transaction is sent again, which does nothing twice because it
 * checks versions, and when it fails then, the tree is asked whether it was the first one that succeeded. Any thread.
 */
final class Transactor {
    private final TreeCalls calls;

    Transactor(TreeCalls calls) {
        this.calls = calls;
    }

    /** Blocks until the outcome is known or the deadline has passed. */
    Outcome run(Change change, long deadlineNs) {
        boolean mayHaveHappened = false;
        try {
            while (true) {
                TreeCalls.Reply reply = calls.multi(change.ops(), deadlineNs);
                if (reply instanceof TreeCalls.Reply.Done) {
                    return new Outcome.Done(change.version());
                }
                if (reply instanceof TreeCalls.Reply.Failed) {
                    if (mayHaveHappened && change.done().read(calls, deadlineNs)) {
                        return new Outcome.Done(change.version());
                    }
                    mayHaveHappened = false;
                    return change.lost().read(calls, deadlineNs);
                }
                mayHaveHappened |= reply instanceof TreeCalls.Reply.Silent silent && silent.sent();
                if (System.nanoTime() - deadlineNs >= 0
                        || Thread.currentThread().isInterrupted()) {
                    return new Outcome.Unavailable(mayHaveHappened, "ZooKeeper did not answer in time");
                }
            }
        } catch (TreeUnavailableException e) {
            return new Outcome.Unavailable(mayHaveHappened, String.valueOf(e.getMessage()));
        }
    }
}
