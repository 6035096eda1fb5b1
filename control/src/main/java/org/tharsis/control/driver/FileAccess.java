// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

/**
 * How the driver reads and writes a disk or a log directory.
 *
 * @param direct past the page cache
 */
public record FileAccess(Io io, boolean direct) {
    /** The I/O brick. */
    public enum Io {
        /** A pool of threads. Works everywhere. */
        SIO,
        /** Asynchronous I/O of the kernel. */
        AIO
    }

    /** What the driver does unless it is told. */
    public static final FileAccess USUAL = new FileAccess(Io.AIO, false);

    CommandLine addTo(CommandLine command) {
        return command.key("io", io == Io.SIO ? "sio" : "aio").key("direct", direct ? "yes" : "no");
    }
}
