# SPDX-License-Identifier: GPL-2.0
"""What is measured of each contender: jobs of fio."""


class Row:
    """
    unit: "iops" or "mib_per_s". prepare: a job that runs before and is not measured. warm: the file is read before, so
    that it is in the page cache of those that use it, whoever ran before.
    """

    def __init__(self, name, title, job, unit="iops", prepare=None, writeback_delay_ms=2000, warm=False):
        self.name = name
        self.title = title
        self.job = job
        self.unit = unit
        self.prepare = prepare
        self.writeback_delay_ms = writeback_delay_ms
        self.warm = warm


def chosen(words, name):
    """By words of a command line: all, when there are none."""
    return not words or any(word in name for word in words)


def random_row(kind, depth, flush=False):
    name = f"rand{kind}{'-flush' if flush else ''}-{depth}"
    title = f"4 KiB random {kind}{' + flush' if flush else ''}, QD {depth}"
    return Row(name, title, {"rw": f"rand{kind}", "bs": "4k", "iodepth": depth, **({"fsync": 1} if flush else {})},
               warm=kind == "read")


def all_rows():
    rows = [random_row("write", depth) for depth in (1, 16, 64)]
    rows += [random_row("write", depth, flush=True) for depth in (1, 16, 64)]
    rows += [random_row("read", depth) for depth in (1, 16, 64)]
    # Once over the device and then a flush: else the page cache takes the same blocks again and again.
    rows.append(Row("write-128k", "128 KiB sequential write, QD 8, then a flush",
                    {"rw": "write", "bs": "128k", "iodepth": 8, "end_fsync": 1, "time_based": 0, "runtime": 0},
                    "mib_per_s"))
    rows.append(Row("read-128k", "128 KiB sequential read, QD 8", {"rw": "read", "bs": "128k", "iodepth": 8},
                    "mib_per_s", warm=True))
    # So long a delay that nothing is written back: what is read is in the log only.
    rows += [Row(f"read-dirty-{depth}", f"4 KiB random read of dirty blocks, QD {depth}",
                 {"rw": "randread", "bs": "4k", "iodepth": depth, "size": "64m"},
                 prepare={"rw": "randwrite", "bs": "4k", "iodepth": 16, "size": "64m"},
                 writeback_delay_ms=3600000) for depth in (1, 16)]
    return rows
