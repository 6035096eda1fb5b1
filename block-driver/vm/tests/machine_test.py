# SPDX-License-Identifier: GPL-2.0
"""A machine: what it says is heard, and one that never comes up is started again."""
import contextlib
import io
import pathlib
import sys
import tempfile
import types
import unittest
from unittest import mock

VM = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(VM))

from bench import machine  # noqa: E402

# Comes up when it was started as often as a file beside it says; before that it does what another says: sleep 600, or false.
FAKE_KERNEL = """#!/bin/sh
echo once more >>$0.starts
echo booting
[ $(wc -l <$0.starts) -ge $(cat $0.good) ] || exec $(cat $0.before)
echo "[    1.5] tharsis-vm: up"
echo "[    1.6] tharsis-vm: begin"
printf 'half a '
sleep 0.1
printf 'line\n[    1.7] tharsis-vm: end 7'
"""


class Machines(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.image = self.folder / "kernel"
        self.image.write_text(FAKE_KERNEL)
        self.image.chmod(0o755)
        patch = mock.patch.object(machine, "BOOT_SECONDS", 0.5)
        patch.start()
        self.addCleanup(patch.stop)

    def run_machine(self, good_start, seconds=60, before="sleep 600", is_uml=True):
        (self.folder / "kernel.good").write_text(str(good_start))
        (self.folder / "kernel.before").write_text(before)
        kernel = types.SimpleNamespace(is_uml=is_uml, is_checked=False, image=self.image)
        with mock.patch.object(machine, "qemu_command", lambda *_: [str(self.image)]):
            one = machine.Machine(kernel, self.folder, "initramfs", [])
        self.addCleanup(one.end)
        with contextlib.redirect_stderr(io.StringIO()):
            lines = list(one.lines(seconds))
        return one, lines

    def starts(self):
        return len((self.folder / "kernel.starts").read_text().splitlines())

    def test_all_that_it_says_is_heard_once(self):
        one, lines = self.run_machine(1)
        self.assertEqual(lines, ["booting", "[    1.5] tharsis-vm: up", "[    1.6] tharsis-vm: begin", "half a line",
                                 "[    1.7] tharsis-vm: end 7"])
        self.assertEqual(one.console.status, 7)
        self.assertEqual(self.starts(), 1)

    def test_one_that_does_not_come_up_is_started_again(self):
        one, lines = self.run_machine(3)
        self.assertEqual(one.console.status, 7)
        self.assertEqual(lines.count("booting"), 3)

    def test_one_whose_kernel_ends_while_it_boots_is_started_again(self):
        for is_uml in (True, False):
            (self.folder / "kernel.starts").unlink(missing_ok=True)
            one, lines = self.run_machine(2, before="false", is_uml=is_uml)
            self.assertEqual(one.console.status, 7)
            self.assertEqual(lines.count("booting"), 2)

    def test_one_whose_kernel_always_ends_while_it_boots_has_no_result(self):
        one, _ = self.run_machine(4, before="false", is_uml=False)
        self.assertIsNone(one.console.status)
        self.assertEqual(self.starts(), machine.BOOTS_MAX)

    def test_an_emulated_one_has_all_of_its_time_to_boot(self):
        with self.assertRaises(TimeoutError):
            self.run_machine(2, seconds=1, is_uml=False)
        self.assertEqual(self.starts(), 1)

    def test_one_that_never_comes_up_is_given_up(self):
        with self.assertRaises(TimeoutError):
            self.run_machine(4, seconds=0.5)
        self.assertEqual(self.starts(), machine.BOOTS_MAX)


if __name__ == "__main__":
    unittest.main()
