"""Labels for every patch of a view: which character has its centre there, what stands beside it and to what it belongs,
which shape lies there; and what occurs in the view at all. All come from what the generator drew."""

from __future__ import annotations

import numpy

from canvases import PATCH, SIDE, TILE, VIEW_TOKENS, Placement
from drawing import CHARACTERS, COLOUR_NAMES, OWNERS, SHAPE_NAMES, Box, Canvas

NO_CHARACTER = len(CHARACTERS)
SPACE, POINT, EDGE = NO_CHARACTER, NO_CHARACTER + 1, NO_CHARACTER + 2
"""What can stand beside a character but another: a space, a decimal point, the end of the line."""
NEIGHBOUR_CLASSES = NO_CHARACTER + 3
NEIGHBOURS = (-2, -1, 1, 2)
NO_OWNER = len(OWNERS)
SHAPE_CLASSES = len(COLOUR_NAMES) * len(SHAPE_NAMES)
NO_SHAPE = SHAPE_CLASSES + len(COLOUR_NAMES)
"""Shapes by colour and kind, then bars by colour, then nothing."""
PRESENCE = NO_CHARACTER + NO_SHAPE
TOO_SMALL = 9.5
"""Capitals lower than this, in view pixels, are not asked to be read."""
IGNORED = -100
PARTS = ("characters", "neighbours", "owners", "shapes", "present", "present_weight")

ViewLabels = dict[str, numpy.ndarray]
"""int8 `characters`, `owners` and `shapes` [576], `neighbours` [576, 4]; float32 `present` and `present_weight`
[PRESENCE], the weight 0 where text too small to read leaves the truth open."""


class CharacterTable:
    """The characters of a picture as arrays over characters [C], and over neighbours [C, 4]."""

    def __init__(self, canvas: Canvas) -> None:
        count = len(canvas.characters)
        where = {(character.line, character.place): character for character in canvas.characters}
        self.index = numpy.array([character.index for character in canvas.characters], numpy.int64)
        self.x = numpy.array([character.x for character in canvas.characters])
        self.y = numpy.array([character.y for character in canvas.characters])
        self.height = numpy.array([character.height for character in canvas.characters])
        self.neighbour = numpy.zeros((count, 4), numpy.int64)
        self.neighbour_x = numpy.zeros((count, 4))
        """What must be in sight for a neighbour to be known."""
        self.owner = numpy.full(count, NO_OWNER)
        self.owner_x, self.owner_y = self.x.copy(), self.y.copy()
        for row, character in enumerate(canvas.characters):
            line = canvas.lines[character.line]
            for column, step in enumerate(NEIGHBOURS):
                place = character.place + step
                sign = 1 if step > 0 else -1
                if not 0 <= place < len(line.text):
                    kind = EDGE
                elif line.text[place] in CHARACTERS:
                    kind = CHARACTERS.index(line.text[place])
                else:
                    kind = SPACE if line.text[place] == " " else POINT
                seen = where.get((character.line, place)) or where.get((character.line, place + sign))
                edge = character.x + step * 1.2 * character.height
                self.neighbour[row, column] = kind
                self.neighbour_x[row, column] = seen.x if seen else min(max(edge, 1), canvas.width - 1)
            owner = line.owners[character.place]
            if owner >= 0 and line.owner_box is not None:
                left, top, right, bottom = line.owner_box
                self.owner[row] = owner
                self.owner_x[row] = left + min(right - left, 2 * character.height) / 2
                self.owner_y[row] = (top + bottom) / 2


def view_labels(canvas: Canvas, table: CharacterTable, place: Placement) -> ViewLabels:
    """The labels of one view of a picture."""
    present = numpy.zeros(PRESENCE, numpy.float32)
    labels = _character_labels(table, place, present)
    labels["shapes"] = _shape_labels(canvas, place, present)
    weight = numpy.ones(PRESENCE, numpy.float32)
    weight[:NO_CHARACTER][labels.pop("unreadable") & (present[:NO_CHARACTER] == 0)] = 0
    return labels | {"present": present, "present_weight": weight}


def _character_labels(table: CharacterTable, place: Placement, present: numpy.ndarray) -> ViewLabels:
    characters = numpy.full(VIEW_TOKENS, NO_CHARACTER, numpy.int8)
    neighbours = numpy.full((VIEW_TOKENS, 4), IGNORED, numpy.int8)
    owners = numpy.full(VIEW_TOKENS, IGNORED, numpy.int8)
    unreadable = numpy.zeros(NO_CHARACTER, bool)
    if len(table.index):
        x, y = table.x * place.scale_x + place.offset_x, table.y * place.scale_y + place.offset_y
        inside = (x >= 0) & (x < TILE) & (y >= 0) & (y < TILE)
        readable = table.height * min(place.scale_x, place.scale_y) >= TOO_SMALL
        patch = numpy.where(inside, y // PATCH * SIDE + x // PATCH, 0).astype(int)
        shared = numpy.bincount(patch[inside], minlength=VIEW_TOKENS) > 1
        clear = inside & readable & ~shared[patch]
        unreadable[table.index[inside & ~clear]] = True
        present[table.index[clear]] = 1
        characters[patch[clear]] = table.index[clear]
        characters[patch[inside & ~clear]] = IGNORED
        beside = table.neighbour_x * place.scale_x + place.offset_x
        in_sight = (beside >= 0) & (beside < TILE)
        neighbours[patch[clear]] = numpy.where(in_sight, table.neighbour, IGNORED)[clear]
        owner_x = table.owner_x * place.scale_x + place.offset_x
        owner_y = table.owner_y * place.scale_y + place.offset_y
        owner_seen = (owner_x >= 0) & (owner_x < TILE) & (owner_y >= 0) & (owner_y < TILE)
        owners[patch[clear]] = numpy.where(owner_seen, table.owner, IGNORED)[clear]
    return {"characters": characters, "neighbours": neighbours, "owners": owners, "unreadable": unreadable}


def _shape_labels(canvas: Canvas, place: Placement, present: numpy.ndarray) -> numpy.ndarray:
    labels = numpy.full(VIEW_TOKENS, NO_SHAPE, numpy.int8)
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
