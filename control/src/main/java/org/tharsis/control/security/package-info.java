// SPDX-License-Identifier: Apache-2.0
/**
 * Who may take part in a cluster: its certificate authority, the nodes' keys and certificates, tokens, and the enrolment by
 * which a node gets a certificate for a token. Knows nothing of ZooKeeper: what enrolment has to ask of the cluster is
 * behind {@link org.tharsis.control.security.ClusterDirectory}. Uses {@code config} for addresses, {@code model} for names,
 * and {@code org.tharsis.replication.peer}.
 */
package org.tharsis.control.security;
