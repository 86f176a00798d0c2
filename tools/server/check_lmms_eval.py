"""Runs lmms-eval through a running server, on data that `hired eval` reads too, and compares the scores.

Usage: check_lmms_eval.py BASE_URL MODEL DATA RESULTS   (pip install lmms-eval==0.7.3; BASE_URL ends with /v1)

DATA holds chartqa.jsonl and docvqa.jsonl with their pictures, as `hired eval demo` draws them. RESULTS is results.json
of `hired eval chartqa docvqa --data DATA --metrics current` under one configuration, asked of the same server or with
the same budget, precision (f32: answers must not depend on their company) and template.
"""

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


def write_task(name: str, data: Path, folder: Path) -> None:
    """Writes a task of lmms-eval's own on other data: its prompts and metrics, our pictures."""
    from datasets import Dataset, Image

    origin, split, _ = TASKS[name]
    rows = [json.loads(line) for line in (data / f"{name}.jsonl").read_text().splitlines()]
    for row in rows:
        row["image"] = str(data / row["image"])
    file = folder / f"{name}.parquet"
    Dataset.from_list(rows).cast_column("image", Image()).to_parquet(str(file))
    installed = Path(importlib.util.find_spec("lmms_eval").origin).parent / "tasks" / origin
    (folder / f"{name}.yaml").write_text(
        f"include: {installed}\ntask: hired_{name}\ndataset_path: parquet\ndataset_name: null\n"
        f"dataset_kwargs:\n  data_files:\n    {split}: {file}\n"
    )


def main() -> None:
    """Ends with 1 where a score differs."""
    base_url, model, data, results = sys.argv[1:5]
    totals = json.loads(Path(results).read_text())["totals"]
    expected = {total["task"]: total for total in totals}
    assert set(expected) == set(TASKS) and len(totals) == len(TASKS), "RESULTS holds other tasks or configurations"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in TASKS:
            write_task(name, Path(data).resolve(), folder)
        command = [sys.executable, "-m", "lmms_eval", "--model", "openai"]
        command += ["--model_args", f"base_url={base_url},model={model},api_key=none,timeout=600"]
        command += ["--tasks", ",".join(f"hired_{name}" for name in TASKS), "--include_path", scratch]
        command += ["--batch_size", "1", "--output_path", str(folder / "output")]
        environment = {**os.environ, "HF_HOME": str(folder / "cache"), "HF_HUB_OFFLINE": "1"}
        subprocess.run(command, check=True, env=environment)
        (found,) = folder.glob("output/**/*results.json")
        theirs = json.loads(found.read_text())["results"]
    differ = False
    for name, (_, _, metric) in TASKS.items():
        ours, other = expected[name]["score"], 100 * theirs[f"hired_{name}"][f"{metric},none"]
        differ = differ or abs(ours - other) > 1e-6
        print(f"{name}: {expected[name]['questions']} questions, hired eval {ours:.6f}, lmms-eval {other:.6f}")
    sys.exit(1 if differ else 0)


main()
