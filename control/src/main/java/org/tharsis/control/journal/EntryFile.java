// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Reads the entries of one queue file in order and verifies each: magic, checksum, and that its sequence number is the
 * next. Reads by read(2), never by mapping: damage gives an exception, not a signal. Every call ends, whatever the file
 * holds.
 *
 * <p>The file is a row of documents, each on a multiple of 4 bytes: a word with the length (30 bits) and two flags, then
 * that many bytes. Documents flagged as the library's own (header, index) are passed over. A zero word or one flagged
 * as incomplete is where writing has got to, so a file can be read while it grows.
 *
 * <p>One thread at a time.
 */
final class EntryFile implements Closeable {
    private static final int INCOMPLETE = 0x8000_0000;
    private static final int OF_THE_LIBRARY = 0x4000_0000;
    private static final int LENGTH = 0x3fff_ffff;
    private static final int WORD_BYTES = 4;
    private static final int WINDOW_BYTES = EntryCodec.ENTRY_BYTES_MAX;
    /** Enough for many entries, and not much where only the newest one is wanted. */
    private static final int READ_BYTES = 8192;

    private final Path path;
    private final RandomAccessFile file;
    private final ByteBuffer window = ByteBuffer.allocate(WINDOW_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private long windowOffset;
    private int windowBytes;
    private long offset;
    private long sequence;

    private EntryFile(Path path, RandomAccessFile file) {
        this.path = path;
        this.file = file;
    }

    static EntryFile open(Path path) throws IOException {
        return new EntryFile(path, new RandomAccessFile(path.toFile(), "r"));
    }

    /** Sequence number of the entry that was returned last; 0 before the first. */
    long sequence() {
        return sequence;
    }

    /** Byte offset of the end of what was read. */
    long offset() {
        return offset;
    }

    /**
     * Returns the next entry; empty when there is none yet.
     *
     * @throws JournalDamagedException when what stands there was not written so. The reader stays where it is.
     */
    Optional<StoredEntry> next() throws IOException {
        while (true) {
            int word = freshWord();
            if (word == 0 || (word & INCOMPLETE) != 0) {
                return Optional.empty();
            }
            int length = word & LENGTH;
            boolean entry = (word & OF_THE_LIBRARY) == 0;
            if (entry && length > EntryCodec.ENTRY_BYTES_MAX) {
                throw damaged("a length of " + length + " bytes is impossible");
            }
            if (offset + WORD_BYTES + length > file.length()) {
                throw damaged("the file ends before " + length + " bytes are there");
            }
            if (!entry) {
                offset = behind(length);
                continue;
            }
            return Optional.of(verified(length));
        }
    }

    /** Whether there are entries behind the place where reading has stopped. Reads the rest of the file. */
    boolean hasEntriesBehind() throws IOException {
        long end = file.length() - EntryCodec.FIXED_BYTES;
        for (long at = offset + WORD_BYTES; at <= end; at += WORD_BYTES) {
            if (load(at, WORD_BYTES) && word(at) == EntryCodec.MAGIC && isEntry(at)) {
                return true;
            }
        }
        return false;
    }

    private boolean isEntry(long at) throws IOException {
        if (!load(at - WORD_BYTES, WORD_BYTES)) {
            return false;
        }
        int length = word(at - WORD_BYTES);
        return length > 0
                && length <= EntryCodec.ENTRY_BYTES_MAX
                && load(at, length)
                && EntryCodec.isEntry(bytes(at, length));
    }

    private StoredEntry verified(int length) throws IOException {
        long at = offset + WORD_BYTES;
        if (!load(at, length)) {
            throw damaged("the file ends before " + length + " bytes are there");
        }
        StoredEntry stored;
        try {
            stored = EntryCodec.decode(bytes(at, length));
        } catch (JournalDamagedException unreadable) {
            throw damaged(String.valueOf(unreadable.getMessage()));
        }
        if (stored.sequence() <= 0 || (sequence != 0 && stored.sequence() != sequence + 1)) {
            throw damaged("entry " + stored.sequence() + " cannot follow entry " + sequence);
        }
        sequence = stored.sequence();
        offset = behind(length);
        return stored;
    }

    private long behind(int length) {
        return (offset + WORD_BYTES + length + WORD_BYTES - 1) / WORD_BYTES * WORD_BYTES;
    }

    /** The word at the offset; 0 at the end of the file. An end is believed only when it was read just now. */
    private int freshWord() throws IOException {
        if (load(offset, WORD_BYTES)) {
            int word = word(offset);
            if (word != 0 && (word & INCOMPLETE) == 0) {
                return word;
            }
        }
        windowBytes = 0;
        return load(offset, WORD_BYTES) ? word(offset) : 0;
    }

    /** Has these bytes in the window, from the file if need be; false when the file is shorter. */
    private boolean load(long from, int length) throws IOException {
        if (from >= windowOffset && from + length <= windowOffset + windowBytes) {
            return true;
        }
        windowOffset = from;
        windowBytes = 0;
        file.seek(from);
        int wanted = Math.max(length, READ_BYTES);
        while (windowBytes < wanted) {
            int count = file.read(window.array(), windowBytes, wanted - windowBytes);
            if (count <= 0) {
                break;
            }
            windowBytes += count;
        }
        return length <= windowBytes;
    }

    private int word(long at) {
        return window.getInt((int) (at - windowOffset));
    }

    private byte[] bytes(long at, int length) {
        byte[] bytes = new byte[length];
        window.get((int) (at - windowOffset), bytes);
        return bytes;
    }

    private JournalDamagedException damaged(String what) {
        return new JournalDamagedException(path + ", byte " + offset + ": " + what);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
