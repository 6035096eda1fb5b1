// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import java.util.Random;

/** Lets a random time pass, so that what comes next hits another moment in each run. Nothing relies on how long. */
final class Pause {
    private Pause() {}

    static void upTo(Random random, int limitMs) {
        try {
            Thread.sleep(random.nextInt(limitMs));
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
