// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

/**
 * How far a backfill is.
 *
 * @param doneBytes of the device, compared or received, and durable; a restart goes on from here
 * @param deviceBytes of the device, in all
 * @param receivedBytes that had to be sent as blocks since this backfill was started or taken up again
 * @param why what it waits for, for an operator; empty while it runs
 */
public record BackfillProgress(long doneBytes, long deviceBytes, long receivedBytes, String why) {}
