# SPDX-License-Identifier: GPL-2.0
"""Nodes of a cluster in one network: machines with the kernel driver, and processes of this one with brickd."""

import contextlib
import re
import signal
import subprocess
import time

from bench.kernels import HERE, TOP, Refused, program
from bench.machine import BOOT_SECONDS, Machine
from bench.scenario import MACHINE_DIED, TOO_SLOW, Needs, copy_image, judge, make_disk, make_initramfs

COMMAND_SECONDS = 300
ANSWERED = re.compile(r"node: (\d+)")
ACKNOWLEDGED = re.compile(r"\backnowledged=(\d+)")
TOKEN = re.compile(r"^tharsis-\S+$", re.MULTILINE)
FOUND = re.compile(r"^found=(\d+)", re.MULTILINE)
# Numbered blocks are written in a ring at the begin of the device.
RING_BLOCKS = 8192
RING_SIZE = f"--size={RING_BLOCKS * 4}KiB"
# Writes a second, where nothing else slows them: all nodes share the processors of this machine.
RATE = 500
NUMBERED_WRITER = TOP / "tools/numbered-writer"
# Where this machine is in the network, behind all others.
HOST_NUMBER = 254


class Failed(Exception):
    """Something that must hold did not. `status`: with which the scenario ends."""

    def __init__(self, why, status=1):
        super().__init__(why)
        self.status = status


def address(number):
    return f"10.0.0.{number}"


def told(pattern, text):
    found = pattern.findall(text)
    if not found:
        raise Failed(f"there is no '{pattern.pattern}' in what was said: {text}")
    return found[-1]


def daemon_files():
    """The Java side as it is built, by its places in a machine."""
    control = TOP / "control"
    jars = [*control.glob("target/tharsis-control-*.jar"), *control.glob("target/lib/*.jar")]
    if len(jars) < 2:
        raise Refused("the Java side is not built: mvn -DskipTests package")
    return [(f"tharsis/{path.relative_to(control)}", path) for path in [*(control / "bin").iterdir(), *jars]]


class Node:
    """Its daemon is told what to do by tharsis(); begin_writing() and so on are about its device."""

    def __init__(self, name, number, folder):
        self.name = name
        self.number = number
        self.folder = folder / name
        self.folder.mkdir()

    def write_configuration(self, **keys):
        path = self.folder / "tharsis.conf"
        keys |= {"node": self.name, "advertise": f"{address(self.number)}:7440"}
        path.write_text("".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items()))
        return path

    def token(self):
        """With which another node can enter the cluster."""
        return told(TOKEN, self.tharsis("cluster", "token", "--quiet"))

    def status(self):
        """Of the driver: its keys."""
        return dict(line.split("=", 1) for line in self.ctl("status", "vol0").splitlines() if "=" in line)


