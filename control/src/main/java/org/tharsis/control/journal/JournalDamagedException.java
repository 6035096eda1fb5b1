// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.IOException;

/** What stands in a file of the journal is not what was written there. */
public final class JournalDamagedException extends IOException {
    private static final long serialVersionUID = 1;

    JournalDamagedException(String message) {
        super(message);
    }
}
