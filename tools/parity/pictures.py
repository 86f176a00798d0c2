"""The test pictures: one for every grid LLaVA-NeXT's five pinpoints can give, and one with no tile token at all."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy
from PIL import Image, ImageDraw


@dataclasses.dataclass(frozen=True)
class Picture:
    """One test picture: its file name, size in pixels and the grid (rows, columns) it must give."""

    file: str
    width: int
    height: int
    grid: tuple[int, int]


SMALL = (
    Picture("grid-1x2.png", 100, 52, (1, 2)),
    Picture("grid-2x1.png", 52, 100, (2, 1)),
    Picture("grid-2x2.png", 118, 95, (2, 2)),
    Picture("grid-1x3.png", 190, 58, (1, 3)),
    Picture("grid-3x1.png", 58, 190, (3, 1)),
)
"""For tiles of 56 and 70 pixels."""

THIN = Picture("thin-1x3.png", 300, 2, (1, 3))
"""So flat that unpadding leaves no whole row of tile tokens when the grid of a tile is even."""

LARGE = (
    Picture("large-1x2.png", 640, 330, (1, 2)),
    Picture("large-2x2.png", 500, 430, (2, 2)),
    Picture("large-3x1.png", 300, 960, (3, 1)),
)
"""For tiles of 336 pixels, with the pinpoints Transformers takes when a folder names none."""

ALL = (*SMALL, THIN, *LARGE)


def draw(picture: Picture, seed: int) -> Image.Image:
    """Draws shapes on a gradient. The same seed gives the same pixels.

    A small picture gets noise in its lower half, a large one gradients in coarse steps, which pack well. Only filled
    shapes and integer arithmetic are used, so that no font and no floating-point library matters.
    """
    generator = numpy.random.Generator(numpy.random.PCG64(seed))
    width, height = picture.width, picture.height
    x = numpy.arange(width)[None, :]
    y = numpy.arange(height)[:, None]
    planes = []
    for _ in range(3):
        start, across, down = (int(v) for v in generator.integers(0, 256, 3))
        ramp = start * width * height + (across - start) * x * height + (down - start) * y * width
        planes.append(numpy.clip(ramp // (width * height), 0, 255))
    pixels = numpy.stack(planes, axis=-1)
    if width * height > 40_000:
        pixels = pixels // 16 * 16
    else:
        pixels[height // 2 :] += generator.integers(-20, 21, pixels[height // 2 :].shape)
    image = Image.fromarray(numpy.clip(pixels, 0, 255).astype(numpy.uint8))
    pen = ImageDraw.Draw(image)
    for index in range(7):
        left, top = int(generator.integers(0, width)), int(generator.integers(0, height))
        right = min(width - 1, left + 2 + int(generator.integers(0, max(2, width // 3))))
        bottom = min(height - 1, top + 2 + int(generator.integers(0, max(2, height // 3))))
        colour = tuple(int(v) for v in generator.integers(0, 256, 3))
        box = (min(left, right), min(top, bottom), max(left, right), max(top, bottom))
        (pen.rectangle if index % 2 else pen.ellipse)(box, fill=colour)
    return image


def write_all(folder: pathlib.Path) -> None:
    """Writes every picture into `folder` as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, picture in enumerate(ALL):
        draw(picture, seed=100 + index).save(folder / picture.file, optimize=True)
