// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

/** A command that is wrong as it stands, whatever state the node is in. The message is for the person who gave it. */
public final class BadRequest extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public BadRequest(String message) {
        super(message);
    }
}
