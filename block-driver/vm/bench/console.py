# SPDX-License-Identifier: GPL-2.0
"""What a machine says: its own lines, the marks of the bench among them, and what its kernel complains about."""

import re

# The machine writes these to its kernel's log, so that no other line can cut them in two.
MARK = re.compile(r"tharsis-vm: (up|begin|end (\d+)|complaint (.*))")

# Whatever a kernel reports as wrong, as it begins the line behind the time.
COMPLAINT = re.compile(r"""(?:^|\]\ ) (?:
    (?:watchdog:\ )? BUG: | WARNING:\ | kernel\ BUG\ at | Oops: | Kernel\ panic | general\ protection\ fault | Unable\ to\ handle
    | INFO:\ (?:task\ \S+\ blocked | rcu\S*\ .*(?:stall|self-detected) | trying\ to\ register | inconsistent\ lock)
    | rcu:\ INFO:.*(?:stall|self-detected) | UBSAN: | refcount_t: | list_(?:add|del)\ corruption | DEBUG_LOCKS_WARN
    | kmemleak:\ [1-9]\d*\ new | Segfault\ with\ no\ mm | Kernel\ mode\ fault )""", re.VERBOSE)

# A complaint is many lines; the first ones tell.
REPORTED_MAX = 20


class Console:
    """Takes lines in order; knows how the scenario ended, and what went wrong while it ran."""

    def __init__(self):
        self.up = False
        self.begun = False
        self.status = None
        self.complaints = []

    def take(self, line):
        mark = MARK.search(line)
        if mark and mark[1] == "up":
            self.up = True
        elif mark and mark[1] == "begin":
            self.begun = True
        elif mark and mark[3] is not None:
            self._complain(mark[3])
        elif mark and self.begun:
            self.status = int(mark[2])
        elif self.begun and COMPLAINT.search(line):
            self._complain(line.strip())

    def _complain(self, text):
        if len(self.complaints) < REPORTED_MAX:
            self.complaints.append(text)
