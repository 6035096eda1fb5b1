// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import java.io.IOException;
import java.nio.file.Path;

/** The file system of a log directory has no room for more log. What was received before stays valid. */
public final class LogFullException extends IOException {
    private static final long serialVersionUID = 1L;

    LogFullException(Path file, IOException cause) {
        super(
                file + ": no room for more log (" + cause.getMessage()
                        + "); this replica stays where it is until space is freed on that file system",
                cause);
    }
}
