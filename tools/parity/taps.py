"""Makes the tap fixtures: what a strategy may read of the vision tower, as Transformers computes it.

python taps.py            # both checkpoints
"""

from __future__ import annotations

import argparse
import pathlib

import numpy
import torch
from PIL import Image
from safetensors.numpy import save_file
from transformers import PreTrainedModel

import recipes
import reference
from make_checkpoints import ROOT, SCHEMA, _size, write_manifest

CASES = {"next-mha": "grid-2x1.png", "llava-pad": "grid-1x2.png"}
"""Checkpoint and picture: views of a tiled model, and one whose features come from the last layer."""
KEPT = 4
NEIGHBOURS = 4
LEAST_MARGIN = 1e-4
"""The least lead by which the merging strategy prefers one token to another."""


@torch.no_grad()
def quantize(model: PreTrainedModel) -> None:
    """Rounds the matrices of tower and projector to 8 bits, one scale in half precision for each row."""
    for part in (model.model.vision_tower, model.model.multi_modal_projector):
        for module in part.modules():
            if not isinstance(module, torch.nn.Linear):
                continue
            weight = module.weight
            scale = (weight.abs().amax(dim=1, keepdim=True) / 127).half().float()
            weight.copy_((weight * (1 / scale)).round().clamp(-127, 127) * scale)


@torch.no_grad()
def taps(model: PreTrainedModel, views: torch.Tensor) -> dict[str, numpy.ndarray]:
    """Every tap of every layer: arrays as the README lists them."""
    layers = model.model.vision_tower.vision_model.encoder.layers
    queries: dict[int, torch.Tensor] = {}
    keys: dict[int, torch.Tensor] = {}
    hooks = []
    for index, layer in enumerate(layers):
        for store, module in ((queries, layer.self_attn.q_proj), (keys, layer.self_attn.k_proj)):
            hooks.append(module.register_forward_hook(lambda _, __, out, s=store, i=index: s.__setitem__(i, out)))
    tower = model.model.vision_tower(views, output_attentions=True, output_hidden_states=True)
    for hook in hooks:
        hook.remove()
    arrays: dict[str, torch.Tensor] = {}
    for index in range(len(layers)):
        per_head = tower.attentions[index][:, :, 0, 1:]
        scores = queries[index] @ keys[index].transpose(1, 2) / queries[index].shape[-1] ** 0.5
        arrays[f"classAttention.{index}"] = per_head.sum(1)
        arrays[f"classAttentionPerHead.{index}"] = per_head
        arrays[f"classAttentionUnsplit.{index}"] = scores.softmax(-1)[:, 0, 1:]
        arrays[f"keys.{index}"] = keys[index][:, 1:]
        arrays[f"features.{index}"] = tower.hidden_states[index + 1][:, 1:]
    features = tower.hidden_states[model.config.vision_feature_layer][:, 1:]
    arrays["projected"] = model.model.multi_modal_projector(features)
    final = model.config.vision_feature_layer % (len(layers) + 1) - 1
    merged = merge(
        features.numpy(), arrays[f"classAttentionUnsplit.{final}"].numpy(), arrays[f"keys.{final}"].numpy()
    )
    arrays["merged"] = model.model.multi_modal_projector(torch.tensor(merged))
    return {name: numpy.ascontiguousarray(array.numpy(), dtype=numpy.float32) for name, array in arrays.items()}


def merge(features: numpy.ndarray, attention: numpy.ndarray, keys: numpy.ndarray) -> numpy.ndarray:
    """Of each view the tokens of highest attention, each the sum of itself and its nearest tokens by key, weighted by
    their attention. For views that are packed one after another: a single column of tiles."""
    rows = []
    for view in range(len(features)):
        order = numpy.argsort(-attention[view])
        _check(attention[view][order[KEPT - 1]] - attention[view][order[KEPT]])
        unit = keys[view] / numpy.linalg.norm(keys[view], axis=1, keepdims=True)
        for token in sorted(order[:KEPT]):
            nearness = unit @ unit[token]
            nearness[order[:KEPT]] = -numpy.inf
            near = numpy.argsort(-nearness)
            _check(nearness[near[NEIGHBOURS - 1]] - nearness[near[NEIGHBOURS]])
            group = [token, *near[:NEIGHBOURS]]
            weights = attention[view][group] / attention[view][group].sum()
            rows.append(weights @ features[view][group])
    return numpy.stack(rows).astype(numpy.float32)


def _check(margin: float) -> None:
    if margin < LEAST_MARGIN:
        raise SystemExit(f"a choice is decided by {margin:.1e}; take another picture")


def main() -> None:
    """Parses the command line and writes the fixtures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    fixtures = ROOT / "Tests/HiREDInferenceTests/Fixtures"
    parser.add_argument("--out", type=pathlib.Path, default=fixtures / "taps")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, picture in CASES.items():
        recipe, folder = recipes.named(name), fixtures / "parity" / name / "checkpoint"
        processor = reference.processor_for(folder, recipe)
        image = Image.open(fixtures / "parity/images" / picture).convert("RGB")
        pixels = processor.image_processor(image, return_tensors="pt")["pixel_values"]
        views = pixels.flatten(0, 1) if recipe.family == "llava_next" else pixels
        home = options.out / name
        home.mkdir(parents=True, exist_ok=True)
        for weights in ("stored", "int8"):
            model = reference.load(folder, recipe)
            if weights == "int8":
                quantize(model)
            save_file(taps(model, views), home / f"{weights}.safetensors")
    for file in options.out.rglob("*.safetensors"):
        file.chmod(0o644)
    about = "every kind of tap of every vision layer, as Transformers computes it"
    write_manifest(options.out, {"schema": SCHEMA, "name": "taps", "about": about, "pictures": CASES})
    print(f"{_size(options.out) // 1000} kB")


if __name__ == "__main__":
    main()
