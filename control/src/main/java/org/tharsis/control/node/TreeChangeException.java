// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

/** A change of the tree was not made, because somebody else was faster, or ZooKeeper did not answer. */
final class TreeChangeException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean unreachable;

    TreeChangeException(String message) {
        this(message, false);
    }

    TreeChangeException(String message, boolean unreachable) {
        super(message);
        this.unreachable = unreachable;
    }

    /** ZooKeeper did not answer; else the change was refused, and nothing is changed. */
    boolean unreachable() {
        return unreachable;
    }
}
