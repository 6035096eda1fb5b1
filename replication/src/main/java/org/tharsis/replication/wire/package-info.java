// SPDX-License-Identifier: Apache-2.0
/**
 * The frames that nodes exchange, and their codec: {@code docs/wire-protocol.md}, byte by byte. Knows nothing of what a frame
 * is good for.
 *
 * <p>May use: the packages log and backfill for the values in the frames, and Netty's buffers and codec base classes.
 */
package org.tharsis.replication.wire;
