# SPDX-License-Identifier: GPL-2.0
"""What the tests of the nbd brick share: a server process that is told what to do, and a client that speaks raw NBD."""
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

MAGIC = 0x4E42444D41474943
IHAVEOPT = 0x49484156454F5054
OPTION_REPLY = 0x0003E889045565A9
REQUEST = 0x25609513
SIMPLE = 0x67446698
STRUCTURED = 0x668E33EF

OPT_EXPORT_NAME, OPT_ABORT, OPT_LIST, OPT_STARTTLS, OPT_INFO, OPT_GO = 1, 2, 3, 5, 6, 7
OPT_STRUCTURED_REPLY, OPT_LIST_META, OPT_SET_META = 8, 9, 10
REP_ACK, REP_SERVER, REP_INFO, REP_META = 1, 2, 3, 4
ERR_UNSUP, ERR_POLICY, ERR_INVALID = 0x80000001, 0x80000002, 0x80000003
ERR_UNKNOWN, ERR_SHUTDOWN, ERR_TOO_BIG = 0x80000006, 0x80000007, 0x80000009
READ, WRITE, DISC, FLUSH, TRIM, CACHE, WRITE_ZEROES, BLOCK_STATUS = range(8)
FUA, NO_HOLE, DF, REQ_ONE, FAST_ZERO = 1, 2, 4, 8, 16
OK, EPERM, EIO, ENOMEM, EINVAL, ENOSPC, EOVERFLOW, ENOTSUP, ESHUTDOWN = 0, 1, 5, 12, 22, 28, 75, 95, 108

HOST = os.environ["NBD_HOST"]
TIMEOUT_S = 60


