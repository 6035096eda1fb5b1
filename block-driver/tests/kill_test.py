# SPDX-License-Identifier: GPL-2.0
"""brickd is killed with -9 at random moments, under load, again and again: all that was acknowledged must be there."""
import fcntl
import os
import random
import subprocess
import threading
import time

from node import MIB, NodeTest, main, wait_until
from stamped_writer import BLOCK, StampedWriter, content

KILLS = int(os.environ.get("TEST_KILLS", "100"))
LOCKS = 10
SEED = int(os.environ.get("TEST_SEED", "0")) or int.from_bytes(os.urandom(4), "little")
LATEST_S = 0.2
LATEST_RECOVERING_S = 0.04


class Kill(NodeTest):
    size_bytes = 64 * MIB
    # So small that all that can happen to a log happens between two kills: spilling, rotation, removal, throttling.
    options = ("--dirty-limit", "8MiB")
    tuning = "segment-bytes=4MiB log-limit-bytes=48MiB writeback-delay-ms=30"

    def setUp(self):
        super().setUp()
        print(f"TEST_SEED={SEED}", flush=True)
        self.noise = random.Random(SEED)

    def load(self):
        """fio has the second half of the device."""
        return subprocess.Popen(
            ["fio", "--thread", "--name=load", "--ioengine=nbd", f"--uri={self.node.uri}", "--rw=randrw", "--bsrange=4k-64k",
             "--blockalign=4k", f"--offset={self.size_bytes // 2}", f"--size={self.size_bytes // 2}", "--iodepth=16",
             "--fsync=16", "--time_based", "--runtime=60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end_load(self, fio):
        fio.kill()
        fio.wait()

    def kill_while_it_recovers(self):
        self.node.start()
        end = threading.Timer(self.noise.uniform(0, LATEST_RECOVERING_S), self.node.brickd.process.kill)
        end.start()
        try:
            self.node.serve()
        except (EOFError, OSError):
            pass
        end.join()
        self.node.kill()

    def cycle(self, writer):
        fio = self.load()
        self.addCleanup(self.end_load, fio)
        writer.connect(self.node.uri)
        wait_until(lambda: self.node.status("export.vol0.clients") == "2", "both clients are connected")
        moment = time.monotonic() + self.noise.uniform(0, LATEST_S)
        writer.write_until(lambda: time.monotonic() >= moment)
        self.node.brickd.process.kill()
        writer.write_until(lambda: False)
        self.end_load(fio)
        self.node.kill()
        if self.noise.random() < 0.2:
            self.kill_while_it_recovers()
        self.node.restart()
        writer.check(self.node.uri)

    def test_whoever_gets_the_log_after_a_kill_finds_all_io_finished(self):
        """Killed and waited for, a process may have I/O under way yet; the log's lock tells when that is over."""
        writer = StampedWriter(self.noise, 0, self.size_bytes // BLOCK)
        for _ in range(LOCKS):
            self.node.control("tune vol0 writeback-delay-ms=0 writeback-depth=32")
            writer.connect(self.node.uri)
            moment = time.monotonic() + self.noise.uniform(0, LATEST_S)
            writer.write_until(lambda: time.monotonic() >= moment)
            self.node.kill()
            with open(self.node.disk, "rb") as disk:
                log = os.open(self.node.log, os.O_RDONLY)
                fcntl.flock(log, fcntl.LOCK_EX)
                fcntl.flock(disk, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.close(log)
            self.node.restart()
            writer.check(self.node.uri)

    def test_what_was_acknowledged_survives_kill_9_again_and_again(self):
        writer = StampedWriter(self.noise, 0, self.size_bytes // 2 // BLOCK)
        for _ in range(KILLS):
            self.cycle(writer)
        print(f"{KILLS} kills, {writer.acknowledged} requests acknowledged", flush=True)
        self.assertGreater(writer.acknowledged, KILLS)
        self.node.stop()
        with open(self.node.disk, "rb") as disk:
            for block, stamp in enumerate(writer.stamps):
                self.assertEqual(content(stamp, block), disk.read(BLOCK), f"block {block} of the disk")


if __name__ == "__main__":
    main()
