"""Writes what llama.cpp reads, of the same shapes as an imported LLaVA-NeXT folder: the language model in Q4_0 and the
vision tower with its projector in f16. Weights are random; they tell about speed only.

    PYTHONPATH=LLAMA.CPP/gguf-py python llama_models.py MODEL OUT      # OUT/language.gguf, OUT/vision.gguf

The types are those `llama-quantize … Q4_0` gives: Q4_0 for all matrices and the token table, Q6_K for the head, f32 for
norms. Blocks are drawn as they lie in the file, so no larger file has to be quantised first. The vocabulary is the
folder's, so that a prompt has the same tokens. Vision follows CLIP-L/14-336.
"""

from __future__ import annotations

import argparse
import json
import pathlib

import gguf
import numpy

DEVIATION = 0.02
RANDOM = numpy.random.default_rng(0)
PINPOINTS = [336, 672, 672, 336, 672, 672, 1008, 336, 336, 1008]


def floats(kind: type, *shape: int) -> numpy.ndarray:
    """Normal values of a weight's usual size."""
    return (RANDOM.standard_normal(shape, dtype=numpy.float32) * DEVIATION).astype(kind)


def blocks(rows: int, columns: int, weights: int, parts: list[int], deviation: float) -> numpy.ndarray:
    """[rows, bytes] of quantised blocks of `weights` values: runs of random bytes of the lengths `parts`, and a scale
    in f16 where a length is 0. `deviation` is that of the integers; half of the scales are negative, so that the mean
    of the values is 0."""
    count = rows * columns // weights
    scales = RANDOM.choice(numpy.array([-1, 1], numpy.float16), (count, 1)) * numpy.float16(DEVIATION / deviation)
    pieces = [
        RANDOM.integers(0, 256, (count, part), dtype=numpy.uint8) if part else scales.view(numpy.uint8)
        for part in parts
    ]
    return numpy.concatenate(pieces, 1).reshape(rows, -1)


def q4_0(rows: int, columns: int) -> numpy.ndarray:
    """A scale and 32 integers of 4 bits a block."""
    return blocks(rows, columns, 32, [0, 16], 4.6)


def q6_k(rows: int, columns: int) -> numpy.ndarray:
    """256 integers of 6 bits, 16 scales of 8 bits and a scale of these a block."""
    return blocks(rows, columns, 256, [128, 64, 16, 0], 18.5 * 74)


def vocabulary(model: pathlib.Path, size: int) -> tuple[list[bytes], list[float], list[int]]:
    """Tokens, scores and types as SentencePiece has them. A merge's score falls with its rank; what no merge makes is
    worth least, so text is cut as the folder's tokenizer cuts it."""
    tokenizer = json.loads((model / "tokenizer.json").read_text())["model"]
    ranks = {"".join(pair): rank for rank, pair in enumerate(tokenizer["merges"])}
    names = {identifier: token for token, identifier in tokenizer["vocab"].items()}
    tokens, scores, types = [], [], []
    for identifier in range(size):
        token = names.get(identifier, f"<unused {identifier}>")
        tokens.append(token.encode())
        scores.append(-float(ranks.get(token, 1_000_000)))
        if token == "<unk>":
            types.append(gguf.TokenType.UNKNOWN)
        elif token in ("<s>", "</s>"):
            types.append(gguf.TokenType.CONTROL)
        elif token.startswith("<0x"):
            types.append(gguf.TokenType.BYTE)
        else:
            types.append(gguf.TokenType.NORMAL if identifier in names else gguf.TokenType.UNUSED)
    return tokens, scores, types


