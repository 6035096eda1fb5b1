# SPDX-License-Identifier: Apache-2.0
"""How long it takes until a daemon answers, and a command has its answer."""
import statistics
import subprocess
import time

from cluster import Cluster, wait_until
from report import table

COMMANDS = 10


def milliseconds(act):
    began = time.monotonic()
    act()
    return (time.monotonic() - began) * 1000


def restart(node):
    daemon = node.processes.pop()
    daemon.kill()
    daemon.wait()

    def until_view():
        node.start_daemon()
        wait_until(f"{node.name} is a member again", lambda: subprocess.run(
            node.command("view", "-q"), capture_output=True, check=False).returncode == 0)

    return milliseconds(until_view)


def run(bench):
    with Cluster(bench) as cluster:
        cluster.create_resource("64MiB")
        node = cluster.nodes[1]
        samples = {
            "daemon of a member, from its start to its first view": [restart(node) for _ in range(bench.rounds)],
            "`tharsis version`": [milliseconds(lambda: node.tharsis("version")) for _ in range(COMMANDS)],
            "`tharsis view`": [milliseconds(lambda: node.tharsis("view")) for _ in range(COMMANDS)],
        }
    rows = [[what, f"{statistics.median(times):.0f} ({min(times):.0f}–{max(times):.0f})"] for what, times in samples.items()]
    return table(["start", "ms, median (range)"], rows), samples
