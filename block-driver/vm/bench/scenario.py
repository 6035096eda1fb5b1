# SPDX-License-Identifier: GPL-2.0
"""Scenarios: scripts that run inside a machine and say in their first lines what it must have."""

import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from bench import initramfs
from bench.kernels import HERE, TOP, Refused, answer, program, warn
from bench.machine import BOOT_SECONDS, Machine

# A scenario that cannot be run here says so by this one.
SKIPPED = 77
# Exit statuses of the bench itself; a scenario's own are below.
MACHINE_DIED = 120
KERNEL_COMPLAINED = 121
TOO_SLOW = 124

SIZE = re.compile(r"(\d+)(M|G)")


def size_bytes(text):
    match = SIZE.fullmatch(text)
    if match is None:
        raise Refused(f"'{text}' is not a size such as 320M")
    return int(match[1]) << (20 if match[2] == "M" else 30)


class Skipped(Exception):
    """It cannot be run here, for a reason that is none of ours."""


class Needs:
    """What the lines '#: KEY VALUE...' of a script ask for."""

    def __init__(self, script):
        self.modules = []
        self.programs = []
        self.tools = []
        self.files = []
        self.disks = []
        self.images = []
        self.network = False
        self.memory_mib = 512
        self.seconds = 60
        for line in pathlib.Path(script).read_text().splitlines():
            if line.startswith("#: "):
                self._take(*line[3:].split())

    def _take(self, key, *values):
        if key == "modules":
            self.modules += values
        elif key == "programs":
            self.programs += values
        elif key == "tools":
            self.tools += values
        elif key == "files":
            self.files += values
        elif key == "disks":
            self.disks += [size_bytes(value) for value in values]
        elif key == "images":
            self.images += values
        elif key == "network":
            self.network = True
        elif key == "memory":
            self.memory_mib = size_bytes(values[0]) >> 20
        elif key == "seconds":
            self.seconds = int(values[0])
        else:
            raise Refused(f"a scenario cannot ask for '{key}'")


@contextlib.contextmanager
def work_folder():
    """In memory: images are sparse, and speed is wanted."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tharsis-vm-", dir="/dev/shm"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_disk(path, size):
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def copy_image(path, name):
    """Of its own for this machine, which may write to it. What cannot be had is a reason to skip the scenario."""
    made = subprocess.run([HERE / "image", name], stdout=subprocess.PIPE, text=True)
    if made.returncode == SKIPPED:
        raise Skipped(f"the image {name} cannot be had")
    if made.returncode != 0:
        raise Refused(f"there is no image {name}")
    subprocess.run(["cp", "--sparse=always", made.stdout.strip(), path], check=True)
    return path


def program_path(name):
    return answer(str(HERE / "static-fio")) if name == "fio" else program(name)


def make_initramfs(folder, kernel, script, needs, arguments, more_files=()):
    path = folder / f"{pathlib.Path(script).stem}.cpio"
    words = folder / "arguments"
    words.write_text(" ".join(arguments) + "\n")
    files = [
        ("init", HERE / "guest/init"),
        ("bench/library.sh", HERE / "guest/library.sh"),
        ("bench/scenario", script),
        ("bench/arguments", words),
        *more_files,
    ] + [(f"bench/files/{pathlib.Path(name).name}", TOP / name) for name in needs.files]
    drivers = [] if kernel.is_uml else ["virtio_pci", "virtio_blk"] + ["virtio_net"] * needs.network
    programs = [program_path(name) for name in needs.programs] + [initramfs.tool_path(name) for name in needs.tools]
    initramfs.write(path, programs, files, kernel.modules(drivers + needs.modules))
    return path


def judge(console, died=None):
    """The exit status, and why when it is the bench's."""
    if console.complaints:
        return KERNEL_COMPLAINED, "the kernel complained:\n  " + "\n  ".join(console.complaints)
    if died:
        return TOO_SLOW, died
    if console.status is None:
        return MACHINE_DIED, "the machine went away before the scenario had ended"
    return console.status, None


def watch(machine, seconds, show):
    """Until it ends; returns its exit status."""
    late = None
    try:
        for line in machine.lines(seconds):
            show(line)
    except TimeoutError as error:
        late = str(error)
    finally:
        machine.end()
    status, why = judge(machine.console, late)
    if why:
        warn(f"run: {why}")
    return status


def run(kernel, script, arguments, show):
    """Boots a machine for this one script, with fresh disks."""
    needs = Needs(script)
    with work_folder() as folder:
        disks = [make_disk(folder / f"disk{number}", size) for number, size in enumerate(needs.disks, 1)]
        disks += [copy_image(folder / name, name) for name in needs.images]
        archive = make_initramfs(folder, kernel, script, needs, arguments)
        started = time.monotonic()
        machine = Machine(kernel, folder, archive, disks, needs.memory_mib)
        status = watch(machine, BOOT_SECONDS + needs.seconds * kernel.slowness(), show)
        warn(f"run: {pathlib.Path(script).stem} on {kernel.name}: status {status} after {time.monotonic() - started:.1f} s")
        return status
