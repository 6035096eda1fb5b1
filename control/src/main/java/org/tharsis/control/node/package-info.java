// SPDX-License-Identifier: Apache-2.0
/**
 * The daemon of a node: it puts the parts together and lives with what happens to them.
 *
 * <p>{@link org.tharsis.control.node.Tharsisd} is the process, {@link org.tharsis.control.node.Node} what can be asked of it,
 * {@code Member} what runs once the node belongs to a cluster. For each replica of this node one {@code ReplicaLoop} asks the
 * reconciler what is to be done and does it, on a thread of its own; everything else that concerns the replica (driver,
 * tree, peers) only wakes it up.
 *
 * <p>May use: all of control and replication. Nothing uses this package.
 */
package org.tharsis.control.node;
