"""Writes the demo model with a wider language model that computes the same: its residual stream turned into a space of
512 dimensions by a random orthogonal map, its other widths filled with zeros up to multiples of 128.

For judging what groups of 128 activations do to answers: the demo's own width of 256 has two.

    python widen.py MODEL DESTINATION
"""

import json
import pathlib
import shutil
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

WIDTH = 512
HEADS = 8
INNER = 768


def padded(matrix: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The matrix with zeros below and to the right."""
    return np.pad(matrix, ((0, rows - matrix.shape[0]), (0, columns - matrix.shape[1])))


def widen(tensors: dict[str, np.ndarray], config: dict) -> dict[str, np.ndarray]:
    """New tensors; the vision tower's are as they were."""
    width, head = config["hidden_size"], config["head_dim"]
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((WIDTH, width)))[0]
    scale = np.sqrt(width / WIDTH)
    attention = HEADS * head
    result = dict(tensors)
    prefix = "language_model.model."

    def read(norm: str, name: str) -> np.ndarray:
        # The norm's weights go into the matrix behind it: they would not turn with the stream.
        return scale * (tensors[name] * tensors[norm]) @ turn.T

    for layer in range(config["num_hidden_layers"]):
        at = f"{prefix}layers.{layer}."
        before, behind = at + "input_layernorm.weight", at + "post_attention_layernorm.weight"
        for name in ("q", "k", "v"):
            key = f"{at}self_attn.{name}_proj.weight"
            result[key] = padded(read(before, key), attention, WIDTH)
        for name in ("gate", "up"):
            key = f"{at}mlp.{name}_proj.weight"
            result[key] = padded(read(behind, key), INNER, WIDTH)
        for key, columns in ((at + "self_attn.o_proj.weight", attention), (at + "mlp.down_proj.weight", INNER)):
            result[key] = padded(turn @ tensors[key], WIDTH, columns)
        result[before] = result[behind] = np.ones(WIDTH)
    result["language_model.lm_head.weight"] = read(prefix + "norm.weight", "language_model.lm_head.weight")
    result[prefix + "norm.weight"] = np.ones(WIDTH)
    result[prefix + "embed_tokens.weight"] = tensors[prefix + "embed_tokens.weight"] @ turn.T
    result["image_newline"] = turn @ tensors["image_newline"]
    first, second = "multi_modal_projector.linear_1.", "multi_modal_projector.linear_2."
    result[first + "weight"] = padded(tensors[first + "weight"], WIDTH, tensors[first + "weight"].shape[1])
    result[first + "bias"] = np.pad(tensors[first + "bias"], (0, WIDTH - width))
    result[second + "weight"] = padded(turn @ tensors[second + "weight"], WIDTH, WIDTH)
    result[second + "bias"] = turn @ tensors[second + "bias"]
    return result


def main() -> None:
    """Reads and writes the folders."""
    source, destination = (pathlib.Path(word) for word in sys.argv[1:3])
    shutil.copytree(source, destination, ignore=shutil.ignore_patterns("samples", "*.safetensors"))
    config = json.loads((source / "config.json").read_text())
    tensors = {name: values.astype(np.float64) for name, values in load_file(source / "model.safetensors").items()}
    wide = widen(tensors, config["text_config"])
    narrow = config["text_config"]["hidden_size"]
    config["text_config"] |= {
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS,
        "rms_norm_eps": config["text_config"]["rms_norm_eps"] * narrow / WIDTH,
    }
    config["dtype"] = "float32"
    (destination / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_file(
        {name: np.ascontiguousarray(values, np.float32) for name, values in wide.items()},
        destination / "model.safetensors",
        {"format": "pt"},
    )


main()
