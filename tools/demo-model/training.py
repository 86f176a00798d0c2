"""What all stages share: the clock they run by, learning rates, running means and saving."""

from __future__ import annotations

import argparse
import collections
import os
import pathlib
import time
from typing import Any

import torch

from architecture import DEMO_MODEL


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Options of every stage."""
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder that the stages share")
    parser.add_argument("--tokenizer", type=pathlib.Path, default=DEMO_MODEL / "tokenizer.json")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, help="seed of the pictures; without it, the clock")


def begin(options: argparse.Namespace, weights_seed: int) -> int:
    """Sets threads and seeds, makes the work folder, and returns the seed of the pictures."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(weights_seed)
    options.work.mkdir(parents=True, exist_ok=True)
    return time.time_ns() if options.seed is None else options.seed


class Clock:
    """Minutes of a run, and of a training that may take several runs."""

    def __init__(self, minutes: float, done: float = 0, total: float | None = None) -> None:
        self.minutes = minutes
        self.done = done
        self.total = minutes if total is None else total
        self.started = time.monotonic()

    @property
    def run(self) -> float:
        """Minutes since this run began."""
        return (time.monotonic() - self.started) / 60

    @property
    def trained(self) -> float:
        """Minutes trained, earlier runs included."""
        return self.done + self.run

    @property
    def is_over(self) -> bool:
        """Whether this run's minutes are used up."""
        return self.run > self.minutes

    def learning_rate(self, peak: float, step: int, warm_up: int) -> float:
        """Rises over `warm_up` steps and falls with time, to a fiftieth of the peak."""
        return peak * min(1, (step + 1) / warm_up) * max(0.02, 1 - self.trained / self.total)


class RunningMeans(collections.OrderedDict[str, float]):
    """Exponential running means, printed on one line."""

    def add(self, keep: float, **values: float) -> None:
        """Folds new values in; the first of each name is taken as it is."""
        for name, value in values.items():
            self[name] = keep * self.get(name, value) + (1 - keep) * value

    def __str__(self) -> str:
        return " ".join(f"{name} {value:.3f}" for name, value in self.items())


def save(state: dict[str, Any], path: pathlib.Path) -> None:
    """Replaces `path` only once the state is written in full."""
    unfinished = path.with_suffix(".unfinished")
    torch.save(state, unfinished)
    os.replace(unfinished, path)
