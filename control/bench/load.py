# SPDX-License-Identifier: Apache-2.0
"""The writes of the measurements: 4 KiB at random places of the device, by fio over NBD."""
from fio_job import measure

DEPTH = 16
SIZE = "512MiB"


def write(node, seconds, iops=None, depth=DEPTH):
    """Returns what fio measured; at most `iops` a second, as fast as they go unless told."""
    job = {"rw": "randwrite", "bs": "4k", "iodepth": depth, "size": SIZE, "time_based": 1, "runtime": seconds}
    if iops:
        job["rate_iops"] = int(iops)
    return measure({"ioengine": "nbd", "uri": node.uri}, job, node.processor_seconds)
