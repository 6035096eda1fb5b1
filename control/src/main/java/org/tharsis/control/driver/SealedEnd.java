// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.driver;

/** Where the log of a replica ends that takes no writes any more; all before is durable. */
public record SealedEnd(long endLsn, long chain) {
    static SealedEnd of(Reply reply) {
        return new SealedEnd(
                reply.get("end-lsn").number(), reply.get("end-chain").chain());
    }
}
