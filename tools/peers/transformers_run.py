"""Times Transformers in bf16 on a LLaVA-NeXT folder's shapes with random weights: five views and one full prompt.

    python transformers_run.py MODEL [--prompt 2965]

The vision tower is CLIP-L/14-336. The picture's tokens enter as random embeddings: their values do not change the time.
It needs 14 GB of memory. Prints one JSON object for each of two answers.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import time

import torch
from transformers import CLIPVisionConfig, CLIPVisionModel, LlamaConfig, LlamaForCausalLM

from question import NEW_TOKENS, Answer, own_peak

VIEWS = 5


def vision_tower() -> CLIPVisionModel:
    """CLIP-L/14-336."""
    config = CLIPVisionConfig(
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=24,
        num_attention_heads=16,
        image_size=336,
        patch_size=14,
    )
    return CLIPVisionModel(config).eval()


def language_model(model: pathlib.Path) -> LlamaForCausalLM:
    """The folder's shapes; filled after the memory is taken, since drawing 7·10⁹ initial weights takes minutes."""
    config = LlamaConfig(**json.loads((model / "config.json").read_text())["text_config"])
    with torch.device("meta"):
        language = LlamaForCausalLM(config)
    language = language.to_empty(device="cpu").eval()
    for parameter in language.parameters():
        parameter.data.normal_(std=0.02)
    head = config.hidden_size // config.num_attention_heads
    exponents = torch.arange(0, head, 2, dtype=torch.float32) / head
    language.model.rotary_emb.inv_freq = 1 / config.rope_theta**exponents
    return language


@torch.no_grad()
def main() -> None:
    """Parses the command line, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--prompt", type=int, default=2965)
    options = parser.parse_args()
    torch.set_default_dtype(torch.bfloat16)
    start = time.perf_counter()
    tower, language = vision_tower(), language_model(options.model)
    load = time.perf_counter() - start
    pixels = torch.randn(VIEWS, 3, 336, 336)
    embeddings = torch.randn(1, options.prompt, language.config.hidden_size) * 0.02
    for kind in ("first", "warm"):
        start = time.perf_counter()
        tower(pixels, output_hidden_states=True)
        vision = time.perf_counter() - start
        output = language(inputs_embeds=embeddings, use_cache=True, logits_to_keep=1)
        ttft = time.perf_counter() - start
        for _ in range(NEW_TOKENS - 1):
            token = output.logits[:, -1:].argmax(-1)
            output = language(input_ids=token, past_key_values=output.past_key_values, use_cache=True)
        rate = (NEW_TOKENS - 1) / (time.perf_counter() - start - ttft)
        Answer(kind, load, options.prompt, ttft, rate, own_peak(), vision).tell()


if __name__ == "__main__":
    main()
