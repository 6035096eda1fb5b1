# SPDX-License-Identifier: GPL-2.0
"""The power is cut at random moments while numbers and files are written, and disks lose what was not flushed.

    power-cut [ROUNDS [SEED [sio|aio]]]     8 rounds unless told
"""

import random
import re
import time

from bench.kernels import HERE, Refused, warn
from bench.machine import BOOT_SECONDS, Machine
from bench.power import Power, VolatileDisk
from bench.scenario import Needs, judge, make_disk, make_initramfs, work_folder

ROUNDS = 8
PROMISE = re.compile(r"(flushed|kept)=(\d+)\s*$")
CHECKED = "-- checked"


def live(machine, seconds, wait_s, promised, show):
    """Follows one machine until it is time to cut; what it promises is noted. True: it was checked, and all was there."""
    cut_at = None
    for line in machine.lines(seconds):
        promise = PROMISE.match(line)
        if promise:
            promised[promise[1]] = int(promise[2])
        else:
            show(line)
        if line == CHECKED:
            cut_at = time.monotonic() + wait_s
        if cut_at is not None and time.monotonic() > cut_at:
            return True
    return False


def run(kernel, arguments, show):
    if kernel.is_uml:
        raise Refused("disks with a volatile cache need QEMU")
    rounds = int(arguments[0]) if arguments else ROUNDS
    seed = int(arguments[1]) if len(arguments) > 1 else random.randrange(1, 1 << 31)
    io = arguments[2] if len(arguments) > 2 else "sio"
    warn(f"run: seed {seed}")
    chance = random.Random(seed)
    script = HERE / "guest/power-cut.sh"
    needs = Needs(script)
    promised = {"flushed": 0, "kept": 0}
    with work_folder() as folder:
        power = Power([VolatileDisk(make_disk(folder / f"disk{number}", size), seed + number)
                       for number, size in enumerate(needs.disks, 1)])
        for number in range(1, rounds + 1):
            archive = make_initramfs(
                folder, kernel, script, needs, [str(number), str(promised["flushed"]), str(promised["kept"]), io])
            machine = power.switch_on(lambda disks: Machine(kernel, folder, archive, disks, needs.memory_mib))
            # A moment after all was checked; sometimes so early that the file system has hardly begun.
            wait_s = chance.choice((0.2, 1, 4)) * chance.random() * kernel.slowness() / 4
            try:
                survived = live(machine, BOOT_SECONDS + needs.seconds * kernel.slowness(), wait_s, promised, show)
            except TimeoutError as error:
                warn(f"run: round {number}: {error}")
                return 124
            finally:
                power.cut()
            status, why = judge(machine.console)
            if not survived or machine.console.complaints:
                warn(f"run: round {number} of seed {seed}: {why or 'what was promised is not there'}")
                return status or 1
            warn(f"run: round {number}: power cut {wait_s:.2f} s after the check, {promised['flushed']} numbers flushed, "
                 f"{promised['kept']} files kept")
    return 0
