# SPDX-License-Identifier: GPL-2.0
"""What can be measured: the rows against peers, and a section for each thing that is measured in its own way."""
import os
import platform

import append_section
import instructions_section
import memory_section
import replay_section
import slow_disk_section
from contenders import all_contenders, allocate, read_through, settle
from fio_job import measure, run_fio
from report import Results
from rows import all_rows

SECTIONS = {
    "append": append_section,
    "slow-disk": slow_disk_section,
    "replay": replay_section,
    "memory": memory_section,
    "instructions": instructions_section,
}


def names(bench):
    yield "rows: " + " ".join(row.name for row in all_rows())
    yield "sections: " + " ".join(SECTIONS)
    yield "contenders: " + ", ".join(contender.name for contender in all_contenders(bench))


def chosen(words, name):
    return not words or any(word in name for word in words)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "?")
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} × {model}, Linux {platform.release()}, load when the run began: {load}"


def measure_once(bench, row, contender):
    for path in (bench.peer_file, bench.disk_file):
        settle(path)
    if row.warm:
        read_through(contender.file)
    contender.tuning = row.tuning
    contender.start()
    try:
        place = contender.place()
        if row.prepare:
            run_fio(place, row.prepare)
        job = {"size": f"{bench.size_bytes}", "time_based": 1, "runtime": bench.seconds, **row.job}
        return measure(place, job, contender.processor_seconds)
    finally:
        contender.stop()


def measure_rows(bench, rows, contenders):
    results = Results()
    for path in (bench.peer_file, bench.disk_file):
        allocate(path, bench.size_bytes)
    for turn in range(bench.rounds):
        for row in rows:
            bench.say(f"round {turn + 1} of {bench.rounds}: {row.title}")
            # Nobody is always the first.
            for contender in contenders[turn % len(contenders):] + contenders[:turn % len(contenders)]:
                results.add(row, contender, measure_once(bench, row, contender))
    for path in (bench.peer_file, bench.disk_file):
        os.unlink(path)
    return results


def run(bench, only, contender_words):
    parts = [f"{machine()}. {bench.rounds} rounds of {bench.seconds} s.\n"]
    data = {"machine": machine(), "rounds": bench.rounds, "seconds": bench.seconds}
    rows = [row for row in all_rows() if chosen(only, row.name)]
    contenders = [contender for contender in all_contenders(bench) if chosen(contender_words, contender.name)]
    if rows:
        results = measure_rows(bench, rows, contenders)
        parts += [results.rates(rows, contenders), results.ratios(rows, contenders), results.processor(rows, contenders)]
        data["rows"] = results.as_json()
    for name, section in SECTIONS.items():
        if chosen(only, name):
            bench.say(f"section {name}")
            text, data[name] = section.run(bench)
            parts.append(text)
    return "\n".join(parts), data
