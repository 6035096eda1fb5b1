# SPDX-License-Identifier: GPL-2.0
"""One run of fio, and what it measured."""
import json
import subprocess


class Measured:
    """Rates of one run, and what the server's processor time was."""

    def __init__(self, iops, mib_per_s, latency_median_us, processor_us):
        self.iops = iops
        self.mib_per_s = mib_per_s
        self.latency_median_us = latency_median_us
        self.processor_us = processor_us  # a request, of the server; None when there is none


def run_fio(place, job, timeout_s=120):
    """place: where (engine and target), job: what; both dicts of fio's options. Returns fio's own account of the job."""
    options = {"name": "bench", "thread": 1, **place, **job}
    words = ["fio", "--output-format=json"] + [f"--{key}={value}" for key, value in options.items()]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}\n{done.stdout}{done.stderr}")
    # The nbd engine greets on standard output.
    account = json.loads(done.stdout[done.stdout.index("{"):])["jobs"][0]
    if account["error"]:
        raise RuntimeError(f"{' '.join(words)}: error {account['error']}")
    return account


def measure(place, job, processor_seconds):
    before = processor_seconds()
    account = run_fio(place, job)
    after = processor_seconds()
    side = max(account["read"], account["write"], key=lambda part: part["total_ios"])
    processor_us = None
    if before is not None and side["total_ios"]:
        processor_us = (after - before) * 1e6 / side["total_ios"]
    return Measured(side["iops"], side["bw_bytes"] / (1 << 20),
                    side["clat_ns"]["percentile"]["50.000000"] / 1e3, processor_us)
