// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.util.Optional;

/** Why a request has failed. */
record ApiError(Code code, String message, Optional<String> hint) {
    /** Kinds of failures, with the HTTP status that goes with them when nothing was sent before. */
    enum Code implements Word {
        USAGE(400),
        REFUSED(409),
        PARTIAL(502),
        UNREACHABLE(503),
        TIMED_OUT(504),
        INTERNAL(500);

        private final int status;

        Code(int status) {
            this.status = status;
        }

        int status() {
            return status;
        }
    }

    static ApiError of(Outcome.Failure<?> failure) {
        Code code;
        if (failure instanceof Outcome.Partial<?>) {
            code = Code.PARTIAL;
        } else if (failure instanceof Outcome.Refused<?>) {
            code = Code.REFUSED;
        } else if (failure instanceof Outcome.TimedOut<?>) {
            code = Code.TIMED_OUT;
        } else {
            code = Code.UNREACHABLE;
        }
        return new ApiError(code, failure.message(), failure.hint());
    }

    static ApiError usage(String message) {
        return new ApiError(Code.USAGE, message, Optional.empty());
    }
}
