# SPDX-License-Identifier: GPL-2.0
"""Kernels of the cache, and their modules."""

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent.parent
TOP = HERE.parent.parent


# Modules of this tree, and what makes them.
OURS = {"tharsis": [], "tharsis_io_test": ["THARSIS_IO_TEST=1"]}


class Refused(Exception):
    """What was asked for cannot be done, in a sentence."""


def answer(*command):
    """The one line that a script of ours answers; what else it says goes to standard error."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Refused(f"{pathlib.Path(command[0]).name} {' '.join(command[1:])} failed")
    return done.stdout.strip()


class Kernel:
    def __init__(self, name):
        self.name = name
        self.folder = pathlib.Path(answer(str(HERE / "kernel"), name))
        self.image = self.folder / "kernel"
        self.release = (self.folder / "release").read_text().strip()
        self.is_uml = name.startswith("uml-")
        self.is_checked = "kasan" in name

    def slowness(self):
        """How many times as long things take here as in plain user-mode Linux."""
        emulation = 1 if self.is_uml else 4
        # Every load and store of the checked kernel is a call of KASAN's, which is dearest where calls are emulated.
        checks = (3 if self.is_uml else 6) if self.is_checked else 1
        return emulation * checks

    def modules(self, names):
        """Paths of these modules and of what they need, in the order in which to load them. What is built in is none."""
        found = []
        for name in names:
            if name in OURS:
                found += self.ours(name)
                continue
            shown = subprocess.run(
                ["/sbin/modprobe", "-d", self.folder / "modules", "-S", self.release, "--show-depends", "--ignore-install", name],
                capture_output=True, text=True)
            if shown.returncode != 0:
                raise Refused(f"kernel {self.name} has no module {name}: {shown.stderr.strip()}")
            found += re.findall(r"^insmod (\S+)", shown.stdout, re.MULTILINE)
        return list(dict.fromkeys(found))

    def ours(self, name):
        """Built now from this tree, behind what it needs."""
        path = answer(str(HERE / "module"), self.name, *OURS[name])
        needed = subprocess.run(["/sbin/modinfo", "-F", "depends", path], capture_output=True, text=True, check=True)
        return self.modules([name for name in needed.stdout.strip().split(",") if name]) + [path]


def program(name):
    """A program of the C build of this tree."""
    found = [path for path in (TOP / "build/release").rglob(name) if path.is_file()]
    if not found:
        raise Refused(f"{name} is not built: tools/build release")
    return str(found[0])


def warn(text):
    print(text, file=sys.stderr, flush=True)
