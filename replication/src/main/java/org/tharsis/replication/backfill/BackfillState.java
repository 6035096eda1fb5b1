// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tharsis.replication.log.Crc32c;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.store.Directories;

/**
 * What a receiver remembers of a backfill under way, in the file {@code state} of the backfill's log directory.
 *
 * <p>The file is text: each field on a line of its own, numbers decimal, the chain value hexadecimal, and last the CRC32C of the
 * lines before.
 *
 * <pre>
 *   tharsis-backfill 1
 *   server f0e1d2c3-b4a5-9687-7869-5a4b3c2d1e0f
 *   resume-lsn 8192
 *   resume-epoch 1
 *   resume-chain 5b1f2a90c3d4e6f7
 *   device-bytes 1073741824
 *   copying 262144               or: applied, the LSN and its epoch
 *   crc32c 89abcdef
 * </pre>
 *
 * @param serverNode the node whose disk is copied
 * @param resumePoint where the replica's log begins when the backfill is applied
 * @param deviceBytes size of the device
 * @param phase how far it is
 */
public record BackfillState(UUID serverNode, LogPosition resumePoint, long deviceBytes, Phase phase) {
    /** How far a backfill is. */
    public sealed interface Phase {
        /**
         * Ranges are compared and what differs is put into the backfill's log.
         *
         * @param offset all below it on the device was compared, and the differences are durable in the backfill's log;
         *     it may be further by now
         */
        record Copying(long offset) implements Phase {}

        /**
         * All differences are on the disk.
         *
         * @param consistent the replica is consistent once the log of this history is replayed up to here
         */
        record Applied(EpochLsn consistent) implements Phase {}
    }

    private static final String FILE = "state";
    private static final String NEW_FILE = "state.new";
    private static final int FILE_BYTES_MAX = 4096;
    private static final Pattern TEXT = Pattern.compile("tharsis-backfill 1\\n"
            + "server ([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\\n"
            + "resume-lsn (\\d{1,19})\\n"
            + "resume-epoch (\\d{1,19})\\n"
            + "resume-chain ([0-9a-f]{16})\\n"
            + "device-bytes (\\d{1,19})\\n"
            + "(?:copying (\\d{1,19})|applied (\\d{1,19}) (\\d{1,19}))\\n");
    private static final Pattern CHECKSUM = Pattern.compile("(?s)(.*\\n)crc32c ([0-9a-f]{8})\\n");

    /**
     * Reads the state of a backfill's log directory; empty when there is none.
     *
     * @throws IOException also when the file is damaged; it says what to do
     */
    public static Optional<BackfillState> read(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        byte[] bytes;
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            if (in.size() > FILE_BYTES_MAX) {
                throw damaged(file, "it has " + in.size() + " bytes");
            }
            bytes = Files.readAllBytes(file);
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
        return Optional.of(parse(file, new String(bytes, StandardCharsets.US_ASCII)));
    }

    /** Replaces the state of a backfill's log directory; durable when it returns. One writer. */
    public void write(Path directory) throws IOException {
        Path newFile = directory.resolve(NEW_FILE);
        String lines = lines();
        ByteBuffer bytes =
                ByteBuffer.wrap((lines + "crc32c " + checksum(lines) + "\n").getBytes(StandardCharsets.US_ASCII));
        try (FileChannel out = FileChannel.open(
                newFile, StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING)) {
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true);
        }
        Files.move(newFile, directory.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
        Directories.force(directory);
    }

    private static BackfillState parse(Path file, String text) throws IOException {
        Matcher whole = CHECKSUM.matcher(text);
        if (!whole.matches()) {
            throw damaged(file, "its last line is not a checksum");
        }
        if (!checksum(whole.group(1)).equals(whole.group(2))) {
            throw damaged(file, "its checksum is wrong");
        }
        Matcher fields = TEXT.matcher(whole.group(1));
        if (!fields.matches()) {
            throw damaged(file, "it is of another version");
        }
        return new BackfillState(
                UUID.fromString(fields.group(1)),
                new LogPosition(
                        Long.parseUnsignedLong(fields.group(2)),
                        Long.parseUnsignedLong(fields.group(3)),
                        Long.parseUnsignedLong(fields.group(4), 16)),
                Long.parseUnsignedLong(fields.group(5)),
                phase(fields));
    }

    private static Phase phase(Matcher fields) {
        return fields.group(6) != null
                ? new Phase.Copying(Long.parseUnsignedLong(fields.group(6)))
                : new Phase.Applied(
                        new EpochLsn(Long.parseUnsignedLong(fields.group(8)), Long.parseUnsignedLong(fields.group(7))));
    }

    private static IOException damaged(Path file, String what) {
        return new IOException(
                file + ": " + what
                        + "; how far this backfill is cannot be known: begin it anew (invalidate), equal data are not sent again");
    }

    private String lines() {
        String phaseLine = phase instanceof Phase.Applied applied
                ? "applied " + applied.consistent().lsn() + " "
                        + applied.consistent().epoch()
                : "copying " + ((Phase.Copying) phase).offset();
        return String.format(
                "tharsis-backfill 1\nserver %s\nresume-lsn %d\nresume-epoch %d\nresume-chain %016x\ndevice-bytes %d\n%s\n",
                serverNode, resumePoint.lsn(), resumePoint.epoch(), resumePoint.chain(), deviceBytes, phaseLine);
    }

    private static String checksum(String lines) {
        byte[] bytes = lines.getBytes(StandardCharsets.US_ASCII);
        return String.format("%08x", Crc32c.of(ByteBuffer.wrap(bytes), 0, bytes.length));
    }
}
