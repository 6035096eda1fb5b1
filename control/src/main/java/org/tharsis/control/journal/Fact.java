// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.time.Instant;

/**
 * A key of the tree as it was last seen.
 *
 * @param version of the tree's node
 * @param seen when this value was seen first
 */
public record Fact(String key, String value, int version, Instant seen) {}
