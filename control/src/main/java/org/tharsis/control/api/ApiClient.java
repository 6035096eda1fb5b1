// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.tharsis.control.model.BadValueException;

/** Asks a daemon over its Unix socket; each request on a connection of its own. Safe for all threads; blocks. */
public final class ApiClient {
    private final Path socket;

    public ApiClient(Path socket) {
        this.socket = socket;
    }

    /** Is told what comes before the result, by the thread that asks. */
    public record Listener(Consumer<Progress> progress, Consumer<Event> event) {
        /** Nobody listens. */
        public static final Listener NONE = new Listener(progress -> {}, event -> {});
    }

    /**
     * Looks.
     *
     * @param name what is behind {@code /v1/}
     * @param query parameters and their values
     * @param type what the result is
     * @param patience after which the daemon is given up; empty: never
     */
    public <T> Outcome<T> get(
            String name, Map<String, String> query, Class<T> type, Listener listener, Optional<Duration> patience) {
        String parameters = query.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + URLEncoder.encode(entry.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        String target = "/v1/" + name + (parameters.isEmpty() ? "" : "?" + parameters);
        return call("GET " + target, "", type, listener, patience);
    }

    /** Gives a command; {@code command} may be anything that becomes a JSON object. The others: see {@link #get}. */
    public <T> Outcome<T> post(
            String name, Object command, Class<T> type, Listener listener, Optional<Duration> patience) {
        return call("POST /v1/" + name, Json.line(command), type, listener, patience);
    }

    private <T> Outcome<T> call(
            String what, String body, Class<T> type, Listener listener, Optional<Duration> patience) {
        SocketChannel channel;
        try {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException | IllegalArgumentException nobody) {
            return Outcome.unreachable(
                    "no daemon answers at " + socket + " (" + nobody.getMessage() + ")",
                    "start tharsisd, or name its socket by --socket or THARSIS_SOCKET");
        }
        Deadline deadline = new Deadline(channel, patience);
        try (channel) {
            send(channel, what, body);
            return read(new HttpBody(Channels.newInputStream(channel)), type, listener);
        } catch (EOFException gone) {
            return Outcome.unreachable(
                    "the daemon at " + socket + " has gone before it answered: " + gone.getMessage(),
                    "what was done, 'tharsis view' tells when it runs again");
        } catch (IOException broken) {
            if (deadline.passed()) {
                return Outcome.timedOut(
                        "the daemon at " + socket + " has not answered in time",
                        "what was done, 'tharsis view' tells; if that hangs, too, restart the daemon");
            }
            return Outcome.unreachable(
                    "the daemon at " + socket + " cannot be understood: " + broken.getMessage(),
                    "use the 'tharsis' that belongs to it");
        } finally {
            deadline.cancel();
        }
    }

    private static void send(SocketChannel channel, String what, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        String head = what + " HTTP/1.1\r\nHost: tharsis\r\nContent-Type: application/json\r\nContent-Length: "
                + bytes.length + "\r\n\r\n";
        ByteBuffer request = ByteBuffer.allocate(head.length() + bytes.length)
                .put(head.getBytes(StandardCharsets.US_ASCII))
                .put(bytes)
                .flip();
        while (request.hasRemaining()) {
            channel.write(request);
        }
    }

    private static <T> Outcome<T> read(HttpBody body, Class<T> type, Listener listener) throws IOException {
        if (!body.isStream() && body.isOk()) {
            return Outcome.done(Json.value(Json.tree(body.whole()), type));
        }
        if (!body.isStream()) {
            return failure(Json.value(Json.tree(body.whole()).path("error"), ApiError.class));
        }
        while (true) {
            JsonNode line = Json.tree(body.nextLine());
            if (line.has("result")) {
                return Outcome.done(Json.value(line.get("result"), type));
            } else if (line.has("error")) {
                return failure(Json.value(line.get("error"), ApiError.class));
            } else if (line.has("progress")) {
                listener.progress().accept(Json.value(line.get("progress"), Progress.class));
            } else if (line.has("event")) {
                listener.event().accept(Json.value(line.get("event"), Event.class));
            }
        }
    }

    private static <T> Outcome<T> failure(ApiError error) {
        return switch (error.code()) {
            case USAGE -> throw new BadValueException(error.message());
            case REFUSED -> new Outcome.Refused<>(error.message(), error.hint());
            case TIMED_OUT -> new Outcome.TimedOut<>(error.message(), error.hint());
            case UNREACHABLE -> new Outcome.Unreachable<>(error.message(), error.hint());
            case PARTIAL, INTERNAL -> new Outcome.Partial<>(error.message(), error.hint());
        };
    }

    /** Closes a connection whose time is up. */
    private static final class Deadline {
        private final Thread thread;
        private volatile boolean passed;

        Deadline(SocketChannel channel, Optional<Duration> patience) {
            this.thread = new Thread(() -> run(channel, patience), "deadline");
            thread.setDaemon(true);
            if (patience.isPresent()) {
                thread.start();
            }
        }

        private void run(SocketChannel channel, Optional<Duration> patience) {
            try {
                Thread.sleep(patience.orElseThrow().toMillis());
                passed = true;
                channel.close();
            } catch (InterruptedException | IOException done) {
                // It was in time, or there is nothing to close any more.
            }
        }

        boolean passed() {
            return passed;
        }

        void cancel() {
            thread.interrupt();
        }
    }
}
