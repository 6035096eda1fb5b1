// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.time.Duration;

/**
 * How well this node sees the tree.
 *
 * @param state of the ZooKeeper session
 * @param viewAge how old the newest view may be: zero while connected, else since the last answer from ZooKeeper
 * @param detail one sentence for people
 */
public record TreeConnection(State state, Duration viewAge, String detail) {
    /** States of the connection. */
    public enum State {
        /** Not connected yet, or connected and still reading the tree for the first time. */
        CONNECTING,
        /** The view is the newest one. */
        CONNECTED,
        /** The connection is broken, the session may still live: nobody sees this node as dead. */
        SUSPENDED,
        /** The session is over: to the others this node is dead until it is connected again. */
        LOST,
        /** There is no such cluster, or it is another one of this name, or of another major version: it is left alone. */
        REFUSED
    }

    public boolean isConnected() {
        return state == State.CONNECTED;
    }
}
