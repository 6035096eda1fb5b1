// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Says what stands in a log, line by line, as people read it. */
@SuppressWarnings("DoNotCallSuggester")
public final class LogDump {
    /**
     * Walks the log as {@link LogVerify} does and gives a line for each segment, batch and record, as it comes to them.
     *
     * @param lines takes each line, without a line feed
     * @throws java.nio.file.NoSuchFileException when there is no segment in the directory
     * @throws LogFormatException when the header of the oldest segment does not verify
     */
    public static LogSummary dump(Path directory, Consumer<String> lines) throws IOException, LogFormatException {
        throw new UnsupportedOperationException(directory.toString() + lines);
    }

    private LogDump() {}
}
