"""Makes of an imported LLaVA-NeXT or InternVL folder the folder that OpenVINO GenAI's VLMPipeline reads.

    python genai_folder.py MODEL OUT

Language model and token table are linked as they are: both engines compute with the very same weights. The pipeline
wants the vision model otherwise: float pixels that are already normalised come in, and the projector is part of it.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil

import numpy
import openvino
from openvino import opset13
from openvino_tokenizers import convert_tokenizer
from safetensors.numpy import load_file
from transformers import PreTrainedTokenizerFast

CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073]
CLIP_DEVIATION = [0.26862954, 0.26130258, 0.27577711]
DEFAULT_GRID = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]


def vision_embeddings(model: pathlib.Path) -> tuple[openvino.Model, int, int, int]:
    """Vision tower and projector as one graph, pixel_values [N, 3, S, S] to last_hidden_state; S, the patch's side and
    the tower's width beside it."""
    core = openvino.Core()
    vision = core.read_model(model / "openvino_vision_model.xml")
    projector = core.read_model(model / "openvino_projector_model.xml")
    patches = next(node for node in vision.get_ops() if node.get_type_name() == "Convolution")
    shape = patches.input(0).get_partial_shape()
    side, patch = shape[2].get_length(), patches.input(1).get_partial_shape()[2].get_length()
    pixels = opset13.parameter([-1, 3, side, side], openvino.Type.f32, name="pixel_values")
    pixels.output(0).set_names({"pixel_values"})
    patches.input(0).replace_source_output(pixels.output(0))
    # What is left at the old input reads the number of views from it.
    for target in list(vision.inputs[0].get_node().output(0).get_target_inputs()):
        target.replace_source_output(pixels.output(0))
    features = next(result for result in vision.get_results() if result.get_friendly_name() == "features")
    source = features.input(0).get_source_output()
    shape = source.get_partial_shape()
    rows = projector.get_parameters()[0].get_partial_shape().rank.get_length() == 2
    if rows:
        source = opset13.reshape(source, numpy.array([-1, shape[-1].get_length()]), special_zero=False).output(0)
    for target in list(projector.get_parameters()[0].output(0).get_target_inputs()):
        target.replace_source_output(source)
    end = projector.get_results()[0].input(0).get_source_output()
    if rows:
        embedding = end.get_partial_shape()[-1].get_length()
        end = opset13.reshape(end, numpy.array([-1, shape[1].get_length(), embedding]), special_zero=False).output(0)
    end.get_tensor().set_names({"last_hidden_state"})
    joined = openvino.Model([opset13.result(end)], [pixels], "vision_embeddings")
    joined.validate_nodes_and_infer_types()
    return joined, side, patch, shape[-1].get_length()


def write_settings(model: pathlib.Path, out: pathlib.Path, side: int, patch: int, width: int) -> None:
    """The settings the pipeline reads, with those it has no defaults for filled in."""
    config = json.loads((model / "config.json").read_text())
    shutil.copy(model / "generation_config.json", out)
    if config["model_type"] == "internvl":
        return write_internvl_settings(model, out, config, side, patch, width)
    newline = next(iter(load_file(model / "image_newline.safetensors").values())).astype(numpy.float32)
    config["image_newline"] = newline.tolist()
    config["vision_config"] = {"patch_size": patch, "image_size": side, "hidden_size": width}
    config["hidden_size"] = config["text_config"]["hidden_size"]
    (out / "config.json").write_text(json.dumps(config))
    preprocessing = {
        "crop_size": {"height": side, "width": side},
        "size": {"shortest_edge": side},
        "image_grid_pinpoints": config.get("image_grid_pinpoints") or DEFAULT_GRID,
        "image_mean": CLIP_MEAN,
        "image_std": CLIP_DEVIATION,
        "patch_size": patch,
        "do_resize": True,
        "do_normalize": True,
    }
    (out / "preprocessor_config.json").write_text(json.dumps(preprocessing))


def write_internvl_settings(
    model: pathlib.Path, out: pathlib.Path, config: dict, side: int, patch: int, width: int
) -> None:
    """The pipeline knows the family by its makers' name, and no `-hf` form."""
    config |= {
        "model_type": "internvl_chat",
        "hidden_size": config["text_config"]["hidden_size"],
        "vision_config": {"patch_size": patch, "image_size": side, "hidden_size": width},
        "max_dynamic_patch": 12,
        "use_thumbnail": True,
    }
    (out / "config.json").write_text(json.dumps(config))
    source = json.loads((model / "preprocessor_config.json").read_text())
    preprocessing = {
        "crop_size": {"height": side, "width": side},
        "size": {"shortest_edge": side},
        "image_mean": source["image_mean"],
        "image_std": source["image_std"],
        "patch_size": patch,
        "do_resize": True,
        "do_normalize": True,
    }
    (out / "preprocessor_config.json").write_text(json.dumps(preprocessing))


def write_tokenizer(model: pathlib.Path, out: pathlib.Path) -> None:
    """Tokenizer and detokenizer as graphs."""
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<unk>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(model / "tokenizer.json"), **names)
    graphs = convert_tokenizer(tokenizer, with_detokenizer=True, add_special_tokens=True)
    for graph, name in zip(graphs, ("tokenizer", "detokenizer"), strict=True):
        openvino.save_model(graph, out / f"openvino_{name}.xml")
    tokenizer.save_pretrained(out)


def main() -> None:
    """Parses the command line and writes the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True)
    for part in ("language", "text_embeddings"):
        for end in ("xml", "bin"):
            name = f"openvino_{part}_model.{end}"
            (options.out / name).symlink_to((options.model / name).resolve())
    vision, side, patch, width = vision_embeddings(options.model)
    # Weights keep the types they have.
    openvino.save_model(vision, options.out / "openvino_vision_embeddings_model.xml", compress_to_fp16=False)
    write_settings(options.model, options.out, side, patch, width)
    write_tokenizer(options.model, options.out)


if __name__ == "__main__":
    main()
