"""Times Transformers in bf16 on an InternVL folder's shapes with random weights: all views, one full prompt.

    python internvl_run.py MODEL [--views 13] [--text 30]

MODEL is what `hired bench synthesize --like internvl3-1b` writes, of which only `config.json` is read. Pixels and ids
are random: their values do not change the time. Prints one JSON object for each of two answers.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import time

import torch
from transformers import InternVLConfig, InternVLForConditionalGeneration

from question import NEW_TOKENS, Answer, own_peak

TOKENS_PER_VIEW = 256


def load(model: pathlib.Path) -> InternVLForConditionalGeneration:
    """The folder's shapes, filled after the memory is taken."""
    config = InternVLConfig(**json.loads((model / "config.json").read_text()))
    made = InternVLForConditionalGeneration(config).to(torch.bfloat16).eval()
    for parameter in made.parameters():
        parameter.data.normal_(std=0.02)
    return made


@torch.no_grad()
def main() -> None:
    """Parses the command line, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--views", type=int, default=13)
    parser.add_argument("--text", type=int, default=30, help="tokens of the prompt besides the picture's")
    options = parser.parse_args()
    torch.set_default_dtype(torch.bfloat16)
    start = time.perf_counter()
    model = load(options.model)
    loaded = time.perf_counter() - start
    side = model.config.vision_config.image_size[0]
    pixels = torch.randn(options.views, 3, side, side)
    picture = torch.full((1, options.views * TOKENS_PER_VIEW), model.config.image_token_id)
    ids = torch.cat([picture, torch.randint(1000, 30_000, (1, options.text))], dim=1)
    for kind in ("first", "warm"):
        start = time.perf_counter()
        model.get_image_features(pixel_values=pixels)
        vision = time.perf_counter() - start
        start = time.perf_counter()
        output = model(input_ids=ids, pixel_values=pixels, use_cache=True, logits_to_keep=1)
        ttft = time.perf_counter() - start
        for _ in range(NEW_TOKENS - 1):
            token = output.logits[:, -1:].argmax(-1)
            output = model(input_ids=token, past_key_values=output.past_key_values, use_cache=True)
        rate = (NEW_TOKENS - 1) / (time.perf_counter() - start - ttft)
        Answer(kind, loaded, ids.shape[1], ttft, rate, own_peak(), vision).tell()


if __name__ == "__main__":
    main()
