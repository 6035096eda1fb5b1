# SPDX-License-Identifier: GPL-2.0
"""The first and only file system of a machine: Debian's tools with their libraries, and what a scenario needs."""

import os
import pathlib
import re
import shutil
import stat
import subprocess

# Programs of this machine that are taken along; their libraries follow.
TOOLS = """
    dash busybox cmp blkdiscard blockdev losetup lsblk mke2fs e2fsck debugfs dumpe2fs resize2fs mkfs.xfs xfs_repair xfs_io
    xfs_growfs dmsetup sfdisk
""".split()
ALIASES = {"usr/bin/sh": "dash", "usr/sbin/mkfs.ext4": "mke2fs", "usr/sbin/fsck.ext4": "e2fsck"}
MERGED = ("bin", "sbin", "lib", "lib64")


class Archive:
    """A cpio archive in the kernel's format (newc), of root's files."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.number = 0
        self.folders = set()

    def _entry(self, name, mode, data=b""):
        self.number += 1
        encoded = name.encode() + b"\0"
        fields = (self.number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        self.file.write(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded)
        self._pad()
        self.file.write(data)
        self._pad()

    def _pad(self):
        self.file.write(bytes(-self.file.tell() % 4))

    def folder(self, name):
        if name and name not in self.folders:
            self.folder(os.path.dirname(name))
            self.folders.add(name)
            self._entry(name, stat.S_IFDIR | 0o755)

    def link(self, name, target):
        self.folder(os.path.dirname(name))
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def put(self, name, data, mode=0o644):
        self.folder(os.path.dirname(name))
        self._entry(name, stat.S_IFREG | mode, data)

    def copy(self, name, path):
        mode = 0o755 if os.access(path, os.X_OK) else 0o644
        self.put(name, pathlib.Path(path).read_bytes(), mode)

    def close(self):
        self._entry("TRAILER!!!", 0)
        self.file.close()


def libraries(program):
    """Paths of the shared libraries that a program loads, with the loader; none when it is static."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True)
    return re.findall(r"(/\S+) \(0x", listed.stdout)


def put_programs(archive, paths):
    """Each where it is here, or in /usr/bin when it is not Debian's; returns their places by name."""
    places = {}
    needed = set()
    for path in paths:
        name = os.path.basename(path)
        folder = os.path.realpath(os.path.dirname(path)).lstrip("/")
        places[name] = f"{folder}/{name}" if folder.startswith("usr/") else f"usr/bin/{name}"
        archive.copy(places[name], path)
        needed.update(libraries(path))
    for library in sorted(needed):
        folder = os.path.realpath(os.path.dirname(library)).lstrip("/")
        archive.copy(f"{folder}/{os.path.basename(library)}", library)
    return places


def tool_path(name):
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        raise FileNotFoundError(f"{name} is not installed: tools/install-packages")
    return path


def write(path, programs, files, modules):
    """`programs`: paths of more programs; `files`: (name in the machine, path here); `modules`: paths in loading order."""
    archive = Archive(path)
    for name in MERGED:
        archive.link(name, f"usr/{name}")
    places = put_programs(archive, [tool_path(name) for name in TOOLS] + list(programs))
    for alias, name in ALIASES.items():
        archive.link(alias, "/" + places[name])
    for name in ("proc", "sys", "dev", "tmp", "run", "mnt", "root", "busybox"):
        archive.folder(name)
    archive.put("etc/mke2fs.conf", pathlib.Path("/etc/mke2fs.conf").read_bytes())
    archive.put("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")
    archive.put("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    archive.link("etc/mtab", "/proc/self/mounts")
    for name, source in files:
        archive.copy(name, source)
    for module in modules:
        archive.copy(f"bench/modules/{os.path.basename(module)}", module)
    archive.put("bench/modules/order", "".join(os.path.basename(module) + "\n" for module in modules).encode())
    archive.close()
