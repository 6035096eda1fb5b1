# SPDX-License-Identifier: GPL-2.0
"""Machines that end suddenly, again and again, on the same disks: whatever one has promised, the next one must find."""

import random
import re
import time

from bench.kernels import HERE, Refused, warn
from bench.machine import BOOT_SECONDS, Machine
from bench.power import Power, VolatileDisk
from bench.scenario import MACHINE_DIED, TOO_SLOW, Needs, make_disk, make_initramfs, work_folder

ROUNDS = 8
PROMISE = re.compile(r"(flushed|kept)=(\d+)$")
CHECKED = "-- checked"
PANICKED = "Kernel panic - not syncing: sysrq triggered crash"
# Slower is no failure, but more than that is no life.
LIFE_SECONDS = 60


class Options:
    """Of a command line: [ROUNDS [SEED [IO [KIND]]]]. The seed 'any' is drawn."""

    def __init__(self, words):
        words = list(words) + [""] * 4
        self.rounds = int(words[0] or ROUNDS)
        self.seed = random.randrange(1, 1 << 31) if words[1] in ("", "any") else int(words[1])
        self.io = words[2] or "sio"
        self.kind = words[3] or "ext4"


class Lives:
    """`panics`: the kernel of each machine is made to panic, and no disk loses anything; else the power is cut, and disks
    lose what was not flushed. `driver`: kernel, or ublk: brickd's disks."""

    def __init__(self, kernel, options, panics, show, driver="kernel"):
        if kernel.is_uml and not panics:
            raise Refused("disks with a volatile cache need QEMU")
        self.kernel = kernel
        self.options = options
        self.panics = panics
        self.show = show
        self.chance = random.Random(options.seed)
        self.script = HERE / "guest/sudden-end.sh"
        self.needs = Needs(self.script)
        self.needs.modules.append("tharsis" if driver == "kernel" else "ublk_drv")
        self.driver = driver
        self.promised = {"flushed": 0, "kept": 0}

    def run(self):
        """The exit status."""
        warn(f"run: seed {self.options.seed}")
        with work_folder() as folder:
            media = [make_disk(folder / f"disk{number}", size) for number, size in enumerate(self.needs.disks, 1)]
            seed = self.options.seed
            power = Power([VolatileDisk(medium, seed + number) for number, medium in enumerate(media)], not self.panics)
            for number in range(1, self.options.rounds + 1):
                status = self._round(folder, power, number)
                if status != 0:
                    return status
        return 0

    def _round(self, folder, power, number):
        # A moment after all was checked; sometimes so early that the file system has hardly begun.
        wait_s = self.chance.choice((0.2, 1, 4)) * self.chance.random() * self.kernel.slowness() / 4
        words = [str(number), str(self.promised["flushed"]), str(self.promised["kept"]), self.options.io, self.options.kind,
                 f"{wait_s:.2f}" if self.panics else "never", self.driver]
        archive = make_initramfs(folder, self.kernel, self.script, self.needs, words)
        machine = power.switch_on(
            lambda disks: Machine(self.kernel, folder, archive, disks, self.needs.memory_mib))
        try:
            checked = self._live(machine, wait_s)
        except TimeoutError as error:
            warn(f"run: round {number}: {error}")
            return TOO_SLOW
        finally:
            power.cut()
        complaints = [text for text in machine.console.complaints if not (self.panics and PANICKED in text)]
        if checked and not complaints:
            warn(f"run: round {number}: ended {wait_s:.2f} s after the check, {self.promised['flushed']} numbers flushed, "
                 f"{self.promised['kept']} files kept")
            return 0
        warn(f"run: round {number} of seed {self.options.seed} failed" + "".join(f"\n  {text}" for text in complaints))
        return machine.console.status or MACHINE_DIED

    def _live(self, machine, wait_s):
        """Notes what is promised. True: what had been promised was there, and the machine lived on until its time."""
        cut_at = None
        for line in machine.lines(BOOT_SECONDS + LIFE_SECONDS * self.kernel.slowness()):
            promise = PROMISE.match(line)
            if promise:
                self.promised[promise[1]] = int(promise[2])
            else:
                self.show(line)
            if line == CHECKED:
                cut_at = time.monotonic() + wait_s
            # User-mode Linux does not always end by itself then.
            if self.panics and PANICKED in line:
                return cut_at is not None
            if cut_at is not None and not self.panics and time.monotonic() > cut_at:
                return True
        return False
