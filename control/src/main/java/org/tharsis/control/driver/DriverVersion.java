// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

/**
 * What the driver is.
 *
 * @param protocol version of the control channel
 * @param driver its own version
 * @param host {@code brickd} or {@code kernel}
 * @param logFormat version of the log format
 */
public record DriverVersion(long protocol, String driver, String host, long logFormat) {
    static DriverVersion of(Reply reply) {
        return new DriverVersion(
                reply.get("protocol").number(),
                reply.get("driver").value(),
                reply.get("host").value(),
                reply.get("log-format").number());
    }
}
