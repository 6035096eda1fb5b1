// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.IOException;

/** The filesystem has too little space left to write this down. Nothing was written; the journal goes on when there is space. */
public final class JournalFullException extends IOException {
    private static final long serialVersionUID = 1;

    JournalFullException(String message) {
        super(message);
    }
}
