// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.Optional;
import org.tharsis.control.api.Progress;

/** How fast something long gets on, from what was seen of it in the last 10 to 20 seconds. One thread at a time. */
final class Pace {
    private static final long SPAN_NS = 10_000_000_000L;
    /** Over a shorter time a rate says nothing. */
    private static final long NS_MIN = 1_000_000_000L;

    private record Sample(long doneBytes, long atNs) {}

    private Sample base;
    private Sample next;
    private Sample newest;

    /** @param nowNs by {@link System#nanoTime} */
    Pace(long doneBytes, long nowNs) {
        base = new Sample(doneBytes, nowNs);
        next = base;
        newest = base;
    }

    void seen(long doneBytes, long nowNs) {
        Sample now = new Sample(doneBytes, nowNs);
        if (doneBytes < newest.doneBytes()) {
            base = now; // it has begun anew
            next = now;
        } else if (nowNs - next.atNs() > SPAN_NS) {
            base = next;
            next = now;
        }
        newest = now;
    }

    Progress progress(String step, long totalBytes) {
        long ns = newest.atNs() - base.atNs();
        long bytes = newest.doneBytes() - base.doneBytes();
        Optional<Long> rate = ns < NS_MIN ? Optional.empty() : Optional.of((long) (bytes * 1e9 / ns));
        long leftBytes = Math.max(0, totalBytes - newest.doneBytes());
        return new Progress(
                step,
                Optional.of(newest.doneBytes()),
                Optional.of(totalBytes),
                rate,
                rate.filter(perSecond -> perSecond > 0).map(perSecond -> (long) (leftBytes * 1000.0 / perSecond)));
    }
}
