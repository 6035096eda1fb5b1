// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.IOException;

/** Another process, or another part of this one, has the journal open. */
public final class JournalInUseException extends IOException {
    private static final long serialVersionUID = 1;

    JournalInUseException(String message) {
        super(message);
    }
}
