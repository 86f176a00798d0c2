"""Makes the InternVL fixtures: tiny random checkpoints in the `-hf` form, and what Transformers computes from them.

python internvl.py                        # write everything, a minute on one core
python internvl.py --only qwen2-layer     # one checkpoint

The first seed whose continuations are clear is taken. Pictures are drawn by the formula of tools/fixtures/images.py,
which the tests draw by too.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import math
import pathlib
import shutil
import sys
from typing import Any

import numpy
import tokenizers
import torch
from PIL import Image
from safetensors.numpy import save_file
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    AutoConfig,
    AutoTokenizer,
    GotOcr2ImageProcessor,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLModel,
    InternVLProcessor,
    InternVLVideoProcessor,
    PreTrainedModel,
)

import hired
from checkpoints import _gain, _rename_to_modules
from make_checkpoints import (
    LEAST_MARGIN,
    LEAST_SELECTION_MARGIN,
    LEAST_VARIETY,
    ROOT,
    SCHEMA,
    _json,
    _size,
    write_manifest,
)
from reference import _generate

sys.path.append(str(ROOT / "tools/fixtures"))
from images import picture  # noqa: E402

TILE, PATCH = 24, 4
"""Pixels of a view and of a patch: 6×6 patches, 3×3 tokens a view."""
SIDE = TILE // PATCH // 2
VISION_LAYERS = 2
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<img>", "</img>", "<IMG_CONTEXT>", "<video>")
CORPUS = """What does the image say? How much is the tea? Which color is it? Where does the road go, and who is on it?
A picture of a street with cars, two people and a sign that reads 42. The coffee costs 3.50, the tea 2.75.
Answer the question using a single word or phrase. user assistant system image picture question answer
"""
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}{{ '<IMG_CONTEXT>\n' }}{% elif part['type'] == 'text' %}{{ part['text'] }}"
    "{% endif %}{% endfor %}{% endif %}{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
QUESTIONS = ("What does the image say?", "How much is the tea?", "Which color is it?", "Where does the road go?")
TAPS = "qwen2-rms"
"""The checkpoint whose every tap is recorded, on its first picture."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One checkpoint. `grids` are (rows, columns), a picture for each; `vision` and `text_extra` go into the
    configuration."""

    name: str
    about: str
    grids: tuple[tuple[int, int], ...]
    vision: dict[str, Any]
    text: str = "qwen2"
    text_extra: dict[str, Any] = dataclasses.field(default_factory=dict)
    dtype: str = "float16"
    modules: bool = False
    processor: dict[str, Any] = dataclasses.field(default_factory=dict)
    budgets: tuple[int, ...] = ()


LAYER_NORM = {"norm_type": "layer_norm", "attention_bias": True, "use_qk_norm": False, "use_mean_pooling": True}
RMS_NORM = {"norm_type": "rms_norm", "attention_bias": False, "use_qk_norm": True, "use_mean_pooling": True}
DYNAMIC = {"rope_scaling": {"factor": 2.0, "rope_type": "dynamic", "type": "dynamic"}}

RECIPES = (
    Recipe(
        "qwen2-layer",
        "as InternVL3-1B: layer norms, biases, mean pooling, Qwen2 with dynamic rotary scaling; HiRED at 20 and 40 %",
        ((1, 1), (2, 2), (3, 4)),
        LAYER_NORM,
        text_extra=DYNAMIC,
        budgets=(20, 40),
    ),
    Recipe(
        "qwen2-rms",
        "as the tower of 6 billion: RMS norms, normalised queries and keys, no biases; output head tied; HiRED at 20 %",
        ((1, 2), (1, 3), (4, 3)),
        RMS_NORM,
        text_extra={"tie_word_embeddings": True, "rope_theta": 1000000.0},
        budgets=(20,),
    ),
    Recipe(
        "llama-final-norm",
        "no mean pooling, so a layer norm behind the tower; Llama text; HiRED at 40 %",
        ((3, 1), (2, 3), (1, 5)),
        LAYER_NORM | {"use_mean_pooling": False},
        text="llama",
        budgets=(40,),
    ),
    Recipe(
        "llama-modules",
        "bfloat16, tensors named after the module tree; normalised queries and keys in layer norms, no mean pooling",
        ((1, 1), (12, 1)),
        LAYER_NORM | {"use_qk_norm": True, "attention_bias": False, "use_mean_pooling": False},
        text="llama",
        dtype="bfloat16",
        modules=True,
    ),
    Recipe(
        "qwen2-f32",
        "float32; views of 32 pixels in patches of 8, two tokens a side; RMS norms, biases; as fast processors save",
        ((1, 12), (2, 1)),
        RMS_NORM | {"attention_bias": True, "use_qk_norm": False, "image_size": [32, 32], "patch_size": [8, 8]},
        dtype="float32",
        text_extra={"intermediate_size": 24, "num_hidden_layers": 1},
        processor={"image_processor_type": "GotOcr2ImageProcessorFast", "crop_size": None, "do_center_crop": None},
    ),
    Recipe(
        "qwen2-few",
        "2 to 6 tiles, CLIP's mean and deviation, a resampling filter that changes nothing",
        ((1, 2), (2, 3)),
        LAYER_NORM | {"layer_norm_eps": 1e-5, "hidden_act": "gelu_pytorch_tanh"},
        text_extra=DYNAMIC | {"tie_word_embeddings": True},
        processor={
            "min_patches": 2,
            "max_patches": 6,
            "resample": 2,
            "image_mean": [0.48145466, 0.4578275, 0.40821073],
            "image_std": [0.26862954, 0.26130258, 0.27577711],
        },
    ),
    Recipe(
        "qwen3",
        "as InternVL3.5: Qwen3 text, whose heads normalise queries and keys",
        ((1, 2), (2, 2)),
        LAYER_NORM,
        text="qwen3",
        text_extra={"head_dim": 16, "intermediate_size": 24},
    ),
    Recipe(
        "qwen2-single",
        "a single view whatever the picture, resized with the file's own filter (max_patches 1)",
        ((1, 1),),
        LAYER_NORM,
        processor={"max_patches": 1, "resample": 2},
        text_extra={"num_hidden_layers": 1},
    ),
)


def train_tokenizer(folder: pathlib.Path) -> int:
    """A byte-level tokenizer with Qwen2's settings, and the small files beside it. The size of its vocabulary."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    pattern = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=290, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS.splitlines(), trainer)
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    named = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    config = {
        "add_prefix_space": False,
        "bos_token": None,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "extra_special_tokens": named,
        "model_max_length": 2048,
        "pad_token": "<|endoftext|>",
        "processor_class": "InternVLProcessor",
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }
    (folder / "tokenizer_config.json").write_text(_json(config | named))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return tokenizer.get_vocab_size()


