// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

/** Failures as people read them. */
final class Reasons {
    static String of(Throwable failure) {
        return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }

    private Reasons() {}
}
