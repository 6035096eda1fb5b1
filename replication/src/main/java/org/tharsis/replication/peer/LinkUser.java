// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

/** Someone who needs a connection to a peer. Called on the link's event loop: must not block. */
public interface LinkUser {
    /** There is a connection: open streams on it. */
    void up(ClientConnection connection);

    /**
     * There is none; it is being tried again. All streams have ended without a word.
     *
     * @param why for an operator
     * @param attempt the one that comes, from 1
     */
    void down(String why, int attempt);
}
