// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A character device that stands for a driver's socket: a terminal in raw mode, whose other end a small program connects with
 * the socket. One session at a time.
 */
final class DeviceBridge implements Closeable {
    private static final String PROGRAM = """
            import os, pty, select, socket, sys, tty
            master, slave = pty.openpty()
            tty.setraw(slave)
            driver = socket.socket(socket.AF_UNIX)
            driver.connect(sys.argv[1])
            os.symlink(os.ttyname(slave), sys.argv[2])
            while True:
                for ready in select.select([master, driver, 0], [], [])[0]:
                    data = os.read(ready if isinstance(ready, int) else ready.fileno(), 4096)
                    if not data:
                        sys.exit()
                    os.write(driver.fileno() if ready == master else master, data)
            """;

    private final Process program;
    private final Path device;

    DeviceBridge(Path socket, Path device) throws IOException, InterruptedException {
        this.device = device;
        this.program = new ProcessBuilder("python3", "-c", PROGRAM, socket.toString(), device.toString())
                .redirectErrorStream(true)
                .start();
        while (!Files.exists(device)) {
            if (program.waitFor(10, TimeUnit.MILLISECONDS)) {
                throw new IOException(new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            }
        }
    }

    Path device() {
        return device;
    }

    @Override
    public void close() throws IOException {
        // The program ends with its input.
        program.getOutputStream().close();
        try {
            program.waitFor();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
        Files.deleteIfExists(device);
    }
}
