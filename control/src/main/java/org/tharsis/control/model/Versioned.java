// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

/**
 * A value that is changed by compare-and-set.
 *
 * @param value what was read
 * @param version ZooKeeper's version of the key when it was read
 */
public record Versioned<T>(T value, int version) {}
