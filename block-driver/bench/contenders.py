# SPDX-License-Identifier: GPL-2.0
"""Who is measured: servers that export a file over a Unix socket, and the file itself."""
import os
import shutil
import subprocess

from node import MIB, Node, wait_until

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def allocate(path, size_bytes):
    """All blocks written, not only reserved: file systems treat the two differently."""
    with open(path, "wb") as file:
        for _ in range(size_bytes // MIB):
            file.write(bytes(MIB))
        os.fsync(file.fileno())


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def read_through(path):
    """Afterwards it is in the page cache, for those that use it."""
    with open(path, "rb", buffering=0) as file:
        while file.read(MIB):
            pass


def settle(path):
    """What one contender has left to be written shall not be written in the time of the next."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


class RawFile:
    """The limit: fio on the file, without a server."""

    name = "raw file"
    is_peer = False

    def __init__(self, bench):
        self.path = self.file = bench.peer_file

    def start(self):
        pass

    def stop(self):
        pass

    def place(self):
        return {"ioengine": "io_uring", "filename": self.path, "direct": 1}

    def processor_seconds(self):
        return None


class Server:
    """A server process of somebody else."""

    is_peer = True

    def __init__(self, bench, name, command):
        self.file = bench.peer_file
        self.name = name
        self.command = command
        self.socket = os.path.join(bench.directory, "peer.socket")
        self.process = None

    def start(self):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.process = subprocess.Popen(self.command(self.socket), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(self.socket) or self.process.poll() is not None, f"{self.name} listens")
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {' '.join(self.command(self.socket))}")

    def stop(self):
        self.process.kill()
        self.process.wait()

    def place(self):
        return {"ioengine": "nbd", "uri": f"nbd+unix:///?socket={self.socket}"}

    def processor_seconds(self):
        return processor_seconds(self.process)


class Tharsis:
    """A primary whose log directory and disk lie in the same file system as the peers' file."""

    is_peer = False

    def __init__(self, bench, name, log_how="", disk_how="", options=()):
        self.name = name
        self.log_how = log_how
        self.disk_how = disk_how
        self.tuning = ""
        self.options = options
        self.bench = bench
        self.file = bench.disk_file
        self.directory = os.path.join(bench.directory, "tharsis")
        self.node = None

    def start(self):
        os.mkdir(self.directory)
        self.node = Node(self.directory, self.bench.size_bytes, disk=self.bench.disk_file, options=self.options)
        self.node.log_how = self.log_how
        self.node.disk_how = self.disk_how
        self.node.tuning = self.tuning
        self.node.create(4096)

    def stop(self):
        self.node.kill()
        shutil.rmtree(self.directory)

    def place(self):
        return {"ioengine": "nbd", "uri": self.node.uri}

    def processor_seconds(self):
        return processor_seconds(self.node.brickd.process)


def all_contenders(bench):
    file = bench.peer_file
    return [
        RawFile(bench),
        Server(bench, "nbdkit file", lambda socket: ["nbdkit", "-f", "-U", socket, "file", file]),
        Server(bench, "qemu-nbd cache=none",
               lambda socket: ["qemu-nbd", "-f", "raw", "-t", "-e", "8", "--cache=none", "--aio=io_uring", "-k", socket,
                               file]),
        Server(bench, "qemu-nbd writeback",
               lambda socket: ["qemu-nbd", "-f", "raw", "-t", "-e", "8", "--cache=writeback", "-k", socket, file]),
        Tharsis(bench, "tharsis"),
        Tharsis(bench, "tharsis busy-poll", options=("--busy-poll", "50")),
        Tharsis(bench, "tharsis log direct", log_how="direct=yes"),
        Tharsis(bench, "tharsis disk direct", disk_how="direct=yes"),
        Tharsis(bench, "tharsis both direct", log_how="direct=yes", disk_how="direct=yes"),
    ]
