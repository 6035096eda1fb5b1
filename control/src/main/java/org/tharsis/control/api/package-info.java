// SPDX-License-Identifier: Apache-2.0
/**
 * The daemon's own interface: what one can ask a node, as HTTP/1.1 with JSON over its Unix socket; server and client.
 * The records here are the JSON schema of docs/cli.md. Knows nothing of how a node does what it is asked: that is behind
 * {@link org.tharsis.control.api.NodeCommands}. Uses {@code model} for names and
 * their errors, and no other package of Tharsis.
 */
package org.tharsis.control.api;
