# SPDX-License-Identifier: Apache-2.0
"""How long a planned handover takes under load: from the command to the first write that the new primary accepts."""
import statistics
import subprocess
import time

from cluster import RESOURCE, Cluster
from report import table

HANDOVERS_PER_ROUND = 2
WAIT_S = 30
# The load leaves the commands some of the processors that all of it shares. The writer reads its whole ring at the new primary and checks it
# before it goes on: that is its own time, so the ring is small.
WRITES_PER_SECOND = 5000
RING_SIZE = "8MiB"


class Writer:
    """tools/numbered-writer beside us: writes to whoever is primary."""

    def __init__(self, bench, nodes):
        command = [str(bench.top / "tools" / "numbered-writer"), "write", "--size", RING_SIZE, "--rate",
                   str(WRITES_PER_SECOND), *[node.uri for node in nodes]]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def accepted(self, uri):
        """Time of the first write that this server took; checks that nothing acknowledged was missing there."""
        missing = None
        for line in self.process.stdout:
            words = line.split()
            for word in words[1:]:
                if word.startswith("missing="):
                    missing = int(word.split("=")[1])
            if words[1].startswith("accepted=") and words[2] == uri:
                if missing:
                    raise RuntimeError(f"{missing} acknowledged writes are missing after a planned handover")
                return float(words[0])
        raise RuntimeError("the writer ended")

    def stop(self):
        self.process.stdin.write("stop\n")
        self.process.communicate(timeout=WAIT_S)


def run(bench):
    times_s = []
    with Cluster(bench) as cluster:
        cluster.create_resource("256MiB")
        writer = Writer(bench, cluster.nodes)
        try:
            writer.accepted(cluster.nodes[0].uri)
            for turn in range(bench.rounds * HANDOVERS_PER_ROUND):
                target = cluster.nodes[(turn + 1) % 2]
                began = time.time()
                target.tharsis("primary", RESOURCE, "--disconnect-users", "--timeout", f"{WAIT_S}s")
                times_s.append(writer.accepted(target.uri) - began)
                bench.say(f"  {times_s[-1]:.2f} s")
                target.tharsis("wait-resource", RESOURCE, "caught-up", "--timeout", f"{WAIT_S}s")
        finally:
            writer.stop()
    text = table([f"planned handover at {WRITES_PER_SECOND} writes/s, command to first write", "s, median (range)"],
                 [[f"{len(times_s)} handovers", f"{statistics.median(times_s):.2f} ({min(times_s):.2f}–{max(times_s):.2f})"]])
    return text, times_s
