# SPDX-License-Identifier: GPL-2.0
"""What can be measured: the rows against peers, and a section for each thing that is measured in its own way."""
import append_section
import instructions_section
import memory_section
import replay_section
import slow_disk_section
from contenders import all_contenders
from fio_job import measure, run_fio
from report import Results, machine
from rows import all_rows, chosen

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


def measure_once(bench, row, contender):
    contender.prepare(row)
    if row.prepare:
        run_fio(contender.place(), row.prepare)
    job = {"size": bench.size_bytes, "time_based": 1, "runtime": bench.seconds, **row.job}
    return measure(contender.place(), job, contender.processor_seconds)


def measure_rows(bench, rows, contenders):
    results = Results()
    for turn in range(bench.rounds):
        for row in rows:
            bench.say(f"round {turn + 1} of {bench.rounds}: {row.title}")
            # Nobody is always the first.
            for contender in contenders[turn % len(contenders):] + contenders[:turn % len(contenders)]:
                results.add(row, contender, measure_once(bench, row, contender))
    return results


def with_contenders(bench, rows, contenders):
    started = []
    try:
        for contender in contenders:
            bench.say(f"starting {contender.name}")
            started.append(contender)
            contender.start()
        return measure_rows(bench, rows, contenders)
    finally:
        for contender in started:
            contender.stop()


def run(bench, only, contender_words):
    parts = [f"{machine()}. {bench.rounds} rounds of {bench.seconds} s.\n"]
    data = {"machine": machine(), "rounds": bench.rounds, "seconds": bench.seconds}
    rows = [row for row in all_rows() if chosen(only, row.name)]
    contenders = [contender for contender in all_contenders(bench) if chosen(contender_words, contender.name)]
    if rows:
        results = with_contenders(bench, rows, contenders)
        parts += [results.rates(rows, contenders), results.ratios(rows, contenders), results.processor(rows, contenders)]
        data["rows"] = results.as_json()
    for name, section in SECTIONS.items():
        if chosen(only, name):
            bench.say(f"section {name}")
            text, data[name] = section.run(bench)
            parts.append(text)
    return "\n".join(parts), data
