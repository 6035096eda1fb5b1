// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.LogPosition;

/**
 * A backfill that is complete: all of it is on stable storage and was announced.
 *
 * @param resumePoint the replica goes on with the log from here
 * @param consistent the replica is consistent once it has replayed the log of this history to here
 */
public record BackfillResult(LogPosition resumePoint, EpochLsn consistent) {}
