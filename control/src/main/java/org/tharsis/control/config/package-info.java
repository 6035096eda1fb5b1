// SPDX-License-Identifier: Apache-2.0
/**
 * What a node is told by its file, tharsis.conf (docs/configuration.md): read once, when the daemon starts. Uses {@code model} for
 * names and their errors, and no other package of Tharsis.
 */
package org.tharsis.control.config;
