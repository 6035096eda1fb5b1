# SPDX-License-Identifier: GPL-2.0
"""A virtual machine: QEMU in software emulation, or user-mode Linux."""

import contextlib
import os
import pathlib
import selectors
import signal
import subprocess
import time

from bench import processor
from bench.console import Console
from bench.kernels import warn

# Software emulation does not come near these limits when all is well.
BOOT_SECONDS = 60
# Seldom a kernel never comes as far as its first process, which is none of ours: user-mode Linux stands still, or one in QEMU panics
# at an int3 ("Oops: int3" of a static key) that it has already replaced on the other emulated processor.
BOOTS_MAX = 3

# All that QEMU can emulate, but what costs it more than the kernel's way without: copies go byte by byte (erms, fsrm), CRC32C bit by
# bit (sse4.2). With them a copy and a checksum took ten times as long as they do here, which no real processor knows.
EMULATED_PROCESSOR = "max,-erms,-fsrm,-sse4.2,-pclmulqdq"


def qemu_command(kernel, initramfs, disks, memory_mib):
    # With all its checks an emulated kernel reads the routes of interrupts from ACPI's tables for longer than ACPI allows.
    routes = " pci=noacpi" if kernel.is_checked else ""
    command = [
        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
        "-m", str(memory_mib), "-accel", "tcg,thread=multi", "-cpu", EMULATED_PROCESSOR, "-smp", "2",
        "-kernel", str(kernel.image), "-initrd", str(initramfs),
        "-append", "console=ttyS0 quiet panic=-1 oops=panic no_timer_check tsc=reliable clocksource=tsc net.ifnames=0" + routes,
    ]
    for number, disk in enumerate(disks, 1):
        # A file is written past the page cache; what is served over a socket has its own idea of a cache.
        place = f"file={disk},cache=none,aio=threads" if isinstance(disk, pathlib.Path) else f"file={disk},cache=none"
        command += [
            "-drive", f"{place},if=none,id=disk{number},format=raw,discard=unmap,detect-zeroes=off",
            "-device", f"virtio-blk-pci,drive=disk{number},id=virtio{number},num-queues=2",
        ]
    return command


def uml_command(kernel, initramfs, disks, memory_mib, folder, has_input):
    return [
        str(kernel.image), f"mem={memory_mib}M", f"uml_dir={folder}", "umid=machine", f"initrd={initramfs}",
        "quiet", "panic=-1", "oops=panic", "con=null", f"con0={'fd:0' if has_input else 'null'},fd:1",
    ] + [f"ubd{number}={disk}" for number, disk in enumerate(disks)]


class Machine:
    """One that runs. `echo` takes each line that it says; `disks` are paths, or for QEMU also addresses (nbd:...).
    `extra`: more arguments for it; `prefix`: a command that runs it, such as in another network. `console_input`: where its
    console reads, as Popen's stdin; None: the terminal, where its lines go then too."""

    def __init__(self, kernel, folder, initramfs, disks, memory_mib=512, console_input=subprocess.DEVNULL, extra=(), prefix=()):
        if kernel.is_uml:
            has_input = console_input != subprocess.DEVNULL
            command = uml_command(kernel, initramfs, disks, memory_mib, folder, has_input)
        else:
            command = qemu_command(kernel, initramfs, disks, memory_mib)
        self.command = [*prefix, *command, *extra]
        self.console_input = console_input
        self.is_uml = kernel.is_uml
        self.boots_left = BOOTS_MAX if console_input is not None else 1
        self._boot()

    def _boot(self):
        self.boots_left -= 1
        self.booted = time.monotonic()
        self.console = Console()
        self.rest = b""
        on_terminal = self.console_input is None
        with processor.own() if self.is_uml else contextlib.nullcontext(([], [])) as (words, held):
            # User-mode Linux keeps the machine's memory in a file there, and is many processes: one group.
            self.process = subprocess.Popen(
                [*words, *self.command], env=dict(os.environ, TMPDIR="/dev/shm"), start_new_session=not on_terminal, pass_fds=held,
                stdin=self.console_input, stdout=None if on_terminal else subprocess.PIPE,
                stderr=None if on_terminal else subprocess.STDOUT)

    def lines(self, seconds):
        """Lines until it is switched off, or until the time is over (then TimeoutError)."""
        deadline = time.monotonic() + seconds
        while self.boots_left > 0:
            trouble = yield from self._booting(deadline)
            if not trouble:
                break
            warn(f"run: the machine {trouble}: it is started again")
            self.end()
            self._boot()
            deadline += BOOT_SECONDS
        try:
            yield from self._lines_until(deadline, lambda: False)
        except TimeoutError:
            raise TimeoutError(f"not finished after {seconds:.0f} s") from None

    def _booting(self, deadline):
        """Lines until it is up. Returns why it never will be, or None. Emulated ones only have the time that is left for all."""
        try:
            yield from self._lines_until(self.booted + BOOT_SECONDS if self.is_uml else deadline, lambda: self.console.up)
        except TimeoutError:
            return f"did not come up within {BOOT_SECONDS} s" if self.is_uml else None
        return None if self.console.up else "ended before its first process"

    def _lines_until(self, deadline, enough):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not enough():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                if not selector.select(left):
                    continue
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    break
                yield from self._split(data)
        if self.rest and not enough():
            yield from self._split(b"\n")

    def _split(self, data):
        *whole, self.rest = (self.rest + data).split(b"\n")
        for line in whole:
            text = line.decode(errors="replace").rstrip("\r")
            self.console.take(text)
            yield text

    def end(self):
        """At once, as a power cut does; nothing happens to one that has ended."""
        if self.process.stdout is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.stdout.close()
        self.process.wait()
