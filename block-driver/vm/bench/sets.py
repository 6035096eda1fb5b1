# SPDX-License-Identifier: GPL-2.0
"""Sets of scenarios: they are run some at a time, and none is lost when another one fails."""

import contextlib
import queue
import re
import subprocess
import threading
import time

from bench.kernels import HERE, TOP, Refused, warn
from bench.scenario import SKIPPED

# More machines would wait for each other's processors.
AT_ONCE = 2
WHY_SKIPPED = re.compile(r"^SKIPPED: (.*)", re.MULTILINE)
SHOWN_LINES = 40


class Run:
    """One line of a set on one kernel."""

    def __init__(self, kernel, words, folder):
        self.kernel = kernel
        self.words = words
        self.name = " ".join(words)
        self.log = folder / f"{kernel}.{'-'.join(words)}.log"
        self.status = None
        self.seconds = 0
        self.why = ""

    def execute(self, children):
        started = time.monotonic()
        with open(self.log, "w") as log:
            child = subprocess.Popen([HERE / "run", self.kernel, *self.words], stdin=subprocess.DEVNULL, stdout=log,
                                     stderr=subprocess.STDOUT)
            children.add(child)
            self.status = child.wait()
            children.discard(child)
        self.seconds = time.monotonic() - started
        if self.status == SKIPPED:
            self.why = (WHY_SKIPPED.findall(self.log.read_text(errors="replace")) or [""])[-1]

    def failed(self):
        return self.status not in (0, SKIPPED)

    def result(self):
        return {0: "passed", SKIPPED: "skipped"}.get(self.status, f"FAILED ({self.status})")

    def __str__(self):
        return f"{self.result():12} {self.seconds:6.0f} s  {self.kernel:14} {self.name}" + (f": {self.why}" if self.why else "")

    def last_lines(self):
        return "".join(self.log.read_text(errors="replace").splitlines(keepends=True)[-SHOWN_LINES:])


def names():
    return sorted(path.name for path in (HERE / "sets").iterdir())


def read(name, wanted, folder):
    """The runs of a set that have all of the words that are wanted, in its order."""
    if name not in names():
        raise Refused(f"no set '{name}': block-driver/vm/run-set --list")
    folder.mkdir(parents=True, exist_ok=True)
    runs = []
    for line in (HERE / "sets" / name).read_text().splitlines():
        words = line.partition("#")[0].split()
        if words:
            runs += [Run(kernel, words[1:], folder) for kernel in words[0].split(",")]
    return [run for run in runs if set(wanted) <= {run.kernel, *run.words}]


class Crew:
    """Runs what it is given as soon as it is given, while the next kernel is still being made."""

    def __init__(self):
        self.waiting = queue.Queue()
        self.children = set()
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(AT_ONCE)]
        for thread in self.threads:
            thread.start()

    def _work(self):
        while (run := self.waiting.get()) is not None:
            run.execute(self.children)
            warn(str(run))
            if run.failed():
                warn(f"---- the end of {run.log}\n{run.last_lines()}----")

    def finish(self):
        for _ in self.threads:
            self.waiting.put(None)
        for thread in self.threads:
            thread.join()

    def give_up(self):
        """Nothing more is begun, and what runs is told to end, once: it cleans up behind itself."""
        with contextlib.suppress(queue.Empty):
            while True:
                self.waiting.get_nowait()
        told = set()
        for thread in self.threads:
            self.waiting.put(None)
        while any(thread.is_alive() for thread in self.threads):
            for child in set(self.children) - told:
                child.terminate()
                told.add(child)
            time.sleep(0.05)


def prepare(kernel):
    """Once, before several machines want it. What fails here is told; the runs on it then fail too."""
    started = time.monotonic()
    made = subprocess.run([HERE / "module", kernel], stdout=subprocess.DEVNULL)
    result = "ready" if made.returncode == 0 else "FAILED"
    warn(f"{result:12} {time.monotonic() - started:6.0f} s  {kernel:14} the kernel and tharsis.ko for it")


def execute(names_wanted, wanted):
    """True: none has failed."""
    folder = TOP / "build/vm"
    runs = [run for name in names_wanted for run in read(name, wanted, folder / name)]
    if not runs:
        raise Refused(f"there is nothing with {' and '.join(wanted)}")
    crew = Crew()
    try:
        for kernel in dict.fromkeys(run.kernel for run in runs):
            prepare(kernel)
            for run in runs:
                if run.kernel == kernel:
                    crew.waiting.put(run)
        crew.finish()
    finally:
        crew.give_up()
    print("\n".join(str(run) for run in runs))
    failed = sum(run.failed() for run in runs)
    print(f"run-set: {len(runs)} runs, {failed} failed, {sum(run.status == SKIPPED for run in runs)} skipped; logs in {folder}")
    return failed == 0
