// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

/** The driver has answered a command with an error. Its message is the driver's sentence, made for a person. */
public final class DriverException extends Exception {
    private static final long serialVersionUID = 1L;

    private final DriverError error;

    public DriverException(DriverError error, String message) {
        super(message);
        this.error = error;
    }

    public DriverError error() {
        return error;
    }
}
