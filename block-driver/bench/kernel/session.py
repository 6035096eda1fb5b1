# SPDX-License-Identifier: GPL-2.0
"""A machine that measures, with its peer: booted, fed with a plan, and listened to."""
import contextlib
import json
import os
import pathlib
import re
import threading
import time

from bench.kernels import Refused
from bench.machine import BOOT_SECONDS, Machine
from bench.network import Network
from bench.scenario import Needs, judge, make_disk, make_initramfs, work_folder

HERE = pathlib.Path(__file__).resolve().parent
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
LINE = re.compile(r"bench: (starting|begin|measured|settled|result) ?(.*)")
# Longer than a job takes with all that belongs to it, on a slow disk in QEMU; whoever hangs is given up.
JOB_SECONDS = 6
MAKING_SECONDS = 300
DAY_SECONDS = 86400


class Sample:
    """One job of fio on one contender: what fio says, and what the machines needed for it until all of it was on the disks."""

    def __init__(self, account, settle_s, processor_s):
        side = max(account["read"], account["write"], key=lambda part: part["total_ios"])
        requests = side["total_ios"]
        runtime_s = side["runtime"] / 1000
        percentiles = side["clat_ns"].get("percentile", {})
        self.iops = side["iops"]
        self.mib_per_s = side["bw_bytes"] / (1 << 20)
        self.settled_iops = requests / (runtime_s + settle_s)
        self.settled_mib_per_s = side["io_bytes"] / (1 << 20) / (runtime_s + settle_s)
        self.settle_s = settle_s
        self.processor_us = processor_s * 1e6 / requests
        self.latency_median_us = percentiles.get("50.000000", 0) / 1e3
        self.latency_99_us = percentiles.get("99.000000", 0) / 1e3


def processor_seconds(group):
    """Of all processes of these groups, and of their children that have ended: all that a machine has needed."""
    ticks = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                stat = pathlib.Path(entry.path, "stat").read_text(encoding="ascii", errors="replace")
                fields = stat.rsplit(")", 1)[1].split()
                if int(fields[2]) in group:
                    ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS_PER_S


class Node:
    """A machine for one of the guest scripts."""

    def __init__(self, kernel, folder, script, arguments, network, number, drive="", more_files=()):
        needs = Needs(script)
        folder.mkdir()
        disks = [make_disk(folder / f"disk{count}", size) for count, size in enumerate(needs.disks, 1)]
        if drive:
            disks = [f"{disk},{drive}" for disk in disks]
        archive = make_initramfs(folder, kernel, script, needs, arguments, more_files)
        self.machine = Machine(kernel, folder, archive, disks, needs.memory_mib, extra=network.arguments(kernel, number),
                               prefix=network.prefix())


class Peer(Node):
    """Its console is read, and shown when something went wrong."""

    def __init__(self, kernel, folder, disks, network, drive):
        super().__init__(kernel, folder, HERE / "guest/peer.sh", [disks], network, 2, drive)
        self.said = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        # Ends when the machine is switched off under it.
        with contextlib.suppress(OSError, ValueError):
            for line in self.machine.lines(DAY_SECONDS):
                self.said.append(line)

    def complaints(self):
        return self.machine.console.complaints


class Listener:
    """Takes the lines of the primary, and makes samples of them."""

    def __init__(self, say, add, groups):
        self.say = say
        self.add = add
        self.groups = groups
        self.said = []
        self.job = None
        self.moments = {}

    def take(self, line):
        match = LINE.match(line)
        if not match:
            self.said.append(line)
            return
        what, rest = match.groups()
        self.moments[what] = (time.monotonic(), processor_seconds(self.groups))
        if what == "starting":
            self.say(f"  {rest} is made")
        elif what == "begin":
            self.job = rest.split()
        elif what == "result":
            self._result(json.loads(rest))

    def _result(self, text):
        account = text["jobs"][0]
        contender, row = self.job
        if account["error"]:
            raise Refused(f"fio on {contender}, {row}: error {account['error']}")
        settle_s = self.moments["settled"][0] - self.moments["measured"][0]
        self.add(row, contender, Sample(account, settle_s, self.moments["settled"][1] - self.moments["begin"][1]))


def measure(kernel, contenders, plan, seconds, disks, drive, has_peer, say, add):
    """Boots the machines and carries out the plan, of so many seconds each; add(row, contender, sample) is called for each line
    of it. Returns what else the machine said."""
    with work_folder() as folder, contextlib.ExitStack() as at_end:
        (folder / "plan").write_text("".join(line + "\n" for line in plan))
        network = Network(2)
        at_end.callback(network.end)
        groups = set()
        peer = None
        if has_peer:
            peer = Peer(kernel, folder / "peer", disks, network, drive)
            at_end.callback(peer.machine.end)
            groups.add(peer.machine.process.pid)
        node = Node(kernel, folder / "primary", HERE / "guest/primary.sh", [disks, *contenders], network, 1, drive,
                    [("bench/plan", folder / "plan")])
        at_end.callback(node.machine.end)
        groups.add(node.machine.process.pid)
        listener = Listener(say, add, groups)
        late = None
        try:
            for line in node.machine.lines(BOOT_SECONDS + MAKING_SECONDS + len(plan) * (seconds + JOB_SECONDS)):
                listener.take(line)
        except TimeoutError as error:
            late = str(error)
        node.machine.end()
        status, why = judge(node.machine.console, late)
        if status != 0 or (peer and peer.complaints()):
            heard = listener.said[-40:] + (["the peer:"] + peer.said[-20:] if peer else [])
            raise Refused(f"measuring on {kernel.name} ended with {status}: {why or ''}\n  " + "\n  ".join(heard))
        return listener.said
