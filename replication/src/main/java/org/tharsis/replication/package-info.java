// SPDX-License-Identifier: Apache-2.0
/**
 * Replication: what moves the log between nodes. Knows the driver by the log format only, and nothing of ZooKeeper.
 * May not use {@code org.tharsis.control}.
 */
package org.tharsis.replication;
