// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

/** ZooKeeper did not answer in time; the message is for people. */
public final class TreeUnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    public TreeUnavailableException(String message) {
        super(message);
    }
}
