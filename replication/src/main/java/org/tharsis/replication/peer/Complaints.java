// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Warns of peers that a server has trouble with. A peer that is refused comes again every few seconds: the same sentence about
 * the same host is told once in ten minutes. Any thread may use it.
 */
final class Complaints {
    private static final long AGAIN_NS = Duration.ofMinutes(10).toNanos();
    private static final int REMEMBERED_MAX = 256;

    private final LongSupplier nanoTime;
    private final Map<String, Long> told = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > REMEMBERED_MAX;
        }
    };

    /** @param nanoTime {@link System#nanoTime} */
    Complaints(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** @param did what was done with its connection: "Refused", "Closed" */
    void warn(Logger log, String did, SocketAddress peer, String why) {
        if (isNews(host(peer) + did + why)) {
            log.warn("{} the connection of {}: {}", did, host(peer), why);
        }
    }

    private synchronized boolean isNews(String sentence) {
        long nowNs = nanoTime.getAsLong();
        Long before = told.get(sentence);
        if (before != null && nowNs - before < AGAIN_NS) {
            return false;
        }
        told.remove(sentence);
        told.put(sentence, nowNs);
        return true;
    }

    private static String host(SocketAddress peer) {
        return peer instanceof InetSocketAddress inet && inet.getAddress() != null
                ? inet.getAddress().getHostAddress()
                : String.valueOf(peer);
    }
}
