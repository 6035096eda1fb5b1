// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

/**
 * One fact of the state tree.
 *
 * @param version counts the changes of this key
 */
public record TreeEntry(String key, String value, int version) {}
