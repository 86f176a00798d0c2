"""Dense supervision of the vision tower: which character and which shape lies under each patch, and which occur in the
view at all. Every label comes from what the generator drew."""

from __future__ import annotations

import dataclasses

import numpy
import torch
from torch import nn
from torch.nn import functional
from views import Placement

from architecture import PATCH, SIDE, TILE, VIEW_TOKENS, VISION_WIDTH
from drawing import CHARACTERS, COLOUR_NAMES, SHAPE_NAMES, Box, Canvas

NO_CHARACTER = len(CHARACTERS)
SHAPE_CLASSES = len(COLOUR_NAMES) * len(SHAPE_NAMES)
NO_SHAPE = SHAPE_CLASSES + len(COLOUR_NAMES)
"""Shapes by colour and kind, then bars by colour, then nothing."""
PRESENCE = NO_CHARACTER + NO_SHAPE
TOO_SMALL = 22
"""Capitals lower than this, in view pixels, are not asked to be read."""
IGNORED = -100


@dataclasses.dataclass(frozen=True)
class Labels:
    """Labels of V views.

    `characters` [V, tokens, 2] (left and right half of each patch), `shapes` [V, tokens], `present` [V, PRESENCE]
    and `present_weight` [V, PRESENCE], 0 where text too small to read leaves the truth open.
    """

    characters: torch.Tensor
    shapes: torch.Tensor
    present: torch.Tensor
    present_weight: torch.Tensor


ViewLabels = tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray, numpy.ndarray]
"""The labels of one view, in the order of `Labels`."""


def view_labels(canvas: Canvas, place: Placement) -> ViewLabels:
    """The labels of one view of a picture."""
    present = numpy.zeros(PRESENCE, numpy.float32)
    characters, unreadable = _character_labels(canvas, place, present)
    shapes = _shape_labels(canvas, place, present)
    weight = numpy.ones(PRESENCE, numpy.float32)
    weight[:NO_CHARACTER][unreadable & (present[:NO_CHARACTER] == 0)] = 0
    return characters, shapes, present, weight


def stacked(views: list[ViewLabels]) -> Labels:
    """The labels of several views as tensors."""
    return Labels(*(torch.from_numpy(numpy.stack(part)) for part in zip(*views, strict=True)))


def _character_labels(canvas: Canvas, place: Placement, present: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    labels = numpy.full((VIEW_TOKENS, 2), NO_CHARACTER)
    unreadable = numpy.zeros(NO_CHARACTER, bool)
    for character in canvas.characters:
        x = character.x * place.scale_x + place.offset_x
        y = character.y * place.scale_y + place.offset_y
        if not (0 <= x < TILE and 0 <= y < TILE):
            continue
        patch = int(y // PATCH) * SIDE + int(x // PATCH)
        if character.height * min(place.scale_x, place.scale_y) < TOO_SMALL:
            labels[patch] = IGNORED
            unreadable[character.index] = True
        else:
            labels[patch, int((x % PATCH) // (PATCH / 2))] = character.index
            present[character.index] = 1
    return labels, unreadable


def _shape_labels(canvas: Canvas, place: Placement, present: numpy.ndarray) -> numpy.ndarray:
    labels = numpy.full(VIEW_TOKENS, NO_SHAPE)
    drawn = [
        (COLOUR_NAMES.index(shape.colour) * len(SHAPE_NAMES) + SHAPE_NAMES.index(shape.kind), shape.kind, shape.box)
        for shape in canvas.shapes
    ]
    drawn += [(SHAPE_CLASSES + COLOUR_NAMES.index(bar.colour), "bar", bar.box) for bar in canvas.bars]
    for label, kind, box in drawn:
        left, right = (edge * place.scale_x + place.offset_x for edge in (box[0], box[2]))
        top, bottom = (edge * place.scale_y + place.offset_y for edge in (box[1], box[3]))
        seen_width = max(0, min(TILE, right) - max(0, left))
        seen_height = max(0, min(TILE, bottom) - max(0, top))
        if seen_width * seen_height > 0.4 * (right - left) * (bottom - top):
            present[NO_CHARACTER + label] = 1
        labels[_covered(kind, (left, top, right, bottom)).reshape(-1)] = label
    return labels


def _covered(kind: str, box: Box) -> numpy.ndarray:
    """Which patch centres a shape covers, bool [rows, columns]."""
    left, top, right, bottom = box
    centres = (numpy.arange(SIDE) + 0.5) * PATCH
    x, y = centres[None], centres[:, None]
    middle_x = (left + right) / 2
    inside_y = (y > top) & (y < bottom)
    if kind == "circle":
        middle_y = (top + bottom) / 2
        return ((x - middle_x) / ((right - left) / 2)) ** 2 + ((y - middle_y) / ((bottom - top) / 2)) ** 2 < 1
    if kind == "triangle":
        return inside_y & (numpy.abs(x - middle_x) < (y - top) / (bottom - top) * (right - left) / 2)
    return inside_y & (x > left) & (x < right)


class DenseHeads(nn.ModuleDict):
    """The linear readers used in training alone: character and shape of each patch, presence from the CLS token."""

    def __init__(self) -> None:
        super().__init__(
            {
                "ch": nn.Linear(VISION_WIDTH, 2 * (NO_CHARACTER + 1)),
                "sh": nn.Linear(VISION_WIDTH, NO_SHAPE + 1),
                "cls": nn.Linear(VISION_WIDTH, PRESENCE),
            }
        )
        character_weight = torch.ones(NO_CHARACTER + 1)
        character_weight[NO_CHARACTER] = 0.08
        shape_weight = torch.ones(NO_SHAPE + 1)
        shape_weight[NO_SHAPE] = 0.2
        self.register_buffer("character_weight", character_weight, persistent=False)
        self.register_buffer("shape_weight", shape_weight, persistent=False)

    def read(self, features: torch.Tensor, pooled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits for characters [V·tokens·2, 37], shapes [V·tokens, 25] and presence [V, 60]."""
        characters = self["ch"](features).float().view(-1, NO_CHARACTER + 1)
        shapes = self["sh"](features).float().view(-1, NO_SHAPE + 1)
        return characters, shapes, self["cls"](pooled).float()

    def loss(self, logits: tuple[torch.Tensor, torch.Tensor, torch.Tensor], labels: Labels) -> torch.Tensor:
        """Weighted sum of the three losses; patches that hold nothing weigh little."""
        characters, shapes, present = logits
        character_loss = functional.cross_entropy(
            characters, labels.characters.reshape(-1), weight=self.character_weight, ignore_index=IGNORED
        )
        shape_loss = functional.cross_entropy(shapes, labels.shapes.reshape(-1), weight=self.shape_weight)
        presence_loss = functional.binary_cross_entropy_with_logits(present, labels.present, reduction="none")
        return character_loss + 0.5 * shape_loss + 3 * (presence_loss * labels.present_weight).mean()


def character_accuracy(logits: torch.Tensor, labels: Labels) -> float:
    """Share of the patches with a readable character that are read right."""
    truth = labels.characters.reshape(-1)
    readable = (truth >= 0) & (truth < NO_CHARACTER)
    return (logits.argmax(-1) == truth)[readable].float().mean().item()
