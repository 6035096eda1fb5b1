# SPDX-License-Identifier: GPL-2.0
"""The device in the hands of libnbd, its tools, QEMU's tools and fio."""
import json
import os
import random

import nbd

from node import MIB, NodeTest, main, run

BLOCK = 4096


def fill(path, size_bytes, seed):
    """Data and holes in turn, as images of file systems have them."""
    noise = random.Random(seed)
    with open(path, "wb") as file:
        while file.tell() < size_bytes:
            length = min(noise.randrange(1, 256) * BLOCK, size_bytes - file.tell())
            if noise.random() < 0.7:
                file.write(noise.randbytes(length))
            else:
                file.seek(length, os.SEEK_CUR)
        file.truncate(size_bytes)
    return path


class Device(NodeTest):
    def image(self, seed):
        return fill(self.path("image"), self.size_bytes, seed)

    def connect(self):
        handle = nbd.NBD()
        handle.connect_uri(self.node.uri)
        self.addCleanup(handle.shutdown)
        return handle

    def test_nbdinfo_shows_the_device_as_it_was_created(self):
        export, = json.loads(run("nbdinfo", "--json", self.node.uri))["exports"]
        self.assertEqual(self.size_bytes, export["export-size"])
        self.assertEqual(BLOCK, export["block_size_minimum"])
        self.assertFalse(export["is_read_only"])
        for ability in ("can_flush", "can_fua", "can_trim", "can_zero", "can_fast_zero", "can_multi_conn"):
            self.assertTrue(export[ability], ability)

    def test_nbdcopy_brings_back_what_it_has_written(self):
        image = self.image(1)
        run("nbdcopy", "--flush", image, self.node.uri)
        run("nbdcopy", self.node.uri, self.path("back"))
        self.assert_same_start(image, self.path("back"))

    def test_what_nbdcopy_has_written_is_there_after_kill_9_and_on_the_disk_after_the_end(self):
        image = self.image(2)
        run("nbdcopy", image, self.node.uri)
        self.node.kill()
        self.node.restart()
        run("nbdcopy", self.node.uri, self.path("back"))
        self.assert_same_start(image, self.path("back"))
        self.node.stop()
        self.assert_same_start(image, self.node.disk)

    def test_nbdsh_sees_its_own_writes_zeroes_and_trims_in_any_order_of_sending(self):
        script = (
            "h.pwrite(b'a' * 16384, 0)",
            "h.zero(4096, 4096)",
            "h.trim(4096, 8192, nbd.CMD_FLAG_FUA)",
            "h.pwrite(b'b' * 4096, 8192, nbd.CMD_FLAG_FUA)",
            "h.flush()",
            "assert h.pread(16384, 0) == b'a' * 4096 + bytes(4096) + b'b' * 4096 + b'a' * 4096",
        )
        run("nbdsh", "--uri", self.node.uri, *(word for line in script for word in ("--command", line)))

    def test_a_read_sees_the_newest_of_overlapping_writes(self):
        noise = random.Random(3)
        handle = self.connect()
        model = bytearray(4 * MIB)
        for turn in range(2000):
            start = noise.randrange(len(model) // BLOCK)
            count = min(noise.randrange(1, 64), len(model) // BLOCK - start) * BLOCK
            data = noise.randbytes(1) * count
            if noise.random() < 0.1:
                handle.zero(count, start * BLOCK)
                data = bytes(count)
            else:
                handle.pwrite(data, start * BLOCK)
            model[start * BLOCK:start * BLOCK + count] = data
            if turn % 100 == 0:
                self.assertEqual(model, handle.pread(len(model), 0))
        self.assertEqual(model, handle.pread(len(model), 0))

    def test_the_status_tells_how_long_each_kind_of_work_takes(self):
        handle = self.connect()
        for block in range(64):
            handle.pwrite(bytes([1]) * 16 * BLOCK, block * 16 * BLOCK)
        handle.flush()
        handle.pread(BLOCK, 0)
        self.node.control("checkpoint vol0")
        status = self.node.control("status vol0")
        for what in ("read", "write", "flush", "log-append", "log-sync", "writeback"):
            count, sum_us = (int(status[f"latency.{what}.{key}"]) for key in ("count", "sum-us"))
            self.assertEqual(count, sum(map(int, status[f"latency.{what}.buckets"].split(","))), what)
            self.assertGreater(count, 0, what)
            # The page cache may give one block in less than a microsecond.
            self.assertGreater(sum_us, -1 if what == "read" else 0, what)

    def test_requests_off_the_blocks_or_behind_the_end_are_refused_and_change_nothing(self):
        handle = self.connect()
        handle.set_strict_mode(0)
        handle.pwrite(b"x" * BLOCK, self.size_bytes - BLOCK)
        for length, position, expected in ((512, 0, "EINVAL"), (BLOCK, 512, "EINVAL"),
                                           (2 * BLOCK, self.size_bytes - BLOCK, "ENOSPC")):
            with self.assertRaises(nbd.Error) as caught:
                handle.pwrite(b"y" * length, position)
            self.assertEqual(expected, caught.exception.errno)
        self.assertEqual(b"x" * BLOCK, handle.pread(BLOCK, self.size_bytes - BLOCK))
        self.assertEqual(bytes(BLOCK), handle.pread(BLOCK, 0))

    def test_qemu_img_converts_an_image_onto_the_device_and_finds_no_difference(self):
        image = self.image(4)
        device = f"nbd+unix:///vol0?socket={self.node.brickd.nbd}"
        run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", image, device)
        run("qemu-img", "compare", "-f", "raw", "-F", "raw", image, device)
        run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", device, self.path("copy.qcow2"))
        run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", image, self.path("copy.qcow2"))

    def test_qemu_io_finds_its_patterns(self):
        commands = (
            "write -P 0xaa 0 8M",
            "write -z 1M 1M",
            "write -z -u 2M 64k",
            "discard 3M 512k",
            "write -f -P 0xbb 3M 4k",
            "aio_write -P 0xcc 4M 3M",
            "aio_write -P 0xdd 16M 31M",
            "aio_flush",
            "flush",
            "read -P 0xaa 0 1M",
            "read -P 0 1M 1M",
            "read -P 0 2M 64k",
            "read -P 0xaa 2112k 960k",
            "read -P 0xbb 3M 4k",
            "read -P 0 3076k 508k",
            "read -P 0xaa 3584k 512k",
            "read -P 0xcc 4M 3M",
            "read -P 0xaa 7M 1M",
            "read -P 0 8M 8M",
            "read -P 0xdd 16M 31M",
        )
        said = run("qemu-io", "-f", "raw", self.node.uri, *(word for line in commands for word in ("-c", line)))
        self.assertNotIn("failed", said)

    def fio(self, *options):
        run("fio", "--name=verified", "--ioengine=nbd", f"--uri={self.node.uri}", "--rw=randwrite", "--bsrange=4k-128k",
            "--blockalign=4k", "--size=64M", "--iodepth=16", "--verify=crc32c", "--randseed=5", "--fsync=64", *options,
            cwd=self.directory)

    def test_fio_verifies_blocks_of_random_sizes(self):
        self.fio("--do_verify=1", "--verify_backlog=256")

    def test_fio_verifies_after_kill_9_what_it_has_written_before(self):
        self.fio("--do_verify=0")
        self.node.kill()
        self.node.restart()
        self.fio("--verify_only=1")


if __name__ == "__main__":
    main()
