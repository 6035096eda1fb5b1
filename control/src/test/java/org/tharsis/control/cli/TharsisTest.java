// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tharsis.control.api.ApiServer;
import org.tharsis.control.api.Changed;
import org.tharsis.control.api.Command;
import org.tharsis.control.api.Event;
import org.tharsis.control.api.FakeNode;
import org.tharsis.control.api.Outcome;
import org.tharsis.control.api.Progress;
import org.tharsis.control.api.TestViews;

/** The command in this process, against a real socket and a node that has nothing behind it. */
class TharsisTest {
    @TempDir
    private Path directory;

    private final FakeNode node = new FakeNode();
    private ApiServer server;

    /** What a run of the command has left. */
    private record Ran(int code, String out, String err) {}

    @BeforeEach
    void start() throws Exception {
        server = ApiServer.start(socket(), node);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    private Path socket() {
        return directory.resolve("tharsis.sock");
    }

    private Ran tharsis(String... arguments) {
        return tharsis(false, arguments);
    }

    private Ran tharsis(boolean interactive, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Tharsis.run(
                new Terminal(new PrintWriter(out), new PrintWriter(err), interactive),
                Map.of("THARSIS_SOCKET", socket().toString()),
                arguments);
        return new Ran(code, out.toString(), err.toString());
    }

    static Stream<Arguments> verbs() {
        return Stream.of(
                verb("cluster create test", new Command.CreateCluster("test")),
                verb("cluster join tharsis-x", new Command.JoinCluster("tharsis-x", Optional.empty())),
                verb("cluster join --address a:1 tharsis-x", new Command.JoinCluster("tharsis-x", Optional.of("a:1"))),
                verb(
                        "create-resource vol0 --disk /d --create-disk --size 10GiB --block 512 --log-directory /l/../l",
                        new Command.CreateResource(
                                "vol0", "/d", Optional.of(10L << 30), true, Optional.of(512), Optional.of("/l"))),
                verb(
                        "create-resource vol0 --disk /d",
                        new Command.CreateResource(
                                "vol0", "/d", Optional.empty(), false, Optional.empty(), Optional.empty())),
                verb(
                        "join-resource vol0 --disk /d --create-disk",
                        new Command.JoinResource("vol0", "/d", true, Optional.empty())),
                verb("leave-resource vol0 --force", new Command.LeaveResource("vol0", true)),
                verb("primary vol0", new Command.Primary("vol0", false, false, false, Optional.empty())),
                verb(
                        "primary vol0 --force --lose-newer --disconnect-users --timeout 2m",
                        new Command.Primary("vol0", true, true, true, Optional.of(120_000L))),
                verb(
                        "--timeout 500ms secondary --disconnect-users vol0",
                        new Command.Secondary("vol0", true, Optional.of(500L))),
                verb("invalidate vol0", new Command.Invalidate("vol0")),
                verb("pause-fetch vol0", new Command.Switch("vol0", Command.Todo.FETCH, false)),
                verb("resume-fetch vol0", new Command.Switch("vol0", Command.Todo.FETCH, true)),
                verb("pause-replay vol0", new Command.Switch("vol0", Command.Todo.REPLAY, false)),
                verb("resume-replay vol0", new Command.Switch("vol0", Command.Todo.REPLAY, true)),
                verb(
                        "wait-resource vol0 caught-up --node beta --timeout 7",
                        new Command.WaitResource(
                                "vol0", Command.Condition.CAUGHT_UP, Optional.of("beta"), Optional.of(7000L))),
                verb("set resources/vol0/role x", new Command.SetKey("resources/vol0/role", "x")));
    }

    private static Arguments verb(String line, Command command) {
        return Arguments.of(line, command);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("verbs")
    void givesTheCommandThatItWasGiven(String line, Command command) {
        Ran ran = tharsis(line.split(" "));

        assertThat(ran.err()).isEmpty();
        assertThat(ran.code()).isZero();
        assertThat(node.told).containsExactly(command);
    }

    @Test
    void everyKindOfOutcomeHasItsExitCode() {
        Map<Integer, Outcome<Changed>> outcomes = Map.of(
                0, Outcome.done(new Changed("vol0: done.")),
                1, Outcome.refused("it has users", "disconnect them"),
                3, Outcome.timedOut("sealed, not handed over", "try again"),
                4, Outcome.unreachable("ZooKeeper is away", "wait"),
                5, Outcome.partial("half of it", "look"));
        outcomes.forEach((code, outcome) -> {
            node.answer = (command, caller) -> outcome;
            Ran ran = tharsis("primary", "vol0");
            assertThat(ran.code()).isEqualTo(code);
            if (outcome instanceof Outcome.Failure<Changed> failure) {
                assertThat(ran.out()).isEmpty();
                assertThat(ran.err())
                        .isEqualTo("tharsis: " + failure.message() + "\n         "
                                + failure.hint().orElseThrow() + "\n");
            } else {
                assertThat(ran.out()).isEqualTo("vol0: done.\n");
            }
        });
    }

    @Test
    void jsonAnswersWithJsonInEveryCase() {
        assertThat(tharsis("--json", "primary", "vol0").out()).contains("\"message\" : \"done\"");
        node.answer = (command, caller) -> Outcome.refused("it has users", "disconnect them");
        assertThat(tharsis("primary", "vol0", "--json"))
                .isEqualTo(new Ran(
                        1,
                        "{\"error\":{\"code\":\"refused\",\"message\":\"it has users\",\"hint\":\"disconnect them\"}}\n",
                        ""));
        assertThat(tharsis("--json", "primary", "a b").out()).startsWith("{\"error\":{\"code\":\"usage\",");
        assertThat(tharsis("--json", "cluster", "token").out()).contains("\"token\" : \"tharsis-abc\"");
    }

    @Test
    void quietSaysNothingOfWhatWasDoneButAnswersQuestions() {
        assertThat(tharsis("-q", "primary", "vol0")).isEqualTo(new Ran(0, "", ""));
        assertThat(tharsis("-q", "get", "resources/vol0/role")).isEqualTo(new Ran(0, "1 alpha primary\n", ""));
        assertThat(tharsis("-q", "cluster", "token").out()).isEqualTo("tharsis-abc\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | say what to do",
                "help fly | there is no verb 'fly'",
                "cluster grow | there is no verb 'grow'",
                "cluster | say what to do: 'tharsis cluster --help'",
                "log | say what to do: 'tharsis log --help'",
                "fly | there is no verb 'fly'",
                "primary | Missing required parameter: 'RESOURCE'",
                "primary vol0 vol1 | 'vol1' is one word too many",
                "primary vol0 --fast | Unknown option: '--fast'",
                "primary vol0 --lose-newer | --lose-newer is an addition to --force",
                "primary -vol0 | see: tharsis primary --help",
                "primary a/b | resource name \"a/b\"",
                "primary vol0 --timeout soon | 'soon' is no time",
                "primary vol0 --timeout 0 | at least 1 ms",
                "create-resource vol0 | Missing required option: '--disk=PATH'",
                "create-resource vol0 --disk /d --size 10GB | '10GB' is no size",
                "create-resource vol0 --disk /d --size 9999999999TiB | more than any device",
                "create-resource vol0 --disk /d --size 1000 | a multiple of its block size",
                "create-resource vol0 --disk /d --block 1024 | blocks of 512 or of 4096 bytes",
                "create-resource vol0 --disk /d --create-disk | needs a size",
                "wait-resource vol0 done | write consistent, caught-up, primary, secondary",
                "get /resources | '/resources' is not a key",
                "events --since yesterday | 'yesterday' is no moment",
                "cluster create none/none | cluster name",
            })
    void refusesWrongUsageInOneSentence(String line, String message) {
        Ran ran = tharsis(line.isEmpty() ? new String[0] : line.split(" "));

        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).startsWith("tharsis: ").contains(message.strip());
        assertThat(ran.out()).isEmpty();
        assertThat(node.told).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "cluster",
                "cluster create",
                "cluster token",
                "cluster join",
                "create-resource",
                "join-resource",
                "leave-resource",
                "primary",
                "secondary",
                "invalidate",
                "pause-fetch",
                "resume-fetch",
                "pause-replay",
                "resume-replay",
                "view",
                "wait-resource",
                "events",
                "get",
                "set",
                "ls",
                "log",
                "log dump",
                "log verify",
                "version",
                "help",
            })
    void everyVerbHasHelp(String verb) {
        Ran ran = tharsis((verb + " --help").strip().split(" "));

        assertThat(ran.code()).isZero();
        assertThat(ran.out()).startsWith("usage: tharsis").contains(verb).contains("--socket");
        assertThat(ran.err()).isEmpty();
    }

