// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.util.UUID;

/**
 * The cluster that a node has made or joined.
 *
 * @param zookeeper connect string of the ensemble that holds its state
 */
public record ClusterReport(String name, UUID uuid, String node, UUID nodeUuid, String zookeeper) {}
