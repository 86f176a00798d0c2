"""Last stage: writes the trained model as a Hugging Face LLaVA-NeXT folder.

python export.py --state WORK/language.pt --out WORK/checkpoint
"""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil

import torch

from architecture import DEMO_MODEL, LONGEST_CONTEXT, PATCH, PINPOINTS, TILE, build
from conversation import Vocabulary
from views import MEAN, STD

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
        "image_mean": MEAN.astype(float).round(8).tolist(),
        "image_std": STD.astype(float).round(8).tolist(),
        "image_processor_type": "LlavaNextImageProcessor",
        "processor_class": "LlavaNextProcessor",
        "resample": 3,
        "rescale_factor": 1 / 255,
        "size": {"shortest_edge": TILE},
    }


def tokenizer_config() -> dict[str, object]:
    """How Transformers opens the tokenizer."""
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


def export(state: pathlib.Path, tokenizer: pathlib.Path, out: pathlib.Path) -> None:
    """Writes weights in float16, and every file a folder needs."""
    vocabulary = Vocabulary(tokenizer)
    model = build(vocabulary)
    model.load_state_dict(torch.load(state)["m"])
    model.half().eval()
    model.generation_config.bos_token_id = vocabulary.begin
    model.generation_config.eos_token_id = vocabulary.end
    model.generation_config.pad_token_id = vocabulary.padding
    model.save_pretrained(out, safe_serialization=True)
    (out / "model.safetensors").chmod(0o644)
    for name, content in {
        "preprocessor_config.json": preprocessor_config(),
        "processor_config.json": processor_config(),
        "tokenizer_config.json": tokenizer_config(),
        "chat_template.json": {"chat_template": CHAT_TEMPLATE},
        "special_tokens_map.json": SPECIAL_TOKENS,
    }.items():
        (out / name).write_text(json.dumps(content, indent=2))
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
