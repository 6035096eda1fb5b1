// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Reads an HTTP/1.1 answer as the daemon sends it: one piece of known length, or lines in chunks. One thread. */
final class HttpBody {
    private static final int BYTES_MAX = 64 << 20;
    private static final int HEADER_CHARACTERS_MAX = 8192;
    private static final int HEADERS_MAX = 100;
    private static final String LENGTH = "content-length:";

    private final InputStream in;
    private final String status;
    private boolean chunked;
    private int bytesLeft;

    /** Reads the head; the body follows. */
    HttpBody(InputStream raw) throws IOException {
        this.in = new BufferedInputStream(raw);
        this.status = httpLine();
        if (!status.startsWith("HTTP/1.1 ")) {
            throw new IOException("'" + status + "' is no answer of a tharsisd");
        }
        String header = httpLine();
        for (int count = 0; !header.isEmpty(); count++) {
            if (count == HEADERS_MAX) {
                throw new IOException("the answer has too many headers");
            }
            take(header.toLowerCase(Locale.ROOT));
            header = httpLine();
        }
    }

    private void take(String header) throws IOException {
        if (header.equals("transfer-encoding: chunked")) {
            chunked = true;
        } else if (header.startsWith(LENGTH)) {
            bytesLeft = size(header.substring(LENGTH.length()).strip(), 10);
        }
    }

    boolean isOk() {
        return status.startsWith("HTTP/1.1 200");
    }

    /** True when lines follow, by and by; false when it is one piece. */
    boolean isStream() {
        return chunked;
    }

    /** The body, when it is one piece. */
    String whole() throws IOException {
        byte[] bytes = in.readNBytes(bytesLeft);
        if (bytes.length < bytesLeft) {
            throw new EOFException("the daemon has ended the connection");
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /**
     * The next line of a stream.
     *
     * @throws EOFException when the body or the connection has ended
     */
    String nextLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(1024);
        for (int next = nextByte(); next != '\n'; next = nextByte()) {
            if (line.size() == BYTES_MAX) {
                throw new IOException("the answer has a line that does not end");
            }
            line.write(next);
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    private int nextByte() throws IOException {
        if (bytesLeft == 0) {
            bytesLeft = size(httpLine(), 16);
            if (bytesLeft == 0) {
                throw new EOFException("the answer ends without a result");
            }
        }
        int next = read();
        bytesLeft--;
        if (bytesLeft == 0) {
            httpLine();
        }
        return next;
    }

    private static int size(String text, int radix) throws IOException {
        try {
            int size = Integer.parseInt(text, radix);
            if (size >= 0 && size <= BYTES_MAX) {
                return size;
            }
        } catch (NumberFormatException broken) {
            throw new IOException("'" + text + "' is no size", broken);
        }
        throw new IOException("'" + text + "' is no size");
    }

    private String httpLine() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = read(); next != '\n'; next = read()) {
            if (line.length() == HEADER_CHARACTERS_MAX) {
                throw new IOException("the answer has a header that does not end");
            }
            line.append((char) next);
        }
        return line.toString().stripTrailing();
    }

    private int read() throws IOException {
        int next = in.read();
        if (next < 0) {
            throw new EOFException("the daemon has ended the connection");
        }
        return next;
    }
}
