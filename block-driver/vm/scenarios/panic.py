# SPDX-License-Identifier: GPL-2.0
"""The kernel panics at random moments while numbers and files are written.

    panic [ROUNDS [SEED|any [sio|aio [ext4|xfs]]]]     8 rounds, sio, and ext4 under the logs unless told
"""

from bench.sudden import Lives, Options


def run(kernel, arguments, show):
    return Lives(kernel, Options(arguments), True, show).run()
