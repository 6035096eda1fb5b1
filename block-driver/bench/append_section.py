# SPDX-License-Identifier: GPL-2.0
"""Ways to append to a log file, by fio alone: what a flush costs depends on them more than on anything else."""
import os
import statistics

from contenders import allocate
from fio_job import run_fio
from node import MIB
from report import cell, table

APPENDED = 128 * MIB


def reserve(path):
    with open(path, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, APPENDED)


FILES = {"only reserved": reserve, "written before": lambda path: allocate(path, APPENDED)}


def append_once(bench, make, direct, flush):
    path = os.path.join(bench.directory, "appended")
    make(path)
    job = {"rw": "write", "bs": "8k", "iodepth": 1, "size": APPENDED, "runtime": bench.seconds,
           **({"fdatasync": 1} if flush else {})}
    account = run_fio({"ioengine": "io_uring", "filename": path, "direct": direct}, job)
    os.unlink(path)
    return account["write"]["iops"]


def run(bench):
    cases = [(file, direct, flush) for file in FILES for direct in (1, 0) for flush in (False, True)]
    samples = {case: [] for case in cases}
    for _ in range(bench.rounds):
        for case in cases:
            file, direct, flush = case
            samples[case].append(append_once(bench, FILES[file], direct, flush))
    body = []
    for file in FILES:
        for direct in (1, 0):
            body.append([file, "O_DIRECT" if direct else "page cache", cell(samples[file, direct, False]),
                         cell(samples[file, direct, True])])
    head = ["8 KiB appends, QD 1: the file is", "by", "appends/s", "each followed by fdatasync, appends/s"]
    data = [{"file": file, "direct": direct, "flush": flush, "median": statistics.median(values), "iops": values}
            for (file, direct, flush), values in samples.items()]
    return table(head, body), data
