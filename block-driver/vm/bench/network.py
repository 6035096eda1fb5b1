# SPDX-License-Identifier: GPL-2.0
"""A network of machines, in a network namespace of its own: it needs no root, and nothing of it is seen from outside."""

import subprocess

from bench.kernels import Refused

# One tap for each machine at one bridge; large frames, as machines of one rack have.
MADE = """
ip link add name machines type bridge
ip link set machines mtu 9000 up
for number in $(seq "$1"); do
	ip tuntap add name "tap$number" mode tap
	ip link set "tap$number" mtu 9000 master machines up
done
echo made
exec cat
"""


class Network:
    def __init__(self, machines):
        self.process = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--net", "sh", "-e", "-c", MADE, "network", str(machines)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"made\n":
            self.end()
            raise Refused("no network can be made for machines: that needs user namespaces, bridges and /dev/net/tun")

    def prefix(self):
        """What a command begins with that runs in it."""
        return ["nsenter", f"--target={self.process.pid}", "--user", "--net", "--preserve-credentials"]

    def arguments(self, kernel, number):
        """Of the machine that is the n-th of it, from 1."""
        if kernel.is_uml:
            return [f"vec0:transport=tap,ifname=tap{number},mtu=9000,depth=128,gro=1"]
        return ["-netdev", f"tap,id=network,ifname=tap{number},script=no,downscript=no",
                "-device", f"virtio-net-pci,netdev=network,mac=52:54:00:00:00:{number:02x}"]

    def end(self):
        """It vanishes with the last machine that is in it."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
