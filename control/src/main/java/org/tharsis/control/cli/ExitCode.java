// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import org.tharsis.control.api.Outcome;

/** Exit codes, the same for all verbs. */
final class ExitCode {
    static final int DONE = 0;
    static final int REFUSED = 1;
    static final int USAGE = 2;
    static final int TIMED_OUT = 3;
    static final int UNREACHABLE = 4;
    static final int PARTIAL = 5;

    static int of(Outcome<?> outcome) {
        if (outcome instanceof Outcome.Done<?>) {
            return DONE;
        }
        if (outcome instanceof Outcome.Refused<?>) {
            return REFUSED;
        }
        if (outcome instanceof Outcome.TimedOut<?>) {
            return TIMED_OUT;
        }
        return outcome instanceof Outcome.Partial<?> ? PARTIAL : UNREACHABLE;
    }

    private ExitCode() {}
}
