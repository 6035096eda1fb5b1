# SPDX-License-Identifier: GPL-2.0
"""ext4 and xfs with a real file tree on the device, carried there as images and mounted on it, and killed under it."""
import os
import random
import stat
import subprocess
import threading

from node import MIB, Loop, NodeTest, main, make_file, run, wait_until

TREE = os.environ.get("TEST_TREE", "/usr/include")
SEED = int(os.environ.get("TEST_SEED", "0")) or int.from_bytes(os.urandom(4), "little")
KILLS = int(os.environ.get("TEST_KILLS", "5"))


def xfs_prototype(tree):
    """mkfs.xfs -p: a file system is made of what this lists."""
    lines = ["/", "0 0", "d--755 0 0"]

    def walk(directory):
        for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
            mode = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode) & 0o777
            if entry.is_symlink():
                lines.append(f"{entry.name} l--777 0 0 {os.readlink(entry.path)}")
            elif entry.is_dir():
                lines.append(f"{entry.name} d--{mode:03o} 0 0")
                walk(entry.path)
                lines.append("$")
            elif entry.is_file():
                lines.append(f"{entry.name} ---{mode:03o} 0 0 {entry.path}")

    walk(tree)
    return "\n".join(lines + ["$", ""])


def check_ext4(device):
    run("e2fsck", "-f", "-n", device)


def check_xfs(device):
    run("xfs_repair", "-n", device)


class Images(NodeTest):
    size_bytes = 384 * MIB

    def image(self):
        return make_file(self.path("image"), self.size_bytes)

    def carry(self, image):
        """Onto the device, through a kill -9, and from the device into a file."""
        run("nbdcopy", "--flush", image, self.node.uri)
        self.node.kill()
        self.node.restart()
        run("nbdcopy", self.node.uri, self.path("back"))
        self.assert_same_start(image, self.path("back"))
        return self.path("back")

    def test_an_ext4_image_comes_back_clean_with_all_its_files(self):
        image = self.image()
        run("mkfs.ext4", "-q", "-F", "-d", TREE, image)
        back = self.carry(image)
        check_ext4(back)
        os.mkdir(self.path("tree"))
        run("debugfs", "-R", f"rdump / {self.path('tree')}", back)
        run("diff", "-r", "--no-dereference", "--exclude=lost+found", TREE, self.path("tree"))

    def test_an_xfs_image_comes_back_clean(self):
        image = self.image()
        with open(self.path("prototype"), "w", encoding="utf-8") as prototype:
            prototype.write(xfs_prototype(TREE))
        run("mkfs.xfs", "-q", "-f", "-p", prototype.name, image)
        check_xfs(self.carry(image))


def kernel_knows(file_system):
    with open("/proc/filesystems", encoding="ascii") as known:
        return f"\t{file_system}\n" in known.read()


class Mounted:
    """The device as a disk of this machine: nbdfuse makes a file of it, losetup a block device."""

    size_bytes = 384 * MIB

    def setUp(self):
        super().setUp()
        self.noise = random.Random(SEED)
        self.fuse = None
        self.loop = None
        self.mounted = False
        self.require_a_machine_that_can()
        os.mkdir(self.path("fuse"))
        os.mkdir(self.path("mount"))
        self.addCleanup(self.disconnect)
        self.connect()
        run(f"mkfs.{self.kind}", "-q", self.loop.device)

    def require_a_machine_that_can(self):
        if not os.path.exists("/dev/fuse") or os.geteuid() or not Loop.works(self.directory):
            self.skipTest("this machine has no FUSE or no loop devices for us")
        if not kernel_knows(self.kind):
            self.skipTest(f"this machine's kernel has no {self.kind}")

    def connect(self):
        self.fuse = subprocess.Popen(["nbdfuse", self.path("fuse"), self.node.uri], stderr=subprocess.DEVNULL)
        file = self.path("fuse/nbd")
        wait_until(lambda: os.path.exists(file) and os.path.getsize(file), "nbdfuse shows the device")
        self.loop = Loop(file, f"--sector-size={self.block_bytes}")

    def disconnect(self):
        """Also when brickd is gone."""
        if self.mounted:
            run("umount", self.path("mount"))
            self.mounted = False
        if self.loop:
            self.loop.detach()
            self.loop = None
        if self.fuse:
            wait_until(self.fuse_is_gone, "nbdfuse ends")
            self.fuse.wait()
            self.fuse = None

    def fuse_is_gone(self):
        """The kernel lets go of a loop device only some time after it was told to."""
        done = subprocess.run(["umount", self.path("fuse")], check=False, stderr=subprocess.DEVNULL)
        return done.returncode == 0

    def mount(self):
        run("mount", self.loop.device, self.path("mount"))
        self.mounted = True

    def check(self):
        """What the device holds, as a file."""
        run("nbdcopy", self.node.uri, self.path("back"))
        self.check_image(self.path("back"))

    def test_a_tree_copied_onto_it_is_there_after_kill_9(self):
        self.mount()
        run("cp", "-a", TREE, self.path("mount/tree"))
        self.disconnect()
        self.node.kill()
        self.node.restart()
        self.check()
        self.connect()
        self.mount()
        run("diff", "-r", "--no-dereference", TREE, self.path("mount/tree"))

    def write_files(self, turn):
        """Writes and syncs one file after the other, until brickd is gone. Returns (name, length) of those synced."""
        synced = []
        try:
            while True:
                name = f"{turn}-{len(synced)}-"
                with open(self.path(f"mount/{name}"), "w", encoding="ascii") as file:
                    file.write(name * self.noise.randrange(1, 20000))
                    length = file.tell()
                    file.flush()
                    os.fsync(file.fileno())
                synced.append((name, length))
        except OSError:
            return synced

    def kill_while_files_are_written(self, turn):
        moment = threading.Timer(self.noise.uniform(0.1, 0.5), self.node.brickd.process.kill)
        moment.start()
        synced = self.write_files(turn)
        moment.join()
        self.disconnect()
        self.node.kill()
        self.node.restart()
        return synced

    def replay_journal(self):
        """Mounting does that, as after any crash."""
        self.connect()
        self.mount()
        self.disconnect()

    def find(self, synced):
        for name, length in synced:
            with open(self.path(f"mount/{name}"), encoding="ascii") as file:
                self.assertTrue(file.read() == name * (length // len(name)), f"{name}, {length} bytes, was synced")

    def test_synced_files_are_there_and_it_is_clean_when_brickd_is_killed_under_it_again_and_again(self):
        print(f"TEST_SEED={SEED}", flush=True)
        synced = []
        for turn in range(KILLS):
            self.mount()
            synced += self.kill_while_files_are_written(turn)
            self.replay_journal()
            self.check()
            self.connect()
        self.mount()
        self.assertGreater(len(synced), 0)
        self.find(synced)


class MountedExt4(Mounted, NodeTest):
    kind = "ext4"
    check_image = staticmethod(check_ext4)


class MountedXfs(Mounted, NodeTest):
    kind = "xfs"
    block_bytes = 512
    check_image = staticmethod(check_xfs)


if __name__ == "__main__":
    main()
