# SPDX-License-Identifier: GPL-2.0
"""Two nodes replicate a device through their daemons, and hand it over in both directions while it is written to.

    replication kernel-kernel|kernel-brickd     their drivers. The kernel's are in machines, brickd is on this one
"""

import contextlib
import subprocess
import time

from bench.kernels import TOP, Refused, warn
from bench.network import Network
from bench.nodes import Failed, HostNode, MachineNode
from bench.scenario import Skipped, work_folder

SIZE_MIB = 96
LOAD_SECONDS = 2
# Of a replica: where its log ends, and a sum of all that is in it.
POSITION = ("end-lsn", "replayed-lsn", "end-chain", "epoch")


class Pair:
    """The first node is a machine. The second one makes the cluster, so that it must be left last."""

    def __init__(self, drivers, kernel, folder, network, show):
        self.show = show
        self.started = time.monotonic()
        self.first = MachineNode("a", 1, folder, network, kernel, show)
        if drivers == "kernel-brickd":
            self.second = HostNode("b", folder, network)
        else:
            self.second = MachineNode("b", 2, folder, network, kernel, show)
        self.nodes = [self.first, self.second]

    def say(self, text):
        self.show(f"== {time.monotonic() - self.started:5.1f} s  {text}")

    def run(self):
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.wait_ready()
        self.say("both daemons are there")
        self.make_cluster()
        self.make_device()
        acknowledged = self.hand_over(self.first, self.second, 0)
        self.second.begin_writing(acknowledged)
        self.hand_over(self.second, self.first, acknowledged)
        self.compare_positions()
        for node in self.nodes:
            node.leave()
        self.compare_disks()

    def make_cluster(self):
        self.second.tharsis("cluster", "create", "bench")
        self.first.tharsis("cluster", "join", self.second.token())
        self.say("both are in the cluster")

    def make_device(self):
        """The second replica is filled while the first one is written to."""
        self.first.tharsis("create-resource", "vol0", *self.first.place_of_disk, "--size", f"{SIZE_MIB}MiB")
        self.first.tharsis("set", "resources/vol0/options/segment-bytes", "16MiB")
        self.first.tharsis("set", "resources/vol0/options/log-limit-bytes", "256MiB")
        self.first.begin_writing(0)
        self.second.tharsis("join-resource", "vol0", *self.second.place_of_disk)
        self.second.tharsis("wait-resource", "vol0", "consistent")
        self.say(f"{self.second.name} has a replica")

    def hand_over(self, old, new, above):
        """The old one is being written to, with numbers above this one. Returns the last one that it has acknowledged; the new one
        has all of them."""
        time.sleep(LOAD_SECONDS)
        # In software emulation a replica may be far behind.
        new.tharsis("primary", "vol0", "--disconnect-users", "--timeout", "5m")
        acknowledged = old.turned_away()
        if acknowledged == above:
            raise Failed(f"nothing was written to {old.name}")
        new.tharsis("wait-resource", "vol0", "primary")
        found = new.check(acknowledged)
        self.say(f"{new.name} is the primary: {old.name} has acknowledged {acknowledged} numbers, {found} are there")
        old.tharsis("wait-resource", "vol0", "secondary")
        return acknowledged

    def compare_positions(self):
        for node in self.nodes:
            node.tharsis("wait-resource", "vol0", "caught-up")
        positions = [[status[key] for key in POSITION] for status in (node.status() for node in self.nodes)]
        if positions[0] != positions[1]:
            raise Failed(f"replicas do not end alike: {' '.join(POSITION)}: {positions}")
        self.say(f"both replicas end at LSN {positions[0][0]}")

    def compare_disks(self):
        compared = subprocess.run([TOP / "tools/compare-disks", str(SIZE_MIB << 20), *(node.disk for node in self.nodes)])
        if compared.returncode != 0:
            raise Failed("the replicas' disks are not equal")
        self.say("their disks are equal")

    def end(self):
        for node in self.nodes:
            node.end()


def make_network():
    try:
        return Network(2)
    except Refused as reason:
        raise Skipped(str(reason)) from reason


def run(kernel, arguments, show):
    drivers = list(arguments)
    if drivers not in (["kernel-kernel"], ["kernel-brickd"]):
        raise Refused("replication: its argument is kernel-kernel or kernel-brickd")
    with work_folder() as folder, contextlib.ExitStack() as at_end:
        network = make_network()
        at_end.callback(network.end)
        pair = Pair(drivers[0], kernel, folder, network, show)
        at_end.callback(pair.end)
        try:
            pair.run()
        except Failed as failed:
            warn(f"run: {failed}")
            return failed.status
    return 0
