// SPDX-License-Identifier: Apache-2.0
/**
 * Connections between nodes: TLS, hello, heartbeats, streams with their credit and turns, and coming back after a cut. Knows
 * nothing of logs and files: what runs on a stream is for the packages ship and fetch.
 *
 * <p>May use: the package wire, and Netty.
 */
package org.tharsis.replication.peer;
