// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.tharsis.control.api.Changed;
import org.tharsis.control.api.Outcome;
import org.tharsis.control.driver.DriverException;
import org.tharsis.control.driver.DriverGone;

/** A command ends without being done; what it throws says how. */
final class CommandFailed extends Exception {
    private static final long serialVersionUID = 1L;
    private static final String LOOK = "'tharsis view' shows how far it is";

    /** Something that blocks and may fail. */
    @FunctionalInterface
    interface Body<T> {
        T run() throws Exception;
    }

    private final transient Outcome.Failure<Changed> failure;

    private CommandFailed(Outcome<Changed> failure) {
        super(((Outcome.Failure<Changed>) failure).message());
        this.failure = (Outcome.Failure<Changed>) failure;
    }

    static CommandFailed refused(String message, String hint) {
        return new CommandFailed(Outcome.refused(message, hint));
    }

    static CommandFailed timedOut(String reached, String hint) {
        return new CommandFailed(Outcome.timedOut(reached, hint));
    }

    static CommandFailed unreachable(String message, String hint) {
        return new CommandFailed(Outcome.unreachable(message, hint));
    }

    /** A change of the tree that was not made; returns when it was. */
    static void unlessDone(org.tharsis.control.state.Outcome outcome) throws CommandFailed {
        if (outcome instanceof org.tharsis.control.state.Outcome.Lost lost) {
            throw refused(lost.why(), "look at 'tharsis view', and give the command again if it is still wanted");
        }
        if (outcome instanceof org.tharsis.control.state.Outcome.Refused refused) {
            throw refused(refused.why(), "nothing was changed");
        }
        if (outcome instanceof org.tharsis.control.state.Outcome.Unavailable unavailable) {
            String maybe = unavailable.mayHaveHappened() ? "; it may have been done all the same" : "";
            throw unreachable(unavailable.why() + maybe, "when ZooKeeper is back, look at 'tharsis view' first");
        }
    }

    /** Runs a command; what it throws becomes its outcome. */
    static <T> Outcome<T> outcomeOf(Body<T> body) {
        try {
            return Outcome.done(body.run());
        } catch (Exception thrown) {
            return outcomeOf(thrown);
        }
    }

    private static <T> Outcome<T> outcomeOf(Throwable thrown) {
        if (thrown instanceof CommandFailed failed) {
            return failed.failure.of();
        }
        if ((thrown instanceof ExecutionException || thrown instanceof CompletionException)
                && thrown.getCause() != null) {
            return outcomeOf(thrown.getCause());
        }
        String message = String.valueOf(thrown.getMessage());
        if (thrown instanceof DriverGone) {
            return Outcome.unreachable(message, "start brickd; " + LOOK);
        }
        if (thrown instanceof DriverException) {
            return Outcome.refused(message, "the driver has said no; " + LOOK);
        }
        if (thrown instanceof InterruptedException) {
            Thread.currentThread().interrupt();
            return Outcome.unreachable("the daemon is being stopped", LOOK);
        }
        if (thrown instanceof RuntimeException bug) {
            throw bug;
        }
        return Outcome.partial(message, LOOK);
    }
}
