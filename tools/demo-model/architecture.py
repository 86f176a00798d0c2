"""The demo model: LLaVA-NeXT with a small CLIP tower and a small LLaMA, in plain PyTorch, to train fast on a CPU or a
GPU. Arithmetic and weights' names are Transformers' own (4.57.6, models clip, llama and llava_next)."""

from __future__ import annotations

import dataclasses
import pathlib

import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from canvases import MEAN, PATCH, STD, VIEW_TOKENS

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO_MODEL = ROOT / "Models" / "demo"
FEATURE_LAYER = -2
"""Which of the vision tower's hidden states feeds the projector, as `vision_feature_layer` counts them."""
LONGEST_CONTEXT = 4096
EPSILON = 1e-5
ROPE_BASE = 10_000.0
HEAD_SIZE = 32
SEPARATOR_SPREAD = 0.02


@dataclasses.dataclass(frozen=True)
class Shape:
    """Layers, widths and inner widths of tower and language model."""

    vision_layers: int = 8
    vision_width: int = 192
    vision_inner: int = 768
    text_layers: int = 6
    text_width: int = 256
    text_inner: int = 688


SHAPE = Shape()


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    """uint8 [N, H, W, 3] to the tower's input, float32 [N, 3, H, W]."""
    mean, deviation = (torch.tensor(part, device=pixels.device) for part in (MEAN, STD))
    return ((pixels.float() / 255 - mean) / deviation).permute(0, 3, 1, 2)


def _heads(states: torch.Tensor) -> torch.Tensor:
    return states.unflatten(-1, (-1, HEAD_SIZE)).transpose(1, 2)


class VisionAttention(nn.Module):
    """Attention over all tokens of a view."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """[N, T, C] to [N, T, C]."""
        query, key, value = (_heads(part(states)) for part in (self.q_proj, self.k_proj, self.v_proj))
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.out_proj(mixed.transpose(1, 2).flatten(2))


class VisionMLP(nn.Module):
    """CLIP's: quick GELU between two layers."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """[N, T, C] to [N, T, C]."""
        inner = self.fc1(states)
        return self.fc2(inner * torch.sigmoid(1.702 * inner))


