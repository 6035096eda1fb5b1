// SPDX-License-Identifier: Apache-2.0
/**
 * The driver's client: commands and reports over the control channel (docs/control-channel.md), typed. Decides nothing, and
 * keeps no state but its connections. May use {@code org.tharsis.replication.log} for positions, and nothing else of
 * Tharsis.
 */
package org.tharsis.control.driver;
