"""First stage: trains the vision tower on the labels of every patch, view by view.

    python train_vision.py --work WORK --minutes 45

Goes on from WORK/vision.pt if it is there.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator

import numpy
import torch

import pictures
import training
from architecture import Tower
from canvases import TILE, VIEW_TOKENS, partition
from heads import DenseHeads
from labels import PARTS, CharacterTable, ViewLabels, view_labels
from optimisers import Optimiser
from stock import Arrays, Replay, Stock


def view_batches(source: random.Random, batch: int) -> Iterator[Arrays]:
    """Endless batches of views with labels, mixed over several pictures."""
    pool: list[tuple[numpy.ndarray, ViewLabels]] = []
    while True:
        pool += _views_of_one_picture(source)
        if len(pool) < batch * 2:
            continue
        source.shuffle(pool)
        chosen = [pool.pop() for _ in range(batch)]
        stacked = {part: numpy.stack([labels[part] for _, labels in chosen]) for part in PARTS}
        yield {"pixels": numpy.stack([view for view, _ in chosen]), **stacked}


def _views_of_one_picture(source: random.Random) -> list[tuple[numpy.ndarray, ViewLabels]]:
    """Three full views in four, and the tiles that are not all padding; of those with nothing on them, one in five."""
    picture = pictures.make(source)
    views = partition(picture.image)
    table = CharacterTable(picture.canvas)
    chosen = []
    for number, (pixels, place) in enumerate(zip(views.pixels, views.placements, strict=True)):
        if (number == 0 and source.random() < 0.25) or pixels.max() == 0:
            continue
        labels = view_labels(picture.canvas, table, place)
        if labels["present"].sum() == 0 and source.random() < 0.8:
            continue
        chosen.append((pixels, labels))
    return chosen


def train(options: argparse.Namespace) -> None:
    """Trains for `minutes` and leaves WORK/vision.pt."""
    room = options.batch * (TILE * TILE * 3 + 8 * VIEW_TOKENS + 4096)
    batch = options.batch
    stock = Stock(lambda source: view_batches(source, batch), options.drawers, room, options.seed)
    torch.manual_seed(options.seed)
    device = torch.device(options.device)
    tower, heads = Tower().to(device), DenseHeads().to(device)
    path, step, done = options.work / "vision.pt", 0, 0.0
    if path.exists():
        state = torch.load(path, map_location=device)
        tower.load_state_dict(state["tower"])
        heads.load_state_dict(state["heads"])
        step, done = state["step"], state["minutes"]
        print(f"goes on from {path}: {done:.1f} min, step {step}")
    named = {f"tower.{name}": weight for name, weight in tower.named_parameters()}
    named |= {f"heads.{name}": weight for name, weight in heads.named_parameters()}
    optimiser = Optimiser([(named, 1.0)], options.muon)
    replay = Replay(stock, device, options.replay, options.seed)
    if options.compile:
        for layer in tower.encoder.layers:
            layer.compile(dynamic=True)
    means, saved, seen, measured = training.RunningMeans(), time.monotonic(), 0, step
    clock = training.Clock(options.minutes, done, options.total)

    def keep() -> None:
        state = {"tower": tower.state_dict(), "heads": heads.state_dict()}
        training.save(state | {"step": step, "minutes": clock.trained}, path)

    while not clock.is_over:
        views, is_fresh = replay.next()
        with training.autocast(device):
            states, pooled = tower(views["pixels"], whole=True)
            loss, rates = heads(states, pooled, views)
        loss.backward()
        optimiser.step(clock.learning_rate(options.peak, step, warm_up=100))
        step, seen = step + 1, seen + batch
        if is_fresh and step - measured >= 25:
            # On views never seen before.
            measured = step
            means.add(0.6, loss=loss.item(), **{name: rate.item() for name, rate in rates.items()})
        if step % 100 == 0:
            print(
                f"{clock.trained:.2f} min, step {step}, {seen} views, {replay.drawn * batch} drawn: {means}", flush=True
            )
        if time.monotonic() - saved > 60:
            keep()
            saved = time.monotonic()
    keep()
    stock.close()
    print(f"{path}: {step} steps, {seen} views of which {replay.drawn * batch} drawn: {means}", flush=True)


def main() -> None:
    """Parses the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    training.add_common_options(parser)
    parser.add_argument("--batch", type=int, default=64, help="views of a step")
    parser.add_argument("--compile", action="store_true", help="compile the layers")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    train(options)


if __name__ == "__main__":
    main()
