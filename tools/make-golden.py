#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Writes the golden files of docs/log-format.md: bytes that a reader must take or refuse, and what it must say.

    tools/make-golden.py [DIRECTORY]     default: docs/golden

Written from that page alone and with checksums of its own, so that it and the readers can prove each other wrong.
What it writes depends on nothing but this file.
"""

import json
import pathlib
import struct
import sys

BLOCK = 4096
CHAIN_AT = 4080
CRC_AT = 4092

RESOURCE = bytes.fromhex("7d0c1a529b3e4f6188a2c5d7e9f00b13")
OTHER = bytes.fromhex("0f1e2d3c4b5a69788796a5b4c3d2e1f0")
NODE_A = bytes.fromhex("a1000000000040008000000000000001")
NODE_B = bytes.fromhex("b2000000000040008000000000000002")
NODE_C = bytes.fromhex("c3000000000040008000000000000003")
CREATED_NS = 1_700_000_000_000_000_000

WRITE, WRITE_ZEROES, DISCARD = 1, 2, 3
OPERATION_NAMES = {WRITE: "write", WRITE_ZEROES: "write-zeroes", DISCARD: "discard"}


# ---- checksums ----


def make_crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)  # 0x1EDC6F41, bits reversed
        table.append(byte)
    return table


CRC_TABLE = make_crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)


def rotate(value, bits):
    return (value << bits | value >> (64 - bits)) & MASK


def xxh64_round(lane, word):
    return rotate((lane + word * P2) & MASK, 31) * P1 & MASK


def xxh64(seed, data):
    at = 0
    if len(data) >= 32:
        lanes = [(seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK]
        while at + 32 <= len(data):
            words = struct.unpack_from("<4Q", data, at)
            lanes = [xxh64_round(lane, word) for lane, word in zip(lanes, words)]
            at += 32
        value = sum(rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            value = ((value ^ xxh64_round(0, lane)) * P1 + P4) & MASK
    else:
        value = (seed + P5) & MASK
    value = (value + len(data)) & MASK
    while at + 8 <= len(data):
        (word,) = struct.unpack_from("<Q", data, at)
        value = (rotate(value ^ xxh64_round(0, word), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= len(data):
        (word,) = struct.unpack_from("<I", data, at)
        value = (rotate(value ^ word * P1 & MASK, 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        value = rotate(value ^ byte * P5 & MASK, 11) * P1 & MASK
    value = (value ^ value >> 33) * P2 & MASK
    value = (value ^ value >> 29) * P3 & MASK
    return value ^ value >> 32


def check_checksums():
    """Against published values: RFC 3720 B.4 and the vectors of xxHash."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert xxh64(0, b"") == 0xEF46DB3751D8E999
    assert xxh64(0, b"abc") == 0x44BC2CF5AD770999


# ---- blocks ----


class Wrong:
    """How a block is made wrong. `fields`: (offset, format, value) put in before chain and checksum are computed,
    so that these fit; `chain`: the chain value is wrong but the checksum fits; `flips`: (offset, bits) flipped in
    the finished block."""

    def __init__(self, fields=(), chain=0, flips=()):
        self.fields = fields
        self.chain = chain
        self.flips = flips


RIGHT = Wrong()


def finish(block, seed, chained_bytes, wrong):
    """Puts in the trailer; returns the chain value. `seed` None: the block is not part of the log."""
    for offset, layout, value in wrong.fields:
        struct.pack_into("<" + layout, block, offset, value)
    chain = 0 if seed is None else xxh64(seed, bytes(block[:chained_bytes]))
    chain ^= wrong.chain
    struct.pack_into("<Q", block, CHAIN_AT, chain)
    struct.pack_into("<I", block, CRC_AT, crc32c(block[:CRC_AT]))
    for offset, bits in wrong.flips:
        block[offset] ^= bits
    return chain


