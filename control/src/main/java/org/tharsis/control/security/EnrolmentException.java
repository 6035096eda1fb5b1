// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

/** A node does not get into the cluster. The message says why, the hint what to do. */
public final class EnrolmentException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean unreachable;
    private final String hint;

    EnrolmentException(boolean unreachable, String message, String hint) {
        super(message);
        this.unreachable = unreachable;
        this.hint = hint;
    }

    /** True when nobody has refused it, but nobody could be asked either. */
    public boolean unreachable() {
        return unreachable;
    }

    public String hint() {
        return hint;
    }
}
