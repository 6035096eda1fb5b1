// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.tharsis.control.model.BadValueException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code tharsis}. */
@Command(
        name = "tharsis",
        versionProvider = Tharsis.VersionText.class,
        description = "Tells this node's tharsisd what to do, and shows how the cluster is.",
        footer = {
            "  tharsis view",
            "  tharsis primary vol0",
            "",
            "Exit codes: 0 done; 1 refused, nothing was changed; 2 wrong usage;",
            "3 the time was up; 4 somebody could not be reached; 5 done in part."
        })
public final class Tharsis extends Verb {
    @Option(
            names = "--version",
            versionHelp = true,
            description = "which tharsis this command is; 'tharsis version' asks the daemon and the driver, too")
    @SuppressWarnings("UnusedVariable") // picocli itself looks at it
    private boolean version;

    @Mixin
    private final Call options;

    private Tharsis(Call call) {
        super(call);
        this.options = call;
    }

    @Override
    public Integer call() {
        return options.usage("say what to do: 'tharsis --help' lists the verbs");
    }

    /** Which Tharsis this is, as the jar says. */
    static String version() {
        return Optional.ofNullable(Tharsis.class.getPackage().getImplementationVersion())
                .orElse("unpackaged");
    }

    static final class VersionText implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"tharsis " + version()};
        }
    }

    /** Runs the command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        PrintWriter out = writer(FileDescriptor.out);
        PrintWriter err = writer(FileDescriptor.err);
        boolean interactive = Boolean.getBoolean("tharsis.interactive");
        int code = run(new Terminal(out, err, interactive), System.getenv(), arguments);
        out.flush();
        err.flush();
        // Threads that still wait for a daemon do not keep the command from ending.
        Runtime.getRuntime().halt(code);
    }

    private static PrintWriter writer(FileDescriptor descriptor) {
        return new PrintWriter(
                new BufferedWriter(new OutputStreamWriter(new FileOutputStream(descriptor), StandardCharsets.UTF_8)));
    }

    /** Runs the command and returns its exit code. */
    static int run(Terminal terminal, Map<String, String> environment, String... arguments) {
        Call call = new Call(terminal, environment);
        return commandLine(call)
                .setOut(terminal.out())
                .setErr(terminal.err())
                .setParameterExceptionHandler((wrong, all) -> misused(call, wrong))
                .setExecutionExceptionHandler((failed, line, parsed) -> {
                    if (failed instanceof BadValueException bad) {
                        return call.usage(bad.getMessage());
                    }
                    throw failed;
                })
                .execute(arguments);
    }

    private static int misused(Call call, ParameterException wrong) {
        String message = wrong instanceof UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()
                ? notUnderstood(unmatched)
                : Optional.ofNullable(wrong.getMessage()).orElse("this cannot be understood");
        return call.usage(message + "\n         see: "
                + wrong.getCommandLine().getCommandSpec().qualifiedName() + " --help");
    }

    private static String notUnderstood(UnmatchedArgumentException unmatched) {
        String word = unmatched.getUnmatched().get(0);
        return unmatched.getCommandLine().getSubcommands().isEmpty()
                ? "'" + word + "' is one word too many"
                : noVerb(word);
    }

    /** Prints how a verb is used; of no verb: what the verbs are. */
    static int help(Call call, String... verb) {
        CommandLine line = commandLine(call);
        for (String word : verb) {
            if (!line.getSubcommands().containsKey(word)) {
                return call.usage(noVerb(word));
            }
            line = line.getSubcommands().get(word);
        }
        call.terminal().out().print(line.getUsageMessage());
        return ExitCode.DONE;
    }

    private static String noVerb(String word) {
        return "there is no verb '" + word + "'";
    }

    private static CommandLine commandLine(Call call) {
        return new CommandLine(new Tharsis(call))
                .addSubcommand(new CommandLine(new ClusterVerbs.Group(call))
                        .addSubcommand(new ClusterVerbs.Create(call))
                        .addSubcommand(new ClusterVerbs.Token(call))
                        .addSubcommand(new ClusterVerbs.Join(call)))
                .addSubcommand(new ResourceVerbs.Create(call))
                .addSubcommand(new ResourceVerbs.Join(call))
                .addSubcommand(new ResourceVerbs.Leave(call))
                .addSubcommand(new RoleVerbs.Promote(call))
                .addSubcommand(new RoleVerbs.Demote(call))
                .addSubcommand(new ResourceVerbs.Resync(call))
                .addSubcommand(new ResourceVerbs.PauseFetch(call))
                .addSubcommand(new ResourceVerbs.ResumeFetch(call))
                .addSubcommand(new ResourceVerbs.PauseReplay(call))
                .addSubcommand(new ResourceVerbs.ResumeReplay(call))
                .addSubcommand(new LookVerbs.View(call))
                .addSubcommand(new RoleVerbs.Wait(call))
                .addSubcommand(new LookVerbs.Events(call))
                .addSubcommand(new LookVerbs.Get(call))
                .addSubcommand(new LookVerbs.Set(call))
                .addSubcommand(new LookVerbs.List(call))
                .addSubcommand(new CommandLine(new LogVerbs.Group(call))
                        .addSubcommand(new LogVerbs.Dump(call))
                        .addSubcommand(new LogVerbs.Verify(call)))
                .addSubcommand(new LookVerbs.Version(call))
                .addSubcommand(new LookVerbs.Help(call));
    }
}
