// SPDX-License-Identifier: Apache-2.0
/**
 * The log's bytes: segments, the batches in them, the records in those; read and verified, and made.
 *
 * <p>The layout and its validity rules are in {@code docs/log-format.md}; this package is its Java half, the driver's
 * engine its C half, and both are tested against the same golden files. Nothing here writes a file, knows of sockets, or
 * decides what a stop of a reader means: that is for the caller, who knows whether the log has an owner.
 *
 * <p>May use: the JDK and an xxHash64. Unsigned 64-bit values of the format (LSN, chain value, time) are {@code long}s
 * that are compared unsigned.
 */
package org.tharsis.replication.log;
