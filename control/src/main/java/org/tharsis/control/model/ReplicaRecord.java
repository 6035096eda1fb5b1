// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

/**
 * The keys {@code disk}, {@code device} and {@code log} of one replica: what it is made of on its host. They are written
 * when it joins and do not change.
 *
 * @param disk absolute path of the disk that holds the data
 * @param device how its device is seen by users on that host: a path or a URI
 * @param log absolute path of the log directory
 */
public record ReplicaRecord(String disk, String device, String log) {
    /** The longest path that the driver takes. */
    public static final int PATH_CHARACTERS_MAX = 1023;

    public ReplicaRecord {
        path("disk", disk);
        device(device);
        path("log", log);
    }

    static String device(String device) {
        return Words.line("device", device, PATH_CHARACTERS_MAX);
    }

    static String path(String what, String path) {
        Words.line(what, path, PATH_CHARACTERS_MAX);
        if (!path.startsWith("/") || path.length() < 2) {
            throw new BadValueException(what + " " + Names.shown(path) + ": an absolute path is expected");
        }
        return path;
    }
}
