// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the executables are that the tests run. All must be built before: a test with real processes is not skipped. */
final class Installation {
    private static final Path TOP = Path.of("").toAbsolutePath().resolve("..").normalize();
    private static final Path NATIVE = Path.of(System.getProperty(
            "tharsis.native", TOP.resolve("build/release/block-driver/brickd").toString()));

    private Installation() {}

    static Path brickd() {
        return executable(NATIVE.resolve("brickd"), "tools/build release");
    }

    static Path brickctl() {
        return executable(NATIVE.resolve("brickctl"), "tools/build release");
    }

    static Path tharsisd() {
        return executable(TOP.resolve("control/bin/tharsisd"), "mvn package");
    }

    static Path tharsis() {
        return executable(TOP.resolve("control/bin/tharsis"), "mvn package");
    }

    static Path proxy() {
        return executable(TOP.resolve("tools/proxy"), "git checkout");
    }

    static Path numberedWriter() {
        return executable(TOP.resolve("tools/numbered-writer"), "git checkout");
    }

    private static Path executable(Path path, String madeBy) {
        if (!Files.isExecutable(path)) {
            throw new AssertionError(path + " is missing: it is made by " + madeBy);
        }
        return path;
    }
}
