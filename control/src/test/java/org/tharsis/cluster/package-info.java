// SPDX-License-Identifier: Apache-2.0
/**
 * Whole clusters of real processes, and what is done to them: brickd and tharsisd of several nodes, ZooKeeper, lines between
 * them that are slow or cut, clients that write. {@link org.tharsis.cluster.Oracle} says whether what came out is what is
 * promised.
 *
 * <p>All tests here have the tag {@code cluster}, and are run by a step of their own of {@code ./check}. They use the product
 * as an operator does: by its executables, its command line and its files.
 */
package org.tharsis.cluster;
