// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tharsis.control.api.ApiClient.Listener;
import org.tharsis.control.model.BadValueException;

/** Client and server over a real Unix socket, with a node that has nothing behind it. */
class ApiTest {
    private static final Progress HALF =
            new Progress("second", Optional.of(5L), Optional.of(10L), Optional.empty(), Optional.empty());

    private static final Optional<Duration> PATIENT = Optional.of(Duration.ofSeconds(20));
    private static final Command.Invalidate INVALIDATE = new Command.Invalidate("vol0");

    @TempDir
    private Path directory;

    private final FakeNode node = new FakeNode();
    private Path socket;
    private ApiServer server;
    private ApiClient client;

    @BeforeEach
    void start() throws Exception {
        socket = directory.resolve("run/tharsis.sock");
        server = ApiServer.start(socket, node);
        client = new ApiClient(socket);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    private <T> Outcome<T> post(String name, Object command, Class<T> type) {
        return client.post(name, command, type, Listener.NONE, PATIENT);
    }

    private <T> Outcome<T> get(String name, Map<String, String> query, Class<T> type) {
        return client.get(name, query, type, Listener.NONE, PATIENT);
    }

    @Test
    void everyCommandArrivesAsItWasGiven() {
        Map<String, Command> commands = Map.ofEntries(
                Map.entry("create-cluster", new Command.CreateCluster("test")),
                Map.entry("join-cluster", new Command.JoinCluster("tharsis-x", Optional.of("a:1"))),
                Map.entry(
                        "create-resource",
                        new Command.CreateResource(
                                "vol0", "/dev/vdb", Optional.of(8192L), true, Optional.of(512), Optional.of("/log"))),
                Map.entry("join-resource", new Command.JoinResource("vol0", "/dev/vdb", false, Optional.empty())),
                Map.entry("leave-resource", new Command.LeaveResource("vol0", true)),
                Map.entry("primary", new Command.Primary("vol0", true, true, false, Optional.of(5L))),
                Map.entry("secondary", new Command.Secondary("vol0", true, Optional.empty())),
                Map.entry("invalidate", INVALIDATE),
                Map.entry("todo", new Command.Switch("vol0", Command.Todo.FETCH, false)),
                Map.entry(
                        "wait-resource",
                        new Command.WaitResource(
                                "vol0", Command.Condition.CAUGHT_UP, Optional.of("beta"), Optional.of(1L))),
                Map.entry("set", new Command.SetKey("resources/vol0/role", "1 ä primary")));

        commands.forEach((name, command) -> {
            assertThat(post(name, command, Object.class)).isInstanceOf(Outcome.Done.class);
            assertThat(node.told.remove(0)).isEqualTo(command);
        });
    }

    @Test
    void looksAreAnswered() {
        assertThat(get("version", Map.of(), VersionReport.class)).isEqualTo(Outcome.done(node.version()));
        assertThat(get("get", Map.of("key", "resources/vol0/role"), TreeEntry.class))
                .isEqualTo(Outcome.done(new TreeEntry("resources/vol0/role", "1 alpha primary", 3)));
        assertThat(get("list", Map.of(), String[].class))
                .extracting(outcome -> ((Outcome.Done<String[]>) outcome).result())
                .isEqualTo(new String[] {"alive", "nodes", "resources"});
        assertThat(post("token", Map.of(), TokenReport.class))
                .isEqualTo(Outcome.done(new TokenReport("tharsis-abc", 1_700_000_000_000L)));
    }

    @Test
    void everyKindOfFailureArrivesAsItself() {
        List<Outcome<Changed>> failures = List.of(
                Outcome.refused("no", "do this"),
                Outcome.timedOut("so far", "do that"),
                Outcome.unreachable("nobody", "wait"),
                Outcome.partial("half", "look"),
                new Outcome.Refused<>("no, and nothing helps", Optional.empty()));
        for (Outcome<Changed> failure : failures) {
            node.answer = (command, caller) -> failure;
            assertThat(post("invalidate", INVALIDATE, Changed.class)).isEqualTo(failure);
        }
    }

    @Test
    void aFaultOfTheDaemonIsNeverDone() {
        node.answer = (command, caller) -> {
            throw new IllegalStateException("a fault that this test has made");
        };

        assertThat(post("invalidate", INVALIDATE, Changed.class))
                .isInstanceOfSatisfying(
                        Outcome.Partial.class,
                        failure -> assertThat(failure.message()).contains("a fault that this test has made"));
    }

    @Test
    void progressComesBeforeTheResult() {
        node.answer = (command, caller) -> {
            caller.progress(Progress.step("first"));
            caller.progress(HALF);
            return Outcome.refused("then not", "sorry");
        };
        List<Progress> steps = new ArrayList<>();

        Outcome<Changed> outcome =
                client.post("invalidate", INVALIDATE, Changed.class, new Listener(steps::add, event -> {}), PATIENT);

        assertThat(steps).containsExactly(Progress.step("first"), HALF);
        assertThat(outcome).isEqualTo(Outcome.refused("then not", "sorry"));
    }

    @Test
    void eventsComeInTheirOrderHoweverMany() {
        node.events = IntStream.range(0, 5_000)
                .mapToObj(i -> new Event(i, "alpha", Optional.of("vol0"), Event.Level.WARNING, "role", "event " + i))
                .toList();
        List<Event> seen = new ArrayList<>();

        Outcome<Changed> outcome = client.get(
                "events",
                Map.of("since-ms", "17", "follow", "yes"),
                Changed.class,
                new Listener(progress -> {}, seen::add),
                PATIENT);

        assertThat(outcome).isInstanceOf(Outcome.Done.class);
        assertThat(seen).isEqualTo(node.events);
        assertThat(node.told).containsExactly(Map.of("sinceMs", 17L, "follow", true));
    }

    @Test
    void aCommandLearnsThatItsCallerHasGone() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch noticed = new CountDownLatch(1);
        node.answer = (command, caller) -> {
            running.countDown();
            Awaitility.await().until(caller::gone);
            noticed.countDown();
            return Outcome.done(new Changed("for nobody"));
        };
        try (SocketChannel caller = connect(
                "POST /v1/invalidate HTTP/1.1\r\nHost: x\r\nContent-Length: 15\r\n\r\n" + "{\"name\":\"vol0\"}")) {
            assertThat(caller.isConnected()).isTrue();
            assertThat(running.await(10, TimeUnit.SECONDS)).isTrue();
        }

        assertThat(noticed.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void looksAreAnsweredWhileAllWorkersWait() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        node.answer = (command, caller) -> {
            try {
                release.await();
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            }
            return Outcome.done(new Changed("late"));
        };
        List<Thread> callers = IntStream.range(0, 64)
                .mapToObj(i -> new Thread(() -> post("invalidate", INVALIDATE, Changed.class)))
                .toList();
        callers.forEach(Thread::start);
        Awaitility.await().until(() -> node.told.size() == 64);

        assertThat(get("version", Map.of(), VersionReport.class)).isInstanceOf(Outcome.Done.class);
        assertThat(post("invalidate", INVALIDATE, Changed.class))
                .isInstanceOfSatisfying(
                        Outcome.Unreachable.class,
                        busy -> assertThat(busy.message()).contains("too many commands"));
        release.countDown();
        for (Thread caller : callers) {
            caller.join();
        }
    }

    @Test
    void aDaemonThatDoesNotAnswerIsGivenUp() {
        CountDownLatch never = new CountDownLatch(1);
        node.answer = (command, caller) -> {
            Awaitility.await().until(() -> caller.gone() || never.getCount() == 0);
            return Outcome.done(new Changed("too late"));
        };

        assertThat(client.post(
                        "invalidate", INVALIDATE, Changed.class, Listener.NONE, Optional.of(Duration.ofMillis(100))))
                .isInstanceOf(Outcome.TimedOut.class);
        never.countDown();
    }

    @Test
    void noDaemonIsUnreachable() {
        assertThat(new ApiClient(directory.resolve("none"))
                        .get("version", Map.of(), VersionReport.class, Listener.NONE, PATIENT))
                .isInstanceOfSatisfying(
                        Outcome.Unreachable.class,
                        failure -> assertThat(failure.message()).contains("no daemon answers"));
    }

    @Test
    void aSecondDaemonIsRefusedAndADeadOnesSocketReplaced() throws Exception {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> ApiServer.start(socket, node))
                .withMessageContaining("another tharsisd serves");
        Path dead = directory.resolve("dead.sock");
        try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(dead));
        }
        try (ApiServer replaced = ApiServer.start(dead, node)) {
            assertThat(replaced).isNotNull();
            assertThat(new ApiClient(dead).get("version", Map.of(), VersionReport.class, Listener.NONE, PATIENT))
                    .isInstanceOf(Outcome.Done.class);
        }
        assertThat(Files.exists(dead)).isFalse();
    }

    @Test
    void onlyTheOwnerAndItsGroupMayConnect() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-rw----");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "invalidate | {\"name\":\"a b\"} | resource name \"a b\"",
                "invalidate | {\"name\":\"vol0\",\"force\":true} | there is no field 'force': known are name",
                "invalidate | {} | the field 'name' is missing, or not",
                "invalidate | {\"name\":null} | the field 'name' is missing, or not",
                "invalidate | [1 | is not the JSON of this command",
                "todo | {\"name\":\"vol0\",\"todo\":\"fetch\"} | the field 'on' is missing",
                "todo | {\"name\":\"vol0\",\"todo\":\"fly\",\"on\":true} | the field 'todo' is missing, or not",
                "primary | {\"name\":\"vol0\",\"loseNewer\":true} | lose-newer is an addition to force",
                "set | {\"key\":\"/a\",\"value\":\"b\"} | '/a' is not a key",
                "create-resource | {\"name\":\"a\",\"disk\":\"b\"} | 'b' is not the path of a disk",
                "create-resource | {\"name\":\"a\",\"disk\":\"/b\",\"sizeBytes\":5000} | a multiple of its block size",
                "create-resource | {\"name\":\"a\",\"disk\":\"/b\",\"createDisk\":true} | needs a size",
                "fly | {} | there is no /v1/fly: known are /v1/create-cluster",
            })
    void refusesACommandThatIsWrong(String name, String body, String message) throws Exception {
        String answer = ask("POST /v1/" + name.strip() + " HTTP/1.1\r\nHost: x\r\nContent-Length: "
                + body.strip().length() + "\r\n\r\n" + body.strip());

        assertThat(answer)
                .startsWith("HTTP/1.1 400 ")
                .contains("\"code\":\"usage\"")
                .contains(escaped(message));
        assertThat(node.told).isEmpty();
    }

    private static String escaped(String message) {
        return message.strip().replace("\"", "\\\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /v1/invalidate HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /v1/get HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /v1/get?key=../.. HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /v1/events?since-ms=-1 HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /v1/events?follow=true HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                "what\r\n\r\n",
            })
    void refusesARequestThatIsWrong(String request) throws Exception {
        assertThat(ask(request)).startsWith("HTTP/1.1 400 ");
    }

    @Test
    void tellsTheClientsMistakeAsSuch() {
        assertThatExceptionOfType(BadValueException.class)
                .isThrownBy(() -> post("invalidate", Map.of("name", "-"), Changed.class))
                .withMessageContaining("resource name \"-\"");
    }

    @Test
    void aRefusalHasItsHttpStatus() throws Exception {
        node.view = Outcome.unreachable("ZooKeeper is away", "wait");

        assertThat(ask("GET /v1/view HTTP/1.1\r\nHost: x\r\n\r\n"))
                .startsWith("HTTP/1.1 503 ")
                .contains("{\"error\":{\"code\":\"unreachable\",\"message\":\"ZooKeeper is away\",\"hint\":\"wait\"}}");
    }

    @Test
    void aViewReadsBackAndHasNoSentinels() throws Exception {
        node.view = Outcome.done(TestViews.inUse());

        assertThat(get("view", Map.of("resource", "vol0"), ViewReport.class)).isEqualTo(node.view);
        assertThat(ask("GET /v1/view HTTP/1.1\r\nHost: x\r\n\r\n"))
                .contains("\"endLsn\":18446744073709551615")
                .contains("\"source\":\"live\"")
                .doesNotContain("null")
                .doesNotContain("-1");
    }

    private SocketChannel connect(String request) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
        return channel;
    }

    private String ask(String request) throws IOException {
        try (SocketChannel channel = connect(request)) {
            return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
