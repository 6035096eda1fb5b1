// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

/**
 * A device cut into the ranges that are compared: 128 KiB each, the last one may be shorter.
 *
 * @param deviceBytes size of the device, at least 1
 */
public record DeviceRanges(long deviceBytes) {
    /** Size of a range in bytes. */
    public static final int RANGE_BYTES = 128 * 1024;

    public DeviceRanges {
        if (deviceBytes < 1) {
            throw new IllegalArgumentException("a device of " + deviceBytes + " bytes has no ranges");
        }
    }

    /** Number of ranges. */
    public long count() {
        return (deviceBytes - 1) / RANGE_BYTES + 1;
    }

    /** First byte of a range, from 0 to {@link #count} - 1. */
    public long offset(long range) {
        if (range < 0 || range >= count()) {
            throw new IllegalArgumentException("range " + range + " of a device with " + count());
        }
        return range * RANGE_BYTES;
    }

    /** Bytes of a range. */
    public int length(long range) {
        return (int) Math.min(RANGE_BYTES, deviceBytes - offset(range));
    }

    /** The range that the byte at {@code offset} lies in; {@link #count} when that is the device's end. */
    public long rangeAt(long offset) {
        return offset == deviceBytes ? count() : offset / RANGE_BYTES;
    }
}
