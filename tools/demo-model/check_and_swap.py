"""Checks a newer demo checkpoint and, if it is sound and not worse, puts it in the place of the present one.

    python check_and_swap.py CANDIDATE              # check and swap
    python check_and_swap.py CANDIDATE --dry-run    # check only
    python check_and_swap.py CANDIDATE --another-shape   # a model of another shape: replaces the descriptions too

Sound means: the same tensors with the same shapes and types, the same configuration, preprocessing and tokenizer, and
finite weights. Both models then answer the same freshly drawn questions. All files but the weights being the same, the
swap is one rename, so that no reader ever sees half of it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import pathlib
import shutil
import tempfile

import torch
from safetensors import SafetensorError, safe_open

import answering
import scoring
from architecture import DEMO_MODEL
from evaluate import draw_set
from pictures import QUESTION_KINDS

WEIGHTS = "model.safetensors"
DESCRIPTIONS = (
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.json",
)
OF_NO_IMPORT = {"transformers_version", "_from_model_config"}
CHECK_SEED = 7_340_034


def description_faults(candidate: pathlib.Path, present: pathlib.Path) -> list[str]:
    """What differs in the JSON files."""
    faults = []
    for name in DESCRIPTIONS:
        try:
            new, old = (json.loads((folder / name).read_text(encoding="utf-8")) for folder in (candidate, present))
        except (OSError, json.JSONDecodeError) as error:
            faults.append(f"{name}: {error}")
            continue
        differing = sorted(
            key for key in (new.keys() | old.keys()) - OF_NO_IMPORT if new.get(key, ...) != old.get(key, ...)
        )
        if differing:
            faults.append(f"{name}: differs in {', '.join(differing)}")
    return faults


def weight_faults(candidate: pathlib.Path, present: pathlib.Path) -> list[str]:
    """What differs in names, shapes and types of tensors, and which tensors hold numbers that are not finite."""
    try:
        with safe_open(candidate / WEIGHTS, "pt") as new, safe_open(present / WEIGHTS, "pt") as old:
            new_names, old_names = set(new.keys()), set(old.keys())
            faults = [f"{WEIGHTS}: lacks {name}" for name in sorted(old_names - new_names)]
            faults += [f"{WEIGHTS}: has {name}, which the present one lacks" for name in sorted(new_names - old_names)]
            for name in sorted(new_names & old_names):
                tensor, wanted = new.get_tensor(name), old.get_tensor(name)
                if tensor.shape != wanted.shape or tensor.dtype != wanted.dtype:
                    faults.append(
                        f"{WEIGHTS}: {name} is {tensor.dtype} {list(tensor.shape)}, "
                        f"not {wanted.dtype} {list(wanted.shape)}"
                    )
                elif not torch.isfinite(tensor).all():
                    faults.append(f"{WEIGHTS}: {name} holds infinite numbers or NaN")
            return faults
    except (OSError, SafetensorError) as error:
        return [f"{candidate / WEIGHTS}: {error}"]


def scores(folders: list[pathlib.Path], count: int, seed: int) -> list[dict[str, tuple[int, int]]]:
    """(right, asked) by kind for each model on `count` pictures drawn for this."""
    with tempfile.TemporaryDirectory() as temporary:
        drawn = pathlib.Path(temporary)
        questions = draw_set(drawn, count, 0, seed)
        results = []
        for folder in folders:
            given = answering.answer_all(folder, drawn, questions)
            results.append(scoring.score(questions, {(item.image, item.question): item.answer for item in given}))
        return results


def swap(candidate: pathlib.Path, present: pathlib.Path, descriptions: tuple[str, ...] = ()) -> None:
    """Replaces the present weights by one rename within their folder; files that describe another shape first."""
    for name in descriptions:
        shutil.copyfile(candidate / name, present / name)
    arriving = present / f".{WEIGHTS}.arriving"
    try:
        shutil.copyfile(candidate / WEIGHTS, arriving)
        with arriving.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(arriving, present / WEIGHTS)
    finally:
        arriving.unlink(missing_ok=True)


def main() -> None:
    """Parses the command line, checks, and swaps if nothing speaks against it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("candidate", type=pathlib.Path, help="folder of the newer checkpoint")
    parser.add_argument("--model", type=pathlib.Path, default=DEMO_MODEL, help="folder of the present one")
    parser.add_argument("--pictures", type=int, default=100, help="pictures to ask about (default 100)")
    parser.add_argument("--seed", type=int, default=CHECK_SEED, help="seed of the pictures")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dry-run", action="store_true", help="check, but leave the present model")
    parser.add_argument("--another-shape", action="store_true", help="the candidate's shape may differ")
    parser.add_argument("--accept-worse", action="store_true", help="swap even if fewer answers are right")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    faults = description_faults(options.candidate, options.model) + weight_faults(options.candidate, options.model)
    if options.another_shape:
        faults = [fault for fault in faults if fault.endswith("infinite numbers or NaN")]
    if faults:
        raise SystemExit("\n".join([f"{options.candidate} is not a checkpoint of the same shape:", *faults]))
    new, old = scores([options.candidate, options.model], options.pictures, options.seed)
    print(f"{'kind':8} {'asked':>5} {'candidate':>10} {'present':>10}")
    for kind in ["all", *(kind for kind in QUESTION_KINDS if kind in old)]:
        total = old[kind][1]
        print(f"{kind:8} {total:5} {100 * new[kind][0] / total:8.1f} % {100 * old[kind][0] / total:8.1f} %")
    if new["all"][0] < old["all"][0] and not options.accept_worse:
        raise SystemExit(
            "The candidate answers fewer questions right: not swapped (--accept-worse swaps all the same)."
        )
    if options.dry_run:
        print("Sound. Not swapped, as asked.")
        return
    swap(options.candidate, options.model, DESCRIPTIONS if options.another_shape else ())
    print(f"Swapped. Bring the scores in {options.model / 'README.md'} up to date.")


if __name__ == "__main__":
    main()
