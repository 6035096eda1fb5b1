// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

/**
 * A key of the tree as it stands there.
 *
 * @param text its value
 * @param version ZooKeeper's version of the key: 0 when it was created, one more with each change
 */
public record RawValue(String text, int version) {}
