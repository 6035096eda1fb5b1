# SPDX-License-Identifier: GPL-2.0
"""Disks with a volatile cache, that lose what was not flushed when the power is cut. For QEMU."""

import pathlib
import subprocess
import time

from bench.kernels import Refused, program

READY_SECONDS = 60


class VolatileDisk:
    """One file as the medium; it is served as long as the power is on."""

    def __init__(self, medium, seed):
        self.medium = pathlib.Path(medium)
        self.seed = seed
        self.socket = self.medium.with_suffix(".socket")
        self.process = None

    def switch_on(self, turn):
        """`turn`: of the power; another one loses other sectors."""
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen([
            "nbdkit", "--foreground", "--exit-with-parent", "--unix", str(self.socket), program("volatile_disk.so"),
            f"medium={self.medium}", f"seed={(self.seed * 1000003 + turn) * 0x9E3779B97F4A7C15 % 2**63 + 1}"])
        deadline = time.monotonic() + READY_SECONDS
        while not self.socket.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Refused(f"nbdkit does not serve {self.medium}")
            time.sleep(0.01)
        return f"nbd:unix:{self.socket}"

    def switch_off(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None


class Power:
    """Of a machine with its disks. Not `volatile`: the disks are their media, and lose nothing."""

    def __init__(self, disks, volatile):
        self.disks = disks
        self.volatile = volatile
        self.turn = 0
        self.machine = None

    def switch_on(self, start):
        """`start`, given the addresses of the disks, starts a machine."""
        self.turn += 1
        try:
            self.machine = start([disk.switch_on(self.turn) if self.volatile else disk.medium for disk in self.disks])
        except BaseException:
            self.cut()
            raise
        return self.machine

    def cut(self):
        """The machine first: what it has not sent by then never reaches a disk."""
        if self.machine is not None:
            self.machine.end()
            self.machine = None
        for disk in self.disks:
            disk.switch_off()
