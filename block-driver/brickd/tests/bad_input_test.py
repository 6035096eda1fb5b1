# SPDX-License-Identifier: GPL-2.0
"""Whatever a person, a program or a disk does wrong gets a clear error, changes nothing, and leaves brickd running."""
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import unittest

import nbd

from brickd_testing import BrickdTest, MIB, Refused, main


class Lines(BrickdTest):
    def test_unknown_keys_and_wrong_types_are_refused(self):
        self.assertIn("it knows", self.refused("usage", "open vol0 directory=/tmp speed=7"))
        self.refused("usage", "create vol0 directory=/tmp size=large")
        self.refused("usage", "role vol0 primary epoch=first")
        self.refused("usage", "backfill vol0 begin")
        self.assertIn("empty", self.refused("usage", ""))

    def test_a_size_that_is_no_multiple_of_the_block_is_refused(self):
        directory = self.brickd.make_log()
        self.refused("usage", f"create vol0 directory={directory} size=5000")
        self.refused("usage", f"create vol0 directory={directory} size=5120 block=4096")
        self.assertEqual(os.listdir(directory), [])
        self.control(f"create vol0 directory={directory} size=5120 block=512")

    def test_an_overlong_line_is_refused_once_and_the_session_goes_on(self):
        self.control.send(b"x" * 100000 + b"\nversion\n")
        with self.assertRaises(Refused) as caught:
            self.control.reply()
        self.assertIn("longer than 4096", caught.exception.text)
        self.assertEqual(dict(self.control.reply())["host"], "brickd")

    def test_zero_bytes_are_refused_and_the_session_goes_on(self):
        self.control.send(b"version\0\n\0\0\nversion\n")
        for _ in range(2):
            with self.assertRaises(Refused) as caught:
                self.control.reply()
            self.assertEqual(caught.exception.code, "usage")
        self.assertEqual(dict(self.control.reply())["host"], "brickd")

    def test_half_a_line_at_the_end_is_not_run(self):
        self.create_and_open()
        session = self.brickd.session()
        session.send(b"close vol0")
        session.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(session.file.read(), b"")
        self.assertEqual(self.control("list"), {"resource": "vol0"})

    def test_replies_reach_a_client_that_has_ended_its_side(self):
        session = self.brickd.session()
        session.send(b"version\nlist\n")
        session.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(session.file.read().count(b"ok\n"), 2)

    def test_clients_that_vanish_in_the_middle_leave_nothing_behind(self):
        directory = self.create_and_open()
        for line in (b"watch vol0\n", b"watch vol0\nwatch vol0\n", b"status vol0\n" * 300, b"statu", b"checkpoint vol0\n"):
            session = self.brickd.session()
            session.send(line)
            # Reset, not closed: what brickd sends from now on fails.
            session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            session.close()
        watching = self.brickd.session()
        while True:
            left = int(watching("status")["sessions"])
            if left == 2:
                break
            watching("watch timeout-ms=5")
        self.assertEqual(self.control("status vol0")["directory"], directory)

    def test_a_session_that_does_not_read_does_not_hold_others_up(self):
        self.create_and_open()
        deaf = self.brickd.session()
        deaf.socket.setblocking(False)
        try:
            while True:
                deaf.socket.send(b"status vol0\n" * 300)
        except BlockingIOError:
            pass
        self.assertEqual(self.control("list"), {"resource": "vol0"})

    def test_sessions_beyond_the_limit_are_told_and_turned_away(self):
        for count in range(2, 257):
            self.assertEqual(int(self.brickd.session()("status")["sessions"]), count)
        extra = self.brickd.session()
        with self.assertRaises(Refused) as caught:
            extra.reply()
        self.assertEqual(caught.exception.code, "no-memory")
        self.assertIn("host", self.control("version"))


class LogDirectories(BrickdTest):
    def test_a_directory_that_is_not_there_or_not_one_is_refused(self):
        self.assertIn("nowhere", self.refused("absent", "open vol0 directory=/nowhere"))
        self.refused("absent", "create vol0 directory=/nowhere size=1MiB")
        file = self.brickd.path("file")
        with open(file, "w", encoding="utf-8"):
            pass
        self.refused("absent", f"open vol0 directory={file}")
        self.assertEqual(self.control("list"), {})

    def test_a_directory_without_a_replica_is_refused(self):
        self.refused("absent", f"open vol0 directory={self.brickd.make_log()}")

    def test_a_directory_with_a_replica_is_not_created_again(self):
        directory = self.create()
        self.refused("exists", f"create vol0 directory={directory} size=1MiB")

    def test_a_directory_of_another_resource_is_refused(self):
        directory = self.create(extra="resource-uuid=00112233445566778899aabbccddeeff")
        self.refused("foreign", f"open vol0 directory={directory} resource-uuid=ff112233445566778899aabbccddeeff")
        self.control(f"open vol0 directory={directory} resource-uuid=00112233-4455-6677-8899-aabbccddeeff")

    def test_a_damaged_meta_file_is_refused(self):
        directory = self.create()
        with open(directory + "/meta", "r+b") as meta:
            meta.seek(100)
            meta.write(b"\xff" * 8000)
        self.refused("corrupt", f"open vol0 directory={directory}")

    def test_a_log_directory_that_is_full_is_refused_when_created(self):
        directory = self.brickd.make_log()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tharsis-test", directory], check=True)
        self.addCleanup(subprocess.run, ["umount", directory], check=True)
        with open(directory + "/filler", "wb") as filler:
            try:
                filler.write(b"x" * 65536)
                filler.flush()
            except OSError:
                pass
        self.refused("no-space", f"create vol0 directory={directory} size=1MiB io=sio")

    def test_a_read_only_log_directory_is_refused(self):
        directory = self.brickd.make_log()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tharsis-test", directory], check=True)
        self.addCleanup(subprocess.run, ["umount", directory], check=True)
        self.control(f"create vol0 directory={directory} size=1MiB io=sio")
        subprocess.run(["mount", "-o", "remount,ro", directory], check=True)
        self.refused("read-only", f"create vol1 directory={directory} size=1MiB io=sio")
        self.refused("read-only", f"open vol0 directory={directory} io=sio")
        self.assertEqual(self.control("list"), {})

    def test_a_log_directory_that_goes_away_is_an_error_not_an_end(self):
        directory, _ = self.make_primary()
        shutil.rmtree(directory)
        client = nbd.NBD()
        client.connect_uri(self.uri())
        client.pwrite(b"x" * 4096, 0)
        self.assertEqual(self.control("list"), {"resource": "vol0"})
        self.control("unexport vol0")


