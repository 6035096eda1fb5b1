// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.tharsis.control.api.ApiClient;
import org.tharsis.control.api.ApiClient.Listener;
import org.tharsis.control.api.Changed;
import org.tharsis.control.api.Event;
import org.tharsis.control.api.Json;
import org.tharsis.control.api.Outcome;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The options that all verbs have, and what they mean for a request and its answer. */
final class Call {
    static final String SOCKET_VARIABLE = "THARSIS_SOCKET";
    private static final Path USUAL_SOCKET = Path.of("/run/tharsis/tharsis.sock");
    private static final Duration LOOKING_MAX = Duration.ofSeconds(30);
    private static final Duration ANSWERING_MAX = Duration.ofSeconds(15);

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            scope = ScopeType.INHERIT,
            description = "the daemon's socket; else that of the variable THARSIS_SOCKET, else"
                    + " /run/tharsis/tharsis.sock")
    private Optional<Path> socket = Optional.empty();

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            scope = ScopeType.INHERIT,
            description = "give up after this time: 30s, 5m, 1h")
    private Optional<String> timeout = Optional.empty();

    @Option(names = "--json", scope = ScopeType.INHERIT, description = "answer with JSON, errors too")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            scope = ScopeType.INHERIT,
            description = "say nothing but errors and what was asked for")
    private boolean quiet;

    private final Terminal terminal;
    private final Map<String, String> environment;

    Call(Terminal terminal, Map<String, String> environment) {
        this.terminal = terminal;
        this.environment = environment;
    }

    Terminal terminal() {
        return terminal;
    }

    boolean json() {
        return json;
    }

    /** The time that was given, in milliseconds. */
    Optional<Long> timeoutMs() {
        return timeout.map(Quantities::duration).map(Duration::toMillis);
    }

    private ApiClient client() {
        return new ApiClient(socket.orElseGet(() -> Optional.ofNullable(environment.get(SOCKET_VARIABLE))
                .filter(path -> !path.isEmpty())
                .map(Path::of)
                .orElse(USUAL_SOCKET)));
    }

    /** Asks the daemon something that it knows at once. */
    <T> Outcome<T> look(String name, Map<String, String> query, Class<T> type) {
        Duration patience = timeout.map(Quantities::duration).orElse(LOOKING_MAX);
        return client().get(name, query, type, Listener.NONE, Optional.of(patience));
    }

    /** Follows events; for as long as it takes. */
    Outcome<Changed> follow(Map<String, String> query, Consumer<Event> events) {
        return client().get(
                        "events",
                        query,
                        Changed.class,
                        new Listener(progress -> {}, events),
                        timeout.map(Quantities::duration));
    }

    /** Gives a command. The daemon minds the time itself: it knows better than we what was reached. */
    <T> Outcome<T> command(String name, Object command, Class<T> type) {
        try {
            return client().post(
                            name,
                            command,
                            type,
                            new Listener(progress -> terminal.progress(ViewText.progress(progress)), event -> {}),
                            timeout.map(Quantities::duration).map(ANSWERING_MAX::plus));
        } finally {
            terminal.endProgress();
        }
    }

    /** Gives a command and tells what became of it. */
    int run(String name, Object command) {
        return tell(command(name, command, Changed.class), done -> done.message() + "\n", true);
    }

    /**
     * Prints what was asked for.
     *
     * @param text the result for a person, with its line feed
     */
    <T> int show(Outcome<T> outcome, Function<T, String> text) {
        return tell(outcome, text, false);
    }

    private <T> int tell(Outcome<T> outcome, Function<T, String> text, boolean onlyNews) {
        if (outcome instanceof Outcome.Done<T> done) {
            if (json) {
                terminal.out().println(Json.pretty(done.result()));
            } else if (!quiet || !onlyNews) {
                terminal.out().print(text.apply(done.result()));
            }
        } else if (outcome instanceof Outcome.Failure<T> failure) {
            fail(failure);
        }
        return ExitCode.of(outcome);
    }

    private void fail(Outcome.Failure<?> failure) {
        if (json) {
            terminal.out().println(Json.failure(failure));
            return;
        }
        terminal.err().println("tharsis: " + failure.message());
        failure.hint().ifPresent(hint -> terminal.err().println("         " + hint));
    }

    /** What is wrong with how the command was written. */
    int usage(String message) {
        if (json) {
            terminal.out().println(Json.mistake(message));
        } else {
            terminal.err().println("tharsis: " + message);
        }
        return ExitCode.USAGE;
    }
}
