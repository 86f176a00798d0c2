"""Writes a checkpoint of a LLaVA-NeXT whose language model has TinyLlama's shape, with random weights.

Usage: tinyllama.py DEMO DEST [SEED]   (DEMO is the demo's model, whose small files are taken; needs torch, safetensors)

22 layers of 2,048 with 4 heads of keys and values and 32,000 tokens, under CLIP ViT-L/14 of 336 pixels: 1.4 billion
parameters in f16. Its answers are nonsense; speed and memory do not depend on the values of weights.
"""

import json
import pathlib
import shutil
import sys
from collections.abc import Iterator

import torch
from safetensors.torch import save_file

TEXT = {
    "model_type": "llama",
    "hidden_size": 2048,
    "num_hidden_layers": 22,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "intermediate_size": 5632,
    "vocab_size": 32_000,
    # The published model reads 2,048, which a picture at full size does not fit.
    "max_position_embeddings": 4096,
    "rms_norm_eps": 1e-5,
    "rope_theta": 1e4,
}
VISION = {
    "model_type": "clip_vision_model",
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 336,
    "patch_size": 14,
    "projection_dim": 768,
}


def shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every tensor, under the names that Transformers saves."""
    width, inner, words = TEXT["hidden_size"], TEXT["intermediate_size"], TEXT["vocab_size"]
    keys = width // TEXT["num_attention_heads"] * TEXT["num_key_value_heads"]
    yield "language_model.model.embed_tokens.weight", (words, width)
    for layer in range(TEXT["num_hidden_layers"]):
        name = f"language_model.model.layers.{layer}."
        yield name + "input_layernorm.weight", (width,)
        yield name + "post_attention_layernorm.weight", (width,)
        for matrix, rows in (("q", width), ("k", keys), ("v", keys), ("o", width)):
            yield name + f"self_attn.{matrix}_proj.weight", (rows, width)
        yield name + "mlp.gate_proj.weight", (inner, width)
        yield name + "mlp.up_proj.weight", (inner, width)
        yield name + "mlp.down_proj.weight", (width, inner)
    yield "language_model.model.norm.weight", (width,)
    yield "language_model.lm_head.weight", (words, width)
    side, wide, patch = VISION["hidden_size"], VISION["intermediate_size"], VISION["patch_size"]
    yield "image_newline", (width,)
    yield "multi_modal_projector.linear_1.weight", (width, side)
    yield "multi_modal_projector.linear_1.bias", (width,)
    yield "multi_modal_projector.linear_2.weight", (width, width)
    yield "multi_modal_projector.linear_2.bias", (width,)
    tower = "vision_tower.vision_model."
    yield tower + "embeddings.class_embedding", (side,)
    yield tower + "embeddings.patch_embedding.weight", (side, 3, patch, patch)
    yield tower + "embeddings.position_embedding.weight", ((VISION["image_size"] // patch) ** 2 + 1, side)
    norms, matrices = ["pre_layrnorm", "post_layernorm"], []
    for layer in range(VISION["num_hidden_layers"]):
        name = f"encoder.layers.{layer}."
        norms += [name + "layer_norm1", name + "layer_norm2"]
        matrices += [(name + f"self_attn.{matrix}_proj", side, side) for matrix in ("q", "k", "v", "out")]
        matrices += [(name + "mlp.fc1", wide, side), (name + "mlp.fc2", side, wide)]
    for norm in norms:
        yield tower + norm + ".weight", (side,)
        yield tower + norm + ".bias", (side,)
    for matrix, rows, columns in matrices:
        yield tower + matrix + ".weight", (rows, columns)
        yield tower + matrix + ".bias", (rows,)


def values(name: str, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Norms are 1, biases 0, the rest normal with a deviation of 0.02."""
    if name.endswith(".bias"):
        return torch.zeros(shape, dtype=torch.float16)
    if len(shape) == 1 and "norm" in name:
        return torch.ones(shape, dtype=torch.float16)
    return torch.randn(shape, dtype=torch.float16, generator=generator).mul_(0.02)


def write(demo: pathlib.Path, destination: pathlib.Path, seed: int = 0) -> None:
    """The whole folder; the tokenizer is the demo's, filled up to 32,000 words."""
    destination.mkdir(parents=True)
    for name in ("preprocessor_config", "processor_config", "chat_template", "generation_config"):
        shutil.copy(demo / f"{name}.json", destination)
    for name in ("tokenizer_config", "special_tokens_map"):
        shutil.copy(demo / f"{name}.json", destination)
    tokenizer = json.loads((demo / "tokenizer.json").read_text())
    words = tokenizer["model"]["vocab"]
    taken = set(words.values()) | {token["id"] for token in tokenizer["added_tokens"]}
    words |= {f"\u2581word{number}": number for number in range(TEXT["vocab_size"]) if number not in taken}
    (destination / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
    config = json.loads((demo / "config.json").read_text()) | {"text_config": TEXT, "vision_config": VISION}
    (destination / "config.json").write_text(json.dumps(config, indent=2))
    generator = torch.Generator().manual_seed(seed)
    tensors = {name: values(name, shape, generator) for name, shape in shapes()}
    save_file(tensors, destination / "model.safetensors", {"format": "pt"})


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), *map(int, sys.argv[3:4]))