    @Test
    void helpOfAVerbIsWhatTheVerbItselfSays() {
        assertThat(tharsis("help", "cluster", "join")).isEqualTo(tharsis("cluster", "join", "--help"));
        assertThat(tharsis("help")).isEqualTo(tharsis("--help"));
    }

    @Test
    void theVersionOfTheCommandNeedsNoDaemon() {
        Ran ran = tharsis("--socket", directory.resolve("none").toString(), "--version");

        assertThat(ran.code()).isZero();
        assertThat(ran.out()).startsWith("tharsis ").hasLineCount(1);
    }

    @Test
    void noDaemonIsUnreachableAndSaysHowToGoOn() {
        Ran ran = tharsis("--socket", directory.resolve("none").toString(), "view");

        assertThat(ran.code()).isEqualTo(4);
        assertThat(ran.err())
                .contains("no daemon answers at " + directory.resolve("none"))
                .contains("THARSIS_SOCKET");
    }

    @Test
    void progressIsForPeopleOnly() {
        node.answer = (command, caller) -> {
            caller.progress(new Progress(
                    "copying",
                    Optional.of(512L << 20),
                    Optional.of(1L << 30),
                    Optional.of(1L << 20),
                    Optional.of(512_000L)));
            return Outcome.done(new Changed("done"));
        };

        assertThat(tharsis(true, "invalidate", "vol0").err())
                .contains("\r\033[Kcopying: 512 MiB of 1 GiB, 1 MiB/s, 8 min 32 s left")
                .endsWith("\r\033[K");
        assertThat(tharsis(false, "invalidate", "vol0").err()).isEmpty();
    }

