// SPDX-License-Identifier: Apache-2.0
/**
 * The journal of a node: what it has to tell the cluster, what it last saw of it, and what happened.
 *
 * <p>{@link org.tharsis.control.journal.Journal} is the way in. It gives three things that share one ordered, checked
 * file: the {@link org.tharsis.control.journal.Outbox}, the {@link org.tharsis.control.journal.ClusterView} and the
 * {@link org.tharsis.control.journal.History}. It is never the only copy of what failover needs; a node that has lost
 * it comes up and rebuilds its outbox from the driver.
 *
 * <p>Chronicle Queue writes the files; {@code EntryFile} reads and verifies them, because the library has no checksums
 * and maps what it reads. Keys and values are plain strings here: what they mean is for the packages that use this one.
 *
 * <p>May use: the JDK, slf4j, Chronicle Queue. Nothing else of control.
 */
package org.tharsis.control.journal;
