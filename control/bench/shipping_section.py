# SPDX-License-Identifier: Apache-2.0
"""How fast existing segments are shipped, against a plain copy of the same files over the same sockets, by ShipBench."""
import statistics
import subprocess

from report import table

LOG_MIB = 1024
NAMES = {("COPY", "false"): "plain copy", ("SHIP", "false"): "shipping", ("COPY", "true"): "plain copy, TLS",
         ("SHIP", "true"): "shipping, TLS"}


def pairs(line):
    return dict(word.split("=", 1) for word in line.split())


def samples(bench):
    """By way and TLS: MiB/s and CPU seconds per GiB, of each round. Round 0 warms up."""
    java = bench.top / "replication" / "target"
    command = ["java", "-cp", f"{java}/test-classes:{java}/classes:{bench.top}/control/target/lib/*:{test_libraries(bench)}",
               "org.tharsis.replication.fetch.ShipBench", bench.directory, str(LOG_MIB), str(bench.rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = {name: [] for name in NAMES}
    for line in done.stdout.splitlines():
        fields = pairs(line)
        if fields.get("round", "0") != "0":
            found[fields["way"], fields["tls"]].append(
                (float(fields["mib-per-second"]), float(fields["cpu-seconds-per-gib"])))
    return found


def test_libraries(bench):
    """BouncyCastle, which makes the certificates, and what else the tests have; named by Maven."""
    done = subprocess.run(
        ["mvn", "--batch-mode", "-q", "-f", str(bench.top / "replication"), "dependency:build-classpath",
         "-DincludeScope=test", "-Dmdep.outputFile=/dev/stdout"], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


def span(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def run(bench):
    found = samples(bench)
    rows = []
    for (way, tls), measured in found.items():
        ratios = [own[0] / copy[0] for own, copy in zip(measured, found["COPY", tls])]
        rows.append([NAMES[way, tls], span([one[0] for one in measured], 0), span([one[1] for one in measured], 2),
                     "1" if way == "COPY" else span(ratios, 2)])
        bench.say(f"  {rows[-1]}")
    text = table([f"{LOG_MIB} MiB of log over loopback, fdatasync at the end", "MiB/s", "CPU s per GiB, both ends",
                  "against the copy of the same round"], rows)
    return text, {NAMES[key]: measured for key, measured in found.items()}
