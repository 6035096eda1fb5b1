// SPDX-License-Identifier: Apache-2.0
/**
 * The values of the state tree: one record for each kind of key, with the text that stands in the tree, and immutable
 * snapshots of a resource and of the whole cluster. {@code docs/state-tree.md} describes the keys.
 *
 * <p>Parsing is strict and its errors say what was found and what is expected; a key that somebody edited into nonsense
 * is a {@link org.tharsis.control.model.Problem} of the snapshot, never an exception for the rest.
 *
 * <p>Nothing here does I/O, keeps state or knows ZooKeeper. May use: the JDK. LSNs are unsigned {@code long}s; epochs
 * are from 1 to 2^62; times are nanoseconds since 1970 UTC of the node that wrote them, for people, never for decisions.
 */
package org.tharsis.control.model;
