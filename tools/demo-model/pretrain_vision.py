"""First stage: trains the vision tower on dense labels, view by view.

    python pretrain_vision.py --work WORK --minutes 45

Goes on from WORK/vision.pt if it is there.
"""

from __future__ import annotations

import argparse
import pathlib
import random
from collections.abc import Iterator

import numpy
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from transformers import CLIPVisionModel

import pictures
import training
from architecture import FEATURE_LAYER, vision_config
from dense import NO_SHAPE, DenseHeads, Labels, ViewLabels, character_accuracy, stacked, view_labels
from views import normalised, partition

BATCH = 64


class ViewBatches(IterableDataset):
    """Endless batches of views with labels, mixed over several pictures."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __iter__(self) -> Iterator[tuple[torch.Tensor, Labels]]:
        worker = get_worker_info()
        source = random.Random(self.seed ^ (worker.id * 7919 if worker else 0))
        pool: list[tuple[numpy.ndarray, ViewLabels]] = []
        while True:
            pool += _views_of_one_picture(source)
            if len(pool) < BATCH * 6:
                continue
            source.shuffle(pool)
            while len(pool) >= BATCH * 3:
                chosen = [pool.pop() for _ in range(BATCH)]
                pixels = torch.from_numpy(numpy.stack([view for view, _ in chosen]))
                yield pixels, stacked([labels for _, labels in chosen])


def _views_of_one_picture(source: random.Random) -> list[tuple[numpy.ndarray, ViewLabels]]:
    """Every other full view, and the tiles that are not all padding; of those with nothing on them, two in five."""
    picture = pictures.make(source)
    views = partition(picture.image)
    chosen = []
    if source.random() < 0.5:
        chosen.append((views.pixels[0], view_labels(picture.canvas, views.placements[0])))
    for pixels, place in zip(views.pixels[1:], views.placements[1:], strict=True):
        if pixels.max() == 0:
            continue
        labels = view_labels(picture.canvas, place)
        if labels[2].sum() == 0 and source.random() < 0.6:
            continue
        chosen.append((pixels, labels))
    return chosen


def train(work: pathlib.Path, minutes: float, peak: float, seed: int) -> None:
    """Trains for `minutes` and leaves WORK/vision.pt."""
    tower, heads = CLIPVisionModel(vision_config()), DenseHeads()
    path = work / "vision.pt"
    if path.exists():
        state = torch.load(path)
        tower.load_state_dict(state["m"])
        heads.load_state_dict(state["h"])
        print("goes on from", path)
    weights = [*tower.parameters(), *heads.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=peak, weight_decay=0.02, betas=(0.9, 0.98))
    batches = iter(DataLoader(ViewBatches(seed), batch_size=None, num_workers=1, prefetch_factor=4))
    clock, means, step = training.Clock(minutes), training.RunningMeans(), 0
    while not clock.is_over:
        for group in optimiser.param_groups:
            group["lr"] = clock.learning_rate(peak, step, warm_up=200)
        pixels, labels = next(batches)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            seen = tower(normalised(pixels), output_hidden_states=True)
            logits = heads.read(seen.hidden_states[FEATURE_LAYER][:, 1:], seen.pooler_output)
        loss = heads.loss(logits, labels)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        step += 1
        if step % 50 == 0 or step == 1:
            _measure(means, loss, logits, labels)
        if step % 100 == 0 or step == 1:
            print(f"{clock.run:.1f} min, step {step}: {means}", flush=True)
            training.save({"m": tower.state_dict(), "h": heads.state_dict()}, path)
    training.save({"m": tower.state_dict(), "h": heads.state_dict()}, path)
    print(f"{path}: {step} steps")


def _measure(
    means: training.RunningMeans,
    loss: torch.Tensor,
    logits: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    labels: Labels,
) -> None:
    truth = labels.shapes.reshape(-1)
    shape = (logits[1].argmax(-1) == truth)[truth < NO_SHAPE].float().mean().item()
    found = ((logits[2] > 0) & (labels.present > 0)).sum().item() / max(1, labels.present.sum().item())
    means.add(0.6, loss=loss.item(), character=character_accuracy(logits[0], labels), shape=shape, presence=found)


def main() -> None:
    """Parses the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    training.add_common_options(parser)
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--peak", type=float, default=1e-3, help="highest learning rate")
    options = parser.parse_args()
    seed = training.begin(options, weights_seed=1)
    train(options.work, options.minutes, options.peak, seed)


if __name__ == "__main__":
    main()
