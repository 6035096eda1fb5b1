# SPDX-License-Identifier: GPL-2.0
"""What is measured: the same jobs on a fast disk and a slow one, in user-mode Linux, and fewer of them in QEMU."""
import sys
import time

import kernel_report
import session
from bench.kernels import Kernel
from kernel_rows import all_kernel_rows, shortened
from report import machine
from rows import chosen

# A name in the guest, and what people call it.
CONTENDERS = {
    "raw": "raw disk",
    "loop": "loop on a file",
    "drbd": "DRBD alone",
    "drbd_a": "DRBD, protocol A",
    "drbd_c": "DRBD, protocol C",
    "sio": "tharsis sio",
    "aio": "tharsis aio",
}
CONNECTED = ("drbd_a", "drbd_c")
ALL_ROWS = tuple(row.name for row in all_kernel_rows())
WRITES = ("randwrite-1", "randwrite-16", "randwrite-flush-16")
QUICK = (*WRITES, "randread-16", "write-128k")
# A disk that is slow at random I/O but not at sequential: QEMU lets so many requests through, and so many bytes, each second.
THROTTLE = "throttling.iops-total=500,throttling.bps-total=157286400"


class Section:
    """`disks`: what the guest does to them; `drive`: what QEMU does. `writes`: no more of a random row, where each takes long."""

    def __init__(self, name, title, kernel, rows, disks="fast", drive="", writes=None, without=()):
        self.name = name
        self.title = title
        self.kernel = kernel
        self.row_names = rows
        self.disks = disks
        self.drive = drive
        self.writes = writes
        self.contenders = [name for name in CONTENDERS if name not in without]


SECTIONS = (
    Section("uml-fast", "User-mode Linux 6.1, a fast disk", "uml-6.1", ALL_ROWS),
    Section("uml-slow", "User-mode Linux 6.1, a disk that takes 20 ms for each read, write and flush (dm-delay)", "uml-6.1",
            [name for name in ALL_ROWS if name not in ("randwrite-flush-64", "randread-1", "read-128k", "read-dirty-1")],
            disks="slow", writes=1024),
    Section("debian-fast", "Debian's 6.1 in QEMU, a fast disk", "debian-6.1", (*WRITES, "randread-16", "write-128k"),
            without=("loop", "sio", "drbd_a")),
    Section("debian-slow", "Debian's 6.1 in QEMU, a disk of 500 requests and 150 MiB a second", "debian-6.1",
            (*WRITES, "randread-16"), drive=THROTTLE, writes=2048, without=("loop", "sio", *CONNECTED)),
)


def names():
    yield "sections: " + " ".join(section.name for section in SECTIONS)
    yield "rows: " + " ".join(row.name for row in all_kernel_rows())
    yield "contenders: " + " ".join(CONTENDERS)


def words(job):
    return " ".join(f"--{key}={value}" for key, value in job.items())


def plan_line(row, contender, seconds):
    job = {"time_based": 1, "runtime": seconds, **row.job}
    return "|".join([contender, row.name, str(row.writeback_delay_ms), words(row.prepare or {}), words(job)])


def plan(rows, contenders, rounds, seconds):
    lines = []
    for turn in range(rounds):
        # Nobody is always the first.
        start = turn * 2 % len(contenders)
        for row in rows:
            lines += [plan_line(row, contender, seconds) for contender in contenders[start:] + contenders[:start]]
    return lines


def measure(section, options, rounds, say):
    wanted = QUICK if options.quick else section.row_names
    rows = [row for row in all_kernel_rows() if row.name in wanted and chosen(options.row, row.name)]
    if section.writes:
        rows = [shortened(row, section.writes) for row in rows]
    contenders = [name for name in section.contenders if chosen(options.contender, name)]
    lines = plan(rows, contenders, rounds, options.seconds)
    results = kernel_report.Results(rows, {name: CONTENDERS[name] for name in contenders})
    done = 0

    def add(row, contender, sample):
        nonlocal done
        done += 1
        if done % len(contenders) == 0:
            say(f"  {done} of {len(lines)}: {row}")
        results.add(row, contender, sample)

    has_peer = any(name in CONNECTED for name in contenders)
    results.said = session.measure(Kernel(section.kernel), contenders, lines, options.seconds, section.disks, section.drive,
                                   has_peer, say, add)
    return results


def run(options):
    """Yields the text of a section, and all data up to then."""
    rounds = 1 if options.quick else options.rounds
    yield f"{machine()}. {kernel_report.HOW}\n", {}
    data = {"machine": machine(), "rounds": rounds, "seconds": options.seconds, "sections": {}}
    for section in SECTIONS:
        if not chosen(options.only or ["uml"] * options.quick, section.name):
            continue
        started = time.monotonic()

        def say(text):
            print(f"{time.monotonic() - started:5.0f} s{text}", file=sys.stderr, flush=True)

        say(f" section {section.name}")
        results = measure(section, options, rounds, say)
        data["sections"][section.name] = results.as_json()
        yield f"## {section.title}\n{rounds} rounds of {options.seconds} s.\n\n{results.text(section.writes is not None)}", data
