# SPDX-License-Identifier: GPL-2.0
"""The disk with a volatile cache: what it keeps and what it loses when the power is cut."""
import os
import subprocess
import sys
import tempfile
import time
import unittest

import nbd

SECTOR = 512
SIZE = 1024 * 1024
PLUGIN = sys.argv.pop(1)


class VolatileDisk(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.medium = os.path.join(folder.name, "medium")
        self.socket = os.path.join(folder.name, "socket")
        with open(self.medium, "wb") as file:
            file.truncate(SIZE)

    def switch_on(self, seed=1):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.server = subprocess.Popen(
            ["nbdkit", "--foreground", "--exit-with-parent", "--unix", self.socket, PLUGIN, f"medium={self.medium}", f"seed={seed}"])
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.terminate)
        while not os.path.exists(self.socket):
            self.assertIsNone(self.server.poll(), "nbdkit has ended")
            time.sleep(0.01)
        self.disk = nbd.NBD()
        self.disk.connect_unix(self.socket)

    def cut(self):
        self.disk.shutdown()
        self.server.terminate()
        self.assertEqual(self.server.wait(), 0)
        with open(self.medium, "rb") as file:
            return file.read()

    def test_what_was_flushed_is_kept(self):
        self.switch_on()
        self.disk.pwrite(b"a" * 65536, 0)
        self.disk.flush()
        self.assertEqual(self.cut()[:65536], b"a" * 65536)

    def test_what_was_written_with_fua_is_kept_without_a_flush(self):
        self.switch_on()
        self.disk.pwrite(b"a" * 65536, 0, nbd.CMD_FLAG_FUA)
        self.assertEqual(self.cut()[:65536], b"a" * 65536)

    def test_of_what_was_not_flushed_some_sectors_are_lost_and_some_are_kept(self):
        self.switch_on()
        self.disk.pwrite(b"a" * 65536, 0)
        medium = self.cut()
        sectors = [medium[at:at + SECTOR] for at in range(0, 65536, SECTOR)]
        self.assertEqual(set(sectors), {bytes(SECTOR), b"a" * SECTOR})

    def test_an_overwritten_sector_may_be_older_than_the_last_write_but_never_than_the_flush(self):
        self.switch_on()
        for letter in (b"a", b"b"):
            self.disk.pwrite(letter * 65536, 0)
            self.disk.flush()
        for letter in (b"c", b"d"):
            self.disk.pwrite(letter * 65536, 0)
        medium = self.cut()
        sectors = {medium[at:at + 1] for at in range(0, 65536, SECTOR)}
        self.assertEqual(sectors, {b"b", b"c", b"d"})

    def test_another_seed_loses_others(self):
        self.switch_on(seed=1)
        self.disk.pwrite(b"a" * 65536, 0)
        first = self.cut()
        os.truncate(self.medium, 0)
        os.truncate(self.medium, SIZE)
        self.switch_on(seed=2)
        self.disk.pwrite(b"a" * 65536, 0)
        self.assertNotEqual(self.cut(), first)

    def test_what_is_not_flushed_is_read_and_the_medium_is_read_after_the_next_start(self):
        self.switch_on()
        self.disk.pwrite(b"a" * 4096, 4096)
        self.assertEqual(self.disk.pread(4096, 4096), b"a" * 4096)
        self.disk.flush()
        self.cut()
        self.switch_on()
        self.assertEqual(self.disk.pread(4096, 4096), b"a" * 4096)
        self.cut()


if __name__ == "__main__":
    unittest.main()