def build(recipe: Recipe, seed: int, vocabulary: int) -> PreTrainedModel:
    """The model of a recipe with seeded weights, already rounded to the type they are stored in."""
    first_special = vocabulary - len(SPECIAL)
    text = {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "bos_token_id": None,
        "eos_token_id": first_special + SPECIAL.index("<|im_end|>"),
        "tie_word_embeddings": False,
    }
    vision = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": VISION_LAYERS,
        "num_attention_heads": 2,
        "image_size": [TILE, TILE],
        "patch_size": [PATCH, PATCH],
    }
    vision |= recipe.vision
    tokens = (vision["image_size"][0] // vision["patch_size"][0] // 2) ** 2
    config = InternVLConfig(
        vision_config=vision,
        text_config=AutoConfig.for_model(recipe.text, **(text | recipe.text_extra)).to_dict(),
        image_token_id=first_special + SPECIAL.index("<IMG_CONTEXT>"),
        image_seq_length=tokens,
    )
    model = InternVLForConditionalGeneration(config)
    _fill(model, seed)
    model.generation_config.eos_token_id = text["eos_token_id"]
    model.generation_config.pad_token_id = first_special
    return model.to(getattr(torch, recipe.dtype)).eval()


@torch.no_grad()
def _fill(model: PreTrainedModel, seed: int) -> None:
    """Draws every weight in the order of the parameters' names, wider where attention needs peaks and tokens a lead."""
    generator = torch.Generator().manual_seed(seed)
    tied = model.config.text_config.tie_word_embeddings
    for name, weight in sorted(model.named_parameters()):
        noise = torch.randn(weight.shape, generator=generator)
        if "norm" in name:
            weight.copy_(0.1 * noise if name.endswith("bias") else 1 + 0.1 * noise)
        elif "lambda" in name:
            weight.copy_(0.8 + 0.3 * noise)
        elif weight.ndim == 1:
            weight.copy_(0.3 * noise)
        elif "embed" in name and "patch" not in name:
            weight.copy_((0.2 if tied and "embed_tokens" in name else 0.5) * noise)
        else:
            weight.copy_(noise * _gain(name, tied) / math.sqrt(weight[0].numel()))


def store(recipe: Recipe, model: PreTrainedModel, folder: pathlib.Path) -> None:
    """Writes weights, configuration and preprocessing beside the tokenizer."""
    model.save_pretrained(folder, safe_serialization=True)
    if recipe.modules:
        _rename_to_modules(folder)
    height, width = model.config.vision_config.image_size
    settings = {
        "crop_to_patches": False,
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": [0.485, 0.456, 0.406],
        "image_processor_type": "GotOcr2ImageProcessor",
        "image_std": [0.229, 0.224, 0.225],
        "max_patches": 12,
        "min_patches": 1,
        "processor_class": "InternVLProcessor",
        "resample": 3,
        "rescale_factor": 1 / 255,
        "size": {"height": height, "width": width},
    }
    (folder / "preprocessor_config.json").write_text(_json(settings | recipe.processor))
    length = {"image_seq_length": model.config.image_seq_length, "processor_class": "InternVLProcessor"}
    (folder / "processor_config.json").write_text(_json(length))


def load(folder: pathlib.Path) -> PreTrainedModel:
    """The stored model in float32 with plain (eager) attention."""
    model, loading = InternVLForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    if any(loading[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")):
        raise ValueError(f"{folder}: the checkpoint does not load cleanly: {loading}")
    return model.eval()


def processor_for(folder: pathlib.Path, model: PreTrainedModel) -> InternVLProcessor:
    """With the slow (Pillow) image processor."""
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    known = {key: value for key, value in settings.items() if key not in ("crop_size", "do_center_crop")}
    return InternVLProcessor(
        GotOcr2ImageProcessor(**{key: value for key, value in known.items() if not key.endswith(("type", "class"))}),
        AutoTokenizer.from_pretrained(folder),
        InternVLVideoProcessor(),
        image_seq_length=model.config.image_seq_length,
        chat_template=TEMPLATE,
    )


def size_for(grid: tuple[int, int], tile: int) -> tuple[int, int]:
    """Width and height of a picture that is cut into a grid; not quite its proportions."""
    return grid[1] * tile + 1 + grid[0] % 2, grid[0] * tile - grid[1] % 2


@dataclasses.dataclass
class Result:
    """What a checkpoint gave, and how clearly."""

    cases: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    arrays: dict[str, numpy.ndarray] = dataclasses.field(default_factory=dict)
    answers: list[list[int]] = dataclasses.field(default_factory=list)
    margin: float = math.inf
    selection_margin: float = math.inf

    def add(self, greedy: Any) -> None:
        """Takes a continuation into account."""
        self.answers.append(greedy.tokens)
        self.margin = min(self.margin, greedy.margin)

    def is_fit(self, special: range) -> bool:
        """Whether every continuation is clear, varied, free of special tokens, and the pictures' differ."""
        full = {tuple(case["tokens"]) for case in self.cases}
        return (
            self.margin >= LEAST_MARGIN
            and self.selection_margin >= LEAST_SELECTION_MARGIN
            and all(len(set(tokens)) >= LEAST_VARIETY for tokens in self.answers)
            and not any(token in special for tokens in self.answers for token in tokens)
            and len(full) == len(self.cases)
        )


def full_view_first(views: torch.Tensor) -> torch.Tensor:
    """From the model's order, tiles and then the full view, to that of partitions."""
    return torch.cat([views[-1:], views[:-1]])


@torch.no_grad()
def run(recipe: Recipe, folder: pathlib.Path) -> Result:
    """Everything recorded for one checkpoint."""
    model = load(folder)
    processor = processor_for(folder, model)
    result = Result()
    for number, grid in enumerate(recipe.grids):
        _case(recipe, model, processor, grid, QUESTIONS[number % len(QUESTIONS)], result)
    return result


def _case(
    recipe: Recipe,
    model: PreTrainedModel,
    processor: InternVLProcessor,
    grid: tuple[int, int],
    question: str,
    result: Result,
) -> None:
    vision = model.config.vision_config
    tile = vision.image_size[0]
    width, height = size_for(grid, tile)
    name = f"{grid[0]}x{grid[1]}"
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    inputs = processor(images=Image.fromarray(picture(width, height)), text=prompt, return_tensors="pt")
    ids, pixels = inputs["input_ids"], inputs["pixel_values"]
    tiles = grid[0] * grid[1]
    if len(pixels) != (1 if tiles == 1 else tiles + 1):
        raise ValueError(f"{recipe.name}: {width}×{height} gives {len(pixels)} views, not a grid of {name}")
    embeddings = model.get_image_features(pixel_values=pixels).flatten(0, 1)
    greedy = _generate(model, input_ids=ids, attention_mask=inputs["attention_mask"], pixel_values=pixels)
    result.add(greedy)
    case: dict[str, Any] = {
        "name": name,
        "width": width,
        "height": height,
        "grid": list(grid),
        "question": question,
        "prompt": prompt.replace("<IMG_CONTEXT>", "<image>"),
        "image_tokens": len(embeddings),
        "input_ids": ids[0].tolist(),
        "tokens": greedy.tokens,
        "margin": greedy.margin,
        "hired": [],
    }
    result.cases.append(case)
    arrays = {f"{name}.image_embeddings": embeddings}
    tower = observe(model, pixels)
    first, last = (
        full_view_first(tokens_of(attention[:, :, 0, 1:].sum(1)))
        for attention in (tower.attentions[0], tower.attentions[VISION_LAYERS - 1])
    )
    arrays |= {f"{name}.cls_initial": first, f"{name}.cls_final": last}
    features = full_view_first(joined(tower.output[:, 1:]))
    side = math.isqrt(features.shape[1])
    layout = hired.Stretched(width, height, (0, 0) if tiles == 1 else grid, tile, side)
    for percent in recipe.budgets:
        chosen = hired.select(layout, first.numpy(), last.numpy(), percent)
        partitions, tokens = zip(*chosen.order, strict=True)
        packed = model.model.multi_modal_projector(features[list(partitions), list(tokens)])
        dropped = _generate(model, inputs_embeds=_prompt_embeddings(model, ids[0], packed))
        result.add(dropped)
        result.selection_margin = min(result.selection_margin, chosen.margin)
        case["hired"].append(
            {
                "percent": percent,
                "budget": chosen.budget,
                "budgets": chosen.budgets,
                "scores": chosen.scores,
                "kept": chosen.kept,
                "tokens": dropped.tokens,
            }
        )
        arrays[f"{name}.hired-{percent}.image_embeddings"] = packed
    if recipe.name == TAPS and len(result.cases) == 1:
        arrays |= {f"taps.{key}": value for key, value in taps(tower).items()}
    result.arrays |= {key: numpy.ascontiguousarray(value.numpy(), dtype=numpy.float32) for key, value in arrays.items()}


def tokens_of(row: torch.Tensor) -> torch.Tensor:
    """Attention [..., patches] to that of tokens: the sum over squares of 2×2 patches."""
    side = math.isqrt(row.shape[-1]) // 2
    return row.unflatten(-1, (side, 2, side, 2)).sum((-3, -1)).flatten(-2)


def joined(rows: torch.Tensor) -> torch.Tensor:
    """Rows [views, patches, C] to those of tokens [views, tokens, 4C], as the model's own code shuffles them."""
    side = math.isqrt(rows.shape[1])
    # The method reads nothing of its model.
    return InternVLModel.pixel_shuffle(None, rows.unflatten(1, (side, side)), 0.5).flatten(1, 2)


@dataclasses.dataclass
class Observed:
    """What the tower's layers gave, by their number, and the tower."""

    attentions: dict[int, torch.Tensor] = dataclasses.field(default_factory=dict)
    queries: dict[int, torch.Tensor] = dataclasses.field(default_factory=dict)
    keys: dict[int, torch.Tensor] = dataclasses.field(default_factory=dict)
    hidden: dict[int, torch.Tensor] = dataclasses.field(default_factory=dict)
    output: torch.Tensor | None = None


def observe(model: PreTrainedModel, pixels: torch.Tensor) -> Observed:
    """Runs the tower and looks into it: its own `output_attentions` fails in 4.57.6."""
    seen = Observed()
    hooks = []

    def watch(module: torch.nn.Module, store: dict[int, torch.Tensor], index: int, part: int | None = None) -> None:
        hooks.append(
            module.register_forward_hook(
                lambda _, __, out: store.__setitem__(index, out if part is None else out[part])
            )
        )

    for index, layer in enumerate(model.model.vision_tower.encoder.layer):
        watch(layer, seen.hidden, index)
        watch(layer.attention, seen.attentions, index, 1)
        watch(layer.attention.q_norm, seen.queries, index)
        watch(layer.attention.k_norm, seen.keys, index)
    seen.output = model.model.vision_tower(pixels).last_hidden_state
    for hook in hooks:
        hook.remove()
    return seen


def taps(tower: Observed) -> dict[str, torch.Tensor]:
    """Every tap of every layer, the full view first."""
    arrays = {}
    for index in range(VISION_LAYERS):
        per_head = tower.attentions[index][:, :, 0, 1:]
        queries, keys = tower.queries[index], tower.keys[index]
        unsplit = (queries @ keys.transpose(1, 2) / queries.shape[-1] ** 0.5).softmax(-1)[:, 0, 1:]
        arrays[f"classAttention.{index}"] = full_view_first(tokens_of(per_head.sum(1)))
        arrays[f"classAttentionPerHead.{index}"] = full_view_first(tokens_of(per_head))
        arrays[f"classAttentionUnsplit.{index}"] = full_view_first(tokens_of(unsplit))
        arrays[f"keys.{index}"] = full_view_first(joined(keys[:, 1:]))
        arrays[f"features.{index}"] = full_view_first(joined(tower.hidden[index][:, 1:]))
    return arrays


def _prompt_embeddings(model: PreTrainedModel, ids: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """The prompt with its run of image tokens replaced by `image`, [1, T, D]; positions close up."""
    places = (ids == model.config.image_token_id).nonzero().flatten()
    embed = model.get_input_embeddings()
    return torch.cat([embed(ids[: places[0]]), image, embed(ids[places[-1] + 1 :])])[None]


def write(recipe: Recipe, out: pathlib.Path) -> None:
    """Writes one checkpoint with the first seed whose continuations are clear."""
    home = out / recipe.name
    for seed in range(1000):
        shutil.rmtree(home, ignore_errors=True)
        folder = home / "checkpoint"
        folder.mkdir(parents=True)
        vocabulary = train_tokenizer(folder)
        store(recipe, build(recipe, seed, vocabulary), folder)
        result = run(recipe, folder)
        if result.is_fit(range(vocabulary - len(SPECIAL), vocabulary)):
            break
    else:
        sys.exit(f"{recipe.name}: no seed is fit")
    header = {"schema": SCHEMA, "name": recipe.name, "about": recipe.about}
    (home / "reference.json").write_text(_json(header | {"cases": result.cases}))
    save_file(result.arrays, home / "reference.safetensors")
    for file in home.rglob("*.safetensors"):
        file.chmod(0o644)
    write_manifest(home, header | {"seed": seed, "least_margin": result.margin})
    print(f"{recipe.name}: seed {seed}, margin {result.margin:.4f}, {_size(home) // 1000} kB", flush=True)


def main() -> None:
    """Parses the command line and writes the fixtures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "Tests/HiREDInferenceTests/Fixtures/internvl")
    parser.add_argument("--only", action="append", choices=[recipe.name for recipe in RECIPES], metavar="NAME")
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    for recipe in RECIPES:
        if not options.only or recipe.name in options.only:
            write(recipe, options.out)
    print(f"{_size(options.out) // 1000} kB in all")


if __name__ == "__main__":
    main()
