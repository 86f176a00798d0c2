"""What each checkpoint of the parity set is: its shape, how it is stored, and the seed of its weights."""

from __future__ import annotations

import dataclasses
from typing import Any

import pictures


@dataclasses.dataclass(frozen=True)
class Text:
    """Shape of the language model. `extra` goes into its configuration as it stands."""

    model_type: str = "llama"
    hidden: int = 48
    intermediate: int = 96
    layers: int = 2
    heads: int = 3
    kv_heads: int = 3
    head_dim: int = 16
    tied: bool = False
    extra: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One checkpoint of the set.

    `naming` is `saved` for the tensor names Transformers 4.57.6 writes (`language_model.model.…`) or `modules` for the
    module tree it has had since 2025 (`model.language_model.…`), which newer releases write. `shards` above 1 writes
    an index. `feature_layer` may name several, whose features are joined. `omits` names keys taken out of each file after saving. `budgets` are the HiRED percentages recorded.
    """

    name: str
    about: str
    seed: int
    family: str = "llava_next"
    text: Text = Text()
    tile: int = 56
    patch: int = 14
    vision_hidden: int = 32
    vision_activation: str = "quick_gelu"
    feature_layer: int | tuple[int, ...] = -2
    feature_selection: str = "default"
    pad_to_square: bool = False
    dtype: str = "float16"
    naming: str = "saved"
    shards: int = 1
    omits: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    pictures: tuple[pictures.Picture, ...] = pictures.SMALL
    two_pictures: bool = False
    budgets: tuple[int, ...] = ()

    @property
    def feature_layers(self) -> list[int]:
        """Indices of the tower's hidden states that the projector takes."""
        return [self.feature_layer] if isinstance(self.feature_layer, int) else list(self.feature_layer)

    @property
    def pinpoints(self) -> list[list[int]]:
        """LLaVA-NeXT's pinpoints, (height, width), scaled to this tile."""
        t = self.tile
        return [[t, 2 * t], [2 * t, t], [2 * t, 2 * t], [3 * t, t], [t, 3 * t]]


PAIR = (pictures.SMALL[0], pictures.SMALL[2])

RECIPES = (
    Recipe(
        "next-mha",
        "LLaVA-NeXT, LLaMA text with as many key heads as query heads; HiRED at 20 and 40 %",
        seed=3,
        pictures=(*pictures.SMALL, pictures.THIN),
        two_pictures=True,
        budgets=(20, 40),
    ),
    Recipe(
        "next-gqa",
        "LLaVA-NeXT, LLaMA text with grouped queries, rope theta 5e5, exact GELU in the vision tower, odd 5×5 grids",
        seed=47,
        text=Text(hidden=64, heads=4, kv_heads=2, extra={"rope_theta": 500000.0}),
        tile=70,
        vision_activation="gelu",
        pictures=(*pictures.SMALL, pictures.THIN),
        budgets=(20,),
    ),
    Recipe(
        "next-mistral",
        "LLaVA-NeXT, Mistral text: grouped queries, no sliding window, heads wider together than the hidden size",
        seed=16,
        text=Text(
            "mistral",
            heads=4,
            kv_heads=2,
            extra={"sliding_window": None, "rope_theta": 1000000.0, "rms_norm_eps": 1e-5},
        ),
    ),
    Recipe(
        "next-qwen2",
        "LLaVA-NeXT, Qwen2 text: biases on queries, keys and values, output head tied to the embeddings",
        seed=28,
        text=Text("qwen2", hidden=64, heads=4, kv_heads=2, tied=True, extra={"rope_theta": 1000000.0}),
    ),
    Recipe("llava-crop", "LLaVA-1.5 with the CLIP processor: shorter edge to the tile, centre crop", 3, family="llava"),
    Recipe(
        "llava-pad",
        "LLaVA-1.5 padded to a square with the mean colour; features of the last vision layer",
        seed=15,
        family="llava",
        feature_layer=-1,
        pad_to_square=True,
    ),
    Recipe(
        "llava-cls",
        "LLaVA-1.5 whose projector takes the CLS token too (vision_feature_select_strategy full): N + 1 rows",
        seed=20,
        family="llava",
        text=Text(hidden=32, intermediate=64, layers=1, heads=2, kv_heads=2),
        feature_selection="full",
        pictures=PAIR,
    ),
    Recipe(
        "llava-layers",
        "LLaVA-1.5 with the features of two vision layers side by side",
        seed=21,
        family="llava",
        text=Text(hidden=32, intermediate=64, layers=1, heads=2, kv_heads=2),
        feature_layer=(-2, 1),
        pictures=PAIR,
    ),
    Recipe("next-sharded", "LLaVA-NeXT in three files with an index", 6, shards=3, pictures=PAIR),
    Recipe(
        "next-sharded-modules",
        "LLaVA-NeXT in two files with an index; the weights of next-sharded, named after the module tree",
        seed=6,
        naming="modules",
        shards=2,
        pictures=PAIR,
    ),
    Recipe("next-bf16", "LLaVA-NeXT stored in bfloat16", 10, dtype="bfloat16", pictures=PAIR),
    Recipe(
        "next-f32",
        "LLaVA-NeXT stored in float32 (values that float16 cannot hold)",
        seed=4,
        text=Text(intermediate=48),
        vision_hidden=16,
        dtype="float32",
        pictures=PAIR,
    ),
    Recipe(
        "next-sparse-config",
        "LLaVA-NeXT whose files leave out every key that Transformers' defaults can fill",
        seed=15,
        tile=336,
        patch=48,
        vision_hidden=16,
        pictures=pictures.LARGE,
        omits={
            "config.json": (
                "image_grid_pinpoints",
                "image_seq_length",
                "multimodal_projector_bias",
                "projector_hidden_act",
                "tie_word_embeddings",
                "transformers_version",
                "vision_feature_layer",
                "vision_feature_select_strategy",
                "text_config.attention_bias",
                "text_config.attention_dropout",
                "text_config.head_dim",
                "text_config.hidden_act",
                "text_config.initializer_range",
                "text_config.mlp_bias",
                "text_config.num_key_value_heads",
                "text_config.pretraining_tp",
                "text_config.rms_norm_eps",
                "text_config.rope_scaling",
                "text_config.rope_theta",
                "text_config.use_cache",
                "vision_config.attention_dropout",
                "vision_config.hidden_act",
                "vision_config.initializer_factor",
                "vision_config.initializer_range",
                "vision_config.layer_norm_eps",
                "vision_config.num_channels",
            ),
            "preprocessor_config.json": (
                "do_center_crop",
                "do_convert_rgb",
                "do_normalize",
                "do_pad",
                "do_rescale",
                "do_resize",
                "image_grid_pinpoints",
                "image_mean",
                "image_std",
                "processor_class",
                "resample",
                "rescale_factor",
            ),
            "processor_config.json": ("*",),
            "generation_config.json": ("*",),
        },
    ),
)


def named(name: str) -> Recipe:
    """The recipe called `name`."""
    return next(recipe for recipe in RECIPES if recipe.name == name)