class VisionLayer(nn.Module):
    """One layer of the tower."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.self_attn = VisionAttention(width)
        self.layer_norm1 = nn.LayerNorm(width, EPSILON)
        self.mlp = VisionMLP(width, inner)
        self.layer_norm2 = nn.LayerNorm(width, EPSILON)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """[N, T, C] to [N, T, C]."""
        states = states + self.self_attn(self.layer_norm1(states))
        return states + self.mlp(self.layer_norm2(states))


class Tower(nn.Module):
    """CLIP's vision transformer."""

    def __init__(self, shape: Shape = SHAPE) -> None:
        super().__init__()
        width = shape.vision_width
        self.embeddings = nn.Module()
        self.embeddings.class_embedding = nn.Parameter(torch.randn(width) * 0.02)
        self.embeddings.patch_embedding = nn.Conv2d(3, width, PATCH, PATCH, bias=False)
        self.embeddings.position_embedding = nn.Embedding(VIEW_TOKENS + 1, width)
        nn.init.normal_(self.embeddings.position_embedding.weight, std=0.02)
        self.pre_layrnorm = nn.LayerNorm(width, EPSILON)
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList(VisionLayer(width, shape.vision_inner) for _ in range(shape.vision_layers))
        self.post_layernorm = nn.LayerNorm(width, EPSILON)

    def forward(self, pixels: torch.Tensor, whole: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        """Views [N, 336, 336, 3] of bytes to the hidden state that the projector reads [N, 1 + tokens, C], CLS first;
        and, if `whole`, the pooled output of the last layer [N, C], else the CLS row of that state.
        """
        patches = self.embeddings.patch_embedding(normalised(pixels)).flatten(2).transpose(1, 2)
        first = self.embeddings.class_embedding.to(patches.dtype).expand(len(patches), 1, -1)
        states = torch.cat([first, patches], 1) + self.embeddings.position_embedding.weight
        states = self.pre_layrnorm(states)
        for layer in self.encoder.layers[: FEATURE_LAYER + 1]:
            states = layer(states)
        if not whole:
            return states, states[:, 0]
        last = states
        for layer in self.encoder.layers[FEATURE_LAYER + 1 :]:
            last = layer(last)
        return states, self.post_layernorm(last[:, 0])


class TextAttention(nn.Module):
    """Causal attention with rotary positions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(width, width, bias=False) for _ in range(4))

    def forward(self, states: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
        """[N, T, C] to [N, T, C]."""
        query, key, value = (_heads(part(states)) for part in (self.q_proj, self.k_proj, self.v_proj))
        query, key = (rotated(part, cosine, sine) for part in (query, key))
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.o_proj(mixed.transpose(1, 2).flatten(2))


def rotated(states: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """Rotary position embedding with halves, as LLaMA's."""
    low, high = states.chunk(2, -1)
    return states * cosine + torch.cat([-high, low], -1) * sine


def rotation(length: int, device: torch.device, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines [T, head size] of positions from 0."""
    frequencies = ROPE_BASE ** (-torch.arange(0, HEAD_SIZE, 2, device=device).float() / HEAD_SIZE)
    angles = torch.arange(length, device=device).float()[:, None] * frequencies
    angles = torch.cat([angles, angles], -1)
    return angles.cos().to(dtype), angles.sin().to(dtype)


class TextMLP(nn.Module):
    """SwiGLU."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(width, inner, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(inner, width, bias=False)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """[N, T, C] to [N, T, C]."""
        return self.down_proj(functional.silu(self.gate_proj(states)) * self.up_proj(states))


class TextLayer(nn.Module):
    """One layer of the language model."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.self_attn = TextAttention(width)
        self.mlp = TextMLP(width, inner)
        self.input_layernorm = nn.RMSNorm(width, EPSILON)
        self.post_attention_layernorm = nn.RMSNorm(width, EPSILON)

    def forward(self, states: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
        """[N, T, C] to [N, T, C]."""
        states = states + self.self_attn(self.input_layernorm(states), cosine, sine)
        return states + self.mlp(self.post_attention_layernorm(states))


class Projector(nn.Module):
    """LLaVA's two layers."""

    def __init__(self, shape: Shape = SHAPE) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(shape.vision_width, shape.text_width)
        self.linear_2 = nn.Linear(shape.text_width, shape.text_width)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """[N, T, vision width] to [N, T, text width]."""
        return self.linear_2(functional.gelu(self.linear_1(features)))


class LanguageModel(nn.Module):
    """LLaMA, without its head."""

    def __init__(self, vocabulary_size: int, shape: Shape = SHAPE) -> None:
        super().__init__()
        width = shape.text_width
        self.embed_tokens = nn.Embedding(vocabulary_size, width)
        nn.init.normal_(self.embed_tokens.weight, std=0.02)
        self.layers = nn.ModuleList(TextLayer(width, shape.text_inner) for _ in range(shape.text_layers))
        self.norm = nn.RMSNorm(width, EPSILON)

    def forward(self, states: torch.Tensor, saves_memory: bool = False) -> torch.Tensor:
        """Input embeddings [N, T, C] to last hidden states [N, T, C]."""
        cosine, sine = rotation(states.shape[1], states.device, states.dtype)
        for layer in self.layers:
            if saves_memory:
                states = checkpoint(layer, states, cosine, sine, use_reentrant=False)
            else:
                states = layer(states, cosine, sine)
        return self.norm(states)


class DemoModel(nn.Module):
    """All of it. The state's names are mapped to a checkpoint's in `export.py`."""

    def __init__(self, vocabulary_size: int, shape: Shape = SHAPE) -> None:
        super().__init__()
        self.tower = Tower(shape)
        self.projector = Projector(shape)
        self.language_model = LanguageModel(vocabulary_size, shape)
        self.lm_head = nn.Linear(shape.text_width, vocabulary_size, bias=False)
        self.image_newline = nn.Parameter(torch.randn(shape.text_width) * SEPARATOR_SPREAD)
