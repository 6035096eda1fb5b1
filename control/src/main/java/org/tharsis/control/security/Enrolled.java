// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import java.util.UUID;

/**
 * What a node has got by enrolment: all it needs to take part.
 *
 * @param zookeeper connect string
 */
public record Enrolled(Credentials credentials, UUID cluster, String clusterName, String zookeeper) {}
