# SPDX-License-Identifier: Apache-2.0
"""What replication costs the primary: the same writes with a follower that fetches and with one that is paused."""
import statistics

import load
from cluster import RESOURCE, Cluster
from report import table

ROWS = (("4 KiB random write, depth 16", 16), ("4 KiB random write, depth 1", 1))


def alone(cluster):
    cluster.nodes[1].tharsis("pause-fetch", RESOURCE)


def followed(cluster):
    cluster.nodes[1].tharsis("resume-fetch", RESOURCE)
    cluster.wait_caught_up()


def run(bench):
    samples = {}
    with Cluster(bench) as cluster:
        cluster.create_resource("512MiB")
        primary = cluster.nodes[0]
        load.write(primary, bench.seconds)
        followed(cluster)
        for turn in range(bench.rounds):
            for name, depth in ROWS:
                for kind in (alone, followed) if turn % 2 else (followed, alone):
                    kind(cluster)
                    measured = load.write(primary, bench.seconds, depth=depth)
                    samples.setdefault(name, {}).setdefault(kind.__name__, []).append(measured.iops)
                    followed(cluster)
    rows = []
    for name, kinds in samples.items():
        ratios = [with_follower / without for with_follower, without in zip(kinds["followed"], kinds["alone"])]
        rows.append([name, f"{statistics.median(kinds['alone']):.0f}", f"{statistics.median(kinds['followed']):.0f}",
                     f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"])
    text = table(["writes/s at the primary", "alone", "followed by one", "ratio, median (range)"], rows)
    return text, samples
