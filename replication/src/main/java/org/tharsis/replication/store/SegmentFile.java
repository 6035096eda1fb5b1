// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import org.tharsis.replication.log.SegmentName;

/** A segment file that is written to. What is written where, and which thread may what, is the owner's concern. */
final class SegmentFile implements Closeable {
    private static final long NO_ROOM_BYTES = 2 << 20;

    private final Path directory;
    private final SegmentName name;
    private final FileChannel file;
    private boolean nameDurable;

    private SegmentFile(Path directory, SegmentName name, FileChannel file) {
        this.directory = directory;
        this.name = name;
        this.file = file;
    }

    /** Opens a segment that is there. Whether its name is durable nobody knows. */
    static SegmentFile open(Path directory, SegmentName name) throws IOException {
        Path path = directory.resolve(name.fileName());
        return new SegmentFile(directory, name, FileChannel.open(path, READ, WRITE));
    }

    /** Begins an empty file. One of this name that a crash has left behind is emptied. */
    static SegmentFile create(Path directory, SegmentName name) throws IOException {
        Path path = directory.resolve(name.fileName());
        try {
            return new SegmentFile(directory, name, createNew(path));
        } catch (FileAlreadyExistsException leftBehind) {
            return new SegmentFile(directory, name, FileChannel.open(path, READ, WRITE, TRUNCATE_EXISTING));
        } catch (IOException failed) {
            throw explained(directory, path, failed);
        }
    }

    private static FileChannel createNew(Path path) throws IOException {
        FileChannel file = FileChannel.open(path, READ, WRITE, CREATE_NEW);
        try {
            // The driver may run as another user of the same group, whatever the umask is here.
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw----"));
            return file;
        } catch (IOException failed) {
            file.close();
            throw failed;
        }
    }

    SegmentName name() {
        return name;
    }

    /** Writes all that remains in the buffer, whose position is not changed. */
    void write(long lsn, ByteBuffer bytes) throws IOException {
        ByteBuffer rest = bytes.duplicate();
        try {
            while (rest.hasRemaining()) {
                file.write(rest, lsn - name.startLsn() + rest.position() - bytes.position());
            }
        } catch (IOException failed) {
            throw explained(directory, directory.resolve(name.fileName()), failed);
        }
    }

    /**
     * Makes content and name durable. Linux may call a sync of ext4 a success although it was shut down meanwhile, as when its
     * disk is removed, and then the content is lost; reading fails from then on, so a byte is read.
     */
    void force() throws IOException {
        file.force(false);
        file.read(ByteBuffer.allocate(1), 0);
        if (!nameDurable) {
            Directories.force(directory);
            nameDurable = true;
        }
    }

    /** Cuts off what stands at or behind an LSN. */
    void truncate(long endLsn) throws IOException {
        file.truncate(endLsn - name.startLsn());
    }

    /** The kernel's message may be in any language, so it is asked how much room there is, too. */
    private static IOException explained(Path directory, Path path, IOException failed) throws IOException {
        String message = String.valueOf(failed.getMessage()).toLowerCase(Locale.ROOT);
        boolean saysSo = message.contains("no space left") || message.contains("quota exceeded");
        if (saysSo || Files.getFileStore(directory).getUsableSpace() < NO_ROOM_BYTES) {
            return new LogFullException(path, failed);
        }
        return failed;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
