"""Pictures as the language model's training takes them: encoded once, with their token order and questions."""

from __future__ import annotations

import dataclasses
import pathlib

import torch

from pictures import Question
from token_selection import TokenOrder


@dataclasses.dataclass(frozen=True)
class CachedPicture:
    """One picture: the tower's features, bfloat16 [views · 144, 160], how its tokens rank, and its questions."""

    features: torch.Tensor
    order: TokenOrder
    questions: list[Question]


def save(items: list[CachedPicture], path: pathlib.Path) -> None:
    """Writes pictures to a file."""
    torch.save(items, path)


def load(path: pathlib.Path) -> list[CachedPicture]:
    """Reads those that have questions. The file is unpickled in full: open only one made here."""
    return [item for item in torch.load(path, weights_only=False) if item.questions]
