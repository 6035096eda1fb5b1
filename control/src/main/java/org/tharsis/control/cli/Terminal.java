// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.io.PrintWriter;

/**
 * Where the command writes.
 *
 * @param out results
 * @param err errors, and progress when a person looks
 * @param interactive a person looks at {@code err}
 */
record Terminal(PrintWriter out, PrintWriter err, boolean interactive) {
    private static final String CLEAR_LINE = "\r\033[K";

    /** Replaces the line of the progress. */
    void progress(String text) {
        if (interactive) {
            err.print(CLEAR_LINE + text);
            err.flush();
        }
    }

    void endProgress() {
        progress("");
    }
}
