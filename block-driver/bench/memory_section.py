# SPDX-License-Identifier: GPL-2.0
"""brickd's resident memory while several times its dirty limit is written."""
import os
import shutil
import threading

from contenders import allocate
from fio_job import run_fio
from node import MIB, Node
from report import table

DEVICE = 512 * MIB
LIMITS_MIB = (32, 128)
TIMES = 8


def disk_file(bench):
    return os.path.join(bench.directory, "disk")


def resident_bytes(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) << 10


class Watcher(threading.Thread):
    """Looks at it every few milliseconds; a thread of its own, as fio is waited for."""

    def __init__(self, process):
        super().__init__()
        self.process = process
        self.largest_bytes = 0
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.005):
            self.largest_bytes = max(self.largest_bytes, resident_bytes(self.process))


def measure_limit(bench, limit_mib):
    directory = os.path.join(bench.directory, "memory")
    os.mkdir(directory)
    node = Node(directory, DEVICE, disk=disk_file(bench), options=("--dirty-limit", f"{limit_mib}MiB"))
    node.create(4096)
    process = node.brickd.process
    idle_bytes = resident_bytes(process)
    watcher = Watcher(process)
    watcher.start()
    try:
        run_fio({"ioengine": "nbd", "uri": node.uri},
                {"rw": "randwrite", "bs": "4k", "iodepth": 64, "size": DEVICE, "io_size": TIMES * limit_mib * MIB},
                timeout_s=600)
    finally:
        watcher.over.set()
        watcher.join()
        node.kill()
        shutil.rmtree(directory)
    return {"limit_mib": limit_mib, "written_mib": TIMES * limit_mib, "idle_mib": idle_bytes / MIB,
            "largest_mib": watcher.largest_bytes / MIB, "above_limit_mib": watcher.largest_bytes / MIB - limit_mib}


def run(bench):
    allocate(disk_file(bench), DEVICE)
    found = [measure_limit(bench, limit_mib) for limit_mib in LIMITS_MIB]
    os.unlink(disk_file(bench))
    head = ["dirty limit, MiB", "written in blocks of 4 KiB, MiB", "resident before, MiB", "largest, MiB",
            "above the limit, MiB"]
    return table(head, [[f"{value:.0f}" for value in line.values()] for line in found]), found
