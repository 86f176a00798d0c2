"""Measures builds of `hired` and its peers on one picture, in turns, and prints one table.

    python compare.py --hired 'today=OLD bench MODEL' --hired 'new=NEW bench MODEL' \\
        --hired 'new, groups of 32=NEW bench MODEL --activation-groups 32' \\
        --genai FOLDER --groups 32,128 --llama LLAMA-MTMD-CLI --llama-models FOLDER \\
        [--transformers MODEL | --internvl MODEL]

To each `--hired` command are added the picture, one request at a time, `--budgets`, one measured run after the
command's own warm-up, and `--json`. Of a peer's two answers in one process the second counts, and the first is told
apart. Each engine runs alone; before and after each, the machine's rate is measured by matmul.py, and the share of the
processor that other programs took meanwhile is told. Every measurement is written to `--log` as it comes; `--report`
prints the table of such a file and measures nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from question import draw

HERE = pathlib.Path(__file__).parent
LIBRARY_PATH = "LD_LIBRARY_PATH"


@dataclasses.dataclass(frozen=True)
class Engine:
    """Something that answers: its name in the table and how it is called."""

    name: str
    command: list[str]
    is_ours: bool
    environment: dict[str, str]


def engines(options: argparse.Namespace, picture: pathlib.Path) -> list[Engine]:
    """All that the command line names, in the order in which they take turns."""
    found = []
    ours = {**os.environ}
    if options.hired_libraries:
        ours[LIBRARY_PATH] = str(options.hired_libraries)
    for text in options.hired:
        name, equals, command = text.partition("=")
        if not equals:
            raise SystemExit(f"--hired {text!r}: write it as 'NAME=COMMAND'")
        further = ["--image", str(picture), "--batch", "1", "--budgets", options.budgets, "--runs", "1", "--json"]
        found.append(Engine(name, shlex.split(command) + further, True, ours))

    def peer(name: str, script: str, *arguments: Any) -> None:
        command = [sys.executable, str(HERE / script), *map(str, arguments)]
        found.append(Engine(name, command, False, {**os.environ}))

    if options.genai:
        for group in options.groups.split(","):
            peer(f"OpenVINO GenAI, groups of {group}", "genai_run.py", options.genai, picture, "--group", group)
    if options.llama:
        if not options.llama_models:
            raise SystemExit("--llama needs --llama-models")
        peer("llama.cpp, Q4_0", "llama_run.py", options.llama, options.llama_models, picture)
    if options.transformers:
        peer("Transformers, bf16", "transformers_run.py", options.transformers)
    if options.internvl:
        peer("Transformers, bf16", "internvl_run.py", options.internvl, "--views", options.views)
    return found


def lines(command: list[str], environment: dict[str, str]) -> list[Any]:
    """Runs a command and reads its JSON: one object, or one a line."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    try:
        return [json.loads(done.stdout)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def machine_rate() -> dict[str, float]:
    """GFLOP/s by group size."""
    return lines([sys.executable, str(HERE / "matmul.py")], {**os.environ})[0]


def processor_seconds() -> tuple[float, float]:
    """Of all programs on this machine since it started, and of our own."""
    ticks = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own = sum(usage.ru_utime + usage.ru_stime for usage in used)
    return (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK"), own


def measure(engine: Engine) -> list[dict[str, Any]]:
    """One measurement of an engine: a record for each budget, or for its first and its warm answer."""
    before = machine_rate()
    start, (all_before, own_before) = time.perf_counter(), processor_seconds()
    told = lines(engine.command, engine.environment)
    seconds, (all_after, own_after) = time.perf_counter() - start, processor_seconds()
    others = (all_after - all_before - (own_after - own_before)) / seconds / os.cpu_count()
    after = machine_rate()
    common = {"engine": engine.name, "ours": engine.is_ours, "machine": [before, after], "others": others}
    if not engine.is_ours:
        return [common | {"budget": "full", **answer} for answer in told]
    report = told[0]
    return [
        common
        | {
            "budget": row["budget"],
            "kind": "warm",
            "load": report["load_ms"] / 1000,
            "prompt_tokens": row["prompt_tokens"],
            "ttft": row["ttft_ms"]["median"] / 1000,
            "decode_rate": row["decode_tokens_per_second"]["median"],
            "peak_gigabytes": report["peak_bytes"] / 1e9,
            "vision": row["stages_ms"]["vision"] / 1000,
            "prefill": row["stages_ms"]["prefill"] / 1000,
            "prefill_gflops": row["prefill_gflops"],
        }
        for row in report["rows"]
    ]


def table(records: list[dict[str, Any]]) -> str:
    """What was measured, as Markdown. Figures are medians over the rounds, TTFT also round by round; a ratio is that of
    medians."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    firsts: dict[str, list[float]] = {}
    for record in records:
        if record["kind"] != "warm":
            firsts.setdefault(record["engine"], []).append(record["load"] + record["ttft"])
        if record["kind"] != "first":
            groups.setdefault((record["engine"], record["budget"]), []).append(record)

    def median(rows: list[dict[str, Any]], key: str) -> float | None:
        values = [row[key] for row in rows if row.get(key) is not None]
        return statistics.median(values) if values else None

    def shown(value: float | None, digits: int) -> str:
        return "" if value is None else f"{value:,.{digits}f}"

    peers = list(dict.fromkeys(engine for (engine, _), rows in groups.items() if not rows[0]["ours"]))
    heads = ["engine", "budget", "prompt", "TTFT s, by round", "TTFT s", "vision s", "decode tokens/s"]
    heads += [
        "peak GB",
        "prefill GFLOP/s",
        "MatMul GFLOP/s, 32 · 128",
        "others' share of the processor",
        *(f"× sooner than {peer}" for peer in peers),
    ]
    result = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for (engine, budget), rows in groups.items():
        ttft = median(rows, "ttft")
        rates = [rate for row in rows for rate in row["machine"]]
        cells = [engine, budget, f"{rows[0]['prompt_tokens']:,}", ", ".join(f"{row['ttft']:.2f}" for row in rows)]
        cells += [shown(ttft, 2), shown(median(rows, "vision"), 2), shown(median(rows, "decode_rate"), 2)]
        cells += [shown(median(rows, "peak_gigabytes"), 1), shown(median(rows, "prefill_gflops"), 0)]
        cells.append(" · ".join(shown(statistics.median(rate[group] for rate in rates), 0) for group in ("32", "128")))
        cells.append(", ".join(f"{max(row['others'], 0):.0%}" for row in rows))
        cells += [shown(median(groups[peer, "full"], "ttft") / ttft, 2) if rows[0]["ours"] else "" for peer in peers]
        result.append(f"| {' | '.join(cells)} |")
    for engine, seconds in firsts.items():
        told = ", ".join(f"{value:.1f}" for value in seconds)
        result.append(f"\n{engine}: first token of a process {told} s after its start.")
    return "\n".join(result)


def report(log: pathlib.Path) -> str:
    """The table of a file of measurements."""
    return table([json.loads(line) for line in log.read_text().splitlines()])


def main() -> None:
    """Parses the command line, measures in turns and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hired", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--hired-libraries", type=pathlib.Path, help="where the builds find the runtime's libraries")
    parser.add_argument("--budgets", default="full,20%,10%")
    parser.add_argument("--image", type=pathlib.Path, help="a picture; one of --size is drawn unless given")
    parser.add_argument("--size", default="672x672", help="width and height of the picture that is drawn")
    parser.add_argument("--genai", type=pathlib.Path, help="what genai_folder.py wrote")
    parser.add_argument("--groups", default="32,128", help="GenAI's DYNAMIC_QUANTIZATION_GROUP_SIZE (its default: 32)")
    parser.add_argument("--llama", type=pathlib.Path, help="the program llama-mtmd-cli")
    parser.add_argument("--llama-models", type=pathlib.Path, help="what llama_models.py wrote")
    parser.add_argument("--transformers", type=pathlib.Path, metavar="MODEL", help="a folder, for its shapes")
    parser.add_argument("--internvl", type=pathlib.Path, metavar="MODEL", help="an InternVL's folder, for its shapes")
    parser.add_argument("--views", type=int, default=13, help="views that --internvl reads: tiles and thumbnail")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--log", type=pathlib.Path, default=pathlib.Path("peers.jsonl"))
    parser.add_argument("--append", action="store_true", help="keep what --log holds, and print the table of all of it")
    parser.add_argument("--report", action="store_true", help="print the table of --log")
    options = parser.parse_args()
    if options.report:
        print(report(options.log))
        return
    with tempfile.TemporaryDirectory() as folder, options.log.open("a" if options.append else "w") as log:
        picture = options.image
        if picture is None:
            picture = pathlib.Path(folder, "squares.png")
            draw(picture, *(int(side) for side in options.size.split("x")))
        for round_number in range(1, options.rounds + 1):
            for engine in engines(options, picture):
                print(f"round {round_number} of {options.rounds}: {engine.name} …", file=sys.stderr, flush=True)
                for record in measure(engine):
                    log.write(json.dumps(record) + "\n")
                log.flush()
    print(report(options.log))


if __name__ == "__main__":
    main()
