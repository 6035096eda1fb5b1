// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

import java.util.Map;

/**
 * What is: everything that this node knows about its replica of one resource.
 *
 * @param driver what the driver says
 * @param files what stands in the log directory
 * @param following the follower's state
 * @param lacking hosts that have the log only from this LSN on, by what they have said last
 * @param backfilling the backfill's state
 */
public record Actual(
        DriverState driver,
        ReplicaFiles files,
        Following following,
        Map<String, Long> lacking,
        Backfilling backfilling) {}