    @Test
    void viewShowsWhoIsPrimaryAndHowFarTheOthersAreBehind() {
        node.view = Outcome.done(TestViews.inUse());

        assertThat(tharsis("view", "vol0").out())
                .contains("cluster test, as alpha sees it now")
                .contains("resource vol0, 1 GiB, primary alpha, epoch 2")
                .containsPattern("alpha +primary +ok +- +- +1")
                .containsPattern("beta +secondary +ok +3 MiB, 1.5 s +alpha")
                .containsPattern("gamma +- +was diverged .*from LSN 8192 of epoch 1; has 8 KiB in 2 records")
                .containsPattern("gamma .* as of 5 min 0 s ago")
                .contains("WARNING: the certificate of this node ends in 12 days");
        assertThat(node.told).containsExactly(Optional.of("vol0"));
    }

    @Test
    void viewOfANodeInNoClusterSaysWhatToDo() {
        node.view = Outcome.done(TestViews.unconfigured());

        assertThat(tharsis("view").out()).contains("node alpha is in no cluster: 'tharsis cluster create'");
    }

    @Test
    void eventsArePrintedAsTheyCome() {
        node.events = List.of(
                new Event(1_700_000_000_000L, "alpha", Optional.of("vol0"), Event.Level.WARNING, "role", "it moved."),
                new Event(1_700_000_001_000L, "beta", Optional.empty(), Event.Level.INFO, "joined", "it is here."));

        assertThat(tharsis("events").out()).isEqualTo("""
                        2023-11-14T22:13:20Z warning alpha vol0 role: it moved.
                        2023-11-14T22:13:21Z info beta joined: it is here.
                        """);
        assertThat(tharsis("--json", "events", "--since", "2023-11-14T22:13:20Z", "--follow")
                        .out())
                .startsWith("{\"timeMs\":1700000000000,\"node\":\"alpha\",\"resource\":\"vol0\",\"level\":\"warning\"");
        assertThat(node.told)
                .containsExactly(
                        Map.of("sinceMs", 0L, "follow", false), Map.of("sinceMs", 1_700_000_000_000L, "follow", true));
    }

    @Test
    void theTreeIsListedAndRead() {
        assertThat(tharsis("ls").out()).isEqualTo("alive\nnodes\nresources\n");
        assertThat(tharsis("ls", "resources/vol0").code()).isZero();
        assertThat(node.told).containsExactly(Optional.empty(), Optional.of("resources/vol0"));
        assertThat(tharsis("--json", "get", "resources/vol0/role").out()).contains("\"version\" : 3");
    }

    @Test
    void versionTellsAllThree() {
        assertThat(tharsis("version").out())
                .contains("tharsis unpackaged\n")
                .contains("tharsisd 0.1.0, node alpha, cluster test")
                .contains("no driver");
    }

    @Test
    void aDirectoryWithoutALogIsRefused() throws Exception {
        Path empty = Files.createDirectory(directory.resolve("empty"));

        assertThat(tharsis("log", "verify", empty.toString()))
                .isEqualTo(new Ran(
                        1,
                        "",
                        "tharsis: " + empty + " holds no log: there is no segment file in it\n"
                                + "         name another directory\n"));
        assertThat(tharsis("log", "dump", directory.resolve("missing").toString())
                        .err())
                .contains("is no directory");
    }

    @Test
    void theLogOfAResourceIsWhereItsNodeSaysItIs() {
        node.view = Outcome.done(TestViews.inUse());

        assertThat(tharsis("log", "verify", "vol0").err()).contains("/var/lib/tharsis/logs/vol0 is no directory");
    }
}
