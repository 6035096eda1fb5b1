// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

/**
 * What a command has done.
 *
 * @param message one sentence for a person: "vol0: node-b is the primary, epoch 2."
 */
public record Changed(String message) {}
