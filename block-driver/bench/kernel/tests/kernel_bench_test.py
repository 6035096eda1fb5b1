# SPDX-License-Identifier: GPL-2.0
"""The plan of a run, and what is said of its results: without a machine."""
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "vm"), str(HERE.parent)]

import kernel_report  # noqa: E402
import kernel_rows  # noqa: E402
import kernel_sections  # noqa: E402
from session import Sample  # noqa: E402

TITLES = {"raw": "raw disk", "drbd": "DRBD alone", "aio": "tharsis aio"}


def row(name):
    return next(found for found in kernel_rows.all_kernel_rows() if found.name == name)


def sample(requests, settle_s=0.0):
    """A second in which so many blocks were written."""
    written = {"total_ios": requests, "iops": requests, "bw_bytes": requests * 4096, "io_bytes": requests * 4096,
               "runtime": 1000, "clat_ns": {"percentile": {"50.000000": 1000, "99.000000": 2000}}}
    nothing = dict(written, total_ios=0)
    return Sample({"read": nothing, "write": written}, settle_s, 0.5)


class KernelBenchTest(unittest.TestCase):
    def results(self, name, **rates):
        results = kernel_report.Results([row(name)], TITLES)
        for contender, values in rates.items():
            for requests in values:
                results.add(name, contender, sample(requests))
        return results

    def test_write_back_counts_for_the_rate_until_all_is_written(self):
        self.assertEqual(1000, sample(1000, 1.0).iops)
        self.assertEqual(500, sample(1000, 1.0).settled_iops)
        self.assertEqual(500, sample(1000, 1.0).processor_us)

    def test_ratios_are_of_the_same_round(self):
        results = self.results("randwrite-1", raw=[100, 400], aio=[200, 200])
        self.assertEqual([2.0, 0.5], results.ratios(row("randwrite-1"), "aio", "raw", "iops"))

    def test_a_row_behind_drbd_is_told(self):
        text = self.results("randwrite-1", raw=[100], drbd=[100], aio=[90]).text(False)
        self.assertIn("ahead of DRBD, or level within 5 %: missed in 4 KiB random write, QD 1: 0.90 of DRBD alone", text)

    def test_a_row_level_with_drbd_is_no_miss(self):
        self.assertIn("level within 5 %: met", self.results("randwrite-1", raw=[100], drbd=[100], aio=[96]).text(False))

    def test_on_a_slow_disk_random_writes_behind_it_are_told(self):
        slow = self.results("randwrite-1", raw=[100], drbd=[10], aio=[50])
        self.assertIn("random write ahead of the raw disk: missed", slow.text(True))
        self.assertNotIn("random write ahead of the raw disk", slow.text(False))

    def test_every_contender_has_its_turn_in_every_round(self):
        contenders = list(kernel_sections.CONTENDERS)
        lines = kernel_sections.plan(kernel_rows.all_kernel_rows(), contenders, 3, 1)
        turns = [tuple(line.split("|")[:2]) for line in lines]
        for turn in set(turns):
            self.assertEqual(3, turns.count(turn), turn)
        self.assertEqual(len(contenders) * len(kernel_rows.all_kernel_rows()), len(set(turns)))

    def test_on_a_slow_disk_no_more_is_written_than_told(self):
        job = kernel_rows.shortened(row("randwrite-flush-16"), 1024).job
        self.assertEqual(1024 * 4096, job["io_size"])
        self.assertEqual(0, job["time_based"])


if __name__ == "__main__":
    unittest.main()
