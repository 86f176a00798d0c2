"""Builds a random model from a recipe and stores it as a complete Hugging Face folder."""

from __future__ import annotations

import json
import math
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoConfig,
    CLIPVisionConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    PreTrainedModel,
)

from recipes import Recipe

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.json")
CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073]
CLIP_STD = [0.26862954, 0.26130258, 0.27577711]
IMAGE_TOKEN, PADDING_TOKEN, VOCABULARY = 520, 521, 522
VISION_LAYERS = 3


def build(recipe: Recipe, seed: int | None = None) -> PreTrainedModel:
    """The model of a recipe with seeded weights, already rounded to the type they are stored in."""
    text = recipe.text
    text_config = AutoConfig.for_model(
        text.model_type,
        vocab_size=VOCABULARY,
        hidden_size=text.hidden,
        intermediate_size=text.intermediate,
        num_hidden_layers=text.layers,
        num_attention_heads=text.heads,
        num_key_value_heads=text.kv_heads,
        head_dim=text.head_dim,
        max_position_embeddings=2048,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=PADDING_TOKEN,
        tie_word_embeddings=text.tied,
        **text.extra,
    )
    vision_config = CLIPVisionConfig(
        hidden_size=recipe.vision_hidden,
        intermediate_size=2 * recipe.vision_hidden,
        num_hidden_layers=VISION_LAYERS,
        num_attention_heads=2,
        image_size=recipe.tile,
        patch_size=recipe.patch,
        hidden_act=recipe.vision_activation,
        projection_dim=recipe.vision_hidden,
    )
    common = {
        "vision_config": vision_config.to_dict(),
        "text_config": text_config.to_dict(),
        "image_token_index": IMAGE_TOKEN,
        "vision_feature_layer": recipe.feature_layer if isinstance(recipe.feature_layer, int) else recipe.feature_layers,
        "vision_feature_select_strategy": recipe.feature_selection,
        "image_seq_length": (recipe.tile // recipe.patch) ** 2,
        "tie_word_embeddings": text.tied,
    }
    if recipe.family == "llava_next":
        config = LlavaNextConfig(image_grid_pinpoints=recipe.pinpoints, **common)
        model = LlavaNextForConditionalGeneration(config)
    else:
        model = LlavaForConditionalGeneration(LlavaConfig(**common))
    _fill(model, recipe.seed if seed is None else seed)
    model.generation_config.bos_token_id = 1
    model.generation_config.eos_token_id = 2
    model.generation_config.pad_token_id = PADDING_TOKEN
    return model.to(getattr(torch, recipe.dtype)).eval()


@torch.no_grad()
def _fill(model: PreTrainedModel, seed: int) -> None:
    """Draws every weight, in the order of the parameters' names.

    Query and key weights are drawn wider than the others, so that attention has peaks and the picture sways the
    answer; the output head too, so that the best token leads clearly.
    """
    generator = torch.Generator().manual_seed(seed)
    tied = model.config.text_config.tie_word_embeddings
    for name, weight in sorted(model.named_parameters()):
        noise = torch.randn(weight.shape, generator=generator)
        if "norm" in name:
            weight.copy_(0.1 * noise if name.endswith("bias") else 1 + 0.1 * noise)
        elif weight.ndim == 1:
            weight.copy_(0.3 * noise)
        elif "embed" in name and "patch" not in name:
            # Tied to the head, an embedding that outweighs the layers would make every token repeat itself.
            weight.copy_((0.2 if tied and "embed_tokens" in name else 0.5) * noise)
        else:
            weight.copy_(noise * _gain(name, tied) / math.sqrt(weight[0].numel()))


def _gain(name: str, tied: bool) -> float:
    """How much wider than 1/√inputs a matrix is drawn."""
    if "q_proj" in name or "k_proj" in name:
        return 2.5
    if "lm_head" in name:
        return 2.0
    return 3.0 if tied and ("o_proj" in name or "down_proj" in name) else 1.0


def store(model: PreTrainedModel, recipe: Recipe, tokenizer: pathlib.Path, folder: pathlib.Path) -> None:
    """Writes the model's folder: weights, configuration, preprocessing and tokenizer."""
    shutil.rmtree(folder, ignore_errors=True)
    size = sum(p.numel() * p.element_size() for p in model.parameters())
    shard_size = size // recipe.shards + 20_000 if recipe.shards > 1 else 1_000_000_000
    model.save_pretrained(folder, safe_serialization=True, max_shard_size=shard_size)
    if recipe.naming == "modules":
        _rename_to_modules(folder)
    for file in TOKENIZER_FILES:
        shutil.copyfile(tokenizer / file, folder / file)
    is_next = recipe.family == "llava_next"
    processor = "LlavaNextProcessor" if is_next else "LlavaProcessor"
    _write(folder / "preprocessor_config.json", _preprocessing(recipe, processor))
    _write(
        folder / "processor_config.json",
        {
            "processor_class": processor,
            "image_token": "<image>",
            "num_additional_image_tokens": 1,
            "patch_size": recipe.patch,
            "vision_feature_select_strategy": recipe.feature_selection,
        },
    )
    tokenizer_config = json.loads((folder / "tokenizer_config.json").read_text())
    _write(folder / "tokenizer_config.json", tokenizer_config | {"processor_class": processor})
    for file, keys in recipe.omits.items():
        _omit(folder / file, keys)


def _preprocessing(recipe: Recipe, processor: str) -> dict[str, object]:
    side = recipe.tile
    settings: dict[str, object] = {
        "crop_size": {"height": side, "width": side},
        "do_center_crop": True,
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": CLIP_MEAN,
        "image_std": CLIP_STD,
        "processor_class": processor,
        "resample": 3,
        "rescale_factor": 1 / 255,
        "size": {"shortest_edge": side},
    }
    if recipe.family == "llava_next":
        return settings | {
            "aspect_ratio_setting": "anyres",
            "do_pad": True,
            "image_grid_pinpoints": recipe.pinpoints,
            "image_processor_type": "LlavaNextImageProcessor",
        }
    if recipe.pad_to_square:
        return settings | {"do_pad": True, "image_processor_type": "LlavaImageProcessor"}
    return settings | {"image_processor_type": "CLIPImageProcessor"}


def _rename_to_modules(folder: pathlib.Path) -> None:
    """Renames tensors from the names 4.57.6 saves to those of the module tree, in the files and in the index."""

    def renamed(name: str) -> str:
        if name == "language_model.lm_head.weight":
            return "lm_head.weight"
        if name.startswith("language_model.model."):
            return "model.language_model." + name.removeprefix("language_model.model.")
        return "model." + name

    for file in folder.glob("*.safetensors"):
        tensors = {renamed(name): tensor for name, tensor in load_file(file).items()}
        save_file(tensors, file, metadata={"format": "pt"})
    index = folder / "model.safetensors.index.json"
    if index.exists():
        content = json.loads(index.read_text())
        content["weight_map"] = {renamed(name): file for name, file in content["weight_map"].items()}
        _write(index, content)


def _omit(file: pathlib.Path, keys: tuple[str, ...]) -> None:
    """Takes keys, written `outer.inner`, out of a JSON file; `*` takes the file. A key not there is a mistake."""
    if keys == ("*",):
        file.unlink()
        return
    content = json.loads(file.read_text())
    for key in keys:
        *outer, last = key.split(".")
        place = content
        for part in outer:
            place = place[part]
        del place[last]
    _write(file, content)


def _write(file: pathlib.Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
