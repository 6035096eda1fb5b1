# SPDX-License-Identifier: GPL-2.0
"""A client that knows what each block of the device may hold, even when brickd is killed under its hands."""
import struct

import nbd

BLOCK = 4096
BLOCKS_AT_ONCE_MAX = 16
DEPTH = 32
ZEROES = 0


def content(stamp, block):
    """Each block says which write it is from and where it belongs, all over."""
    if stamp == ZEROES:
        return bytes(BLOCK)
    return struct.pack("<QQ", stamp, block) * (BLOCK // 16)


def stamp_of(data, block):
    """The stamp of a block, or None when it is not one whole block of ours."""
    stamp, _ = struct.unpack_from("<QQ", data)
    return stamp if data == content(stamp, block) else None


class StampedWriter:
    """Writes blocks [first, first + count) of the device at a depth of 32; no two requests under way touch one block."""

    def __init__(self, noise, first, count):
        self.noise = noise
        self.first = first
        self.stamps = [ZEROES] * count  # what was acknowledged
        self.next_stamp = 1
        self.under_way = {}  # cookie: (stamp, first block, count)
        self.touched = set()
        self.acknowledged = 0
        self.handle = None

    def connect(self, uri):
        self.handle = nbd.NBD()
        self.handle.connect_uri(uri)
        self.under_way = {}
        self.touched = set()

    def _choose(self):
        """A range that no request under way touches."""
        while True:
            start = self.noise.randrange(len(self.stamps))
            length = min(self.noise.randrange(1, BLOCKS_AT_ONCE_MAX + 1), len(self.stamps) - start)
            blocks = range(start, start + length)
            if self.touched.isdisjoint(blocks):
                return blocks

    def _send(self):
        blocks = self._choose()
        position = (self.first + blocks[0]) * BLOCK
        kind = self.noise.random()
        flags = nbd.CMD_FLAG_FUA if self.noise.random() < 0.05 else 0
        stamp = ZEROES
        if kind < 0.05:
            cookie = self.handle.aio_trim(len(blocks) * BLOCK, position, flags=flags)
        elif kind < 0.1:
            cookie = self.handle.aio_zero(len(blocks) * BLOCK, position, flags=flags)
        else:
            stamp = self.next_stamp
            self.next_stamp += 1
            data = b"".join(content(stamp, self.first + block) for block in blocks)
            cookie = self.handle.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(data)), position, flags=flags)
        self.under_way[cookie] = (stamp, blocks)
        self.touched.update(blocks)

    def _flush_now_and_then(self):
        if self.noise.random() < 0.02:
            self.under_way[self.handle.aio_flush()] = (ZEROES, range(0))

    def _take_answers(self):
        while True:
            cookie = self.handle.aio_peek_command_completed()
            if cookie <= 0:
                return
            self.handle.aio_command_completed(cookie)
            stamp, blocks = self.under_way.pop(cookie)
            self.touched.difference_update(blocks)
            for block in blocks:
                self.stamps[block] = stamp
            self.acknowledged += 1

    def write_until(self, is_over):
        """Until this says so, or the server is gone; then what was under way stays known as such."""
        try:
            while not is_over():
                while len(self.under_way) < DEPTH:
                    self._send()
                    self._flush_now_and_then()
                self.handle.poll(10)
                self._take_answers()
        except nbd.Error:
            self._take_the_last_answers()

    def _take_the_last_answers(self):
        """What had come before the connection broke counts; libnbd reports the rest as failed."""
        for cookie in list(self.under_way):
            try:
                done = self.handle.aio_command_completed(cookie)
            except nbd.Error:
                continue
            if done:
                stamp, blocks = self.under_way.pop(cookie)
                for block in blocks:
                    self.stamps[block] = stamp

    def check(self, uri):
        """
        Reads all. Raises when a block holds neither what was acknowledged last nor what was under way. What it holds is
        what counts from now on.
        """
        possible = {}
        for stamp, blocks in self.under_way.values():
            for block in blocks:
                possible[block] = stamp
        handle = nbd.NBD()
        handle.connect_uri(uri)
        at_once = 256
        for start in range(0, len(self.stamps), at_once):
            count = min(at_once, len(self.stamps) - start)
            data = handle.pread(count * BLOCK, (self.first + start) * BLOCK)
            for block in range(start, start + count):
                at = (block - start) * BLOCK
                self._check_block(block, data[at:at + BLOCK], possible)
        handle.shutdown()

    def _check_block(self, block, data, possible):
        expected = self.stamps[block]
        if data == content(expected, self.first + block):
            return
        under_way = possible.get(block)
        if under_way is not None and data == content(under_way, self.first + block):
            self.stamps[block] = under_way
            return
        found = stamp_of(data, self.first + block)
        raise AssertionError(f"block {self.first + block}: write {expected} was acknowledged last, "
                             f"{under_way} was under way, but it holds {'no whole block' if found is None else found}")