class Disks(BrickdTest):
    def sparse(self, name, size):
        path = self.brickd.path(name)
        with open(path, "wb") as file:
            file.truncate(size)
        return path

    def test_a_disk_that_is_too_small_is_refused(self):
        self.create_and_open()
        disk = self.sparse("small", 16 * MIB - 4096)
        self.refused("no-space", f"attach vol0 disk={disk}")
        self.assertEqual(self.control("status vol0")["disk-attached"], "no")

    def test_a_disk_that_does_not_exist_is_refused(self):
        self.create_and_open()
        self.refused("absent", f"attach vol0 disk={self.brickd.path('none')}")

    def test_a_disk_in_use_is_refused(self):
        self.create_and_open()
        self.create_and_open("vol1")
        disk = self.sparse("disk", 17 * MIB)
        self.control(f"attach vol0 disk={disk} label=write")
        self.refused("busy", f"attach vol1 disk={disk} label=write")
        with open(disk, "rb") as other:
            with self.assertRaises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.control("detach vol0")
        self.refused("foreign", f"attach vol1 disk={disk}")

    def test_a_disk_without_a_label_is_taken_only_when_told_to_label_it(self):
        self.create_and_open()
        disk = self.sparse("disk", 17 * MIB)
        self.assertIn("label=write", self.refused("absent", f"attach vol0 disk={disk}"))
        self.control(f"attach vol0 disk={disk} label=write")
        self.control("detach vol0")
        self.control(f"attach vol0 disk={disk}")

    def test_a_disk_exactly_as_large_as_the_device_needs_no_label(self):
        self.create_and_open()
        self.control(f"attach vol0 disk={self.sparse('disk', 16 * MIB)}")


class DisksOfTheMachine(BrickdTest):
    def test_without_the_option_brickd_makes_none(self):
        self.create_and_open()
        self.assertIn("--ublk", self.refused("unsupported", "export vol0 as=ublk"))
        self.control("export vol0")


@unittest.skipIf(os.path.exists("/dev/ublk-control"), "this machine has ublk")
class WithoutUblk(BrickdTest):
    options = ("--ublk",)

    def test_a_kernel_without_ublk_is_told_and_nothing_is_left(self):
        self.create_and_open()
        for _ in range(2):
            self.assertIn("modprobe ublk_drv", self.refused("absent", "export vol0 as=ublk"))
        self.control("export vol0 as=nbd")
        self.control("unexport vol0")
        self.control("export vol0")
        self.control("unexport vol0")
        self.control("close vol0")


class Roles(BrickdTest):
    def test_an_old_epoch_is_refused(self):
        self.create_and_open()
        self.control("role vol0 primary epoch=7")
        self.control("role vol0 primary epoch=7")
        self.control("role vol0 secondary")
        self.refused("stale-epoch", "role vol0 primary epoch=6")
        self.refused("stale-epoch", "role vol0 primary epoch=7")
        self.assertEqual(self.control("status vol0")["role"], "secondary")
        self.control("role vol0 primary epoch=8")
        self.assertEqual(self.control("status vol0")["epoch"], "8")

    def test_a_wrong_chain_value_is_refused(self):
        self.create_and_open()
        with self.assertRaises(Refused):
            self.control("role vol0 primary epoch=1 chain=0123456789abcdef")
        self.assertEqual(self.control("status vol0")["role"], "secondary")
        self.control("role vol0 primary epoch=1 chain=0000000000000000")

    def test_what_only_a_primary_can_do_is_refused_on_a_secondary(self):
        self.create_and_open()
        self.refused("read-only", "rotate vol0")

    def test_options_that_contradict_each_other_are_refused_and_nothing_changes(self):
        self.create_and_open()
        before = self.control("tune vol0")
        self.refused("invalid", "tune vol0 log-limit-bytes=1MiB writeback-depth=3")
        self.assertEqual(self.control("tune vol0"), before)


if __name__ == "__main__":
    main()
