# SPDX-License-Identifier: GPL-2.0
"""The power is cut at random moments while numbers and files are written to disks of brickd.

    ublk-power-cut [ROUNDS [SEED [sio|aio [ext4|xfs]]]]     8 rounds, sio, and ext4 under the logs unless told
"""

from bench.sudden import Lives, Options


def run(kernel, arguments, show):
    return Lives(kernel, Options(arguments), False, show, driver="ublk").run()
