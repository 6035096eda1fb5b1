# SPDX-License-Identifier: GPL-2.0
"""What was measured, for people (Markdown) and programs (JSON)."""
import statistics

from report import cell, table

OURS = ("aio", "sio")
DRBD = ("drbd", "drbd_a", "drbd_c")
# Level: within the noise of any machine.
AS_FAST = 0.95

HOW = ("One disk for each; ours has log and disk on two partitions of it. Ours is never connected here: protocols A and C of "
       "DRBD are against ours alone. Settings: those of everybody who changes none, but ours may keep 1 GiB of log (in segments "
       "of 64 MiB) for lack of room.")


def ratio(values):
    middle = f"{statistics.median(values):.2f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.2f}–{max(values):.2f})"


class Results:
    """By row and contender, round after round."""

    def __init__(self, rows, titles):
        self.rows = rows
        self.titles = titles
        self.samples = {}
        self.said = []

    def add(self, row, contender, sample):
        self.samples.setdefault((row, contender), []).append(sample)

    def values(self, row, contender, what):
        return [getattr(sample, what) for sample in self.samples.get((row.name, contender), [])]

    def ratios(self, row, ours, other, what):
        """Of the same round each."""
        pairs = zip(self.values(row, ours, what), self.values(row, other, what))
        return [own / others for own, others in pairs if others]

    def rates(self):
        body = [[row.title + (", MiB/s" if row.unit == "mib_per_s" else "")] +
                [cell(self.values(row, name, row.unit)) for name in self.titles] for row in self.rows]
        return table(["IOPS, median (range)", *self.titles.values()], body)

    def against(self, ours):
        others = [name for name in self.titles if name not in OURS]
        body = [[row.title] + [ratio(self.ratios(row, ours, name, row.unit) or [0]) for name in others] for row in self.rows]
        return table([f"{self.titles[ours]} against", *(self.titles[name] for name in others)], body)

    def until_written_back(self):
        """The same, but the time counts until the last byte is on the disk."""
        rows = [row for row in self.rows if "write" in row.name]
        body = [[row.title + (", MiB/s" if row.unit == "mib_per_s" else "")] +
                [cell(self.values(row, name, f"settled_{row.unit}")) for name in self.titles] for row in rows]
        return table(["counted until all is written back", *self.titles.values()], body) if rows else ""

    def processor(self):
        body = [[row.title] + [f"{statistics.median(self.values(row, name, 'processor_us')):.1f}" for name in self.titles]
                for row in self.rows]
        return table(["processor time of all machines until all is written back, fio included, µs a request",
                      *self.titles.values()], body)

    def text(self, is_slow):
        ours = [name for name in OURS if name in self.titles]
        parts = [self.rates(), *(self.against(name) for name in ours), self.until_written_back(), self.processor()]
        return "\n".join(parts + self.aims(is_slow))

    def behind(self, ours, peers, rows):
        """Sentences: of the rows in which the median of ours is less than that of a peer."""
        for row in rows:
            for peer in peers:
                found = self.ratios(row, ours, peer, row.unit)
                if found and statistics.median(found) < AS_FAST:
                    yield f"{row.title}: {ratio(found)} of {self.titles[peer]}"

    def aims(self, is_slow):
        """What was to be reached, and where it was not."""
        reads = [row for row in self.rows if "read" in row.name]
        writes = [row for row in self.rows if row.name.startswith("randwrite") and "flush" not in row.name]
        aims = [("ahead of DRBD, or level within 5 %", DRBD, self.rows), ("reads within 5 % of the raw disk", ("raw",), reads)]
        if is_slow:
            aims.append(("random write ahead of the raw disk", ("raw",), writes))
        lines = []
        for ours in (name for name in OURS if name in self.titles):
            for aim, peers, rows in aims:
                behind = list(self.behind(ours, peers, rows))
                lines.append(f"- {self.titles[ours]}, {aim}: {'missed in ' + '; '.join(behind) if behind else 'met'}")
        return ["\n".join(lines) + "\n"]

    def as_json(self):
        return {"status": self.said, "samples": [
            {"row": row, "contender": contender, "rounds": [vars(sample) for sample in samples]}
            for (row, contender), samples in self.samples.items()]}
