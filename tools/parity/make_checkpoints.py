"""Makes the parity fixtures: tiny random checkpoints, test pictures, and what Transformers computes from them.

python make_checkpoints.py                     # write everything
python make_checkpoints.py --only next-gqa     # one checkpoint
python make_checkpoints.py --search 40         # print the seeds with the clearest answers
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import logging
import pathlib
import platform
import re
import shutil
import tempfile

import numpy
import torch
from safetensors.numpy import save_file

import checkpoints
import pictures
import reference
from recipes import RECIPES, Recipe

SCHEMA = 1
PACKAGES = ("transformers", "tokenizers", "torch", "safetensors", "pillow", "numpy")
ROOT = pathlib.Path(__file__).resolve().parents[2]
LEAST_MARGIN = 2e-3
"""The least lead of the best logit over the second that a committed continuation may have at any step."""
LEAST_SELECTION_MARGIN = 2e-5
"""The least lead, in attention or in tokens to share out, by which a token is kept or a remainder rounded up."""
LEAST_VARIETY = 8
"""The fewest different tokens among the 24 of a committed continuation."""
FORBIDDEN = {0, 1, reference.END_OF_TEXT, checkpoints.IMAGE_TOKEN, checkpoints.PADDING_TOKEN}


def quality(result: reference.Result) -> tuple[bool, str]:
    """Whether a continuation set is fit to be committed, with the figures that say so."""
    variety = min(len(set(tokens)) for tokens in result.tokens)
    answers = [tuple(case["tokens"]) for case in result.record["cases"]]
    distinct = len(set(answers))
    special = any(FORBIDDEN.intersection(tokens) for tokens in result.tokens)
    clear = result.margin >= LEAST_MARGIN and result.selection_margin >= LEAST_SELECTION_MARGIN
    fit = clear and variety >= LEAST_VARIETY and distinct == len(answers) and not special
    figures = (
        f"margin {result.margin:.4f}, selection {result.selection_margin:.1e}, variety {variety}, {distinct} distinct"
    )
    return fit, figures + (", special token" if special else "")


def search(recipe: Recipe, tokenizer: pathlib.Path, images: pathlib.Path, count: int) -> None:
    """Prints, for `count` seeds, those fit to be committed."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "checkpoint"
        for seed in range(count):
            checkpoints.store(checkpoints.build(recipe, seed), recipe, tokenizer, folder)
            fit, figures = quality(reference.run(folder, images, recipe))
            print(f"{recipe.name} seed {seed}: {figures}{'  <- fit' if fit else ''}", flush=True)


def write(recipe: Recipe, tokenizer: pathlib.Path, images: pathlib.Path, out: pathlib.Path) -> None:
    """Writes one checkpoint with its reference and manifest, and refuses one that is not fit."""
    home = out / recipe.name
    shutil.rmtree(home, ignore_errors=True)
    folder = home / "checkpoint"
    checkpoints.store(checkpoints.build(recipe), recipe, tokenizer, folder)
    result = reference.run(folder, images, recipe)
    fit, figures = quality(result)
    if not fit:
        raise SystemExit(f"{recipe.name}: not fit to be committed ({figures}); pick another seed with --search")
    header = {"schema": SCHEMA, "name": recipe.name, "about": recipe.about}
    (home / "reference.json").write_text(_json(header | result.record))
    arrays = {name: numpy.ascontiguousarray(array, dtype=numpy.float32) for name, array in result.arrays.items()}
    save_file(arrays, home / "reference.safetensors")
    for file in home.rglob("*.safetensors"):
        file.chmod(0o644)
    write_manifest(home, header | {"seed": recipe.seed, "least_margin": result.margin})
    print(f"{recipe.name}: {figures}, {_size(home) // 1000} kB", flush=True)


def write_manifest(folder: pathlib.Path, header: dict[str, object]) -> None:
    """Lists every file of a folder with its size and SHA-256, and the versions that made them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
    content = header | {
        "versions": {package: importlib.metadata.version(package) for package in PACKAGES}
        | {"python": platform.python_version()},
        "files": {
            path.relative_to(folder).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in files
        },
    }
    (folder / "manifest.json").write_text(_json(content))


def _json(content: object) -> str:
    """Indented JSON with each list of numbers on one line."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    return re.sub(r"\[[-+.\de,\s]+\]", lambda match: " ".join(match[0].split()), text) + "\n"


def _size(folder: pathlib.Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Parses the command line and does what it asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "Tests/HiREDInferenceTests/Fixtures/parity")
    parser.add_argument("--tokenizer", type=pathlib.Path, default=ROOT / "Models/demo", help="folder of the tokenizer")
    parser.add_argument("--only", action="append", choices=[recipe.name for recipe in RECIPES], metavar="NAME")
    parser.add_argument("--search", type=int, metavar="COUNT", help="try this many seeds and write nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    chosen = [recipe for recipe in RECIPES if not options.only or recipe.name in options.only]
    if options.search:
        with tempfile.TemporaryDirectory() as temporary:
            pictures.write_all(pathlib.Path(temporary))
            for recipe in chosen:
                search(recipe, options.tokenizer, pathlib.Path(temporary), options.search)
        return
    images = options.out / "images"
    pictures.write_all(images)
    write_manifest(images, {"schema": SCHEMA, "name": "images"})
    for recipe in chosen:
        write(recipe, options.tokenizer, images, options.out)
    print(f"{_size(options.out) // 1000} kB in all")


if __name__ == "__main__":
    main()
