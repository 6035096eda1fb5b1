# SPDX-License-Identifier: Apache-2.0
"""A cluster of real processes: a witness with ZooKeeper, and nodes a, b, ... with a brickd and a daemon each."""
import json
import os
import signal
import socket
import subprocess
import time

from brickd_testing import Session

START_TIMEOUT_S = 60
RESOURCE = "vol0"


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def wait_until(what, holds, timeout_s=START_TIMEOUT_S):
    end = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"after {timeout_s} s still not: {what}")
        time.sleep(0.01)


class Node:
    """One node's directory and processes."""

    def __init__(self, cluster, name, settings):
        self.cluster = cluster
        self.name = name
        self.directory = os.path.join(cluster.directory, name)
        self.processes = []
        os.mkdir(self.directory)
        settings = {"node": name, "state-directory": self.path("state"), "socket": self.path("tharsis.sock"), **settings}
        with open(self.path("tharsis.conf"), "w", encoding="utf-8") as conf:
            conf.writelines(f"{key} = {value}\n" for key, value in settings.items())

    def path(self, name):
        return os.path.join(self.directory, name)

    @property
    def uri(self):
        return f"nbd+unix:///{RESOURCE}?socket={self.path('nbd.sock')}"

    def start_driver(self):
        self.launch("brickd", [str(self.cluster.native / "brickd"), "--control", self.path("brickd.sock"),
                               "--nbd-unix", self.path("nbd.sock")])

    def start_daemon(self):
        return self.launch("tharsisd", [str(self.cluster.top / "control" / "bin" / "tharsisd"),
                                        "--config", self.path("tharsis.conf")])

    def launch(self, name, command):
        with open(self.path(name + ".log"), "ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def answers(self):
        return subprocess.run(self.command("version"), capture_output=True, check=False).returncode == 0

    def command(self, *words):
        return [str(self.cluster.top / "control" / "bin" / "tharsis"), "--socket", self.path("tharsis.sock"), *words]

    def tharsis(self, *words):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{self.name}: tharsis {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def view(self):
        return json.loads(self.tharsis("view", "--json"))

    def driver(self):
        """A session of the control channel: call it with a line, get the pairs of the reply."""
        return Session(self.path("brickd.sock"))

    def processor_seconds(self):
        """Of all processes of this node, threads that have ended included."""
        total = 0
        for process in self.processes:
            with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def kill(self):
        for process in self.processes:
            process.send_signal(signal.SIGKILL)
            process.wait()


class Cluster:
    """Use it in a with statement: all is gone afterwards."""

    def __init__(self, bench, names=("a", "b"), tls=True):
        self.top = bench.top
        self.native = bench.native
        self.directory = os.path.join(bench.directory, "cluster")
        os.mkdir(self.directory)
        ports = free_ports(len(names) + 2)
        common = {"tls": "yes" if tls else "no"}
        self.witness = Node(self, "witness", {**common, "driver": "none", "listen": f"127.0.0.1:{ports[0]}",
                                              "zookeeper": "embedded", "zookeeper-listen": f"127.0.0.1:{ports[1]}"})
        self.nodes = []
        for name, port in zip(names, ports[2:]):
            node = Node(self, name, {**common, "listen": f"127.0.0.1:{port}"})
            with open(node.path("tharsis.conf"), "a", encoding="utf-8") as conf:
                conf.write(f"driver = {node.path('brickd.sock')}\n")
            self.nodes.append(node)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *failure):
        self.kill()

    def start(self):
        for node in self.nodes:
            node.start_driver()
        for node in [self.witness, *self.nodes]:
            node.start_daemon()
        for node in [self.witness, *self.nodes]:
            wait_until(f"the daemon of {node.name} answers", node.answers)
        self.witness.tharsis("cluster", "create", "bench")
        for node in self.nodes:
            node.tharsis("cluster", "join", self.witness.tharsis("cluster", "token", "-q").strip())

    def create_resource(self, size):
        first, *others = self.nodes
        first.tharsis("create-resource", RESOURCE, "--disk", first.path("disk"), "--create-disk", "--size", size)
        for node in others:
            node.tharsis("join-resource", RESOURCE, "--disk", node.path("disk"), "--create-disk")
        self.wait_caught_up()

    def wait_caught_up(self):
        for node in self.nodes[1:]:
            node.tharsis("wait-resource", RESOURCE, "caught-up", "--timeout", "120s")

    def kill(self):
        for node in [self.witness, *self.nodes]:
            node.kill()
        subprocess.run(["rm", "-rf", self.directory], check=True)
