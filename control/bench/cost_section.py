# SPDX-License-Identifier: Apache-2.0
"""What replication costs the primary: the same writes with a follower that fetches and with one that is paused.

The follower lives on the same machine here. At full speed it competes with the primary for the processors, which two
machines do not; at a quarter of that there is enough for both, and what remains is what shipping itself costs.
"""
import statistics

import load
from cluster import RESOURCE, Cluster
from report import table

SHARE = 0.25
# What, its depth, and whether at a share of the highest rate only.
ROWS = (("depth 16", 16, False), ("depth 1", 1, False), (f"depth 16, {SHARE:.0%} of the highest rate", 16, True))


def alone(cluster):
    cluster.nodes[1].tharsis("pause-fetch", RESOURCE)


def followed(cluster):
    cluster.nodes[1].tharsis("resume-fetch", RESOURCE)
    cluster.wait_caught_up()


def span(values, digits=2):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def ratios(kinds, figure):
    return [figure(own) / figure(other) for own, other in zip(kinds["followed"], kinds["alone"])]


def row(name, kinds):
    processor_us = {kind: statistics.median(one.processor_us for one in measured) for kind, measured in kinds.items()}
    return [name, *(f"{statistics.median(one.iops for one in kinds[kind]):.0f}" for kind in ("alone", "followed")),
            span(ratios(kinds, lambda one: one.iops)), span(ratios(kinds, lambda one: one.latency_median_us)),
            f"{processor_us['alone']:.1f}", f"{processor_us['followed']:.1f}"]


def run(bench):
    samples = {name: {"alone": [], "followed": []} for name, _, _ in ROWS}
    with Cluster(bench) as cluster:
        cluster.create_resource("512MiB")
        primary = cluster.nodes[0]
        followed(cluster)
        highest = load.write(primary, bench.seconds).iops
        for turn in range(bench.rounds):
            for name, depth, limited in ROWS:
                for kind in (alone, followed) if turn % 2 else (followed, alone):
                    kind(cluster)
                    samples[name][kind.__name__].append(
                        load.write(primary, bench.seconds, SHARE * highest if limited else None, depth))
                    followed(cluster)
                bench.say(f"  {row(name, samples[name])}")
    text = table(["4 KiB random writes at the primary", "writes/s alone", "followed by one", "ratio", "median latency, ratio",
                  "µs of processor a write, primary's node, alone", "followed"],
                 [row(name, kinds) for name, kinds in samples.items()])
    return text, {name: {kind: [vars(one) for one in measured] for kind, measured in kinds.items()}
                  for name, kinds in samples.items()}
