// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.config;

/** A configuration that cannot be used. The message says where, what is wrong, and what is allowed. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    ConfigException(String message) {
        super(message);
    }
}
