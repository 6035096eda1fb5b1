# SPDX-License-Identifier: GPL-2.0
"""Processors are given away one by one, and come back."""
import os
import pathlib
import subprocess
import sys
import unittest
from unittest import mock

VM = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(VM))

from bench import processor  # noqa: E402

# Of this test only: no machine has so many.
FIRST = 1_000_000 + os.getpid()


class Processors(unittest.TestCase):
    def test_each_has_one_of_its_own_and_gives_it_back(self):
        with mock.patch.object(os, "sched_getaffinity", lambda _: {FIRST, FIRST + 1}):
            with processor.own() as (one, _):
                self.assertEqual(one[-1], str(FIRST))
                with processor.own() as (two, _):
                    self.assertEqual(two[-1], str(FIRST + 1))
                    with processor.own() as three:
                        self.assertEqual(three, ([], []))
                with processor.own() as (again, _):
                    self.assertEqual(again, two)
            with processor.own() as (again, _):
                self.assertEqual(again, one)

    def test_a_process_has_it_until_it_ends(self):
        with mock.patch.object(os, "sched_getaffinity", lambda _: {FIRST + 2}):
            with processor.own() as (_, held):
                process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=held)
            with processor.own() as (words, _):
                self.assertEqual(words, [])
            process.communicate()
            with processor.own() as (words, _):
                self.assertEqual(words[-1], str(FIRST + 2))

    def test_a_command_stays_on_it(self):
        with processor.own() as (words, held):
            if not words:
                self.skipTest("machines have all processors")
            script = "import os; print(*os.sched_getaffinity(0))"
            shown = subprocess.run([*words, sys.executable, "-c", script], pass_fds=held, capture_output=True, text=True, check=True)
            self.assertEqual(shown.stdout.strip(), words[-1])


if __name__ == "__main__":
    unittest.main()
