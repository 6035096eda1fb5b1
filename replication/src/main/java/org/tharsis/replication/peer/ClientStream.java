// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.FollowerFrame;
import org.tharsis.replication.wire.ServerFrame;
import org.tharsis.replication.wire.WireException;

/** The fetching end of a stream. On the event loop of its connection. */
public final class ClientStream {
    /** Who takes what comes. On the event loop: must not block. */
    public interface Listener {
        /**
         * Takes a frame. Of one with content, the content must be released.
         *
         * @throws WireException to end the connection, because the server does not keep to the protocol
         */
        void received(ServerFrame frame) throws WireException;

        /** The server has ended the stream. Nothing comes any more. */
        void refused(ErrorCode code, String why);
    }

    private final int id;
    private final ClientConnection connection;
    private final Listener listener;
    private long allowedBytes;
    private boolean ended;

    ClientStream(int id, ClientConnection connection, Listener listener, int windowBytes) {
        this.id = id;
        this.connection = connection;
        this.listener = listener;
        this.allowedBytes = windowBytes;
    }

    /** Its number. */
    public int id() {
        return id;
    }

    /** Nothing can be sent any more, and nothing comes. */
    public boolean ended() {
        return ended;
    }

    /** Sends a frame of this stream. Does nothing when it has ended. */
    public void send(FollowerFrame frame) {
        if (!ended) {
            connection.send(frame);
        }
    }

    /** Allows the server to send so much more. */
    public void credit(int bytes) {
        if (!ended) {
            allowedBytes += bytes;
            connection.send(new FollowerFrame.Credit(id, bytes));
        }
    }

    /** Ends the stream: what is still under way is dropped. */
    public void close() {
        if (!ended) {
            connection.send(new FollowerFrame.Close(id));
            connection.forget(this);
        }
    }

    /** Ends the stream with a reason. */
    public void fail(ErrorCode code, String sentence) {
        if (!ended) {
            connection.sendError(id, code, sentence);
            connection.forget(this);
        }
    }

    void end() {
        ended = true;
    }

    Listener listener() {
        return listener;
    }

    void use(ServerFrame.Data data) throws WireException {
        allowedBytes -= data.frameBytes();
        if (allowedBytes < 0) {
            throw WireException.protocol("the server sends more on stream " + id + " than it was allowed to");
        }
    }
}
