// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

/** A text is not what its key, name or option must be. The message is for the person who wrote it: what was found, what is expected. */
public final class BadValueException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String message;

    public BadValueException(String message) {
        super(message);
        this.message = message;
    }

    @Override
    public String getMessage() {
        return message;
    }
}
