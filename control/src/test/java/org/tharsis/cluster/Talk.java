// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/** The lines that go to a process and come from it. One thread at a time. */
final class Talk {
    private final Writer to;
    private final BufferedReader from;

    Talk(ChildProcess process) {
        to = new OutputStreamWriter(process.process().getOutputStream(), StandardCharsets.UTF_8);
        from = new BufferedReader(new InputStreamReader(process.process().getInputStream(), StandardCharsets.UTF_8));
    }

    void say(String line) {
        try {
            to.write(line + "\n");
            to.flush();
        } catch (IOException gone) {
            throw new UncheckedIOException("'" + line + "' was not taken", gone);
        }
    }

    /** Waits for the next line. */
    String hear() {
        try {
            String line = from.readLine();
            if (line == null) {
                throw new AssertionError("the process has ended, see its log");
            }
            return line;
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }
}
