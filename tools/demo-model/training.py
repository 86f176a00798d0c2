"""What all stages share: options, the clock they run by, learning rates, running means and saving."""

from __future__ import annotations

import argparse
import collections
import math
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
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=2, help="of PyTorch on the CPU")
    parser.add_argument("--drawers", type=int, default=1, help="processes that draw pictures")
    parser.add_argument("--seed", type=int, default=1, help="seed of weights and pictures; another for each run")
    parser.add_argument("--minutes", type=float, required=True, help="minutes of this run")
    parser.add_argument("--total", type=float, help="minutes of all runs together, for the learning rate's fall")
    parser.add_argument("--peak", type=float, default=2e-3, help="highest learning rate of AdamW")
    parser.add_argument("--muon", type=float, default=8, help="Muon's learning rate, in AdamW's; 0 is AdamW alone")
    parser.add_argument("--replay", type=int, default=20, help="batches kept to be seen again")


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
        """Rises over `warm_up` steps and falls with time along half a cosine, to a hundredth of the peak."""
        part = min(1, self.trained / self.total)
        return peak * min(1, (step + 1) / warm_up) * (0.01 + 0.99 * (1 + math.cos(math.pi * part)) / 2)


class RunningMeans(collections.OrderedDict[str, float]):
    """Exponential running means, printed on one line."""

    def add(self, keep: float, **values: float) -> None:
        """Folds new values in; the first of each name is taken as it is."""
        for name, value in values.items():
            self[name] = keep * self.get(name, value) + (1 - keep) * value

    def __str__(self) -> str:
        return " ".join(f"{name} {value:.3f}" for name, value in self.items())


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 arithmetic over float32 weights."""
    return torch.autocast(device.type, dtype=torch.bfloat16)


def save(state: dict[str, Any], path: pathlib.Path) -> None:
    """Replaces `path` only once the state is written in full."""
    unfinished = path.with_suffix(".unfinished")
    torch.save(state, unfinished)
    os.replace(unfinished, path)
