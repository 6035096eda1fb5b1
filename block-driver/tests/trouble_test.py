# SPDX-License-Identifier: GPL-2.0
"""What can go wrong around a device in use: a log without room, damage, disks of others, clients that vanish."""
import os
import subprocess

import nbd

from brickd_testing import Refused
from node import MIB, NodeTest, main, make_file, run, wait_until

PEER = "00112233445566778899aabbccddeeff"


class Trouble(NodeTest):
    size_bytes = 64 * MIB
    tuning = "segment-bytes=4MiB log-limit-bytes=24MiB writeback-delay-ms=0"

    def pattern(self):
        path = self.path("pattern")
        with open(path, "wb") as file:
            for number in range(self.size_bytes // 4096):
                file.write(number.to_bytes(8, "little") * 512)
        return path

    def fill_in_background(self, pattern):
        copy = subprocess.Popen(["nbdcopy", pattern, self.node.uri])
        self.addCleanup(copy.wait)
        self.addCleanup(copy.kill)
        return copy

    def log_is_full(self):
        return self.node.status("log-full") == "yes"

    def test_a_replica_that_is_behind_fills_the_log_and_writers_wait_until_it_is_given_up(self):
        self.node.control(f"peer-add vol0 peer={PEER}")
        pattern = self.pattern()
        copy = self.fill_in_background(pattern)
        wait_until(self.log_is_full, "the log is full")
        self.assertIsNone(copy.poll())
        self.node.control(f"peer-remove vol0 peer={PEER}")
        self.assertEqual(0, copy.wait(60))
        self.assertEqual("no", self.node.status("log-full"))
        run("nbdcopy", self.node.uri, self.path("back"))
        self.assert_same_start(pattern, self.path("back"))

    def test_a_full_file_system_under_the_log_makes_writers_wait_until_there_is_room(self):
        self.node.stop()
        place = self.path("small")
        os.mkdir(place)
        run("mount", "-t", "tmpfs", "-o", "size=40m", "tharsis-test", place)
        self.addCleanup(run, "umount", place)
        self.addCleanup(self.end)  # before the unmounting
        run("cp", "-a", self.node.log, place)
        self.node.log = os.path.join(place, "vol0.log")
        self.node.log_how = "io=sio direct=no"
        self.node.tuning = "segment-bytes=4MiB log-limit-bytes=1GiB writeback-delay-ms=3600000"
        run("fallocate", "--length", 16 * MIB, os.path.join(place, "filler"))
        self.node.restart()
        pattern = self.pattern()
        copy = self.fill_in_background(pattern)
        wait_until(self.log_is_full, "the log is full")
        os.unlink(os.path.join(place, "filler"))
        self.node.control("tune vol0 writeback-delay-ms=0")
        self.assertEqual(0, copy.wait(60))
        self.node.stop()
        self.assert_same_start(pattern, self.node.disk)

    def test_damage_in_the_log_is_refused_and_nothing_is_touched(self):
        self.node.control("tune vol0 writeback-delay-ms=3600000")
        handle = nbd.NBD()
        handle.connect_uri(self.node.uri)
        for number in range(16):
            handle.pwrite(bytes([number]) * 4096, number * 4096, nbd.CMD_FLAG_FUA)
        self.node.kill()
        segment, = (name for name in os.listdir(self.node.log) if name.endswith(".log"))
        path = os.path.join(self.node.log, segment)
        self.flip(path, 5 * 4096)
        before = run("md5sum", path)
        self.node.start()
        with self.assertRaises(Refused) as caught:
            self.node.serve()
        self.assertEqual("corrupt", caught.exception.code)
        self.assertEqual(before, run("md5sum", path))
        self.flip(path, 5 * 4096)
        self.node.serve()
        handle = nbd.NBD()
        handle.connect_uri(self.node.uri)
        for number in range(16):
            self.assertEqual(bytes([number]) * 4096, handle.pread(4096, number * 4096))

    def flip(self, path, position):
        with open(path, "r+b") as file:
            file.seek(position)
            byte, = file.read(1)
            file.seek(position)
            file.write(bytes([byte ^ 0xff]))

    def test_a_block_device_that_somebody_has_mounted_is_busy(self):
        device = self.make_loop(make_file(self.path("other"), self.size_bytes + MIB))
        run("mkfs.ext4", "-q", device)
        os.mkdir(self.path("mount"))
        run("mount", device, self.path("mount"))
        try:
            self.node.control("detach vol0")
            with self.assertRaises(Refused) as caught:
                self.node.control(f"attach vol0 disk={device} label=write")
            self.assertEqual("busy", caught.exception.code)
        finally:
            run("umount", self.path("mount"))
        run("e2fsck", "-f", "-n", device)

    def test_clients_that_are_killed_in_full_flight_leave_the_device_in_order(self):
        pattern = self.pattern()
        run("nbdcopy", pattern, self.node.uri)
        for _ in range(10):
            fio = subprocess.Popen(["fio", "--thread", "--name=load", "--ioengine=nbd", f"--uri={self.node.uri}", "--rw=randread",
                                    "--bsrange=4k-1M", "--blockalign=4k", "--size=64M", "--iodepth=32", "--time_based",
                                    "--runtime=60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            reads = int(self.node.status("reads"))
            wait_until(lambda: int(self.node.status("reads")) > reads + 100, "fio reads")
            fio.kill()
            fio.wait()
            wait_until(lambda: self.node.status("export.vol0.clients") == "0", "the client is gone")
        run("nbdcopy", self.node.uri, self.path("back"))
        self.assert_same_start(pattern, self.path("back"))


if __name__ == "__main__":
    main()