class HostNode(Node):
    """brickd, whose devices are for NBD clients."""

    def __init__(self, name, folder, network):
        super().__init__(name, HOST_NUMBER, folder)
        self.network = network
        self.disk = self.folder / "disk"
        self.place_of_disk = ["--disk", self.disk, "--create-disk"]
        self.device = f"nbd+unix:///vol0?socket={self.folder}/nbd.sock"
        self.processes = []
        self.writer = None

    def start(self):
        configuration = self.write_configuration(
            listen=f"{address(self.number)}:7440", state_directory=self.folder / "state", socket=self.folder / "tharsis.sock",
            driver=self.folder / "brickd.sock")
        self._in_network("ip", "link", "set", "lo", "up")
        self._in_network("ip", "address", "add", f"{address(self.number)}/24", "dev", "machines")
        self._launch(program("brickd"), "--control", self.folder / "brickd.sock", "--nbd-unix", self.folder / "nbd.sock")
        self._launch(TOP / "control/bin/tharsisd", "--config", configuration)

    def _in_network(self, *command):
        subprocess.run([*self.network.prefix(), *command], check=True)

    def _launch(self, *command):
        # What they log is shown with all the rest.
        whole = [*self.network.prefix(), "setpriv", "--pdeathsig", "KILL", *command]
        self.processes.append(subprocess.Popen(whole, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT))

    def wait_ready(self):
        deadline = time.monotonic() + COMMAND_SECONDS
        while not (self.folder / "tharsis.sock").exists():
            if time.monotonic() > deadline or any(process.poll() is not None for process in self.processes):
                raise Failed(f"{self.name} does not start")
            time.sleep(0.05)

    def _run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS)
        if done.returncode != 0:
            raise Failed(f"{self.name}: {command}: status {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def tharsis(self, *words):
        return self._run(TOP / "control/bin/tharsis", *words, "--socket", self.folder / "tharsis.sock")

    def ctl(self, *words):
        return self._run(program("brickctl"), "--control", self.folder / "brickd.sock", *words)

    def check(self, promised):
        return int(told(FOUND, self._run(NUMBERED_WRITER, "check", RING_SIZE, f"--at-least={promised}", self.device)))

    def begin_writing(self, above):
        self.writer = subprocess.Popen(
            [NUMBERED_WRITER, "write", RING_SIZE, f"--rate={RATE}", f"--above={above}", self.device],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def turned_away(self):
        with contextlib.closing(self.writer.stdout) as lines:
            said = next((line for line in lines if " disconnected " in line), "")
        self._end_writer()
        return int(told(ACKNOWLEDGED, said))

    def _end_writer(self):
        if self.writer is not None:
            self.writer.kill()
            self.writer.wait()

    def leave(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            if process.wait(COMMAND_SECONDS) not in (0, 143):
                raise Failed(f"{self.name}: {process.args} ended with status {process.returncode}")

    def end(self):
        self._end_writer()
        for process in self.processes:
            process.kill()
            process.wait()


class MachineNode(Node):
    """A machine with the kernel driver. It is told what to do over its console, by guest/node.sh."""

    def __init__(self, name, number, folder, network, kernel, show):
        super().__init__(name, number, folder)
        self.network = network
        self.kernel = kernel
        self.show = show
        self.disk = self.folder / "disk2"
        self.place_of_disk = ["--disk", "$(disk 2)"]
        self.machine = None

    def start(self):
        script = HERE / "guest/node.sh"
        needs = Needs(script)
        files = [*daemon_files(), ("tharsis/tharsis.conf", self.write_configuration(driver="/dev/tharsis-control"))]
        disks = [make_disk(self.folder / f"disk{number}", size) for number, size in enumerate(needs.disks, 1)]
        disks += [copy_image(self.folder / name, name) for name in needs.images]
        archive = make_initramfs(self.folder, self.kernel, script, needs, [self.name, str(self.number)], files)
        self.machine = Machine(
            self.kernel, self.folder, archive, disks, needs.memory_mib, console_input=subprocess.PIPE,
            extra=self.network.arguments(self.kernel, self.number), prefix=self.network.prefix())
        self.lines = self.machine.lines(BOOT_SECONDS + needs.seconds * self.kernel.slowness())

    def wait_ready(self):
        self._answer("start")

    def _answer(self, command):
        """What it says until it has carried out the command; its kernel and its daemon may say something in between."""
        said = []
        for line in self._lines():
            answered = ANSWERED.fullmatch(line)
            if answered and answered[1] != "0":
                raise Failed(f"{self.name}: {command}: status {answered[1]}")
            if answered:
                return "\n".join(said)
            said.append(line)
        status, why = judge(self.machine.console)
        raise Failed(f"{self.name}: {command}: {why or 'it has gone'}", status or MACHINE_DIED)

    def _lines(self):
        try:
            for line in self.lines:
                self.show(f"{self.name}: {line}")
                yield line
        except TimeoutError as error:
            raise Failed(f"{self.name}: {error}", TOO_SLOW) from error

    def _tell(self, command):
        self.show(f"{self.name}$ {command}")
        self.machine.process.stdin.write(command.encode() + b"\n")
        self.machine.process.stdin.flush()

    def run(self, command):
        self._tell(command)
        return self._answer(command)

    def tharsis(self, *words):
        return self.run("tharsis " + " ".join(words))

    def ctl(self, *words):
        return self.run("ctl " + " ".join(words))

    def check(self, promised):
        return int(told(FOUND, self.run(f'ring_writer check "$(device vol0)" {RING_BLOCKS} {promised}')))

    def begin_writing(self, above):
        self.run(f"writing {RING_BLOCKS} {above}")

    def turned_away(self):
        return int(told(ACKNOWLEDGED, self.run("turned_away")))

    def leave(self):
        self._tell("leave")
        for _ in self._lines():
            pass
        self.machine.end()
        status, why = judge(self.machine.console)
        if status != 0:
            raise Failed(f"{self.name}: {why or 'it does not end well'}", status)

    def end(self):
        if self.machine is not None:
            self.machine.end()
