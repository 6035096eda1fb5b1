// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import org.tharsis.control.model.ReplicaRecord;
import org.tharsis.control.model.ResourceIdentity;
import org.tharsis.control.model.ResourceOptions;

/**
 * A resource to be created.
 *
 * @param name its label
 * @param identity uuid, size, time
 * @param options those that are set from the start
 * @param primary host of the first replica, which is primary in epoch 1
 * @param replica what that replica is made of
 */
public record ResourceSpec(
        String name, ResourceIdentity identity, ResourceOptions options, String primary, ReplicaRecord replica) {}
