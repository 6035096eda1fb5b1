// SPDX-License-Identifier: Apache-2.0
/**
 * The command {@code tharsis} (docs/cli.md): a thin client of the daemon's socket, and a reader of logs. It must start quickly, so
 * it uses {@code api}, {@code model} for errors, {@code org.tharsis.replication.log}, and nothing that is heavy: no ZooKeeper,
 * no Netty, no logging.
 */
package org.tharsis.control.cli;
