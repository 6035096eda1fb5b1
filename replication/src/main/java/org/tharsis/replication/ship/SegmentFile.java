// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.ship;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.FileRegion;
import io.netty.util.AbstractReferenceCounted;
import io.netty.util.ReferenceCounted;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A segment file that is open for as long as bytes of it are on their way: it is closed with the last reference, and may have been
 * removed by then.
 */
final class SegmentFile extends AbstractReferenceCounted {
    private final Path path;
    private final FileChannel file;

    private SegmentFile(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
    }

    static SegmentFile open(Path path) throws IOException {
        return new SegmentFile(path, FileChannel.open(path, StandardOpenOption.READ));
    }

    /** A part of the file, to be sent without being copied. */
    FileRegion region(long offset, int bytes) {
        return new Region(offset, bytes);
    }

    /** A part of the file, read. Blocks. */
    ByteBuf read(long offset, int bytes) throws IOException {
        ByteBuf into = ByteBufAllocator.DEFAULT.directBuffer(bytes, bytes);
        try {
            while (into.isWritable()) {
                if (into.writeBytes(file, offset + into.writerIndex(), into.writableBytes()) < 0) {
                    throw new EOFException(
                            path + " ends before byte " + (offset + bytes) + ", which was durable: it was cut");
                }
            }
        } catch (IOException failed) {
            into.release();
            throw failed;
        }
        return into;
    }

    @Override
    protected void deallocate() {
        try {
            file.close();
        } catch (IOException failed) {
            throw new UncheckedIOException(path + " cannot be closed after reading", failed);
        }
    }

    @Override
    public ReferenceCounted touch(Object hint) {
        return this;
    }

    /** Leaves the file open for others. */
    private final class Region extends DefaultFileRegion {
        private Region(long offset, int bytes) {
            super(file, offset, bytes);
            SegmentFile.this.retain();
        }

        @Override
        protected void deallocate() {
            SegmentFile.this.release();
        }
    }
}
