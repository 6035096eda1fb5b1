// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A verb: has help, and runs with the options that all have. Returns its exit code. */
@Command(
        sortOptions = false,
        usageHelpAutoWidth = true,
        synopsisHeading = "usage: ",
        descriptionHeading = "%n",
        parameterListHeading = "%n",
        optionListHeading = "%n",
        footerHeading = "%nExamples:%n",
        commandListHeading = "%n")
abstract class Verb implements Callable<Integer> {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "this")
    @SuppressWarnings("UnusedVariable") // picocli itself looks at it
    private boolean help;

    private final Call call;

    Verb(Call call) {
        this.call = call;
    }

    Call tharsis() {
        return call;
    }
}
