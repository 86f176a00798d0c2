"""Third stage: encodes pictures with the frozen vision tower, once, so that the language model trains fast.

    python cache_features.py --work WORK --count 9000 --seed 1 --name train-1
    python cache_features.py --work WORK --count 500 --seed 2 --name validation

Reads WORK/vision.pt and writes WORK/features-NAME.pt. Two gigabytes for 9,000 pictures.
"""

from __future__ import annotations

import argparse
import pathlib
import random
from collections.abc import Callable, Iterator

import numpy
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset
from transformers import CLIPVisionModel

import cached_pictures
import pictures
from architecture import FEATURE_LAYER, FINAL_ATTENTION_LAYER, VISION_WIDTH, vision_config
from cached_pictures import CachedPicture
from token_selection import order_tokens
from views import Views, normalised, partition

KIND_WEIGHTS = [0.3, 0.2, 0.3, 0.2]
PICTURES_AT_ONCE = 10


class PictureStream(IterableDataset):
    """`count` pictures from a seed."""

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.seed = seed

    def __iter__(self) -> Iterator[tuple[Views, list[pictures.Question]]]:
        source = random.Random(self.seed)
        for _ in range(self.count):
            picture = pictures.make(source, kind=source.choices(pictures.KINDS, KIND_WEIGHTS)[0])
            yield partition(picture.image), picture.questions


class Encoder:
    """The vision tower, and the CLS rows of the two layers HiRED looks at."""

    def __init__(self, tower: CLIPVisionModel) -> None:
        self.tower = tower.eval()
        self.projections: dict[tuple[int, str], torch.Tensor] = {}
        for layer in (0, FINAL_ATTENTION_LAYER):
            attention = tower.vision_model.encoder.layers[layer].self_attn
            for name in ("q_proj", "k_proj"):
                getattr(attention, name).register_forward_hook(self._keep(layer, name))

    def _keep(self, layer: int, name: str) -> Callable[..., None]:
        def hook(_: nn.Module, __: object, output: torch.Tensor) -> None:
            self.projections[layer, name] = output

        return hook

    @torch.no_grad()
    def encode(self, pixels: torch.Tensor) -> tuple[torch.Tensor, numpy.ndarray, numpy.ndarray]:
        """Features [V, tokens, width] and the head-summed CLS rows [V, tokens] of the initial and the final layer."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            seen = self.tower(normalised(pixels), output_hidden_states=True)
            rows = [self._cls_row(layer) for layer in (0, FINAL_ATTENTION_LAYER)]
        return seen.hidden_states[FEATURE_LAYER][:, 1:], rows[0], rows[1]

    def _cls_row(self, layer: int) -> numpy.ndarray:
        heads = vision_config().num_attention_heads
        query, key = (
            self.projections[layer, name].unflatten(-1, (heads, -1)).transpose(1, 2) for name in ("q_proj", "k_proj")
        )
        weights = query[:, :, :1] @ key.transpose(-1, -2) / (VISION_WIDTH // heads) ** 0.5
        return weights.softmax(-1)[:, :, 0, 1:].sum(1).float().numpy()


def cache(encoder: Encoder, count: int, seed: int) -> list[CachedPicture]:
    """Encodes `count` pictures from a seed."""
    cached: list[CachedPicture] = []
    waiting: list[tuple[Views, list[pictures.Question]]] = []

    def encode_waiting() -> None:
        pixels = torch.from_numpy(numpy.concatenate([views.pixels for views, _ in waiting]))
        features, first, last = encoder.encode(pixels)
        start = 0
        for views, questions in waiting:
            place = slice(start, start + len(views.pixels))
            order = order_tokens(first[place], last[place], views.grid, views.size)
            # Cloned, so that a picture does not keep its whole batch in memory.
            kept = features[place].reshape(-1, VISION_WIDTH).to(torch.bfloat16, copy=True)
            cached.append(CachedPicture(kept, order, questions))
            start = place.stop
        waiting.clear()

    stream = DataLoader(
        PictureStream(count, seed), batch_size=None, num_workers=1, prefetch_factor=32, collate_fn=lambda item: item
    )
    for item in stream:
        waiting.append(item)
        if len(waiting) == PICTURES_AT_ONCE:
            encode_waiting()
            if len(cached) % 1000 == 0:
                print(f"{len(cached)} pictures", flush=True)
    if waiting:
        encode_waiting()
    return cached


def main() -> None:
    """Parses the command line and fills a cache file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder that the stages share")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--count", type=int, required=True, help="number of pictures")
    parser.add_argument("--seed", type=int, required=True, help="seed of the pictures; another for each file")
    parser.add_argument("--name", required=True, help="train-… or validation")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    tower = CLIPVisionModel(vision_config())
    tower.load_state_dict(torch.load(options.work / "vision.pt")["m"])
    cached = cache(Encoder(tower), options.count, options.seed)
    path = options.work / f"features-{options.name}.pt"
    cached_pictures.save(cached, path)
    print(f"{path}: {len(cached)} pictures")


if __name__ == "__main__":
    main()
