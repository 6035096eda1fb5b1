// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

/** A change of the tree was not made, because somebody else was faster, or ZooKeeper did not answer. */
final class TreeChangeException extends Exception {
    private static final long serialVersionUID = 1L;

    TreeChangeException(String message) {
        super(message);
    }
}
