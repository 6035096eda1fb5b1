# SPDX-License-Identifier: GPL-2.0
"""A second replica is made from the first one's disk and log, as the control module does it: it serves the same bytes."""
import os
import re
import shutil
import struct

from brickd_testing import MIB, Refused
from node import NodeTest, main, run, wait_until


def segments(directory):
    """(epoch, start LSN) of each segment file, in log order."""
    names = [re.fullmatch(r"([0-9a-f]{16})-([0-9a-f]{16})\.log", name) for name in sorted(os.listdir(directory))]
    return [(int(name[1], 16), int(name[2], 16)) for name in names if name]


def file_name(epoch, start_lsn):
    return f"{epoch:016x}-{start_lsn:016x}.log"


class Replica(NodeTest):
    """The first replica is vol0 of the node. The second one is beside it, under the name of copy."""

    size_bytes = 8 * MIB
    tuning = "segment-bytes=1MiB log-limit-bytes=64MiB"

    def setUp(self):
        super().setUp()
        self.control = self.node.control
        self.copy_log = self.path("copy.log")
        os.mkdir(self.copy_log)

    def write(self, megabytes, pattern):
        for megabyte in megabytes:
            run("qemu-io", "-f", "raw", "-c", f"write -P {pattern} {megabyte}M 1M", "-c", "flush", self.node.uri)

    def newest_start(self):
        """The position where the newest segment starts, and the LSN at which the disk has all."""
        self.control("rotate vol0")
        epoch, lsn = segments(self.node.log)[-1]
        with open(os.path.join(self.node.log, file_name(epoch, lsn)), "rb") as segment:
            previous_epoch, _, chain = struct.unpack_from("<QQQ", segment.read(4096), 48)
        return lsn, previous_epoch, chain

    def create_copy(self, start, end):
        lsn, epoch, chain = start
        uuid = self.node.status("resource-uuid")
        self.control(f"create copy directory={self.copy_log} size={self.size_bytes} resource-uuid={uuid} start-lsn={lsn} "
                     f"start-epoch={epoch} start-chain={chain:016x} inconsistent-until-lsn={end['end-lsn']} "
                     f"inconsistent-until-epoch={end['epoch']}")

    def open_copy(self):
        opened = self.control(f"open copy directory={self.copy_log}")
        self.control(f"attach copy disk={self.path('copy.disk')} label=write")
        return opened

    def ship(self, first_lsn):
        """Whole files are copied, and announced in log order."""
        end = int(self.control("flush vol0")["end-lsn"])
        found = [segment for segment in segments(self.node.log) if segment[1] >= first_lsn]
        ends = [start for _, start in found[1:]] + [end]
        for (epoch, start), upto in zip(found, ends):
            name = file_name(epoch, start)
            shutil.copyfile(os.path.join(self.node.log, name), os.path.join(self.copy_log, name))
            os.truncate(os.path.join(self.copy_log, name), upto - start)
            self.control(f"received copy epoch={epoch} start-lsn={start} lsn={upto}")
        wait_until(lambda: self.control("status copy")["replayed-lsn"] == str(end), "all is replayed")

    def refused(self, code, line):
        with self.assertRaises(Refused) as caught:
            self.control(line)
        self.assertEqual(caught.exception.code, code, caught.exception.text)

    def make_copy(self, meanwhile=lambda: None):
        """From a disk that is written to while it is read; returns the start."""
        self.write(range(0, 4), 1)
        start = self.newest_start()
        self.control("peer-add vol0 peer=" + "0c" * 16 + f" lsn={start[0]}")
        self.control("checkpoint vol0")
        meanwhile()
        self.write(range(2, 6), 2)
        self.control("checkpoint vol0")
        with open(self.path("copy.disk"), "wb") as disk:
            disk.truncate(self.size_bytes + MIB)
        run("dd", f"if={self.node.disk}", f"of={self.path('copy.disk')}", "bs=1M", f"count={self.size_bytes // MIB}",
            "conv=notrunc")
        self.create_copy(start, self.control("flush vol0"))
        return start

    def begin_epoch(self, epoch):
        self.control("role vol0 secondary")
        self.control(f"role vol0 primary epoch={epoch}")

    def test_it_serves_what_the_first_one_has_once_it_is_consistent(self):
        start = self.make_copy()
        self.assertEqual(self.open_copy()["end-lsn"], str(start[0]))
        self.assertEqual(self.control("status copy")["consistent"], "no")
        self.refused("not-consistent", "role copy primary epoch=9")
        self.write(range(5, 8), 3)
        self.ship(start[0])
        self.assertEqual(self.control("status copy")["consistent"], "yes")
        self.assertNotIn("inconsistent-until-lsn", self.control("status copy"))
        self.control("export copy read-only=yes")
        run("qemu-img", "compare", "-f", "raw", "-F", "raw", self.node.uri, self.node.uri.replace("vol0?", "copy?"))
        self.control("unexport copy")
        self.control("close copy")
        self.control(f"open copy directory={self.copy_log}")
        self.assertEqual(self.control("status copy")["consistent"], "yes")

    def test_its_source_may_begin_an_epoch_while_the_disk_is_copied(self):
        start = self.make_copy(meanwhile=lambda: self.begin_epoch(7))
        self.open_copy()
        self.ship(start[0])
        self.assertEqual(self.control("status copy")["consistent"], "yes")
        self.assertEqual(self.control("status copy")["epoch"], "7")

    def test_a_source_that_follows_says_the_epoch_of_what_it_has(self):
        start = self.make_copy(meanwhile=lambda: self.begin_epoch(7))
        self.open_copy()
        self.ship(start[0])
        self.assertEqual(self.control("flush copy"), self.control("flush vol0"))

    def test_killed_before_any_log_has_come_it_starts_from_there_again(self):
        start = self.make_copy()
        self.open_copy()
        self.node.kill()
        self.node.restart()
        self.control = self.node.control
        self.assertEqual(self.open_copy()["end-lsn"], str(start[0]))
        self.ship(start[0])
        self.assertEqual(self.control("status copy")["consistent"], "yes")

    def test_half_a_position_or_an_impossible_one_is_refused(self):
        create = f"create copy directory={self.copy_log} size=1MiB "
        self.refused("usage", create + "start-lsn=4096")
        self.refused("usage", create + "start-epoch=1 start-chain=0123456789abcdef")
        self.refused("invalid", create + "start-lsn=100 start-epoch=1 start-chain=0123456789abcdef")
        self.refused("invalid", create + "start-lsn=4096 start-epoch=0 start-chain=0123456789abcdef")
        self.refused("invalid", create + "start-lsn=8192 start-epoch=1 start-chain=0123456789abcdef inconsistent-until-lsn=4096")
        self.assertEqual(os.listdir(self.copy_log), [])

    def test_log_without_a_meta_file_is_left_alone(self):
        with open(os.path.join(self.copy_log, file_name(1, 0)), "wb") as segment:
            segment.write(b"precious")
        self.refused("exists", f"create copy directory={self.copy_log} size=1MiB")
        self.assertEqual(os.listdir(self.copy_log), [file_name(1, 0)])


if __name__ == "__main__":
    main()
