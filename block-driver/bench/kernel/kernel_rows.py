# SPDX-License-Identifier: GPL-2.0
"""What is measured of each contender: jobs of fio, those of the other benchmarks but for what is flushed."""
from rows import Row, all_rows


def flushed_row(writers):
    """
    As programs do it: each writes a block, waits for its fsync, and writes the next one. io_uring would not do: it has no more than four
    fsyncs under way for each processor.
    """
    title = f"4 KiB random write + fsync, {writers} writer{'s' if writers > 1 else ''}"
    return Row(f"randwrite-flush-{writers}", title, {
        "rw": "randwrite", "bs": "4k", "iodepth": 1, "ioengine": "psync", "fsync": 1, "numjobs": writers, "group_reporting": 1})


def all_kernel_rows():
    flushed = {row.name: row for row in map(flushed_row, (1, 16, 64))}
    return [flushed.get(row.name, row) for row in all_rows() if row.name != "randread-64"]


def shortened(row, writes):
    """No more than so many random writes, and eight times as many bytes one after the other."""
    job = dict(row.job)
    prepare = dict(row.prepare or {})
    limit_bytes = writes * 4096
    if job["rw"] == "randwrite":
        job |= {"time_based": 0, "io_size": limit_bytes // job.get("numjobs", 1)}
    elif job["rw"] == "write":
        job["size"] = 8 * limit_bytes
    if prepare:
        job["size"] = prepare["size"] = limit_bytes
    return Row(row.name, row.title, job, row.unit, prepare, row.writeback_delay_ms)
