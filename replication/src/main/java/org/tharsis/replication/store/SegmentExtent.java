// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import org.tharsis.replication.log.SegmentName;

/**
 * A segment, and how far something holds of it.
 *
 * @param segment its name, which says where it starts
 * @param endLsn unsigned; in a list of extents that is complete, the next segment starts here
 */
public record SegmentExtent(SegmentName segment, long endLsn) {}
