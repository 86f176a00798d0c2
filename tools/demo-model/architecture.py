"""The demo model's shape: LLaVA-NeXT, tiles of 336 pixels with patches of 28, five million parameters."""

from __future__ import annotations

import pathlib

from transformers import CLIPVisionConfig, LlamaConfig, LlavaNextConfig, LlavaNextForConditionalGeneration

from conversation import Vocabulary

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO_MODEL = ROOT / "Models" / "demo"

TILE = 336
PATCH = 28
SIDE = TILE // PATCH
"""Tokens along one edge of a view."""
VIEW_TOKENS = SIDE * SIDE
VISION_WIDTH = 160
VISION_LAYERS = 6
FEATURE_LAYER = -2
"""Which of the vision tower's hidden states feeds the projector, as `vision_feature_layer` counts them."""
FINAL_ATTENTION_LAYER = VISION_LAYERS + FEATURE_LAYER
"""The layer that makes those states, counted from 0: HiRED's final layer."""
PINPOINTS = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
"""LLaVA-NeXT's own canvases, (height, width)."""
LONGEST_CONTEXT = 4096


def vision_config() -> CLIPVisionConfig:
    """The vision tower's configuration."""
    return CLIPVisionConfig(
        hidden_size=VISION_WIDTH,
        intermediate_size=640,
        num_hidden_layers=VISION_LAYERS,
        num_attention_heads=5,
        image_size=TILE,
        patch_size=PATCH,
        hidden_act="quick_gelu",
        projection_dim=VISION_WIDTH,
    )


def text_config(vocabulary: Vocabulary) -> LlamaConfig:
    """The language model's configuration."""
    return LlamaConfig(
        vocab_size=vocabulary.size,
        hidden_size=224,
        intermediate_size=608,
        num_hidden_layers=4,
        num_attention_heads=7,
        num_key_value_heads=7,
        max_position_embeddings=LONGEST_CONTEXT,
        rms_norm_eps=1e-5,
        bos_token_id=vocabulary.begin,
        eos_token_id=vocabulary.end,
        pad_token_id=vocabulary.padding,
        tie_word_embeddings=False,
    )


def build(vocabulary: Vocabulary) -> LlavaNextForConditionalGeneration:
    """The model, with fresh weights."""
    config = LlavaNextConfig(
        vision_config=vision_config().to_dict(),
        text_config=text_config(vocabulary).to_dict(),
        image_token_index=vocabulary.image,
        image_grid_pinpoints=PINPOINTS,
        vision_feature_layer=FEATURE_LAYER,
        vision_feature_select_strategy="default",
        image_seq_length=VIEW_TOKENS,
    )
    return LlavaNextForConditionalGeneration(config)
