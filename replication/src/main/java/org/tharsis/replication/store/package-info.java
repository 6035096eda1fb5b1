// SPDX-License-Identifier: Apache-2.0
/**
 * A log directory as a whole: its history, whether a position of another log belongs to it, and the log that a follower
 * writes from what a peer sends.
 *
 * <p>Log directories are shared with the driver, which appends, preallocates, renames and removes segments at any time.
 * Nothing here locks them, and nothing here touches a file that is not a segment.
 *
 * <p>May use {@code org.tharsis.replication.log}. Knows nothing of sockets and of the control channel.
 */
package org.tharsis.replication.store;
