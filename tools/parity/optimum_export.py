"""Makes the optimum fixture: a language model as optimum-intel exports it, and what Transformers computes from the same
weights.

The checkpoint is the parity set's `next-mha` with its first text layer only (`num_hidden_layers` 1 in config.json), so
that the export stays small. Needs optimum-intel besides the other requirements:

python -m pip install optimum-intel[openvino]==2.2.0 transformers==4.57.6 torchvision sentencepiece
python optimum_export.py
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import pathlib
import shutil
import tempfile

import torch
from optimum.exporters.openvino import main_export
from optimum.intel import OVConfig
from PIL import Image
from transformers import LlavaNextForConditionalGeneration

import make_checkpoints
import reference
from make_checkpoints import ROOT, _json, write_manifest
from recipes import RECIPES

PARITY = ROOT / "Tests/HiREDInferenceTests/Fixtures/parity"
LEAST_MARGIN = 0.04
"""An fp16 export rounds every constant, rotary frequencies included; its logits are off by up to 0.01."""
FILES = [f"openvino_{part}_model.{kind}" for part in ("language", "text_embeddings") for kind in ("xml", "bin")]
RECIPE = next(recipe for recipe in RECIPES if recipe.name == "next-mha")


def shorten(folder: pathlib.Path) -> None:
    """Copies the checkpoint with one text layer; the tensors of the other are left and not read."""
    shutil.copytree(PARITY / RECIPE.name / "checkpoint", folder)
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["num_hidden_layers"] = 1
    (folder / "config.json").write_text(json.dumps(config))


@torch.no_grad()
def answers(folder: pathlib.Path) -> list[dict[str, object]]:
    """Greedy tokens in float32, of every picture whose tokens lead clearly."""
    model = LlavaNextForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    processor = reference.processor_for(folder, RECIPE)
    cases = []
    for index, picture in enumerate(RECIPE.pictures):
        prompt = reference.PROMPTS[index % len(reference.PROMPTS)]
        image = Image.open(PARITY / "images" / picture.file).convert("RGB")
        inputs = processor(images=[image], text=prompt, return_tensors="pt")
        greedy = reference._generate(model, **inputs)
        print(f"{picture.file}: margin {greedy.margin:.4f}, {len(set(greedy.tokens))} different tokens")
        if greedy.margin >= LEAST_MARGIN:
            ids = inputs["input_ids"][0].tolist()
            cases.append(
                {
                    "image": picture.file,
                    "prompt": prompt,
                    "prompt_tokens": len(ids),
                    "tokens": greedy.tokens,
                    "margin": greedy.margin,
                }
            )
    return cases


def main() -> None:
    """Parses the command line and writes the fixture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "Tests/HiREDInferenceTests/Fixtures/optimum")
    parser.add_argument("--weights", default="fp16", choices=("fp32", "fp16", "int8", "int4"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder, export = pathlib.Path(temporary) / "checkpoint", pathlib.Path(temporary) / "export"
        shorten(folder)
        main_export(
            str(folder),
            str(export),
            task="image-text-to-text",
            ov_config=OVConfig(dtype=options.weights),
            convert_tokenizer=False,
        )
        for name in FILES:
            shutil.copy(export / name, options.out / name)
        cases = answers(folder)
    if len(cases) < 3:
        raise SystemExit("too few of the answers are clear; take another checkpoint")
    header = {"schema": 1, "checkpoint": RECIPE.name, "text_layers": 1, "weights": options.weights}
    (options.out / "reference.json").write_text(_json(header | {"cases": cases}))
    make_checkpoints.PACKAGES += ("optimum", "optimum-intel", "openvino", "nncf")
    write_manifest(options.out, header)
    print({package: importlib.metadata.version(package) for package in make_checkpoints.PACKAGES})


if __name__ == "__main__":
    main()