def write_language(model: pathlib.Path, out: pathlib.Path) -> None:
    """The language model in Q4_0."""
    text = json.loads((model / "config.json").read_text())["text_config"]
    width, inner, size = text["hidden_size"], text["intermediate_size"], text["vocab_size"]
    heads, cached = text["num_attention_heads"], text["num_key_value_heads"]
    narrow = width // heads * cached
    writer = gguf.GGUFWriter(out, "llama", use_temp_file=True)
    writer.add_block_count(text["num_hidden_layers"])
    writer.add_context_length(text["max_position_embeddings"])
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(cached)
    writer.add_layer_norm_rms_eps(text["rms_norm_eps"])
    writer.add_rope_dimension_count(width // heads)
    writer.add_rope_freq_base(text["rope_theta"])
    writer.add_vocab_size(size)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_0)
    tokens, scores, types = vocabulary(model, size)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    kind = gguf.GGMLQuantizationType.Q4_0
    writer.add_tensor("token_embd.weight", q4_0(size, width), raw_dtype=kind)
    writer.add_tensor("output.weight", q6_k(size, width), raw_dtype=gguf.GGMLQuantizationType.Q6_K)
    writer.add_tensor("output_norm.weight", numpy.ones(width, numpy.float32))
    matrices = {
        "attn_q": (width, width),
        "attn_k": (narrow, width),
        "attn_v": (narrow, width),
        "attn_output": (width, width),
        "ffn_gate": (inner, width),
        "ffn_up": (inner, width),
        "ffn_down": (width, inner),
    }
    for layer in range(text["num_hidden_layers"]):
        for name, shape in matrices.items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", q4_0(*shape), raw_dtype=kind)
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", numpy.ones(width, numpy.float32))
    finish(writer)


def write_vision(model: pathlib.Path, out: pathlib.Path) -> None:
    """CLIP-L/14-336 and LLaVA-1.6's projector. llama.cpp, too, computes all layers but the last."""
    target = json.loads((model / "config.json").read_text())["text_config"]["hidden_size"]
    width, inner, layers, heads, patch, side = 1024, 4096, 24, 16, 14, 336
    writer = gguf.GGUFWriter(out, "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", "mlp")
    writer.add_bool("clip.use_gelu", False)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    numbers = {
        "image_size": side,
        "patch_size": patch,
        "embedding_length": width,
        "feed_forward_length": inner,
        "projection_dim": 768,
        "block_count": layers,
        "attention.head_count": heads,
    }
    for name, value in numbers.items():
        writer.add_uint32(f"clip.vision.{name}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-5)
    writer.add_array("clip.vision.image_mean", [0.48145466, 0.4578275, 0.40821073])
    writer.add_array("clip.vision.image_std", [0.26862954, 0.26130258, 0.27577711])
    writer.add_array("clip.vision.image_grid_pinpoints", PINPOINTS)
    writer.add_string("clip.vision.mm_patch_merge_type", "spatial_unpad")

    def layer(name: str, rows: int, columns: int) -> None:
        writer.add_tensor(f"{name}.weight", floats(numpy.float16, rows, columns))
        writer.add_tensor(f"{name}.bias", floats(numpy.float32, rows))

    def norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", numpy.ones(width, numpy.float32))
        writer.add_tensor(f"{name}.bias", floats(numpy.float32, width))

    writer.add_tensor("v.class_embd", floats(numpy.float32, width))
    writer.add_tensor("v.patch_embd.weight", floats(numpy.float16, width, 3, patch, patch))
    writer.add_tensor("v.position_embd.weight", floats(numpy.float16, (side // patch) ** 2 + 1, width))
    norm("v.pre_ln")
    norm("v.post_ln")
    for index in range(layers):
        block = f"v.blk.{index}"
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            layer(f"{block}.{name}", width, width)
        layer(f"{block}.ffn_up", inner, width)
        layer(f"{block}.ffn_down", width, inner)
        norm(f"{block}.ln1")
        norm(f"{block}.ln2")
    layer("mm.0", target, width)
    layer("mm.2", target, target)
    writer.add_tensor("v.image_newline", floats(numpy.float32, target))
    finish(writer)


def finish(writer: gguf.GGUFWriter) -> None:
    """Writes the file."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    """Parses the command line and writes both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    write_language(options.model, options.out / "language.gguf")
    write_vision(options.model, options.out / "vision.gguf")


if __name__ == "__main__":
    main()
