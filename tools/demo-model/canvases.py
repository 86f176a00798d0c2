"""LLaVA-NeXT's canvases and the views cut from them. As Transformers' slow processor does it (transformers 4.57.6,
image_processing_llava_next.py), without building float tensors on the way."""

from __future__ import annotations

import dataclasses
import math

import numpy
from PIL import Image

TILE = 336
PATCH = 14
SIDE = TILE // PATCH
"""Tokens along one edge of a view."""
VIEW_TOKENS = SIDE * SIDE
PINPOINTS = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
"""LLaVA-NeXT's own canvases, (height, width)."""
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


@dataclasses.dataclass(frozen=True)
class Placement:
    """How picture pixels map into a view: scaled, then moved, in view pixels."""

    scale_x: float
    scale_y: float
    offset_x: float
    offset_y: float


@dataclasses.dataclass(frozen=True)
class Views:
    """A picture's views.

    `pixels` is uint8 [1 + tiles, 336, 336, 3], the full view first, then tiles in rows. `grid` counts tiles
    (rows, columns), `size` is the picture's (height, width) and `placements` belong to the views.
    """

    pixels: numpy.ndarray
    grid: tuple[int, int]
    size: tuple[int, int]
    placements: list[Placement]


def best_canvas(height: int, width: int) -> tuple[int, int]:
    """The pinpoint (height, width) that shows most of the picture, then wastes least."""
    best, most, least_waste = PINPOINTS[0], 0, math.inf
    for canvas_height, canvas_width in PINPOINTS:
        scale = min(canvas_width / width, canvas_height / height)
        shown = min(int(width * scale) * int(height * scale), width * height)
        waste = canvas_width * canvas_height - shown
        if shown > most or (shown == most and waste < least_waste):
            best, most, least_waste = [canvas_height, canvas_width], shown, waste
    return best[0], best[1]


def full_view(image: Image.Image) -> Views:
    """A picture as its full view alone."""
    width, height = image.size
    pixels = numpy.asarray(image.resize((TILE, TILE), Image.Resampling.BICUBIC))[None]
    return Views(pixels, (0, 0), (height, width), [Placement(TILE / width, TILE / height, 0, 0)])


def partition(image: Image.Image) -> Views:
    """Cuts a picture into its views."""
    width, height = image.size
    canvas_height, canvas_width = best_canvas(height, width)
    scale_x, scale_y = canvas_width / width, canvas_height / height
    if scale_x < scale_y:
        inner = (canvas_width, min(math.ceil(height * scale_x), canvas_height))
    else:
        inner = (min(math.ceil(width * scale_y), canvas_width), canvas_height)
    left, top = (canvas_width - inner[0]) // 2, (canvas_height - inner[1]) // 2
    canvas = Image.new("RGB", (canvas_width, canvas_height))
    canvas.paste(image if inner == image.size else image.resize(inner, Image.Resampling.BICUBIC), (left, top))
    whole = numpy.asarray(canvas)
    full = full_view(image)
    pixels, placements = [full.pixels[0]], full.placements
    for y in range(0, canvas_height, TILE):
        for x in range(0, canvas_width, TILE):
            pixels.append(whole[y : y + TILE, x : x + TILE])
            placements.append(Placement(inner[0] / width, inner[1] / height, left - x, top - y))
    grid = (canvas_height // TILE, canvas_width // TILE)
    return Views(numpy.stack(pixels), grid, (height, width), placements)


def unpadded(grid: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """First and end token row, first and end token column that are picture and not padding."""
    rows, columns = grid[0] * SIDE, grid[1] * SIDE
    height, width = size
    if width / height > columns / rows:
        margin = (rows - int(round(height * (columns / width), 7))) // 2
        return margin, rows - margin, 0, columns
    margin = (columns - int(round(width * (rows / height), 7))) // 2
    return 0, rows, margin, columns - margin


def token_order(grid: tuple[int, int], size: tuple[int, int]) -> numpy.ndarray:
    """LLaVA-NeXT's layout: which of the views' tokens, view by view and row by row, stands where; a separator is the
    number after the last of them. Without tiles, the full view's tokens alone.
    """
    rows, columns = grid
    full = numpy.arange(VIEW_TOKENS)
    if rows == 0:
        return full
    tiles = VIEW_TOKENS + numpy.arange(rows * columns * VIEW_TOKENS).reshape(rows, columns, SIDE, SIDE)
    canvas = tiles.transpose(0, 2, 1, 3).reshape(rows * SIDE, columns * SIDE)
    first_row, end_row, first_column, end_column = unpadded(grid, size)
    canvas = canvas[first_row:end_row, first_column:end_column]
    separator = numpy.full((len(canvas), 1), (1 + rows * columns) * VIEW_TOKENS)
    return numpy.concatenate([full, numpy.concatenate([canvas, separator], 1).reshape(-1)])
