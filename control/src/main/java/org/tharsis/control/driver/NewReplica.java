// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.LogPosition;

/**
 * A replica to be made.
 *
 * @param directory its log directory, existing and without a replica
 * @param sizeBytes of the device, a multiple of {@code blockBytes}
 * @param blockBytes 512 or 4096
 * @param start where its log begins; empty for the beginning
 * @param inconsistentUntil its disk is a mixture of states until it has replayed the log of this history to here
 */
public record NewReplica(
        Path directory,
        long sizeBytes,
        int blockBytes,
        UUID resourceUuid,
        UUID nodeUuid,
        Optional<LogPosition> start,
        Optional<EpochLsn> inconsistentUntil) {

    CommandLine command(String resource) {
        CommandLine command = new CommandLine("create", resource)
                .path("directory", directory)
                .number("size", sizeBytes)
                .number("block", blockBytes)
                .uuid("resource-uuid", resourceUuid)
                .uuid("node-uuid", nodeUuid);
        start.ifPresent(position -> command.number("start-lsn", position.lsn())
                .number("start-epoch", position.epoch())
                .chain("start-chain", position.chain()));
        inconsistentUntil.ifPresent(end ->
                command.number("inconsistent-until-lsn", end.lsn()).number("inconsistent-until-epoch", end.epoch()));
        return command;
    }
}
