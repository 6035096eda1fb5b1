# SPDX-License-Identifier: GPL-2.0
"""Instructions that the engine needs for a write of 4 KiB, counted by callgrind: the same on any busy machine."""
import os
import re
import subprocess

from report import table

DEPTHS = (1, 16, 64)
WRITES = 6400
# Copies by vector instructions: those that repeat themselves count once for each byte here, and once in a processor.
NO_REPEATING = "glibc.cpu.x86_rep_movsb_threshold=0x40000000:glibc.cpu.x86_rep_stosb_threshold=0x40000000"
OURS = re.compile(r"/block-driver/engine/(?!tests/)|/brick-framework/(src|include|port/user/(checksum|lock|memory)_user)")
TREE = re.compile(r"/(block-driver|brick-framework)/")


class Profile:
    """A file of callgrind's: who spent how much, and in calls of whom."""

    def __init__(self, path):
        self.own = {}  # function: instructions of its own
        self.calls = {}  # (function, called): instructions in the calls
        self.files = {}  # function: source file
        self.names = {}
        with open(path, encoding="utf-8", errors="replace") as file:
            self._read(file)

    def _name(self, kind, text):
        """Names are written out once, and are numbers from then on."""
        number, name = re.match(r"\((\d+)\)(?: (.*))?", text).groups()
        if name:
            self.names[kind, number] = name
        return self.names[kind, number]

    def _read(self, lines):
        function = called = called_file = file = None
        for line in lines:
            key, _, value = line.rstrip("\n").partition("=")
            if key == "fl":
                file = self._name("file", value)
            elif key in ("fi", "fe"):
                self._name("file", value)
            elif key == "fn":
                function = self._name("function", value)
                self.files[function] = file
            elif key in ("cfi", "cfl"):
                called_file = self._name("file", value)
            elif key == "cfn":
                called = self._name("function", value)
                self.files.setdefault(called, called_file or file)
                called_file = None
            elif key == "ob":
                self._name("object", value)
            elif key == "cob":
                self._name("object", value)
            elif key == "calls":
                self._add_call(function, called, next(lines))
            elif re.match(r"[0-9+*-]", line):
                self.own[function] = self.own.get(function, 0) + int(line.split()[1])

    def _add_call(self, function, called, cost):
        pair = (function, called)
        self.calls[pair] = self.calls.get(pair, 0) + int(cost.split()[1])

    def is_ours(self, function):
        return bool(OURS.search(self.files.get(function) or ""))

    def parts(self):
        """By source file: what our functions do themselves, and what libraries (copies, checksums) do for them."""
        parts = {}
        for function, cost in self.own.items():
            if self.is_ours(function):
                part = os.path.basename(self.files[function])
                parts[part] = parts.get(part, 0) + cost
        for (function, called), cost in self.calls.items():
            if self.is_ours(function) and not TREE.search(self.files.get(called) or ""):
                part = re.sub(r"^__|_avx.*|_sse.*|_evex.*|'.*", "", called)
                part = "checksums" if "0x" in part or "XXH" in part or "crc" in part else part
                parts[part] = parts.get(part, 0) + cost
        return parts


def count(bench, depth):
    path = os.path.join(bench.directory, "callgrind")
    subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={path}", "--toggle-collect=write_all",
                    bench.programs / "engine_instructions", str(depth), str(WRITES)], check=True, capture_output=True,
                   env=dict(os.environ, GLIBC_TUNABLES=NO_REPEATING))
    parts = Profile(path).parts()
    os.unlink(path)
    return {part: cost / WRITES for part, cost in sorted(parts.items(), key=lambda item: -item[1])}


def run(bench):
    found = {depth: count(bench, depth) for depth in DEPTHS}
    order = sorted({part for parts in found.values() for part in parts}, key=lambda part: -found[DEPTHS[0]].get(part, 0))
    body = [["**all**"] + [f"**{sum(found[depth].values()):.0f}**" for depth in DEPTHS]]
    body += [[part] + [f"{found[depth].get(part, 0):.0f}" for depth in DEPTHS] for part in order
             if found[DEPTHS[0]].get(part, 0) >= 10]
    return table(["instructions a write of 4 KiB"] + [f"QD {depth}" for depth in DEPTHS], body), found