class Record:
    def __init__(self, operation, position, length, text=None):
        self.operation = operation
        self.position = position
        self.length = length
        self.payload = b""
        if operation == WRITE:
            pattern = (text or f"block at {position} ").encode()
            self.payload = (pattern * (length // len(pattern) + 1))[:length]

    def crc(self):
        return crc32c(self.payload) if self.payload else 0


def write(position, length=4096, text=None):
    return Record(WRITE, position, length, text)


def zeroes(position, length=4096):
    """A record that takes no space: for where payloads do not matter."""
    return Record(WRITE_ZEROES, position, length)


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def segment_name(epoch, start_lsn):
    return f"{epoch:016x}-{start_lsn:016x}.log"


class Segment:
    """One segment file while it is written. `expect`: the lines that a reader must say about it."""

    def __init__(self, epoch=1, start_lsn=0, previous_epoch=0, chain_before=0, block_bytes=4096, wrong=RIGHT, name=None):
        self.name = name or segment_name(epoch, start_lsn)
        self.epoch = epoch
        self.start_lsn = start_lsn
        self.time_ns = 0  # of the last batch
        self.durable_lsn = start_lsn
        self.expect = []
        block = bytearray(BLOCK)
        struct.pack_into("<8sII16sQQQQQQ16sI", block, 0, b"THARSEG1", 1, BLOCK, RESOURCE, epoch, start_lsn,
                         previous_epoch, start_lsn, chain_before, CREATED_NS, NODE_A, block_bytes)
        self.chain = finish(block, chain_before, 112, wrong)
        self.data = bytes(block)
        if wrong is RIGHT:
            self.expect = [f"segment file={self.name} check=ok epoch={epoch} start_lsn={start_lsn} "
                           f"previous_epoch={previous_epoch} chain_before={chain_before:016x} "
                           f"created_ns={CREATED_NS} creator={NODE_A.hex()} block_bytes={block_bytes} "
                           f"chain={self.chain:016x}"]

    def end_lsn(self):
        return self.start_lsn + len(self.data)

    def successor(self, epoch):
        segment = Segment(epoch, self.end_lsn(), self.epoch, self.chain)
        segment.time_ns = self.time_ns
        return segment

    def batch(self, records, wrong=RIGHT, **place):
        """The bytes of a batch, and its chain value. Stands at the end, unless `place` says otherwise."""
        lsn = place.get("lsn", self.end_lsn())
        epoch = place.get("epoch", self.epoch)
        before = place.get("chain_before", self.chain)
        durable = place.get("durable_lsn", self.durable_lsn)
        block = bytearray(BLOCK)
        payloads = b""
        for index, record in enumerate(records):
            offset = BLOCK + len(payloads) if record.payload else 0
            struct.pack_into("<BBHIQQII", block, 64 + 32 * index, record.operation, 0, 0, record.crc(),
                             record.position, record.length, offset, 0)
            payloads += record.payload
        payloads = padded(payloads)
        struct.pack_into("<8sHHIQQQQQ", block, 0, b"THARBAT1", 1, len(records), BLOCK + len(payloads), lsn, epoch,
                         self.time_ns, before, durable)
        chain = finish(block, before, 64 + 32 * len(records), wrong)
        return bytes(block) + payloads, chain

    def append(self, records, durable=True):
        """A batch that a reader takes. `durable`: the log was synced before it was closed."""
        self.time_ns = max(self.time_ns, CREATED_NS) + 1_000_000
        if durable:
            self.durable_lsn = self.end_lsn()
        lsn = self.end_lsn()
        data, self.chain = self.batch(records)
        self.data += data
        self.expect.append(f"batch lsn={lsn} length={len(data)} time_ns={self.time_ns} "
                           f"durable_lsn={self.durable_lsn} records={len(records)} chain={self.chain:016x}")
        offset = BLOCK
        for record in records:
            self.expect.append(f"record operation={OPERATION_NAMES[record.operation]} position={record.position} "
                               f"length={record.length} payload_offset={offset if record.payload else 0} "
                               f"payload_crc32c={record.crc():08x}")
            offset += len(record.payload)
        return self

    def batch_behind(self, skipped, records, **place):
        """A batch that follows one with the records `skipped`, which is not (rightly) there."""
        before, chain = self.batch(skipped)
        return self.batch(records, lsn=self.end_lsn() + len(before), chain_before=chain, **place)[0]


# ---- cases ----


class Cases:
    def __init__(self, root):
        self.root = root
        self.index = []

    def add(self, name, kind, what, files, expect):
        folder = self.root / name
        folder.mkdir(parents=True)
        for file, data in files.items():
            (folder / file).write_bytes(data)
        text = "".join(line + "\n" for line in [f"kind {kind}"] + expect)
        (folder / "expect").write_text(text, encoding="ascii")
        self.index.append({"case": name, "kind": kind, "what": what, "files": sorted(files)})

    def log(self, name, what, segments, stop=None, proof=None, unread=()):
        """`segments`: in the order of reading. `stop`: (check, part) where the last one's file goes on but the
        history ends; `proof`: offset in that file of what proves durable content behind. `unread`: other segments in the
        directory."""
        last = segments[-1]
        expect = [f"resource uuid={RESOURCE.hex()}"] + [line for segment in segments for line in segment.expect]
        end_offset = last.tail_offset if stop else len(last.data)
        expect.append(f"end lsn={last.start_lsn + end_offset} epoch={last.epoch} chain={last.chain:016x} "
                      f"time_ns={last.time_ns}")
        check, part = stop or ("ok", "file")
        expect.append(f"stop file={last.name} offset={end_offset} check={check} part={part}")
        expect.append(f"verdict damaged proof_offset={proof}" if proof else "verdict end")
        self.add(name, "log", what, {segment.name: segment.data for segment in [*segments, *unread]}, expect)

    def segment_refused(self, case, what, check, **made):
        segment = Segment(**made)
        expect = [f"resource uuid={RESOURCE.hex()}", f"segment file={segment.name} check={check}"]
        self.add(f"segment-{case}", "log", what, {segment.name: segment.data}, expect)

    def batch_refused(self, name, what, check, records, wrong, block_bytes=4096, part="header"):
        segment = Segment(block_bytes=block_bytes)
        data, _ = segment.batch(records, wrong)
        end_with(segment, data)
        self.log(f"batch-{name}", what, [segment], stop=(check, part))


def end_with(segment, data):
    """Bytes behind the last batch that counts."""
    segment.tail_offset = len(segment.data)
    segment.data += data
    return segment


def add_logs(cases):
    cases.log("log-first", "the first segment of a resource: one record, then two",
              [Segment().append([write(0)]).append([write(8192), write(4096)])])

    first = Segment().append([zeroes(0)]).append([zeroes(4096)], durable=False)
    cases.log("log-successor", "a sealed segment and the first one of a new epoch",
              [first, first.successor(3).append([zeroes(8192)])])
    first = Segment(epoch=2).append([zeroes(0)])
    second = first.successor(2).append([zeroes(4096)])
    cases.log("log-rotated", "three segments of one epoch", [first, second, second.successor(2).append([zeroes(0)])])
    first = Segment().append([zeroes(0)])
    cases.log("log-fork", "two segments continue the same end: the higher epoch counts",
              [first, first.successor(5).append([write(4096, text="of epoch 5 ")])],
              unread=[first.successor(4).append([write(4096, text="of epoch 4 ")])])
    first = Segment().append([zeroes(0)])
    stranger = Segment(4, first.end_lsn(), 1, first.chain ^ 1).append([zeroes(4096)])
    cases.log("log-stranger", "the segment that starts at the end continues another history: it is not read",
              [first], unread=[stranger])

    cases.log("log-512", "blocks of 512 bytes: zeroes behind the payloads up to the end of the batch",
              [Segment(block_bytes=512).append([write(512, 512)]).append([write(1024, 3584), write(8192, 1024)])])
    cases.log("log-125-records", "as many records as a batch can hold",
              [Segment(block_bytes=512).append([write(512 * i, 512) if i % 16 == 15 else Record(DISCARD, 512 * i, 512)
                                                for i in range(125)])])
    cases.log("log-zeroes-discard", "records without payload, alone and among others; later records overlap earlier ones",
              [Segment().append([Record(WRITE_ZEROES, 0, 1 << 40)])
               .append([write(0), Record(DISCARD, 4096, 1 << 20), write(8192), Record(WRITE_ZEROES, 8192, 4096)])
               .append([Record(DISCARD, 0, 4096)])])
    cases.log("log-last-byte", "a record may end at the last position that 64 bits can name",
              [Segment().append([Record(DISCARD, (1 << 64) - 8192, 4096)])])
    cases.log("log-last-lsn", "a log may end at 2^62",
              [Segment(3, (1 << 62) - 4 * BLOCK, 2, 5).append([zeroes(0)]).append([write(4096)])])
    cases.log("log-empty", "a segment without a batch", [Segment()])


def add_tails(cases):
    """What a crash can leave behind the last batch."""
    segment = Segment().append([zeroes(0)]).append([zeroes(4096)])
    cases.log("tail-preallocated", "zeroes behind the last batch", [end_with(segment, bytes(BLOCK))],
              stop=("magic", "header"))

    segment = Segment().append([zeroes(0)])
    data, _ = segment.batch([write(4096, 8192)])
    cases.log("tail-torn-payload", "the second half of the last payload was not written",
              [end_with(segment, data[:2 * BLOCK] + bytes(2 * BLOCK))], stop=("checksum", "payload"))
    segment = Segment().append([zeroes(0)])
    data, _ = segment.batch([write(4096)])
    cases.log("tail-torn-header", "of the last header block only the first 512 bytes were written",
              [end_with(segment, data[:512] + bytes(BLOCK - 512) + data[BLOCK:])], stop=("checksum", "header"))
    segment = Segment().append([zeroes(0)])
    data, _ = segment.batch([write(4096, 8192)])
    cases.log("tail-short", "the file ends inside the last batch", [end_with(segment, data[:2 * BLOCK])],
              stop=("length", "file"))
    segment = Segment().append([zeroes(0)])
    data, _ = segment.batch([write(4096)])
    cases.log("tail-short-header", "the file ends inside the last header block", [end_with(segment, data[:1000])],
              stop=("ok", "file"))

    segment = Segment().append([zeroes(0)])
    behind = segment.batch_behind([write(4096)], [zeroes(4096)])
    cases.log("tail-reordered", "the last batch but one was not written, the last one was; nothing of both was durable",
              [end_with(segment, bytes(2 * BLOCK) + behind)], stop=("magic", "header"))

    segment = Segment().append([zeroes(0)])
    at = segment.end_lsn()
    stale = segment.batch([zeroes(4096)], lsn=at + (1 << 20), durable_lsn=at + (1 << 20))[0]
    cases.log("tail-stale-lsn", "a batch of an earlier use of the file: its LSN is another",
              [end_with(segment, stale)], stop=("LSN", "header"))
    segment = Segment(epoch=2, start_lsn=1 << 20, previous_epoch=1, chain_before=77).append([zeroes(0)])
    at = segment.end_lsn()
    stale = segment.batch([zeroes(4096)], epoch=1)[0]
    later = segment.batch([zeroes(4096)], epoch=1, lsn=at + len(stale), durable_lsn=at + len(stale))[0]
    cases.log("tail-stale-epoch", "batches of an earlier epoch at their place: they prove nothing",
              [end_with(segment, stale + later)], stop=("epoch", "header"))
    segment = Segment().append([zeroes(0)])
    stale = segment.batch([zeroes(4096)], chain_before=segment.chain ^ 1)[0]
    cases.log("tail-stale-chain", "a batch of a history that was cut off",
              [end_with(segment, stale)], stop=("chain", "header"))


def add_damage(cases):
    """Something durable is gone, and a later batch proves it."""
    def damaged(damage_offset):
        segment = Segment().append([zeroes(0)])
        bad = bytearray(segment.batch([write(4096)])[0])
        bad[damage_offset] ^= 0x10
        durable_lsn = segment.end_lsn() + len(bad)
        behind = segment.batch_behind([write(4096)], [zeroes(4096)], durable_lsn=durable_lsn)
        return end_with(segment, bytes(bad) + behind)

    proof = 4 * BLOCK
    cases.log("damaged-header", "a bit flipped in a header block, and a later batch that says it was durable",
              [damaged(72)], stop=("checksum", "header"), proof=proof)
    cases.log("damaged-payload", "a bit flipped in a payload, and a later batch that says it was durable",
              [damaged(BLOCK + 99)], stop=("checksum", "payload"), proof=proof)


def add_refused_segments(cases):
    def refused(case, what, check, fields=(), chain=0, flips=(), **made):
        cases.segment_refused(case, what, check, wrong=Wrong(fields, chain, flips), **made)

    second = {"epoch": 3, "start_lsn": 1 << 20, "previous_epoch": 2, "chain_before": 0x1234}
    refused("magic", "another magic", "magic", [(0, "8s", b"THARSEG2")])
    refused("version", "version 2", "version", [(8, "I", 2)])
    refused("header-bytes", "a header of 8192 bytes", "length", [(12, "I", 8192)])
    refused("zero-in-chain", "a byte behind the fields", "length", [(100, "B", 1)])
    refused("zero-padding", "the last byte before the trailer", "length", [(4079, "B", 1)])
    refused("zero-trailer", "the zero of the trailer", "length", [(4088, "I", 1)])
    refused("foreign", "another resource", "foreign", [(16, "16s", OTHER)])
    refused("start-lsn", "another start than in the name", "LSN", name=segment_name(3, 1 << 21), **second)
    refused("start-unaligned", "a start that is not a multiple of 4096", "LSN", epoch=3, start_lsn=5120,
            previous_epoch=2)
    refused("start-above-limit", "a header that ends beyond 2^62", "LSN", epoch=3, start_lsn=1 << 62, previous_epoch=2,
            chain_before=5)
    refused("start-near-overflow", "a header that ends at 2^64", "LSN", epoch=3, start_lsn=(1 << 64) - BLOCK, previous_epoch=2,
            chain_before=5)
    refused("previous-end", "a hole behind the predecessor", "LSN", [(56, "Q", 1 << 19)], **second)
    refused("epoch", "another epoch than in the name", "epoch", name=segment_name(4, 1 << 20), **second)
    refused("epoch-0", "epoch 0", "epoch", epoch=0)
    refused("checksum", "a bit flipped", "checksum", flips=[(72, 1)])
    refused("chain", "a chain value that does not fit", "chain", chain=1)
    refused("block-bytes", "blocks of 1024 bytes", "content", block_bytes=1024)
    refused("previous-epoch", "a predecessor of a later epoch", "content", [(48, "Q", 4)], **second)
    refused("no-predecessor", "not the first, but without a predecessor", "content", [(48, "Q", 0)], **second)
    refused("first-predecessor", "the first, but with a predecessor", "content", previous_epoch=1)
    refused("first-chain", "the first, but with a chain value before it", "content", chain_before=1)


def add_refused_batches(cases):
    def refused(name, what, check, fields=(), chain=0, flips=(), records=None, **more):
        cases.batch_refused(name, what, check, records or [Record(WRITE_ZEROES, 4096, 8192)],
                            Wrong(fields, chain, flips), **more)

    refused("version", "version 2", "version", [(8, "H", 2)])
    refused("no-records", "no record", "length", [(10, "H", 0)])
    refused("126-records", "more records than fit", "length", [(10, "H", 126)])
    refused("length-unaligned", "a length that is not a multiple of 4096", "length", [(12, "I", 4608)])
    refused("length-above-limit", "longer than 4096 + 1 MiB", "length", [(12, "I", 1052672 + 4096)])
    refused("zero-header", "the zero behind the fields", "length", [(56, "Q", 1 << 63)])
    refused("zero-descriptor", "the zero behind the operation", "length", [(65, "B", 1)])
    refused("zero-descriptor-end", "the zero at the end of a descriptor", "length", [(92, "I", 1 << 31)])
    refused("zero-padding", "a byte behind the descriptors", "length", [(96, "B", 1)])
    refused("zero-trailer", "the zero of the trailer", "length", [(4091, "B", 1)])
    refused("checksum", "a bit flipped", "checksum", flips=[(72, 16)])
    refused("chain", "a chain value that does not fit", "chain", chain=1)
    refused("durable-lsn", "durable beyond itself", "content", [(48, "Q", 8192)])
    refused("operation-0", "no operation", "content", [(64, "B", 0)])
    refused("operation-4", "a flush mark: reserved", "content", [(64, "B", 4)])
    refused("volume", "volume 1: reserved", "content", [(66, "H", 1)])
    refused("record-empty", "a record of length 0", "content", [(80, "Q", 0)])
    refused("record-position", "a position that is not a multiple of the block", "content", [(72, "Q", 4608)])
    refused("record-length", "a length that is not a multiple of the block", "content", [(80, "Q", 4608)])
    refused("record-overflow", "a record that ends beyond 64 bits", "content", [(72, "Q", (1 << 64) - 4096)])
    refused("payload-none", "a payload offset without a payload", "content", [(88, "I", 4096)])
    refused("payload-none-crc", "a payload checksum without a payload", "content", [(68, "I", 1)])
    refused("payload-gap", "a gap before the payload", "content", [(88, "I", 8192)], records=[write(0)])
    refused("payload-long", "a write of 4 GiB more than its payload", "content", [(80, "Q", (1 << 32) + 4096)],
            records=[write(0)])
    refused("length-above-need", "longer than its payloads need", "content", [(12, "I", 12288)], records=[write(0)])
    refused("length-below-need", "shorter than its payloads need", "content", [(12, "I", 4096)], records=[write(0)])

    segment = Segment(3, (1 << 62) - 2 * BLOCK, 2, 5)
    cases.log("batch-end-above-limit", "a batch that ends beyond 2^62",
              [end_with(segment, segment.batch([write(0)])[0])], stop=("LSN", "header"))

    segment = Segment(block_bytes=512)
    data = bytearray(segment.batch([write(512, 512)])[0])
    data[-1] = 1
    cases.log("batch-zero-payload", "a byte behind the last payload", [end_with(segment, bytes(data))],
              stop=("length", "padding"))
    segment = Segment().append([zeroes(0)])
    early = Wrong([(32, "Q", segment.time_ns - 1)])
    end_with(segment, segment.batch([Record(DISCARD, 0, 4096)], early)[0])
    cases.log("batch-time", "earlier than the batch before", [segment], stop=("content", "header"))


# ---- meta file ----

EPOCHS = [(1, 0, 0), (4, 1 << 20, 0x1111222233334444), (9, 5 << 20, 0xFEDCBA9876543210)]
PEERS = [(NODE_B, 6 << 20, 1, 0, 0), (NODE_C, 2 << 20, 2, 2 << 20, 4 << 20)]
META_FIELDS = {
    "device_bytes": 1 << 34,
    "block_bytes": 4096,
    "clean": 0,
    "checkpoint_lsn": 6 << 20,
    "checkpoint_chain": 0x0123456789ABCDEF,
    "checkpoint_epoch": 9,
    "applied_limit_lsn": 7 << 20,
    "inconsistent_until_lsn": 0,
    "inconsistent_until_epoch": 0,
    "written_ns": CREATED_NS,
}


def meta_slot(generation, epochs=tuple(EPOCHS), peers=tuple(PEERS), wrong=RIGHT, **changed):
    meta = META_FIELDS | changed
    block = bytearray(BLOCK)
    struct.pack_into("<8sIIQ16s16sQIIQQQQQQHH", block, 0, b"THARMET1", 1, BLOCK, generation, RESOURCE, NODE_A,
                     meta["device_bytes"], meta["block_bytes"], meta["clean"], meta["checkpoint_lsn"],
                     meta["checkpoint_chain"], meta["checkpoint_epoch"], meta["applied_limit_lsn"],
                     meta["inconsistent_until_lsn"], meta["written_ns"], len(epochs), len(peers))
    struct.pack_into("<Q", block, 128, meta["inconsistent_until_epoch"])
    for index, epoch in enumerate(epochs):
        struct.pack_into("<QQQ", block, 256 + 32 * index, *epoch)
    for index, (uuid, durable, state, low, high) in enumerate(peers):
        struct.pack_into("<16sQIIQQ", block, 1280 + 64 * index, uuid, durable, state, 0, low, high)
    finish(block, None, 0, wrong)
    return bytes(block)


def meta_expect(generation, epochs=tuple(EPOCHS), peers=tuple(PEERS), **changed):
    meta = META_FIELDS | changed
    meta["checkpoint_chain"] = f"{meta['checkpoint_chain']:016x}"
    lines = [f"meta generation={generation} node={NODE_A.hex()} " + " ".join(f"{k}={v}" for k, v in meta.items())]
    lines += [f"epoch epoch={epoch} start_lsn={start} chain={chain:016x}" for epoch, start, chain in epochs]
    lines += [f"peer uuid={uuid.hex()} durable_lsn={durable} state={state} bitmap_from_lsn={low} bitmap_to_lsn={high}"
              for uuid, durable, state, low, high in peers]
    return lines


def add_metas(cases):
    def add(name, what, slots, checks, valid=None, fields=()):
        expect = [f"resource uuid={RESOURCE.hex()}"]
        expect += [f"slot number={number} check={check}" for number, check in enumerate(checks)]
        expect.append("valid slot=none" if valid is None else f"valid slot={valid}")
        cases.add(f"meta-{name}", "meta", what, {"meta": b"".join(slots)}, expect + list(fields))

    add("both-slots", "two valid slots: the higher generation counts", [meta_slot(6, checkpoint_lsn=5 << 20), meta_slot(7)],
        ["ok", "ok"], 1, meta_expect(7))
    add("even-newer", "two valid slots, the newer one in slot 0", [meta_slot(8, clean=1), meta_slot(7)],
        ["ok", "ok"], 0, meta_expect(8, clean=1))
    add("first", "the first write: slot 0 was never written", [bytes(BLOCK), meta_slot(1, (), (), checkpoint_epoch=0)],
        ["magic", "ok"], 1, meta_expect(1, (), (), checkpoint_epoch=0))
    filled = {"epochs": ((8, 3 << 20, 7),), "peers": (), "checkpoint_lsn": 3 << 20, "checkpoint_epoch": 8,
              "applied_limit_lsn": 3 << 20, "inconsistent_until_lsn": 5 << 20, "inconsistent_until_epoch": 9}
    add("backfilled", "a replica that was filled by a backfill: no log yet", [bytes(BLOCK), meta_slot(1, **filled)],
        ["magic", "ok"], 1, meta_expect(1, **filled))
    torn = meta_slot(8, checkpoint_lsn=7 << 20)[:512] + meta_slot(6)[512:]
    add("torn-slot", "the write of generation 8 was torn: generation 7 counts", [torn, meta_slot(7)],
        ["checksum", "ok"], 1, meta_expect(7))
    add("wrong-place", "generation 9 stands in slot 0", [meta_slot(9), meta_slot(7)], ["length", "ok"], 1, meta_expect(7))
    add("no-slot", "no slot is valid", [meta_slot(9), torn], ["length", "length"])
    full_epochs = tuple((i + 1, i << 20, i) for i in range(32))
    full_peers = tuple((bytes([i + 1]) * 16, i << 20, 1 + i % 2, 0, i % 2 << 20) for i in range(16))
    add("full", "as many epochs and peers as there is room for", [meta_slot(2, full_epochs, full_peers), bytes(BLOCK)],
        ["ok", "magic"], 0, meta_expect(2, full_epochs, full_peers))

    refused = [
        ("version", "version 2", "version", Wrong([(8, "I", 2)])),
        ("slot-bytes", "slots of 8192 bytes", "length", Wrong([(12, "I", 8192)])),
        ("generation-0", "generation 0", "length", Wrong([(16, "Q", 0)])),
        ("flags", "an unknown flag", "length", Wrong([(68, "I", 2)])),
        ("33-epochs", "more epochs than there is room for", "length", Wrong([(120, "H", 33)])),
        ("17-peers", "more peers than there is room for", "length", Wrong([(122, "H", 17)])),
        ("zero-fields", "a byte behind the fields", "length", Wrong([(136, "B", 1)])),
        ("zero-epoch", "the zero of an epoch entry", "length", Wrong([(256 + 24, "Q", 1)])),
        ("zero-epochs", "an unused epoch entry", "length", Wrong([(256 + 32 * 3, "Q", 10)])),
        ("zero-peer", "the zero behind a peer's state", "length", Wrong([(1280 + 28, "I", 1)])),
        ("zero-peer-end", "the zero at the end of a peer entry", "length", Wrong([(1280 + 63, "B", 1)])),
        ("zero-peers", "an unused peer entry", "length", Wrong([(1280 + 64 * 2, "B", 1)])),
        ("zero-backfill", "a byte of what is kept for the backfill", "length", Wrong([(2304, "B", 1)])),
        ("zero-trailer", "the zero of the trailer", "length", Wrong([(4088, "I", 1)])),
        ("foreign", "another resource", "foreign", Wrong([(24, "16s", OTHER)])),
        ("checksum", "a bit flipped", "checksum", Wrong(flips=[(72, 1)])),
        ("chain", "a chain value, though it is not part of the log", "chain", Wrong(chain=1)),
        ("block-bytes", "blocks of 1024 bytes", "content", Wrong([(64, "I", 1024)])),
        ("device-bytes", "a device that does not end with a block", "content", Wrong([(56, "Q", (1 << 34) + 512)])),
        ("epoch-0", "an epoch 0", "content", Wrong([(256, "Q", 0)])),
        ("epoch-order", "two entries of one epoch", "content", Wrong([(256 + 32, "Q", 1)])),
        ("peer-state", "an unknown state of a peer", "content", Wrong([(1280 + 24, "I", 3)])),
    ]
    for (name_0, what_0, check_0, wrong_0), (name_1, what_1, check_1, wrong_1) in zip(refused[::2], refused[1::2]):
        add(f"{name_0}-and-{name_1}", f"slot 0: {what_0}; slot 1: {what_1}",
            [meta_slot(6, wrong=wrong_0), meta_slot(7, wrong=wrong_1)], [check_0, check_1])


# ---- bitmap ----


def add_bitmaps(cases):
    device_bytes, region_bytes = (20000 << 16) + 4096, 1 << 16
    regions = 20001
    dirty = [(0, 1), (7, 3), (4095, 1), (regions - 1, 1)]
    bits = bytearray(BLOCK)
    for first, count in dirty:
        for region in range(first, first + count):
            bits[region // 8] |= 1 << region % 8

    def add(name, what, check, bits_check="ok", data=bytes(bits), fields=(), chain=0, flips=()):
        block = bytearray(BLOCK)
        struct.pack_into("<8sII16s16sQQQQI", block, 0, b"THARBMP1", 1, BLOCK, RESOURCE, NODE_C, device_bytes,
                         region_bytes, 2 << 20, 4 << 20, crc32c(bits))
        finish(block, None, 0, Wrong(fields, chain, flips))
        expect = [f"resource uuid={RESOURCE.hex()}", f"peer uuid={NODE_C.hex()}"]
        if check == "ok":
            expect.append(f"header check=ok device_bytes={device_bytes} region_bytes={region_bytes} "
                          f"from_lsn={2 << 20} to_lsn={4 << 20} bits_crc32c={crc32c(bits):08x}")
            expect.append(f"bits check={bits_check} bytes={len(bits)}")
        else:
            expect.append(f"header check={check}")
        if check == bits_check == "ok":
            expect += [f"region first={first} count={count}" for first, count in dirty]
        file = bytes(block) + (data if check == "ok" else b"")
        cases.add(f"bitmap-{name}", "bitmap", what, {f"{NODE_C.hex()}.bitmap": file}, expect)

    add("plain", "some regions, among them the last one, which the device fills in part", "ok")
    damaged = bytearray(bits)
    damaged[100] ^= 1
    add("bits-checksum", "a bit flipped in the bits", "ok", "checksum", bytes(damaged))
    add("bits-short", "the bits end before the device does", "ok", "length", bytes(bits[:-1]))
    add("bits-long", "more bits than the device has regions", "ok", "length", bytes(bits) + bytes(BLOCK))
    add("magic", "another magic", "magic", fields=[(0, "8s", b"THARBMP2")])
    add("version", "version 2", "version", fields=[(8, "I", 2)])
    add("header-bytes", "a header of 8192 bytes", "length", fields=[(12, "I", 8192)])
    add("zero-padding", "a byte behind the fields", "length", fields=[(84, "B", 1)])
    add("foreign", "another resource", "foreign", fields=[(16, "16s", OTHER)])
    add("foreign-peer", "another peer than in the name", "foreign", fields=[(32, "16s", NODE_B)])
    add("checksum", "a bit flipped", "checksum", flips=[(64, 1)])
    add("chain", "a chain value, though it is not part of the log", "chain", chain=1)
    add("region-odd", "regions that are not a power of two", "content", fields=[(56, "Q", 3 << 16)])
    add("region-small", "regions smaller than 4096 bytes", "content", fields=[(56, "Q", 2048)])
    add("region-0", "regions of no bytes", "content", fields=[(56, "Q", 0)])


# ---- label ----


def add_labels(cases):
    device_bytes = 1 << 34

    def add(name, what, check, fields=(), chain=0, flips=()):
        block = bytearray(BLOCK)
        struct.pack_into("<8sII16s16sQQ", block, 0, b"THARLAB1", 1, BLOCK, RESOURCE, NODE_A, device_bytes, CREATED_NS)
        finish(block, None, 0, Wrong(fields, chain, flips))
        line = f"label check={check}"
        if check == "ok":
            line += f" resource={RESOURCE.hex()} node={NODE_A.hex()} device_bytes={device_bytes} created_ns={CREATED_NS}"
        cases.add(f"label-{name}", "label", what, {"label": bytes(block)}, [line])

    add("plain", "a label", "ok")
    add("magic", "another magic", "magic", [(0, "8s", b"THARLAB2")])
    add("version", "version 2", "version", [(8, "I", 2)])
    add("label-bytes", "a label of 512 bytes", "length", [(12, "I", 512)])
    add("zero-padding", "a byte behind the fields", "length", [(64, "B", 1)])
    add("checksum", "a bit flipped", "checksum", flips=[(48, 1)])
    add("chain", "a chain value, though it is not part of the log", "chain", chain=1)


def main():
    check_checksums()
    default = pathlib.Path(__file__).resolve().parent.parent / "docs" / "golden"
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) == 2 else default
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    if any(path.is_dir() for path in root.glob("*")):
        sys.exit(f"{root}: has cases already; remove them first, so that none is left over")
    cases = Cases(root)
    for add in (add_logs, add_tails, add_damage, add_refused_segments, add_refused_batches, add_metas, add_bitmaps,
                add_labels):
        add(cases)
    lines = ",\n".join(json.dumps(case) for case in cases.index)
    (root / "golden.json").write_text(f"[\n{lines}\n]\n", encoding="ascii")
    print(f"{root}: {len(cases.index)} cases")


if __name__ == "__main__":
    main()
