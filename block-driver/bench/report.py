# SPDX-License-Identifier: GPL-2.0
"""Medians, ranges and ratios, for people (Markdown) and programs (JSON)."""
import os
import platform
import statistics


def number(value):
    return f"{value / 1000:.1f} k" if value >= 10000 else f"{value:.0f}"


def cell(values):
    """Median, and the range when there is one."""
    if not values:
        return "–"
    middle = number(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({number(min(values))}–{number(max(values))})"


def machine():
    """What it was measured on."""
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "?")
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} × {model}, Linux {platform.release()}, load when the run began: {load}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


class Results:
    """What was measured, by row and contender, round after round."""

    def __init__(self):
        self.samples = {}  # (row, contender): [Measured]

    def add(self, row, contender, measured):
        self.samples.setdefault((row.name, contender.name), []).append(measured)

    def values(self, row, contender, what):
        found = [getattr(measured, what) for measured in self.samples.get((row.name, contender.name), [])]
        return [value for value in found if value is not None]

    def median(self, row, contender, what):
        values = self.values(row, contender, what)
        return statistics.median(values) if values else None

    def rates(self, rows, contenders):
        body = [[f"{row.title}{', MiB/s' if row.unit == 'mib_per_s' else ''}"] +
                [cell(self.values(row, contender, row.unit)) for contender in contenders] for row in rows]
        return table(["IOPS, median (range)"] + [contender.name for contender in contenders], body)

    def ratios(self, rows, contenders):
        """Each of ours against the fastest of the peers."""
        peers = [contender for contender in contenders if contender.is_peer]
        ours = [contender for contender in contenders if contender.name.startswith("tharsis")]
        body = []
        for row in rows:
            best = max(((self.median(row, peer, row.unit) or 0, peer.name) for peer in peers), default=(0, ""))
            if not best[0]:
                continue
            line = [row.title, f"{best[1]}: {number(best[0])}"]
            for contender in ours:
                own = self.median(row, contender, row.unit)
                line.append(f"{own / best[0]:.2f}" if own else "–")
            body.append(line)
        return table(["against the fastest peer", "which is"] + [contender.name for contender in ours], body)

    def processor(self, rows, contenders):
        servers = [contender for contender in contenders if contender.name != "raw file"]
        body = []
        for row in rows:
            cells = [self.median(row, contender, "processor_us") for contender in servers]
            body.append([row.title] + ["–" if value is None else f"{value:.1f}" for value in cells])
        return table(["processor time of the server, µs a request"] + [contender.name for contender in servers], body)

    def as_json(self):
        return [{"row": row, "contender": contender, "rounds": [vars(measured) for measured in samples]}
                for (row, contender), samples in self.samples.items()]
