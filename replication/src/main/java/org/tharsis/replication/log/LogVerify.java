// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.io.IOException;
import java.nio.file.Path;

/** Walks a log directory from its oldest segment to its end and verifies every byte on the way. */
public final class LogVerify {
    /**
     * Verifies the log. Reads only; blocks for the disk; memory is one batch.
     *
     * @param directory the log directory; whose resource it is, its oldest segment says
     * @throws java.nio.file.NoSuchFileException when there is no segment in the directory
     * @throws LogFormatException when the header of the oldest segment does not verify: then there is nothing to go on from
     */
    public static LogSummary verify(Path directory) throws IOException, LogFormatException {
        return new LogWalk(directory, LogWalk.Visitor.SILENT).summary();
    }

    private LogVerify() {}
}
