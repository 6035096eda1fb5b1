# SPDX-License-Identifier: GPL-2.0
"""How fast a log is replayed after a crash, against what the disk can write."""
import os
import shutil
import time

from contenders import allocate
from fio_job import run_fio
from node import MIB, Node
from report import table

DEVICE = 512 * MIB
PAYLOAD_MIB = 448
KINDS = {"4 KiB random": {"rw": "randwrite", "bs": "4k", "iodepth": 64},
         "128 KiB sequential": {"rw": "write", "bs": "128k", "iodepth": 8}}
HELD = "writeback-delay-ms=3600000"


def disk_file(bench):
    return os.path.join(bench.directory, "disk")


class Clock:
    def __init__(self):
        self.last = time.monotonic()

    def lap(self):
        now = time.monotonic()
        passed = now - self.last
        self.last = now
        return passed


def write_and_kill(node, job):
    node.tuning = HELD
    node.create(4096)
    run_fio({"ioengine": "nbd", "uri": node.uri}, {**job, "size": PAYLOAD_MIB * MIB}, timeout_s=300)
    node.control("flush vol0")
    written = node.control("status vol0")
    node.kill()
    # Some of it may have been written back already, when memory was needed.
    return int(written["end-lsn"]) - int(written["checkpoint-lsn"])


def recover(node):
    """Seconds for each stage, and the bytes that were written back in the last."""
    clock = Clock()
    node.start()
    node.control(f"open vol0 directory={node.log} {node.log_how} dirty-extents-max=1048576")
    verified = clock.lap()
    node.control(f"tune vol0 {HELD}")
    node.control(f"attach vol0 disk={node.disk} {node.disk_how}")
    node.control(f"role vol0 primary epoch={node.epoch + 1}")
    replayed = clock.lap()
    dirty_bytes = int(node.status("dirty-bytes"))
    node.control("checkpoint vol0")
    return verified, replayed, clock.lap(), dirty_bytes


def measure_kind(bench, job):
    directory = os.path.join(bench.directory, "replay")
    os.mkdir(directory)
    node = Node(directory, DEVICE, disk=disk_file(bench), options=("--dirty-limit", "1GiB"))
    try:
        log_bytes = write_and_kill(node, job)
        stages = recover(node)
    finally:
        node.kill()
        shutil.rmtree(directory)
    return log_bytes / MIB, stages


def sequential_write(bench):
    account = run_fio({"ioengine": "io_uring", "filename": disk_file(bench), "direct": 1},
                      {"rw": "write", "bs": "1m", "iodepth": 4, "size": DEVICE, "end_fsync": 1})
    return account["write"]["bw_bytes"] / MIB


def run(bench):
    allocate(disk_file(bench), DEVICE)
    found = []
    for kind, job in KINDS.items():
        log_mib, (verified, replayed, written, dirty_bytes) = measure_kind(bench, job)
        found.append({"kind": kind, "log_mib": log_mib, "verified_mib_per_s": log_mib / verified,
                      "indexed_mib_per_s": log_mib / replayed, "ready_s": verified + replayed,
                      "written_back_mib_per_s": dirty_bytes / MIB / written,
                      "all_mib_per_s": log_mib / (verified + replayed + written),
                      "disk_mib_per_s": sequential_write(bench)})
    os.unlink(disk_file(bench))
    head = ["a log of", "MiB", "scanned and verified, MiB/s", "replayed into the index, MiB/s", "ready as primary after, s",
            "written back, payload MiB/s", "all of it, log MiB/s", "the disk's sequential write, MiB/s"]
    return table(head, [[line["kind"]] + [f"{value:.2f}" if key == "ready_s" else f"{value:.0f}"
                                          for key, value in line.items() if key != "kind"] for line in found]), found
