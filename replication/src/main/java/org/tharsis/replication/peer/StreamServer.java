// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

/** Opens the serving side of the streams that peers ask for. */
public interface StreamServer {}
