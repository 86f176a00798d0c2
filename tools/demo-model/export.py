"""Last stage: writes the trained model as a Hugging Face LLaVA-NeXT folder.

python export.py --state WORK/joint.pt --out WORK/checkpoint
"""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file

from architecture import DEMO_MODEL, EPSILON, FEATURE_LAYER, HEAD_SIZE, LONGEST_CONTEXT, ROPE_BASE, SHAPE, DemoModel
from canvases import MEAN, PATCH, PINPOINTS, STD, TILE, VIEW_TOKENS
from conversation import Vocabulary

TRANSFORMERS = "4.57.6"
NAMES = {
    "tower.": "vision_tower.vision_model.",
    "projector.": "multi_modal_projector.",
    "language_model.": "language_model.model.",
    "lm_head.": "language_model.lm_head.",
    "image_newline": "image_newline",
}
"""How the state's names begin in a checkpoint."""
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}USER: "
    "{% for part in message['content'] if part['type'] == 'image' %}<image>\n{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %} "
    "{% else %}ASSISTANT: "
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}</s>"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
SPECIAL_TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


def configuration(vocabulary: Vocabulary) -> dict[str, object]:
    """`config.json`."""
    text_heads, vision_heads = SHAPE.text_width // HEAD_SIZE, SHAPE.vision_width // HEAD_SIZE
    return {
        "architectures": ["LlavaNextForConditionalGeneration"],
        "dtype": "float16",
        "image_grid_pinpoints": PINPOINTS,
        "image_seq_length": VIEW_TOKENS,
        "image_token_index": vocabulary.image,
        "model_type": "llava_next",
        "multimodal_projector_bias": True,
        "projector_hidden_act": "gelu",
        "text_config": {
            "attention_bias": False,
            "attention_dropout": 0.0,
            "head_dim": HEAD_SIZE,
            "hidden_act": "silu",
            "hidden_size": SHAPE.text_width,
            "initializer_range": 0.02,
            "intermediate_size": SHAPE.text_inner,
            "max_position_embeddings": LONGEST_CONTEXT,
            "mlp_bias": False,
            "model_type": "llama",
            "num_attention_heads": text_heads,
            "num_hidden_layers": SHAPE.text_layers,
            "num_key_value_heads": text_heads,
            "pad_token_id": vocabulary.padding,
            "pretraining_tp": 1,
            "rms_norm_eps": EPSILON,
            "rope_scaling": None,
            "rope_theta": ROPE_BASE,
            "use_cache": True,
            "vocab_size": vocabulary.size,
        },
        "tie_word_embeddings": False,
        "transformers_version": TRANSFORMERS,
        "vision_config": {
            "attention_dropout": 0.0,
            "hidden_act": "quick_gelu",
            "hidden_size": SHAPE.vision_width,
            "image_size": TILE,
            "initializer_factor": 1.0,
            "initializer_range": 0.02,
            "intermediate_size": SHAPE.vision_inner,
            "layer_norm_eps": EPSILON,
            "model_type": "clip_vision_model",
            "num_attention_heads": vision_heads,
            "num_channels": 3,
            "num_hidden_layers": SHAPE.vision_layers,
            "patch_size": PATCH,
            "projection_dim": SHAPE.vision_width,
        },
        "vision_feature_layer": FEATURE_LAYER,
        "vision_feature_select_strategy": "default",
    }


def preprocessor_config() -> dict[str, object]:
    """How Transformers prepares the model's pictures."""
    return {
        "crop_size": {"height": TILE, "width": TILE},
        "do_center_crop": True,
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_pad": True,
        "do_rescale": True,
        "do_resize": True,
        "image_grid_pinpoints": PINPOINTS,
        "image_mean": list(MEAN),
        "image_std": list(STD),
        "image_processor_type": "LlavaNextImageProcessor",
        "processor_class": "LlavaNextProcessor",
        "resample": 3,
        "rescale_factor": 1 / 255,
        "size": {"shortest_edge": TILE},
    }


def tokenizer_config() -> dict[str, object]:
    """What the tokenizer's class needs beside `tokenizer.json`."""
    return {
        "tokenizer_class": "LlamaTokenizerFast",
        **SPECIAL_TOKENS,
        "image_token": "<image>",
        "add_bos_token": True,
        "add_eos_token": False,
        "legacy": True,
        "clean_up_tokenization_spaces": False,
        "model_max_length": LONGEST_CONTEXT,
        "padding_side": "left",
        "processor_class": "LlavaNextProcessor",
        "chat_template": CHAT_TEMPLATE,
    }


def processor_config() -> dict[str, object]:
    """What the processor needs to count image tokens."""
    return {
        "processor_class": "LlavaNextProcessor",
        "image_token": "<image>",
        "num_additional_image_tokens": 1,
        "patch_size": PATCH,
        "vision_feature_select_strategy": "default",
    }


def generation_config(vocabulary: Vocabulary) -> dict[str, object]:
    """Where answers end."""
    return {
        "_from_model_config": True,
        "bos_token_id": vocabulary.begin,
        "eos_token_id": vocabulary.end,
        "pad_token_id": vocabulary.padding,
        "transformers_version": TRANSFORMERS,
    }


def checkpoint_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights in float16 under a checkpoint's names."""
    named = {}
    for name, weight in state.items():
        own = next(prefix for prefix in NAMES if name.startswith(prefix))
        named[NAMES[own] + name.removeprefix(own)] = weight.half().contiguous()
    return named


def export(state: pathlib.Path, tokenizer: pathlib.Path, out: pathlib.Path) -> None:
    """Writes weights in float16, and every file a folder needs."""
    vocabulary = Vocabulary(tokenizer)
    model = DemoModel(vocabulary.size)
    model.load_state_dict(torch.load(state, map_location="cpu")["model"])
    save_file(checkpoint_names(model.state_dict()), out / "model.safetensors", {"format": "pt"})
    for name, content in {
        "config.json": configuration(vocabulary),
        "generation_config.json": generation_config(vocabulary),
        "preprocessor_config.json": preprocessor_config(),
        "processor_config.json": processor_config(),
        "tokenizer_config.json": tokenizer_config(),
        "chat_template.json": {"chat_template": CHAT_TEMPLATE},
        "special_tokens_map.json": SPECIAL_TOKENS,
    }.items():
        (out / name).write_text(json.dumps(content, indent=2) + "\n")
    if tokenizer.resolve() != (out / "tokenizer.json").resolve():
        shutil.copyfile(tokenizer, out / "tokenizer.json")


def main() -> None:
    """Parses the command line and exports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--tokenizer", type=pathlib.Path, default=DEMO_MODEL / "tokenizer.json")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    export(options.state, options.tokenizer, options.out)
    print(options.out)


if __name__ == "__main__":
    main()
