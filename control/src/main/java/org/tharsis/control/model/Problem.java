// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

/**
 * A key that cannot be understood, because somebody edited it or a newer version wrote it.
 *
 * @param key relative to the cluster
 * @param why what stands there, and what is expected
 */
public record Problem(String key, String why) {
    @Override
    public String toString() {
        return key + ": " + why;
    }
}
