// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

/**
 * Bytes that do not verify. There is one kind for each of the format's checks, and a block gets that of the first check
 * that fails, in the order in which the kinds stand here.
 */
public abstract sealed class LogFormatException extends Exception {
    private static final long serialVersionUID = 1L;

    private LogFormatException(String where, String what, String meaning) {
        super(where + ": " + what + "; " + meaning);
    }

    /** No such block begins here. */
    public static final class BadMagic extends LogFormatException {
        private static final long serialVersionUID = 1L;

        BadMagic(String where, String what) {
            super(where, what, "nothing was written here, or it was overwritten");
        }
    }

    /** The block is of a version of the format that this reader does not know. */
    public static final class BadVersion extends LogFormatException {
        private static final long serialVersionUID = 1L;

        BadVersion(String where, String what) {
            super(where, what, "a newer Tharsis wrote it: read it with that");
        }
    }

    /** A size or a count is out of its range, or bytes that must be zero are not. */
    public static final class BadLength extends LogFormatException {
        private static final long serialVersionUID = 1L;

        BadLength(String where, String what) {
            super(where, what, "the block is damaged or incomplete: fetch it again from a peer");
        }
    }

    /** The block belongs to another resource. */
    public static final class Foreign extends LogFormatException {
        private static final long serialVersionUID = 1L;

        Foreign(String where, String what) {
            super(where, what, "the file is in the wrong log directory: move it back to where it belongs");
        }
    }

    /** The block belongs to another place in the log: often the remains of an earlier use of the place. */
    public static final class BadLsn extends LogFormatException {
        private static final long serialVersionUID = 1L;

        BadLsn(String where, String what) {
            super(where, what, "the block belongs elsewhere in the log, or its file was renamed");
        }
    }

    /** The block is of another epoch than the segment that it stands in. */
    public static final class BadEpoch extends LogFormatException {
        private static final long serialVersionUID = 1L;

        BadEpoch(String where, String what) {
            super(where, what, "the block is of another epoch's history");
        }
    }

    /** The bytes are not those that were written. */
    public static final class BadChecksum extends LogFormatException {
        private static final long serialVersionUID = 1L;

        BadChecksum(String where, String what) {
            super(where, what, "it was damaged or written in part: fetch it again from a peer");
        }
    }

    /** The block is whole, but of another history than what stands before it. */
    public static final class BadChain extends LogFormatException {
        private static final long serialVersionUID = 1L;

        BadChain(String where, String what) {
            super(where, what, "the block continues another history than the one before it");
        }
    }

    /** The block is whole, and says something that the format does not allow. */
    public static final class BadContent extends LogFormatException {
        private static final long serialVersionUID = 1L;

        BadContent(String where, String what) {
            super(where, what, "its writer broke the format: keep the file and report this");
        }
    }
}
