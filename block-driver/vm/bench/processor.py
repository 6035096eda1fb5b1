# SPDX-License-Identifier: GPL-2.0
"""A processor for each user-mode Linux.

Its kernel and the processes in it are processes of this machine that take turns, at each system call and each page fault. On different
processors one must be woken from its idle state each time, and in a virtual machine that takes several times as long as the turn itself."""

import contextlib
import os
import socket


@contextlib.contextmanager
def own():
    """Yields words to put before a command, which keep it on a processor that nobody else has from here, and descriptors: a process
    that inherits them has that processor until it ends. Both are empty when all are taken."""
    for number in sorted(os.sched_getaffinity(0)):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taken:
            try:
                # An abstract name: it is free again when its last owner has gone, however that came about.
                taken.bind(f"\0tharsis-vm-processor-{number}")
            except OSError:
                continue
            yield ["taskset", "--cpu-list", str(number)], [taken.fileno()]
            return
    yield [], []
