"""Makes the layout fixtures: tiny random checkpoints in the original LLaVA layout, with exactly the gaps that published
folders have, and what Transformers computes from the same weights.

python layouts.py            # write both
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import shutil
import sys
import tempfile

import numpy
import sentencepiece
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPVisionConfig,
    LlamaConfig,
    LlamaTokenizer,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaImageProcessor,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessor,
    PreTrainedModel,
)

from checkpoints import _fill
from make_checkpoints import LEAST_MARGIN, LEAST_VARIETY, ROOT, _json, write_manifest
from reference import STEPS, _generate

TILE, PATCH = 56, 14
SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
PICTURES = {
    "grid-2x2.png": "What does the image say?",
    "grid-1x3.png": "How much is the tea?",
    "square.png": "Which color?",
}
CORPUS = """The assistant gives helpful, detailed and polite answers to the questions of a curious user.
What does the image say? How much is the tea? Which color is it? Where does the road go, and who is on it?
A picture of a street with cars, two people and a sign that reads 42. The coffee costs 3.50, the tea 2.75.
Answer the question using a single word or phrase. USER ASSISTANT chat between artificial intelligence
"""


@dataclasses.dataclass(frozen=True)
class Layout:
    """One folder: `share4v` holds no vision tower and pads, the other has its tower inside and tiles."""

    name: str
    about: str
    model_type: str
    architecture: str
    has_tower: bool


LAYOUTS = (
    Layout(
        "original-next",
        "liuhaotian/llava-v1.6 in two .bin shards: tower inside, any-resolution pinpoints as (width, height)",
        "llava",
        "LlavaLlamaForCausalLM",
        True,
    ),
    Layout(
        "original-share4v",
        "Lin-Chen/ShareGPT4V in one .bin file: padding, the tower in a whole CLIP folder of its own",
        "share4v",
        "Share4VLlamaForCausalLM",
        False,
    ),
)


def pinpoints() -> list[list[int]]:
    """As the original writes them: (width, height)."""
    return [[TILE, 2 * TILE], [2 * TILE, TILE], [2 * TILE, 2 * TILE], [3 * TILE, TILE], [TILE, 3 * TILE]]


def train_tokenizer(folder: pathlib.Path) -> None:
    """A SentencePiece model with LLaMA's settings, and the small files beside it."""
    with tempfile.TemporaryDirectory() as temporary:
        corpus = pathlib.Path(temporary) / "corpus.txt"
        corpus.write_text(CORPUS)
        sentencepiece.SentencePieceTrainer.train(
            input=str(corpus),
            model_prefix=str(pathlib.Path(temporary) / "tokenizer"),
            model_type="bpe",
            vocab_size=420,
            byte_fallback=True,
            split_digits=True,
            character_coverage=1.0,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            add_dummy_prefix=True,
            num_threads=1,
        )
        shutil.copy(pathlib.Path(temporary) / "tokenizer.model", folder)
    special = {"content": "", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    config = {
        "add_bos_token": True,
        "add_eos_token": False,
        "bos_token": special | {"content": "<s>", "__type": "AddedToken"},
        "clean_up_tokenization_spaces": False,
        "eos_token": special | {"content": "</s>", "__type": "AddedToken"},
        "model_max_length": 2048,
        "pad_token": None,
        "padding_side": "right",
        "tokenizer_class": "LlamaTokenizer",
        "unk_token": special | {"content": "<unk>", "__type": "AddedToken"},
    }
    (folder / "tokenizer_config.json").write_text(_json(config))


def build(layout: Layout, seed: int, vocabulary: int) -> PreTrainedModel:
    """The Hugging Face model whose weights the folder holds, rounded to float16."""
    vision = CLIPVisionConfig(
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=1,
        image_size=TILE,
        patch_size=PATCH,
    )
    text = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=3,
        num_key_value_heads=3,
        max_position_embeddings=2048,
        rms_norm_eps=1e-5,
    )
    common = {"vision_config": vision.to_dict(), "text_config": text.to_dict(), "image_token_index": vocabulary - 1}
    if layout.has_tower:
        swapped = [[height, width] for width, height in pinpoints()]
        model = LlavaNextForConditionalGeneration(
            LlavaNextConfig(image_grid_pinpoints=swapped, tie_word_embeddings=False, **common)
        )
    else:
        model = LlavaForConditionalGeneration(LlavaConfig(tie_word_embeddings=False, **common))
    _fill(model, seed)
    # Parameters alone: `half()` would round the rotary frequencies too.
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(weight.half())
    return model.eval()


