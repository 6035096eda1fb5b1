# SPDX-License-Identifier: GPL-2.0
"""What the tests of brickd share: the process, and a client that speaks the control channel over its socket."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

BRICKD = os.environ["BRICKD"]
BRICKCTL = os.environ["BRICKCTL"]
TIMEOUT_S = 60
MIB = 1 << 20


class Refused(Exception):
    """The reply ended in "error CODE MESSAGE"."""

    def __init__(self, line):
        _, self.code, self.text = (line.split(" ", 2) + [""])[:3]
        super().__init__(line)


class Session:
    """A connection to the control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def reply(self):
        """The pairs of the next reply, in order; raises Refused."""
        pairs = []
        while True:
            line = self.file.readline().decode()
            if not line.endswith("\n"):
                raise EOFError("the connection ended inside a reply: " + repr(pairs))
            line = line[:-1]
            if line == "ok":
                return pairs
            if line.startswith("error "):
                assert not pairs, "an error came behind other lines"
                raise Refused(line)
            key, value = line.split("=", 1)
            pairs.append((key, value))

    def pairs(self, line):
        self.send(line.encode() + b"\n")
        return self.reply()

    def __call__(self, line):
        return dict(self.pairs(line))

    def close(self):
        self.file.close()
        self.socket.close()


class Brickd:
    """The process, in a directory of its own."""

    def __init__(self, *options, directory=None, ready=True):
        self.directory = directory or tempfile.mkdtemp(prefix="brickd")
        self.control = self.path("control")
        self.nbd = self.path("nbd")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.settimeout(TIMEOUT_S)
        notify_path = self.path("notify")
        if os.path.exists(notify_path):
            os.unlink(notify_path)
        self.notify.bind(notify_path)
        self.log = open(self.path("log"), "a+", encoding="utf-8")
        # It ends with the test, however that ends.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", BRICKD, "--control", self.control, "--nbd-unix", self.nbd, *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log, env=dict(os.environ, NOTIFY_SOCKET=notify_path))
        self.sessions = []
        if ready:
            self.wait_notified("READY=1")

    def path(self, name):
        return os.path.join(self.directory, name)

    def make_log(self, name="vol0.log"):
        os.mkdir(self.path(name))
        return self.path(name)

    def wait_notified(self, state):
        """Reads what the service manager is told until it is this."""
        while self.notify.recv(4096).decode() != state:
            pass

    def session(self):
        session = Session(self.control)
        self.sessions.append(session)
        return session

    def printed(self):
        self.log.seek(0)
        return self.log.read()

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(TIMEOUT_S)

    def stop(self):
        """Ends it as a service manager does; returns the exit status."""
        if self.process.poll() is None:
            self.signal()
        return self.wait()

    def leave(self):
        """Closes what belongs to this side."""
        for session in self.sessions:
            session.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.notify.close()
        self.log.close()

    def destroy(self):
        self.leave()
        shutil.rmtree(self.directory)


class BrickdTest(unittest.TestCase):
    """A brickd per test; when a test fails, what brickd said is shown."""

    options = ()

    def setUp(self):
        self.brickd = Brickd(*self.options)
        self.addCleanup(self.end)
        self.control = self.brickd.session()

    def end(self):
        result = self._outcome.result
        if any(test is self for test, _ in result.failures + result.errors):
            sys.stderr.write("---- brickd said:\n" + self.brickd.printed())
        self.brickd.destroy()

    def refused(self, code, line, session=None):
        with self.assertRaises(Refused) as caught:
            (session or self.control)(line)
        self.assertEqual(caught.exception.code, code, line + ": " + caught.exception.text)
        return caught.exception.text

    def create(self, name="vol0", size="16MiB", extra=""):
        directory = self.brickd.make_log(name + ".log")
        self.control(f"create {name} directory={directory} size={size} {extra}")
        return directory

    def create_and_open(self, name="vol0", **what):
        directory = self.create(name, **what)
        self.control(f"open {name} directory={directory}")
        return directory

    def make_primary(self, name="vol0", epoch=1):
        """Opened, with a disk, primary, exported."""
        directory = self.create_and_open(name)
        disk = self.brickd.path(name + ".disk")
        self.control(f"attach {name} disk={disk} create-size=17MiB label=write")
        self.control(f"role {name} primary epoch={epoch}")
        self.control(f"export {name}")
        return directory, disk

    def uri(self, export="vol0"):
        return f"nbd+unix:///{export}?socket={self.brickd.nbd}"


def main():
    """Bounded, whatever hangs."""

    def expired(number, frame):
        raise TimeoutError("the tests took too long")

    signal.signal(signal.SIGALRM, expired)
    signal.alarm(100)
    unittest.main(verbosity=2)
