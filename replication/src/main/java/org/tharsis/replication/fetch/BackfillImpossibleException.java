// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

/**
 * A backfill cannot go on as it was begun: the source's log from its resume point is gone, or the devices differ in size. What was
 * done is of no use; begin anew. Blocks that are equal are not sent again.
 */
public final class BackfillImpossibleException extends Exception {
    private static final long serialVersionUID = 1L;

    BackfillImpossibleException(String why) {
        super(why);
    }
}
