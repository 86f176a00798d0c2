"""Opens imported model folders with Python's OpenVINO, no code of ours involved, and compares their logits with
Transformers in float32.

    hired import Models/demo demo-f16 --weights f16        # and so on
    python open_ir.py Models/demo demo-f16 demo-int8 demo-int4

A prompt of text goes through the token table and the stateful language model at once, then a few tokens one by one.
Prints for each folder the relative error of all logits (root mean square, and the largest over the largest magnitude),
prompt and decode steps apart, and at how many places the best token is the same. Ends with 1 if a folder of f16 weights
is off by more than `--tolerance`.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import pathlib
import sys

import numpy
import openvino
import torch
from transformers import AutoTokenizer, LlavaForConditionalGeneration, LlavaNextForConditionalGeneration

PROMPT = (
    "USER: What does the sign say, and how much is the tea? Answer with a single word. ASSISTANT: The sign says 42. "
    "USER: And which color is the triangle to the left of the square? ASSISTANT:"
)
EXACT = {"KV_CACHE_PRECISION": "f32", "INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
STEPS = 8


@torch.no_grad()
def expected(checkpoint: pathlib.Path) -> tuple[numpy.ndarray, int, numpy.ndarray]:
    """Token ids of the prompt and its greedy continuation, the prompt's length, and the logits [T, V] after each."""
    kind = json.loads((checkpoint / "config.json").read_text())["model_type"]
    family = LlavaNextForConditionalGeneration if kind == "llava_next" else LlavaForConditionalGeneration
    model = family.from_pretrained(checkpoint, dtype=torch.float32, attn_implementation="eager").eval()
    ids = AutoTokenizer.from_pretrained(checkpoint)(PROMPT, return_tensors="pt")["input_ids"]
    length = ids.shape[1]
    for _ in range(STEPS):
        ids = torch.cat([ids, model(input_ids=ids).logits[:, -1:].argmax(-1)], 1)
    return ids.numpy(), length, model(input_ids=ids).logits[0].numpy()


class Imported:
    """A model folder's token table and language model."""

    def __init__(self, folder: pathlib.Path) -> None:
        core = openvino.Core()
        self.table = core.compile_model(folder / "openvino_text_embeddings_model.xml", "CPU", EXACT)
        decoder = core.compile_model(folder / "openvino_language_model.xml", "CPU", EXACT)
        names = {name for port in decoder.inputs for name in port.names}
        if not {"inputs_embeds", "attention_mask", "position_ids", "beam_idx"} <= names:
            raise SystemExit(f"{folder}: the language model's inputs are {sorted(names)}")
        self.request = decoder.create_infer_request()
        self.past = 0

    def step(self, ids: numpy.ndarray) -> numpy.ndarray:
        """Logits [T, V] of tokens [1, T] that follow what came before."""
        count = ids.shape[1]
        inputs = {
            "inputs_embeds": self.table(ids.astype(numpy.int64))[0],
            "attention_mask": numpy.ones((1, self.past + count), dtype=numpy.int64),
            "position_ids": numpy.arange(self.past, self.past + count, dtype=numpy.int64)[None],
            "beam_idx": numpy.zeros(1, dtype=numpy.int32),
        }
        self.past += count
        self.request.infer(inputs)
        return self.request.get_tensor("logits").data[0].copy()


def relative(found: numpy.ndarray, reference: numpy.ndarray) -> tuple[float, float]:
    """Root mean square over that of the reference, and the largest difference over the largest magnitude."""
    difference = (found - reference).astype(numpy.float64)
    square = numpy.sqrt((difference**2).mean() / (reference.astype(numpy.float64) ** 2).mean())
    return float(square), float(abs(difference).max() / abs(reference).max())


def main() -> None:
    """Parses the command line and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("folders", type=pathlib.Path, nargs="+")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("openvino", "transformers", "torch"))
    ids, length, reference = expected(options.checkpoint)
    print(f"{versions}; {length} tokens of prompt, {STEPS} steps")
    print("| folder | weights | prompt, rms | prompt, largest | steps, rms | steps, largest | same best token |")
    print("|---|---|---|---|---|---|---|")
    failed = False
    for folder in options.folders:
        manifest = folder / "hired.json"
        weights = json.loads(manifest.read_text())["weights"] if manifest.exists() else "another exporter's"
        model = Imported(folder)
        prompt = model.step(ids[:, :length])
        steps = numpy.concatenate([model.step(ids[:, at : at + 1]) for at in range(length, ids.shape[1])])
        errors = relative(prompt, reference[:length]) + relative(steps, reference[length:])
        same = int((numpy.concatenate([prompt, steps]).argmax(-1) == reference.argmax(-1)).sum())
        figures = " | ".join(f"{error:.1e}" for error in errors)
        print(f"| {folder.name} | {weights} | {figures} | {same} of {ids.shape[1]} |")
        failed = failed or (weights == "f16" and max(errors) > options.tolerance)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
