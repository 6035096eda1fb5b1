// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.io.IOException;

/**
 * The driver cannot be reached, or has gone before it answered. In the second case the command may have been carried out:
 * the status tells. The next command tries to connect again.
 */
public final class DriverGone extends IOException {
    private static final long serialVersionUID = 1L;

    public DriverGone(String message, Throwable cause) {
        super(message, cause);
    }

    DriverGone(String message) {
        super(message);
    }
}
