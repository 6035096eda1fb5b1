// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;
import org.tharsis.replication.wire.WireException;

/** Where the data of a served stream come from. One call at a time, on threads that may block. */
public interface ChunkSource extends Closeable {
    /**
     * Makes the next chunk. When there is none now, it is asked again after {@link ServedStream#wake}.
     *
     * @throws WireException to end the stream with this reason
     * @throws IOException to end it because of the files
     */
    Optional<Chunk> next() throws WireException, IOException;

    /** Called once, after the last {@link #next}. */
    @Override
    void close();
}
