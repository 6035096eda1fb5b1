// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.wire;

/** A stream or a connection must end: what the peer sent cannot be taken, or what it wants cannot be given. */
public final class WireException extends Exception {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    /**
     * @param code what the peer is told
     * @param sentence for an operator
     */
    public WireException(ErrorCode code, String sentence) {
        super(sentence);
        this.code = code;
    }

    /** Makes one for a peer that does not keep to the protocol. */
    public static WireException protocol(String sentence) {
        return new WireException(ErrorCode.PROTOCOL, sentence);
    }

    /** What the peer is told. */
    public ErrorCode code() {
        return code;
    }
}
