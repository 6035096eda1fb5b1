// SPDX-License-Identifier: Apache-2.0
/**
 * Control: what decides who is primary, what each replica shall do, and what became of it. Uses
 * {@code org.tharsis.replication}, and knows the driver by the log format and the control channel only.
 */
package org.tharsis.control;
