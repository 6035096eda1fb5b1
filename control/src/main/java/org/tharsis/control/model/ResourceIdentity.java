// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.UUID;

/**
 * The keys {@code uuid}, {@code size}, {@code block} and {@code created} of a resource.
 *
 * @param uuid its identity; the name is a label
 * @param deviceBytes size of the device, a multiple of {@code blockBytes}
 * @param blockBytes 512 or 4096
 * @param createdNs when
 */
public record ResourceIdentity(UUID uuid, long deviceBytes, int blockBytes, long createdNs) {
    public ResourceIdentity {
        if (blockBytes != 512 && blockBytes != 4096) {
            throw new BadValueException("block " + blockBytes + ": 512 or 4096 is expected");
        }
        if (deviceBytes <= 0 || deviceBytes % blockBytes != 0) {
            throw new BadValueException("size " + deviceBytes + ": a multiple of " + blockBytes + " bytes is expected");
        }
    }
}
