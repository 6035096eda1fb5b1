# SPDX-License-Identifier: GPL-2.0
"""A disk with the seeks and flushes of 7200 rpm (simulated, see slow_disk.c): with a log in front of it, and without."""
import os
import subprocess

from fio_job import run_fio
from node import wait_until
from report import cell, table
from rows import random_row

MODES = {"raw": "the disk itself", "log": "tharsis, log on such a disk", "log-on-flash": "tharsis, log on flash"}
ROWS = [random_row("write", 1), random_row("write", 16), random_row("write", 1, flush=True),
        random_row("write", 16, flush=True)]
SIZE = 256 << 20
# Long enough for write-back to begin, short enough for all of it.
TIMES = 4


def measure_once(bench, mode, row):
    socket = os.path.join(bench.directory, "slow.socket")
    if os.path.exists(socket):
        os.unlink(socket)
    server = subprocess.Popen([bench.programs / "slow_disk", mode, socket], stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: os.path.exists(socket) or server.poll() is not None, "slow_disk listens")
        account = run_fio({"ioengine": "nbd", "uri": f"nbd+unix:///?socket={socket}"},
                          {"size": SIZE, "time_based": 1, "runtime": TIMES * bench.seconds, **row.job}, timeout_s=300)
    finally:
        server.kill()
        server.wait()
    return account["write"]["iops"]


def run(bench):
    samples = {(row.name, mode): [] for row in ROWS for mode in MODES}
    for _ in range(min(bench.rounds, 3)):
        for row in ROWS:
            for mode in MODES:
                samples[row.name, mode].append(measure_once(bench, mode, row))
    body = [[row.title] + [cell(samples[row.name, mode]) for mode in MODES] for row in ROWS]
    data = [{"row": row, "mode": mode, "iops": values} for (row, mode), values in samples.items()]
    return table(["on a slow disk, IOPS"] + list(MODES.values()), body), data
