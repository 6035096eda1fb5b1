# SPDX-License-Identifier: Apache-2.0
"""How far a follower is behind at 10, 50 and 90 % of the rate of writes that the pair sustains.

Measured from outside: the drivers of both nodes are asked for their positions all the time. The lag of the follower when it
has replayed up to an LSN is the time since the primary's log first reached there. The resolution is that of the asking,
and shown.
"""
import bisect
import statistics
import threading
import time

import load
from cluster import RESOURCE, Cluster
from report import table

SHARES = (0.1, 0.5, 0.9)


class Positions(threading.Thread):
    """Asks one driver for one position, over and over."""

    def __init__(self, node, key):
        super().__init__()
        self.session = node.driver()
        self.key = key
        self.times = []
        self.lsns = []
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.002):
            asked = time.monotonic()
            lsn = int(self.session(f"status {RESOURCE}")[self.key])
            self.times.append((asked + time.monotonic()) / 2)
            self.lsns.append(lsn)
        self.session.close()


def lags_ms(primary, follower):
    lags = []
    for when, lsn in zip(follower.times, follower.lsns):
        first = bisect.bisect_right(primary.lsns, lsn)
        # The primary's next sample has more: until then it had not, so the follower had all.
        if first < len(primary.lsns) and primary.times[first] < when:
            lags.append((when - primary.times[first]) * 1000)
        elif first > 0:
            lags.append(0.0)
    return lags


def measure(bench, cluster, iops):
    primary, follower = cluster.nodes
    watchers = [Positions(primary, "end-lsn"), Positions(follower, "replayed-lsn")]
    for watcher in watchers:
        watcher.start()
    try:
        load.write(primary, bench.seconds, iops)
    finally:
        for watcher in watchers:
            watcher.over.set()
            watcher.join()
    lags = sorted(lags_ms(*watchers))
    steps = [later - earlier for earlier, later in zip(watchers[1].times, watchers[1].times[1:])]
    cluster.wait_caught_up()
    return {"p50_ms": lags[len(lags) // 2], "p99_ms": lags[len(lags) * 99 // 100], "largest_ms": lags[-1],
            "resolution_ms": statistics.median(steps) * 1000}


def highest(bench, cluster):
    """What the pair sustains: as fast as it goes, counted until the follower has it all."""
    began = time.monotonic()
    measured = load.write(cluster.nodes[0], bench.seconds)
    cluster.wait_caught_up()
    return measured.iops * bench.seconds / (time.monotonic() - began)


def run(bench):
    results = []
    with Cluster(bench) as cluster:
        cluster.create_resource("512MiB")
        load.write(cluster.nodes[0], bench.seconds)
        cluster.wait_caught_up()
        top = statistics.median(highest(bench, cluster) for _ in range(bench.rounds))
        for share in SHARES:
            for _ in range(bench.rounds):
                results.append({"share": share, "iops": top * share, **measure(bench, cluster, top * share)})
                bench.say(f"  {share:.0%}: {results[-1]['p50_ms']:.0f} ms, p99 {results[-1]['p99_ms']:.0f} ms")
    rows = []
    for share in SHARES:
        own = [result for result in results if result["share"] == share]
        rows.append([f"{share:.0%} of {top:.0f} writes/s"] +
                    [f"{statistics.median(result[key] for result in own):.0f}"
                     for key in ("p50_ms", "p99_ms", "largest_ms", "resolution_ms")])
    return table(["lag of a follower on loopback, with TLS", "p50, ms", "p99, ms", "largest, ms", "resolution, ms"], rows), results
