// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

/**
 * A token to join with.
 *
 * @param expiresMs when it ends, in milliseconds since 1970-01-01 UTC
 */
public record TokenReport(String token, long expiresMs) {}
