// SPDX-License-Identifier: Apache-2.0
/**
 * The state tree of a cluster in ZooKeeper: roles, intent, reports. {@link org.tharsis.control.state.StateTree} is what
 * the daemon uses; {@code CuratorStateTree} does it with Curator; {@code EmbeddedZooKeeper} is a server inside of the
 * daemon, for clusters that bring none.
 *
 * <p>{@code docs/state-tree.md} says which keys there are, who owns each, and what is one transaction. Nobody else talks
 * to ZooKeeper. May use: {@code org.tharsis.control.model}, Curator, ZooKeeper, slf4j.
 */
package org.tharsis.control.state;
