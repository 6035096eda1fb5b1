# SPDX-License-Identifier: GPL-2.0
"""What is measured of each contender: jobs of fio, as in the other benchmarks."""
from rows import Row, all_rows


def all_kernel_rows():
    return [row for row in all_rows() if row.name != "randread-64"]


def shortened(row, writes):
    """No more than so many random writes, and eight times as many bytes one after the other."""
    job = dict(row.job)
    prepare = dict(row.prepare or {})
    limit_bytes = writes * 4096
    if job["rw"] == "randwrite":
        job |= {"time_based": 0, "io_size": limit_bytes}
    elif job["rw"] == "write":
        job["size"] = 8 * limit_bytes
    if prepare:
        job["size"] = prepare["size"] = limit_bytes
    return Row(row.name, row.title, job, row.unit, prepare, row.writeback_delay_ms)
