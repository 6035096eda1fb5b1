// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import org.tharsis.replication.wire.FollowerFrame;
import org.tharsis.replication.wire.WireException;

/** Opens the serving side of the streams that peers ask for. */
public interface StreamServer {
    /**
     * Takes a request. On the event loop of the connection: must not block.
     *
     * @param stream to answer with; also on its event loop only
     */
    Session open(FollowerFrame.Request request, ServedStream stream);

    /** One stream's serving side. On the event loop of the connection. */
    interface Session {
        /**
         * Takes a frame of the follower other than credit and close.
         *
         * @throws WireException to end the connection, because the follower does not keep to the protocol
         */
        void received(FollowerFrame frame) throws WireException;

        /** The stream has ended, by whomever. The last call. */
        void closed();
    }
}
