"""Runs a stored checkpoint through Transformers and records what the Swift engine has to reproduce."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import pathlib
from typing import Any

import numpy
import torch
from PIL import Image
from transformers import (
    AutoTokenizer,
    CLIPImageProcessor,
    LlavaForConditionalGeneration,
    LlavaImageProcessor,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessor,
    LlavaNextProcessor,
    LlavaProcessor,
    PreTrainedModel,
    ProcessorMixin,
)

import hired
from checkpoints import IMAGE_TOKEN, VISION_LAYERS
from pictures import Picture
from recipes import Recipe

STEPS = 24
END_OF_TEXT = 2
PROMPTS = (
    "USER: <image>\nWhat does the image say? ASSISTANT:",
    "<image>\nHow much is the tea? ASSISTANT:",
    "USER: Look at this. <image> What color is it? ASSISTANT:",
)
TWO_PICTURES_PROMPT = "USER: <image>\nand <image>\nWhat is written? ASSISTANT:"


@dataclasses.dataclass
class Result:
    """What one picture, or one checkpoint, gave: what goes into JSON, what goes into arrays, and the tokens."""

    record: dict[str, Any]
    arrays: dict[str, numpy.ndarray]
    tokens: list[list[int]]
    margin: float
    selection_margin: float = math.inf


@dataclasses.dataclass(frozen=True)
class Greedy:
    """A greedy continuation: its tokens, the logits before the first, and the least lead of best over second."""

    tokens: list[int]
    logits: numpy.ndarray
    margin: float


def processor_for(folder: pathlib.Path, recipe: Recipe) -> ProcessorMixin:
    """The family's processor with its slow (Pillow) image processor. Built by hand: a sparse folder lacks the file
    that would tell the patch size."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    settings = {
        "patch_size": recipe.patch,
        "vision_feature_select_strategy": recipe.feature_selection,
        "num_additional_image_tokens": 1,
    }
    if recipe.family == "llava_next":
        return LlavaNextProcessor(LlavaNextImageProcessor.from_pretrained(folder), tokenizer, **settings)
    kind = LlavaImageProcessor if recipe.pad_to_square else CLIPImageProcessor
    return LlavaProcessor(kind.from_pretrained(folder), tokenizer, **settings)


