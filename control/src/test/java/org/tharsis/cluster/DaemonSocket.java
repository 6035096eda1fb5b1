// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Speaks with a daemon's socket, without the start of a Java for each question. Any thread. */
final class DaemonSocket {
    private DaemonSocket() {}

    static boolean answers(Path socket) {
        try {
            return ask(socket, "GET /v1/version", "").startsWith("HTTP/1.1 200");
        } catch (IOException away) {
            return false;
        }
    }

    /** The body of the answer, which must be JSON. */
    static JsonNode get(Path socket, String path) {
        try {
            String answer = ask(socket, "GET " + path, "");
            int body = answer.indexOf("\r\n\r\n");
            if (body < 0 || !answer.startsWith("HTTP/1.1 200")) {
                throw new AssertionError("GET " + path + ": " + answer);
            }
            return new ObjectMapper().readTree(answer.substring(body + 4));
        } catch (IOException away) {
            throw new UncheckedIOException(socket.toString(), away);
        }
    }

    /** Gives a command; true when it was done. */
    static boolean post(Path socket, String path, String json) {
        try {
            return ask(socket, "POST " + path, json).contains("{\"result\":");
        } catch (IOException away) {
            return false;
        }
    }

    /** The answer ends with the connection. */
    private static String ask(Path socket, String line, String body) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            String request = line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: "
                    + body.length() + "\r\n\r\n" + body;
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
            while (channel.read(buffer) >= 0) {
                answer.write(buffer.array(), 0, buffer.position());
                buffer.clear();
            }
            return answer.toString(StandardCharsets.UTF_8);
        }
    }
}