def original_names(model: PreTrainedModel, has_tower: bool) -> dict[str, torch.Tensor]:
    """The weights under the names of the original LLaVA code, with the strays that such files hold."""
    renamed = {}
    for name, tensor in model.state_dict().items():
        name = name.replace("model.language_model.", "model.")
        name = name.replace("model.multi_modal_projector.linear_1", "model.mm_projector.0")
        name = name.replace("model.multi_modal_projector.linear_2", "model.mm_projector.2")
        name = name.replace("model.vision_tower.", "model.vision_tower.vision_tower.")
        if has_tower or ".vision_tower." not in name:
            renamed[name] = tensor.half().contiguous()
    for layer in range(model.config.text_config.num_hidden_layers):
        renamed[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = torch.ones(8)
    return renamed


def store(layout: Layout, model: PreTrainedModel, folder: pathlib.Path, tower: pathlib.Path) -> None:
    """Writes the checkpoint folder, and the tower's where it is apart."""
    text = model.config.text_config
    config = {
        "architectures": [layout.architecture],
        "model_type": layout.model_type,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "hidden_act": "silu",
        "hidden_size": text.hidden_size,
        "intermediate_size": text.intermediate_size,
        "max_position_embeddings": text.max_position_embeddings,
        "num_attention_heads": text.num_attention_heads,
        "num_hidden_layers": text.num_hidden_layers,
        "num_key_value_heads": text.num_key_value_heads,
        "rms_norm_eps": text.rms_norm_eps,
        "rope_scaling": None,
        "tie_word_embeddings": False,
        "vocab_size": text.vocab_size,
        "mm_hidden_size": 64,
        "mm_projector_type": "mlp2x_gelu",
        "mm_use_im_patch_token": False,
        "mm_use_im_start_end": False,
        "mm_vision_select_feature": "patch",
        "mm_vision_select_layer": -2,
        "mm_vision_tower": "openai/clip-vit-large-patch14-336",
        "image_aspect_ratio": "anyres" if layout.has_tower else "pad",
        "use_mm_proj": True,
    }
    if layout.has_tower:
        config |= {"image_grid_pinpoints": pinpoints(), "mm_patch_merge_type": "spatial_unpad"}
    (folder / "config.json").write_text(_json(config))
    weights = original_names(model, layout.has_tower)
    if layout.has_tower:
        names = sorted(weights)
        files = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"]
        shards = {files[0]: names[: len(names) // 2], files[1]: names[len(names) // 2 :]}
        for file, part in shards.items():
            torch.save({name: weights[name] for name in part}, folder / file)
        index = {"metadata": {}, "weight_map": {name: file for file, part in shards.items() for name in part}}
        (folder / "pytorch_model.bin.index.json").write_text(_json(index))
        torch.save({"stray": torch.ones(2)}, folder / "mm_projector.bin")
        return
    torch.save(weights, folder / "pytorch_model.bin")
    vision = model.config.vision_config.to_dict()
    clip = CLIPModel(
        CLIPConfig(
            vision_config=vision | {"projection_dim": 8},
            text_config={
                "hidden_size": 8,
                "intermediate_size": 8,
                "num_hidden_layers": 1,
                "num_attention_heads": 1,
                "vocab_size": 32,
            },
            projection_dim=8,
        )
    )
    clip.vision_model.load_state_dict(model.model.vision_tower.vision_model.state_dict())
    tower.mkdir()
    torch.save({name: tensor.half() for name, tensor in clip.state_dict().items()}, tower / "pytorch_model.bin")
    (tower / "config.json").write_text(_json(json.loads(clip.config.to_json_string())))
    processor = {
        "crop_size": TILE,
        "do_center_crop": True,
        "do_normalize": True,
        "do_resize": True,
        "feature_extractor_type": "CLIPFeatureExtractor",
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "resample": 3,
        "size": TILE,
    }
    (tower / "preprocessor_config.json").write_text(_json(processor))


def prompt_ids(tokenizer: LlamaTokenizer, prompt: str) -> tuple[list[int], list[int]]:
    """Ids before and after the picture: each piece is tokenised as a text of its own, BOS only first."""
    before, after = prompt.split("<image>")
    return tokenizer(before).input_ids, tokenizer(after).input_ids[1:]


@torch.no_grad()
def run(layout: Layout, model: PreTrainedModel, folder: pathlib.Path, images: pathlib.Path) -> tuple[list[dict], bool]:
    """Greedy continuations, and whether their margins let them be committed."""
    tokenizer = LlamaTokenizer.from_pretrained(folder, legacy=True)
    size = {"shortest_edge": TILE}
    crop = {"height": TILE, "width": TILE}
    if layout.has_tower:
        swapped = [[height, width] for width, height in pinpoints()]
        processor = LlavaNextImageProcessor(size=size, crop_size=crop, image_grid_pinpoints=swapped)
    else:
        processor = LlavaImageProcessor(do_pad=True, size=size, crop_size=crop)
    cases, fit = [], True
    for file, question in PICTURES.items():
        inputs = processor(images=Image.open(images / file).convert("RGB"), return_tensors="pt")
        sizes = {"image_sizes": inputs["image_sizes"]} if layout.has_tower else {}
        features = torch.cat(list(model.get_image_features(pixel_values=inputs["pixel_values"], **sizes)))
        before, after = prompt_ids(tokenizer, f"{SYSTEM} USER: <image>\n{question} ASSISTANT:")
        embed = model.get_input_embeddings()
        embeddings = torch.cat([embed(torch.tensor(before)), features, embed(torch.tensor(after))])[None]
        greedy = _generate(model, inputs_embeds=embeddings)
        fit = fit and greedy.margin >= LEAST_MARGIN and len(set(greedy.tokens)) >= LEAST_VARIETY
        cases.append(
            {
                "image": file,
                "question": question,
                "image_tokens": len(features),
                "ids_before": before,
                "ids_after": after,
                "tokens": greedy.tokens,
                "margin": greedy.margin,
            }
        )
    return cases, fit and len({tuple(case["tokens"]) for case in cases}) == len(cases)


def write(layout: Layout, out: pathlib.Path) -> None:
    """Writes one folder with the first seed whose continuations are clear."""
    home = out / layout.name
    for seed in range(200):
        shutil.rmtree(home, ignore_errors=True)
        folder = home / "checkpoint"
        folder.mkdir(parents=True)
        train_tokenizer(folder)
        vocabulary = sentencepiece.SentencePieceProcessor(str(folder / "tokenizer.model")).vocab_size()
        model = build(layout, seed, vocabulary)
        store(layout, model, folder, home / "tower")
        if layout.has_tower:
            # The same values in the other container: both must give the same model folder.
            save_file(original_names(model, has_tower=True), home / "model.safetensors")
        cases, fit = run(layout, model, folder, out)
        if fit:
            header = {"schema": 1, "name": layout.name, "about": layout.about}
            (home / "reference.json").write_text(_json(header | {"cases": cases}))
            write_manifest(home, header | {"seed": seed, "steps": STEPS})
            for file in home.rglob("*.safetensors"):
                file.chmod(0o644)
            print(layout.name, "seed", seed, min(case["margin"] for case in cases))
            return
    sys.exit(f"{layout.name}: no seed is fit")


def main() -> None:
    """Parses the command line and writes the fixtures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "Tests/HiREDInferenceTests/Fixtures/layouts")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    for file in list(PICTURES)[:2]:
        shutil.copy(ROOT / "Tests/HiREDInferenceTests/Fixtures/parity/images" / file, options.out / file)
    pixels = numpy.random.default_rng(5).integers(0, 256, (8, 8, 3), dtype=numpy.uint8)
    Image.fromarray(numpy.kron(pixels, numpy.ones((5, 5, 1), dtype=numpy.uint8))).save(options.out / "square.png")
    for layout in LAYOUTS:
        write(layout, options.out)


if __name__ == "__main__":
    main()