def load(folder: pathlib.Path, recipe: Recipe) -> PreTrainedModel:
    """The stored model in float32 with plain (eager) attention."""
    family = LlavaNextForConditionalGeneration if recipe.family == "llava_next" else LlavaForConditionalGeneration
    model, loading = family.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    if any(loading[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")):
        raise ValueError(f"{folder}: the checkpoint does not load cleanly: {loading}")
    return model.eval()


@torch.no_grad()
def run(folder: pathlib.Path, images: pathlib.Path, recipe: Recipe) -> Result:
    """Everything recorded for one checkpoint."""
    model, processor = load(folder, recipe), processor_for(folder, recipe)
    result = Result({"cases": []}, {}, [], math.inf)
    jobs = [
        (picture.file.removesuffix(".png"), PROMPTS[index % len(PROMPTS)], (picture,))
        for index, picture in enumerate(recipe.pictures)
    ]
    if recipe.two_pictures:
        jobs.append(("two-pictures", TWO_PICTURES_PROMPT, recipe.pictures[1:3]))
    for name, prompt, shown in jobs:
        case = _case(model, processor, recipe, images, name, prompt, shown)
        result.record["cases"].append(case.record)
        result.arrays |= case.arrays
        result.tokens += case.tokens
        result.margin = min(result.margin, case.margin)
        result.selection_margin = min(result.selection_margin, case.selection_margin)
    return result


def _case(
    model: PreTrainedModel,
    processor: ProcessorMixin,
    recipe: Recipe,
    images: pathlib.Path,
    name: str,
    prompt: str,
    shown: tuple[Picture, ...],
) -> Result:
    loaded = [Image.open(images / picture.file).convert("RGB") for picture in shown]
    inputs = processor(images=loaded, text=prompt, return_tensors="pt")
    ids = inputs["input_ids"]
    is_next = recipe.family == "llava_next"
    features = model.get_image_features(
        pixel_values=inputs["pixel_values"], **({"image_sizes": inputs["image_sizes"]} if is_next else {})
    )
    embeddings = torch.cat(list(features))
    image_tokens = int((ids == IMAGE_TOKEN).sum())
    if image_tokens != len(embeddings):
        raise ValueError(f"{name}: {image_tokens} image tokens in the prompt but {len(embeddings)} embeddings")

    greedy = _generate(model, **inputs)
    record: dict[str, Any] = {
        "name": name,
        "images": [picture.file for picture in shown],
        "prompt": prompt,
        "image_tokens": image_tokens,
        "input_ids": ids[0].tolist(),
        "tokens": greedy.tokens,
        "text": processor.tokenizer.decode(greedy.tokens, skip_special_tokens=True),
        "margin": greedy.margin,
    }
    arrays = {f"{name}.image_embeddings": embeddings.numpy(), f"{name}.logits": greedy.logits}
    result = Result(record, arrays, [greedy.tokens], greedy.margin)
    if len(shown) > 1:
        return result

    views = inputs["pixel_values"].flatten(0, 1) if is_next else inputs["pixel_values"]
    tower = model.model.vision_tower(views, output_attentions=True, output_hidden_states=True)
    # The deepest layer whose output feeds the projector.
    final_layer = max(layer % (VISION_LAYERS + 1) for layer in recipe.feature_layers) - 1
    first, last = (tower.attentions[layer][:, :, 0, 1:].sum(1).numpy() for layer in (0, final_layer))
    arrays |= {f"{name}.cls_initial": first, f"{name}.cls_final": last}
    if not is_next:
        return result

    picture = shown[0]
    layout = hired.Layout(picture.width, picture.height, picture.grid, recipe.tile, recipe.tile // recipe.patch)
    _check_layout(layout, inputs, image_tokens)
    record["grid"] = list(picture.grid)
    vision = torch.cat([tower.hidden_states[layer][:, 1:] for layer in recipe.feature_layers], dim=-1)
    record["hired"] = []
    for percent in recipe.budgets:
        chosen = hired.select(layout, first, last, percent)
        partitions, tokens = zip(*chosen.order, strict=True)
        packed = model.model.multi_modal_projector(vision[list(partitions), list(tokens)])
        dropped = _generate(model, inputs_embeds=_prompt_embeddings(model, ids[0], packed))
        record["hired"].append(
            {
                "percent": percent,
                "budget": chosen.budget,
                "budgets": chosen.budgets,
                "scores": chosen.scores,
                "kept": chosen.kept,
                "selection_margin": chosen.margin if math.isfinite(chosen.margin) else None,
                "tokens": dropped.tokens,
                "margin": dropped.margin,
            }
        )
        arrays[f"{name}.hired-{percent}.image_embeddings"] = packed.numpy()
        arrays[f"{name}.hired-{percent}.logits"] = dropped.logits
        result.tokens.append(dropped.tokens)
        result.margin = min(result.margin, dropped.margin)
        result.selection_margin = min(result.selection_margin, chosen.margin)
    return result


def _check_layout(layout: hired.Layout, inputs: Any, image_tokens: int) -> None:
    """The layout arithmetic of this set must agree with what the processor and the model did."""
    rows, columns = layout.unpadded()
    tiles = layout.grid[0] * layout.grid[1]
    expected = layout.side**2 + len(rows) * (len(columns) + 1)
    if inputs["pixel_values"].shape[1] != tiles + 1 or image_tokens != expected:
        raise ValueError(f"{layout}: Transformers gives {image_tokens} image tokens, not {expected}")


def _prompt_embeddings(model: PreTrainedModel, ids: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """The prompt with its run of image tokens replaced by `image`, [1, T, D]; positions close up."""
    places = (ids == IMAGE_TOKEN).nonzero().flatten()
    embed = model.get_input_embeddings()
    before, after = ids[: places[0]], ids[places[-1] + 1 :]
    return torch.cat([embed(before), image, embed(after)])[None]


def _generate(model: PreTrainedModel, **inputs: Any) -> Greedy:
    """24 greedy steps that nothing ends early."""
    with _no_end_of_text(model):
        output = model.generate(
            **inputs,
            do_sample=False,
            max_new_tokens=STEPS,
            output_logits=True,
            return_dict_in_generate=True,
        )
    logits = torch.cat(output.logits)
    best = logits.topk(2).values
    return Greedy(output.sequences[0, -STEPS:].tolist(), logits[0].numpy(), float((best[:, 0] - best[:, 1]).min()))


@contextlib.contextmanager
def _no_end_of_text(model: PreTrainedModel) -> Any:
    kept = model.generation_config.eos_token_id
    model.generation_config.eos_token_id = None
    try:
        yield
    finally:
        model.generation_config.eos_token_id = kept
