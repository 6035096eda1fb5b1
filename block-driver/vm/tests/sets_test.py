# SPDX-License-Identifier: GPL-2.0
"""Sets of scenarios: what they name is there, and nothing that fails goes unnoticed."""
import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest
from unittest import mock

VM = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(VM))

from bench import sets  # noqa: E402
from bench.kernels import Refused  # noqa: E402

# It ends as its scenario's name says.
FAKE_RUN = """#!/bin/sh
echo "$@"
case $2 in
good) exit 0 ;;
slow) exec sleep 600 ;;
absent) echo "SKIPPED: it is not here"; exit 77 ;;
*) exit 121 ;;
esac
"""


class Sets(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "sets").mkdir()
        self.program("run", FAKE_RUN)
        self.program("module", "#!/bin/sh\n")
        for name in ("HERE", "TOP"):
            patch = mock.patch.object(sets, name, self.folder)
            patch.start()
            self.addCleanup(patch.stop)

    def program(self, name, text):
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def execute(self, lines, *words):
        (self.folder / "sets/some").write_text(lines)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            passed = sets.execute(["some"], list(words))
        return passed, printed.getvalue()

    def test_a_set_passes_when_all_of_it_has_passed_or_was_skipped(self):
        passed, printed = self.execute("k1,k2 good\nk1 absent 3  # why\n")
        self.assertTrue(passed)
        self.assertIn("3 runs, 0 failed, 1 skipped", printed)
        self.assertIn("absent 3: it is not here", printed)

    def test_one_that_fails_fails_the_set_and_the_others_are_run(self):
        passed, printed = self.execute("k1 bad\nk1,k2 good\n")
        self.assertFalse(passed)
        self.assertRegex(printed, r"FAILED \(121\) .* k1 +bad")
        self.assertEqual(printed.count("passed  "), 2)

    def test_words_choose_what_is_run(self):
        passed, printed = self.execute("k1,k2 good\nk1 bad\n", "k2")
        self.assertTrue(passed)
        self.assertIn("1 runs", printed)

    def test_a_choice_of_nothing_is_refused(self):
        with self.assertRaises(Refused):
            self.execute("k1 good\n", "k3")

    def test_an_unknown_set_is_refused(self):
        with self.assertRaises(Refused):
            sets.execute(["other"], [])

    def test_who_gives_up_leaves_nothing_running_and_begins_nothing_more(self):
        begun = threading.Barrier(sets.AT_ONCE + 1)
        execute = sets.Run.execute

        def begin(run, children):
            begun.wait()
            execute(run, children)

        def prepare(kernel):
            if kernel == "k2":
                begun.wait()
                raise KeyboardInterrupt

        with mock.patch.object(sets.Run, "execute", begin), mock.patch.object(sets, "prepare", prepare):
            with self.assertRaises(KeyboardInterrupt):
                self.execute("".join(f"k1 slow {number}\n" for number in range(5)) + "k2 good\n")
        self.assertEqual(len(list((self.folder / "build/vm/some").iterdir())), sets.AT_ONCE)

    def test_consoles_are_kept(self):
        self.execute("k1 good 1 2\n")
        self.assertEqual((self.folder / "build/vm/some/k1.good-1-2.log").read_text(), "k1 good 1 2\n")


class OurSets(unittest.TestCase):
    def test_their_kernels_and_scenarios_exist(self):
        kernels = subprocess.run([VM / "kernel", "--help"], capture_output=True, text=True, check=True).stdout
        scenarios = {path.stem for path in (VM / "scenarios").iterdir()}
        with tempfile.TemporaryDirectory() as folder:
            runs = [run for name in sets.names() for run in sets.read(name, [], pathlib.Path(folder))]
        self.assertGreater(len(runs), 20)
        for run in runs:
            self.assertRegex(kernels, rf"(?m)^  .*\b{run.kernel}\b")
            self.assertIn(run.words[0], scenarios)


if __name__ == "__main__":
    unittest.main()
