# SPDX-License-Identifier: GPL-2.0
"""What the tests with real clients share: a node, which is a brickd with one replica, on a real file system."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from brickd_testing import MIB, TIMEOUT_S, Brickd

# A file system with O_DIRECT; /tmp often has none.
PLACE = os.environ.get("THARSIS_TEST_DIRECTORY", "/var/tmp")
# A ctest test is one file with one of these.
IO = os.environ.get("TEST_IO", "aio")
DIRECT = os.environ.get("TEST_DIRECT", "yes")
DISK = os.environ.get("TEST_DISK", "file")

# More of what brickd said would hide why the test failed from whoever sees only a part of a long report.
SAID_LINES_MAX = 40

# What ctest takes for "could not run here".
SKIPPED = 77


def run(*arguments, timeout=TIMEOUT_S, **settings):
    """What a command prints. When it fails, all of that is in the error."""
    done = subprocess.run([str(argument) for argument in arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, text=True, errors="replace", timeout=timeout, check=False,
                          **settings)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, arguments))}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def wait_until(condition, what, deadline_s=TIMEOUT_S):
    """Asks again and again; the pause only leaves the processor to others."""
    end = time.monotonic() + deadline_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"after {deadline_s} s still not: {what}")
        time.sleep(0.002)


def make_file(path, size_bytes):
    with open(path, "wb") as file:
        file.truncate(size_bytes)
    return path


class Loop:
    """A file as a block device; needs root and a kernel with loop devices."""

    def __init__(self, path, *options):
        self.device = run("losetup", "--find", "--show", *options, path).strip()

    @staticmethod
    def works(directory):
        try:
            Loop(make_file(os.path.join(directory, "probe"), MIB)).detach()
        except (AssertionError, FileNotFoundError):
            return False
        return True

    def detach(self):
        run("losetup", "--detach", self.device)


class Node:
    """The replica's log and disk stay when brickd is killed and started again."""

    def __init__(self, directory, size_bytes, io=IO, direct=DIRECT, disk=None, options=()):
        self.directory = directory
        self.size_bytes = size_bytes
        self.log = os.path.join(directory, "vol0.log")
        self.disk = disk or make_file(os.path.join(directory, "disk"), size_bytes + MIB)
        self.log_how = self.disk_how = f"io={io} direct={direct}"
        self.options = options
        self.tuning = ""
        self.epoch = 0
        self.brickd = None
        self.control = None

    @property
    def uri(self):
        return f"nbd+unix:///vol0?socket={self.brickd.nbd}"

    def start(self):
        self.brickd = Brickd(*self.options, directory=self.directory)
        self.control = self.brickd.session()

    def create(self, block_bytes):
        self.start()
        os.mkdir(self.log)
        self.control(f"create vol0 directory={self.log} size={self.size_bytes} block={block_bytes} {self.log_how}")
        self.serve("label=write")

    def serve(self, label=""):
        """Opens the replica with its disk, and makes it the primary of a new epoch, for clients."""
        self.control(f"open vol0 directory={self.log} {self.log_how}")
        if self.tuning:
            self.control(f"tune vol0 {self.tuning}")
        self.control(f"attach vol0 disk={self.disk} {label} {self.disk_how}")
        self.epoch += 1
        self.control(f"role vol0 primary epoch={self.epoch}")
        self.control("export vol0")

    def kill(self):
        self.brickd.process.kill()
        self.brickd.wait()
        self.brickd.leave()

    def restart(self):
        self.start()
        self.serve()

    def stop(self):
        """As a service manager does: all is written back."""
        status = self.brickd.stop()
        said = self.brickd.printed()
        self.brickd.leave()
        if status:
            raise AssertionError(f"brickd ended with {status}:\n{said}")

    def status(self, key):
        return self.control("status vol0")[key]


class NodeTest(unittest.TestCase):
    """A node in a directory of its own for each test. What brickd said last is shown when a test fails."""

    size_bytes = 256 * MIB
    block_bytes = 4096
    options = ()
    tuning = ""

    def run(self, result=None):
        self.said = ""
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            print("---- brickd said last:\n" + "\n".join(self.said.splitlines()[-SAID_LINES_MAX:]), flush=True)
        return result

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="tharsis-", dir=PLACE)
        self.addCleanup(shutil.rmtree, self.directory)
        disk = None
        if DISK == "loop":
            disk = self.make_loop(make_file(self.path("backing"), self.size_bytes + MIB), "--direct-io=on")
        self.node = Node(self.directory, self.size_bytes, disk=disk, options=self.options)
        self.node.tuning = self.tuning
        self.addCleanup(self.end)
        self.node.create(self.block_bytes)

    def end(self):
        brickd = self.node.brickd
        if brickd and brickd.process.poll() is None:
            self.said = brickd.printed()
            self.node.kill()

    def make_loop(self, path, *options):
        if not Loop.works(self.directory):
            self.skipTest("this machine has no loop devices for us")
        loop = Loop(path, *options)
        self.addCleanup(loop.detach)
        return loop.device

    def path(self, name):
        return os.path.join(self.directory, name)

    def assert_same_start(self, expected, path):
        """The file or device begins with all that is in the expected file."""
        run("cmp", "--bytes", os.path.getsize(expected), expected, path)


def main():
    """Whatever hangs, the test ends in time, and what it has made is taken away."""

    def late(number, frame):
        raise AssertionError("the test takes too long")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(int(os.environ.get("TEST_SECONDS", "110")))
    outcome = unittest.main(verbosity=2, exit=False).result
    if not outcome.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if outcome.skipped and len(outcome.skipped) == outcome.testsRun else 0)
