// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.util.UUID;
import org.tharsis.replication.log.LogPosition;

/**
 * What the driver has found in a log directory that it opened.
 *
 * @param end of the log; its epoch is 0 when nothing is in it
 */
public record Opened(UUID resourceUuid, UUID nodeUuid, long deviceBytes, LogPosition end) {
    static Opened of(Reply reply) {
        return new Opened(
                reply.get("resource-uuid").uuid(),
                reply.get("node-uuid").uuid(),
                reply.get("device-bytes").number(),
                new LogPosition(
                        reply.get("end-lsn").number(),
                        reply.get("epoch").number(),
                        reply.get("end-chain").chain()));
    }
}
