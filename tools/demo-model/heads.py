"""The linear readers used in training alone: they ask the tower's states for the labels of every patch."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from architecture import SHAPE
from labels import (
    IGNORED,
    NEIGHBOUR_CLASSES,
    NEIGHBOURS,
    NO_CHARACTER,
    NO_OWNER,
    NO_SHAPE,
    PRESENCE,
)

Labels = dict[str, torch.Tensor]
"""The arrays of `labels.ViewLabels` for N views, stacked."""


def _cross_entropy(logits: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor | None = None) -> torch.Tensor:
    """Mean over what is labelled; 0 where nothing is."""
    known = (truth != IGNORED).sum()
    total = functional.cross_entropy(logits.float(), truth.long(), weight, ignore_index=IGNORED, reduction="sum")
    if weight is not None:
        known = weight[truth[truth != IGNORED].long()].sum()
    return total / known.clamp(min=1)


class DenseHeads(nn.Module):
    """Character, neighbours, owner and shape of each patch; presence from two CLS states."""

    def __init__(self) -> None:
        super().__init__()
        width = SHAPE.vision_width
        self.characters = nn.Linear(width, NO_CHARACTER + 1)
        self.neighbours = nn.Linear(width, len(NEIGHBOURS) * NEIGHBOUR_CLASSES)
        self.owners = nn.Linear(width, NO_OWNER + 1)
        self.shapes = nn.Linear(width, NO_SHAPE + 1)
        self.present = nn.Linear(width, PRESENCE)
        self.present_early = nn.Linear(width, PRESENCE)
        character_weight = torch.ones(NO_CHARACTER + 1)
        character_weight[NO_CHARACTER] = 0.04
        shape_weight = torch.ones(NO_SHAPE + 1)
        shape_weight[NO_SHAPE] = 0.1
        self.register_buffer("character_weight", character_weight, persistent=False)
        self.register_buffer("shape_weight", shape_weight, persistent=False)

    def forward(
        self, states: torch.Tensor, pooled: torch.Tensor, truth: Labels
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The weighted sum of the losses, and shares of right answers, for the tower's states [N, 1 + tokens, C]."""
        features = states[:, 1:].flatten(0, 1)
        characters, owners = truth["characters"].flatten(), truth["owners"].flatten()
        neighbours = truth["neighbours"].flatten(0, 1)
        written = ((characters >= 0) & (characters < NO_CHARACTER)).nonzero()[:, 0]
        read = self.characters(features)
        loss = _cross_entropy(read, characters, self.character_weight)
        beside = self.neighbours(features[written]).view(-1, NEIGHBOUR_CLASSES)
        beside_truth = neighbours[written].flatten()
        owned = self.owners(features[written])
        shapes = self.shapes(features)
        shape_truth = truth["shapes"].flatten()
        loss = loss + 0.5 * _cross_entropy(beside, beside_truth) + 0.5 * _cross_entropy(owned, owners[written])
        loss = loss + 0.3 * _cross_entropy(shapes, shape_truth, self.shape_weight)
        for head, state in ((self.present, pooled), (self.present_early, states[:, 0])):
            found = functional.binary_cross_entropy_with_logits(head(state).float(), truth["present"], reduction="none")
            loss = loss + (found * truth["present_weight"]).mean()
        with torch.no_grad():
            rates = {
                "character": _rate(read[written], characters[written]),
                "beside": _rate(beside, beside_truth),
                "owner": _rate(owned, owners[written]),
                "shape": _rate(shapes[shape_truth < NO_SHAPE], shape_truth[shape_truth < NO_SHAPE]),
            }
        return loss, rates


def _rate(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    known = truth != IGNORED
    return ((logits.argmax(-1) == truth) & known).sum() / known.sum().clamp(min=1)
