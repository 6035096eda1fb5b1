// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.util.Optional;
import java.util.UUID;

/**
 * Which daemon this is.
 *
 * @param version of the daemon
 * @param driver version of the driver; left out while there is none, or it cannot be reached
 * @param cluster left out until one was created or joined
 */
public record VersionReport(
        String node, Optional<UUID> nodeUuid, String version, Optional<String> driver, Optional<String> cluster) {}
