// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.ship;

import java.nio.file.Path;
import org.tharsis.replication.log.LogPosition;

/**
 * Where a backfill is read from.
 *
 * @param resumePoint where the new replica goes on with the log: in front of a segment's header
 * @param disk of this replica; read only
 * @param deviceBytes size of the device, a multiple of {@code blockBytes}
 * @param blockBytes 512 or 4096
 */
public record BackfillOrigin(LogPosition resumePoint, Path disk, long deviceBytes, int blockBytes) {}
