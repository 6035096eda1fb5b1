# SPDX-License-Identifier: GPL-2.0
"""Who is measured: servers that export a file over a Unix socket, and the file itself."""
import os
import shutil
import subprocess

from fio_job import run_fio
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
    """
    What one contender has left to be written shall not be written in the time of the next. And the page cache is empty:
    what lies there from before, in large pieces or small ones, changes what a write costs by a factor of three.
    """
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Contender:
    """Runs for the whole of the bench, and waits while others are measured. Has a file of its own."""

    is_peer = False

    def __init__(self, bench, name):
        self.name = name
        self.directory = os.path.join(bench.directory, name.replace(" ", "-"))
        self.file = os.path.join(self.directory, "file")
        self.size_bytes = bench.size_bytes

    def start(self):
        os.mkdir(self.directory)
        allocate(self.file, self.size_bytes)

    def prepare(self, row):
        """Before each job."""
        settle(self.file)
        if row.warm:
            read_through(self.file)

    def stop(self):
        shutil.rmtree(self.directory)


class RawFile(Contender):
    """The limit: fio on the file, without a server."""

    def place(self):
        return {"ioengine": "io_uring", "filename": self.file, "direct": 1}

    def processor_seconds(self):
        return None


class Server(Contender):
    """A server process of somebody else."""

    is_peer = True

    def __init__(self, bench, name, command):
        super().__init__(bench, name)
        self.socket = os.path.join(self.directory, "socket")
        self.command = [*command, self.file]
        self.process = None

    def start(self):
        super().start()
        self.process = subprocess.Popen([word.replace("SOCKET", self.socket) for word in self.command],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(self.socket) or self.process.poll() is not None, f"{self.name} listens")
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {' '.join(self.command)}")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        super().stop()

    def place(self):
        return {"ioengine": "nbd", "uri": f"nbd+unix:///?socket={self.socket}"}

    def processor_seconds(self):
        return processor_seconds(self.process)


class Tharsis(Contender):
    """A primary. Its log directory lies beside its disk."""

    def __init__(self, bench, name, log="direct=no", disk="direct=no", options=()):
        super().__init__(bench, name)
        self.log_how = log
        self.disk_how = disk
        self.options = options
        self.node = None

    def start(self):
        super().start()
        self.node = Node(self.directory, self.size_bytes, disk=self.file, options=self.options)
        self.node.log_how = self.log_how
        self.node.disk_how = self.disk_how
        self.node.create(4096)
        self.wear_in()

    def wear_in(self):
        """The files of a log that has been in use for some time were written before."""
        run_fio(self.place(), {"rw": "write", "bs": "128k", "iodepth": 8, "size": self.size_bytes})
        self.node.control("checkpoint vol0")

    def prepare(self, row):
        self.node.control("checkpoint vol0")
        self.node.control(f"tune vol0 writeback-delay-ms={row.writeback_delay_ms}")
        super().prepare(row)

    def stop(self):
        if self.node and self.node.brickd:
            self.node.kill()
        super().stop()

    def place(self):
        return {"ioengine": "nbd", "uri": self.node.uri}

    def processor_seconds(self):
        return processor_seconds(self.node.brickd.process)


QEMU_NBD = ("qemu-nbd", "--format=raw", "--persistent", "--shared=8", "--socket=SOCKET")


def all_contenders(bench):
    return [
        RawFile(bench, "raw file"),
        Server(bench, "nbdkit file", ("nbdkit", "--foreground", "--unix=SOCKET", "file")),
        Server(bench, "qemu-nbd cache=none", (*QEMU_NBD, "--cache=none", "--aio=io_uring")),
        Server(bench, "qemu-nbd writeback", (*QEMU_NBD, "--cache=writeback")),
        Tharsis(bench, "tharsis"),
        Tharsis(bench, "tharsis busy-poll", options=("--busy-poll", "50")),
        Tharsis(bench, "tharsis log direct", log="direct=yes"),
        Tharsis(bench, "tharsis disk direct", disk="direct=yes"),
        Tharsis(bench, "tharsis both direct", log="direct=yes", disk="direct=yes"),
    ]
