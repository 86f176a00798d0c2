"""A canvas that remembers what was drawn on it, so that every picture comes with exact labels."""

from __future__ import annotations

import dataclasses
import functools
import random

import numpy
from PIL import Image, ImageDraw, ImageFont

FONT_FOLDER = "/usr/share/fonts/truetype/"
FONTS = [
    FONT_FOLDER + name
    for name in (
        "dejavu/DejaVuSans.ttf",
        "dejavu/DejaVuSans-Bold.ttf",
        "dejavu/DejaVuSerif.ttf",
        "dejavu/DejaVuSerif-Bold.ttf",
        "dejavu/DejaVuSansMono.ttf",
        "dejavu/DejaVuSansMono-Bold.ttf",
        "liberation/LiberationSans-Regular.ttf",
        "liberation/LiberationSans-Bold.ttf",
        "liberation/LiberationSerif-Regular.ttf",
        "liberation/LiberationSerif-Bold.ttf",
        "liberation/LiberationMono-Regular.ttf",
        "liberation/LiberationMono-Bold.ttf",
        "freefont/FreeSans.ttf",
        "freefont/FreeSansBold.ttf",
        "freefont/FreeSerif.ttf",
        "freefont/FreeSerifBold.ttf",
    )
]
COLOURS = {
    "red": (208, 40, 40),
    "green": (40, 160, 60),
    "blue": (45, 80, 210),
    "yellow": (235, 200, 40),
    "purple": (140, 60, 170),
    "black": (25, 25, 25),
}
COLOUR_NAMES = list(COLOURS)
SHAPE_NAMES = ["circle", "square", "triangle"]
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CAPITAL_HEIGHT = 0.72
"""Height of a capital letter, as a part of the font size."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""
Colour = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Character:
    """One drawn character: its index in `CHARACTERS`, its centre and the height of a capital, in pixels."""

    index: int
    x: float
    y: float
    height: float


@dataclasses.dataclass(frozen=True)
class Shape:
    """One drawn shape."""

    colour: str
    kind: str
    box: Box


@dataclasses.dataclass(frozen=True)
class Bar:
    """One bar of a chart."""

    colour: str
    box: Box


@functools.cache
def font(path: str, size: int) -> ImageFont.FreeTypeFont:
    """A font, opened once for each size."""
    return ImageFont.truetype(path, size)


def shaded(source: random.Random, colour: Colour, spread: int = 18) -> Colour:
    """A colour a little off the given one."""
    return tuple(max(0, min(255, value + source.randint(-spread, spread))) for value in colour)


def background(source: random.Random, width: int, height: int, plain: bool) -> Image.Image:
    """A light ground: one colour, a gradient or coarse noise; always one colour if `plain`."""
    base = [source.randint(175, 255) for _ in range(3)]
    choice = 0 if plain else source.random()
    if choice < 0.45:
        return Image.new("RGB", (width, height), tuple(base))
    if choice < 0.8:
        other = [source.randint(175, 255) for _ in range(3)]
        gradient = Image.linear_gradient("L")
        if source.random() >= 0.5:
            gradient = gradient.rotate(90)
        start = Image.new("RGB", (width, height), tuple(base))
        end = Image.new("RGB", (width, height), tuple(other))
        return Image.composite(start, end, gradient.resize((width, height)))
    grain = numpy.random.default_rng(source.randint(0, 1 << 30))
    rows, columns = height // 3 + 1, width // 3 + 1
    noise = grain.normal(0, source.uniform(4, 12), (rows, columns, 1))
    pixels = numpy.clip(numpy.array(base) + noise, 0, 255).astype(numpy.uint8)
    coarse = Image.fromarray(numpy.broadcast_to(pixels, (rows, columns, 3)).copy())
    return coarse.resize((width, height), Image.Resampling.NEAREST)


def touches(box: Box, others: list[Box], gap: int = 6) -> bool:
    """Whether a box comes closer than `gap` to any other."""
    return any(
        box[2] + gap >= other[0] and other[2] + gap >= box[0] and box[3] + gap >= other[1] and other[3] + gap >= box[1]
        for other in others
    )


class Canvas:
    """A picture being drawn: the image, and the lines, characters, shapes and bars on it."""

    def __init__(self, source: random.Random, width: int, height: int, plain: bool) -> None:
        self.source = source
        self.width = width
        self.height = height
        self.image = background(source, width, height, plain)
        self.pen = ImageDraw.Draw(self.image)
        self.lines: list[str] = []
        self.boxes: list[Box] = []
        self.characters: list[Character] = []
        self.shapes: list[Shape] = []
        self.bars: list[Bar] = []

    def text_size(self, text: str, path: str, size: int) -> tuple[float, float]:
        """Width and height of a text's ink."""
        left, top, right, bottom = self.pen.textbbox((0, 0), text, font=font(path, size))
        return right - left, bottom - top

    def text(self, x: float, y: float, text: str, path: str, size: int, colour: Colour) -> None:
        """Draws a text whose ink begins at (x, y)."""
        self.lines.append(text)
        face = font(path, size)
        left, top, _, bottom = self.pen.textbbox((0, 0), text, font=face)
        origin_x, origin_y = x - left, y - top
        self.pen.text((origin_x, origin_y), text, font=face, fill=colour)
        for place, character in enumerate(text):
            if character in CHARACTERS:
                before = self.pen.textlength(text[:place], font=face)
                after = self.pen.textlength(text[: place + 1], font=face)
                centre_x, centre_y = origin_x + (before + after) / 2, y + (bottom - top) / 2
                index = CHARACTERS.index(character)
                self.characters.append(Character(index, centre_x, centre_y, size * CAPITAL_HEIGHT))

    def place_text(self, text: str, smallest: int = 44, largest: int = 78) -> bool:
        """Draws a text in any font where there is room. False if thirty tries find none."""
        for _ in range(30):
            path = self.source.choice(FONTS)
            size = self.source.randint(smallest, largest)
            width, height = self.text_size(text, path, size)
            if width > self.width - 16 or height > self.height - 16:
                largest = max(smallest, largest - 4)
                continue
            x = self.source.randint(8, self.width - 8 - width)
            y = self.source.randint(8, self.height - 8 - height)
            box = (x, y, x + width, y + height)
            if touches(box, self.boxes):
                continue
            colour = tuple(self.source.randint(0, 75) for _ in range(3))
            self.text(x, y, text, path, size, colour)
            self.boxes.append(box)
            return True
        return False

    def place_shape(self) -> None:
        """Draws a shape of a kind not drawn yet where there is room, if there is."""
        used = {shape.kind for shape in self.shapes}
        free = [kind for kind in SHAPE_NAMES if kind not in used]
        if not free:
            return
        kind = self.source.choice(free)
        colour = self.source.choice(COLOUR_NAMES)
        for _ in range(20):
            shorter = min(self.width, self.height)
            size = self.source.randint(max(44, shorter // 9), max(60, shorter // 4))
            if size > shorter - 8:
                continue
            x = self.source.randint(4, self.width - 4 - size)
            y = self.source.randint(4, self.height - 4 - size)
            box = (x, y, x + size, y + size)
            if touches(box, self.boxes):
                continue
            fill = shaded(self.source, COLOURS[colour])
            if kind == "circle":
                self.pen.ellipse(box, fill=fill)
            elif kind == "square":
                self.pen.rectangle(box, fill=fill)
            else:
                self.pen.polygon([(x + size / 2, y), (x, y + size), (x + size, y + size)], fill=fill)
            self.boxes.append(box)
            self.shapes.append(Shape(colour, kind, box))
            return
