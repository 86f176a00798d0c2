"""Runs lmms-eval through a running server, on data that `hired eval` read too, and compares answers and scores.

Usage: check_lmms_eval.py BASE_URL MODEL DATA EVALUATION [--plain]   (pip install lmms-eval==0.7.3)

BASE_URL ends with /v1. DATA holds chartqa.jsonl and docvqa.jsonl with their pictures, as `hired eval demo` draws them
into OUTPUT/data-1. EVALUATION is what `hired eval` wrote under --metrics current and one configuration, asked
of the same server or with the same budget, precision (f32: answers must not depend on their company) and template. With
--plain nothing is added to the questions, as `hired eval demo` asks them: the demo model knows no other.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# What is ours of a task: its name, lmms-eval's file, the split, and the metric that `hired eval` prints in per cent.
TASKS = {
    "chartqa": ("chartqa/chartqa.yaml", "test", "relaxed_overall"),
    "docvqa": ("docvqa/docvqa_val.yaml", "validation", "anls"),
}
PLAIN = 'lmms_eval_specific_kwargs:\n  default:\n    pre_prompt: ""\n    post_prompt: ""\n'


def lines(file: Path) -> list[dict]:
    """The objects of a file of JSON Lines."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def write_task(name: str, data: Path, folder: Path, plain: bool) -> None:
    """Writes a task of lmms-eval's own on other data: its prompts and metrics, our pictures."""
    from datasets import Dataset, Image

    origin, split, _ = TASKS[name]
    rows = lines(data / f"{name}.jsonl")
    for row in rows:
        row["image"] = str(data / row["image"])
    file = folder / f"{name}.parquet"
    Dataset.from_list(rows).cast_column("image", Image()).to_parquet(str(file))
    installed = Path(importlib.util.find_spec("lmms_eval").origin).parent / "tasks" / origin
    (folder / f"{name}.yaml").write_text(
        f"include: {installed}\ntask: hired_{name}\ndataset_path: parquet\ndataset_name: null\n"
        f"dataset_kwargs:\n  data_files:\n    {split}: {file}\n" + (PLAIN if plain else "")
    )


def run(base_url: str, model: str, scratch: Path) -> tuple[dict, dict[str, list[str]]]:
    """Has lmms-eval ask; its scores and, in the order of the questions, its answers."""
    command = [sys.executable, "-m", "lmms_eval", "--model", "openai"]
    command += ["--model_args", f"base_url={base_url},model={model},api_key=none,timeout=600"]
    command += ["--tasks", ",".join(f"hired_{name}" for name in TASKS), "--include_path", str(scratch)]
    command += ["--batch_size", "1", "--output_path", str(scratch / "output"), "--log_samples"]
    environment = {**os.environ, "HF_HOME": str(scratch / "cache"), "HF_HUB_OFFLINE": "1"}
    subprocess.run(command, check=True, env=environment)
    (found,) = scratch.glob("output/**/*results.json")
    answers = {}
    for name in TASKS:
        (samples,) = scratch.glob(f"output/**/*_samples_hired_{name}.jsonl")
        answers[name] = [
            "".join(sample["filtered_resps"]) for sample in sorted(lines(samples), key=lambda sample: sample["doc_id"])
        ]
    return json.loads(found.read_text())["results"], answers


def main() -> None:
    """Ends with 1 where a score or an answer differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url")
    parser.add_argument("model")
    parser.add_argument("data", type=Path)
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    totals = json.loads((options.evaluation / "results.json").read_text())["totals"]
    totals = [total for total in totals if total["task"] in TASKS]
    expected = {total["task"]: total for total in totals}
    assert set(expected) == set(TASKS) and len(totals) == len(TASKS), "EVALUATION holds several configurations"
    records = lines(options.evaluation / "answers.jsonl")[1:]
    with tempfile.TemporaryDirectory() as scratch:
        for name in TASKS:
            write_task(name, options.data.resolve(), Path(scratch), options.plain)
        scores, answers = run(options.base_url, options.model, Path(scratch))
    differ = False
    for name, (_, _, metric) in TASKS.items():
        ours = [record for record in records if record["task"] == name]
        ours = [record["answer"] for record in sorted(ours, key=lambda record: record["sample"])]
        pairs = list(zip(ours, answers[name], strict=True))
        for place, (mine, theirs) in enumerate(pairs):
            if mine.strip() != theirs.strip():
                print(f"{name}, question {place}: hired eval {mine!r}, lmms-eval {theirs!r}")
        same = sum(mine.strip() == theirs.strip() for mine, theirs in pairs)
        score, other = expected[name]["score"], 100 * scores[f"hired_{name}"][f"{metric},none"]
        differ = differ or same < len(pairs) or abs(score - other) > 1e-6
        print(f"{name}: {same} of {len(pairs)} answers the same, hired eval {score:.6f}, lmms-eval {other:.6f}")
    sys.exit(1 if differ else 0)


main()
