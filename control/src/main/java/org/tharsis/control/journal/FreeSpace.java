// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.IOException;

/** How much space the journal's filesystem has left for it, in bytes. Called before each entry: must be quick. */
@FunctionalInterface
public interface FreeSpace {
    long usableBytes() throws IOException;
}