class Host:
    """The server: bricks in a process of their own."""

    def __init__(self, exports=("vol0",), on=True, **settings):
        self.directory = tempfile.mkdtemp(prefix="nbd")
        self.path = os.path.join(self.directory, "socket")
        settings.setdefault("unix", self.path)
        arguments = [f"{key}={value}" for key, value in settings.items() if value is not None]
        self.log = open(os.path.join(self.directory, "log"), "a+", encoding="utf-8")
        self.process = subprocess.Popen([HOST] + arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True)
        self.created = self.answer()
        if on:
            for export in exports:
                assert self.tell("export " + export) == "ok"
            assert self.tell("on") == "ok"

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def answer(self):
        return self.process.stdout.readline().strip()

    def tell(self, line):
        self.say(line)
        return self.answer()

    def records(self, name="vol0"):
        return self.tell("records " + name).split()

    def messages(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8") as log:
            return log.read()

    def stop(self):
        """Ends it in an orderly way: all that it has must be taken down, or it fails."""
        self.process.stdin.close()
        try:
            status = self.process.wait(TIMEOUT_S)
        finally:
            self.process.kill()
            messages = self.messages()
            self.process.stdout.close()
            self.log.close()
            shutil.rmtree(self.directory)
        if status:
            raise AssertionError(f"the server ended with {status}:\n{messages}")


class Closed(Exception):
    """The server has ended the connection."""


class Raw:
    """A connection on which anything can be sent."""

    def __init__(self, where, flags=3):
        family = socket.AF_UNIX if isinstance(where, str) else (
            socket.AF_INET6 if ":" in where[0] else socket.AF_INET)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(where)
        self.next_cookie = 1
        self.structured = False
        if flags is not None:
            assert self.take(18) == struct.pack(">QQH", MAGIC, IHAVEOPT, 3)
            self.send(struct.pack(">I", flags))

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def take(self, count):
        data = bytearray()
        while len(data) < count:
            try:
                more = self.socket.recv(min(count - len(data), 1 << 20))
            except (ConnectionResetError, BrokenPipeError):
                more = b""
            if not more:
                raise Closed(bytes(data))
            data += more
        return bytes(data)

    def is_closed(self):
        """Waits until the server closes, and says whether it did so without another word."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    # ---- handshake ----

    def send_option(self, option, data=b"", length=None):
        self.send(struct.pack(">QII", IHAVEOPT, option, len(data) if length is None else length) + data)

    def take_option_reply(self):
        magic, option, kind, length = struct.unpack(">QIII", self.take(20))
        assert magic == OPTION_REPLY
        return option, kind, self.take(length)

    def option(self, option, data=b"", length=None):
        """All replies, up to the last: [(kind, data)]."""
        self.send_option(option, data, length)
        replies = []
        while True:
            echoed, kind, payload = self.take_option_reply()
            assert echoed == option
            replies.append((kind, payload))
            if kind == REP_ACK or kind & 0x80000000:
                return replies

    def kind(self, option, data=b"", length=None):
        """Kind of the last reply."""
        return self.option(option, data, length)[-1][0]

    def agree_on_structured_replies(self):
        assert self.kind(OPT_STRUCTURED_REPLY) == REP_ACK
        self.structured = True

    def go(self, name="vol0"):
        """Enters transmission; (size, flags)."""
        replies = self.option(OPT_GO, go_data(name))
        assert replies[-1][0] == REP_ACK, replies
        return next(struct.unpack(">QH", data[2:]) for kind, data in replies
                    if kind == REP_INFO and data[:2] == b"\0\0")

    # ---- transmission ----

    def send_request(self, command, offset=0, length=0, flags=0, payload=b"", cookie=None):
        if cookie is None:
            cookie = self.next_cookie
            self.next_cookie += 1
        self.send(struct.pack(">IHHQQI", REQUEST, flags, command, cookie, offset, length) + payload)
        return cookie

    def send_reads(self, count, length):
        """Many at once: one message in the socket, however many there are."""
        self.send(b"".join(struct.pack(">IHHQQI", REQUEST, 0, READ, 0, 0, length) for _ in range(count)))

    def take_reply(self, read_length=0):
        """(cookie, error, data): data of a READ, or the extents of a BLOCK_STATUS, or the text of an error."""
        magic, = struct.unpack(">I", self.take(4))
        if magic == SIMPLE:
            error, cookie = struct.unpack(">IQ", self.take(12))
            length = read_length(cookie) if callable(read_length) else read_length
            return cookie, error, b"" if error else self.take(length)
        assert magic == STRUCTURED, hex(magic)
        flags, kind, cookie, length = struct.unpack(">HHQI", self.take(16))
        payload = self.take(length)
        assert flags == 1
        if kind == 1:
            return cookie, OK, payload[8:]
        if kind == 5:
            return cookie, OK, payload
        assert kind == 0x8001, hex(kind)
        error, text = struct.unpack(">IH", payload[:6])
        assert len(payload) == 6 + text
        return cookie, error, payload[6:]

    def request(self, command, offset=0, length=0, flags=0, payload=b""):
        """Sends one and takes the reply to it: (error, data)."""
        cookie = self.send_request(command, offset, length, flags, payload)
        simple = length if command == READ and not self.structured else 0
        echoed, error, data = self.take_reply(simple)
        assert echoed == cookie, (echoed, cookie)
        return error, data

    def write(self, offset, payload, flags=0):
        return self.request(WRITE, offset, len(payload), flags, payload)[0]

    def read(self, offset, length):
        error, data = self.request(READ, offset, length)
        assert error == OK
        return data


def string(text):
    data = text.encode()
    return struct.pack(">I", len(data)) + data


def go_data(name, infos=()):
    return string(name) + struct.pack(f">H{len(infos)}H", len(infos), *infos)


def meta_data(name, queries):
    return string(name) + struct.pack(">I", len(queries)) + b"".join(string(query) for query in queries)


class ServerTest(unittest.TestCase):
    """Starts servers and clients, and ends them."""

    def host(self, **settings):
        host = Host(**settings)
        self.addCleanup(host.stop)
        return host

    def raw(self, where, **settings):
        client = Raw(where, **settings)
        self.addCleanup(client.close)
        return client

    def client(self, host, name="vol0", structured=True, path=None):
        """One in the transmission phase."""
        client = self.raw(path or host.path)
        if structured:
            client.agree_on_structured_replies()
        client.go(name)
        return client


def in_background(function):
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def main():
    unittest.main(verbosity=2, argv=sys.argv)
