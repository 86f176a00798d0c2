"""A canvas that remembers what was drawn on it, so that every picture comes with exact labels."""

from __future__ import annotations

import dataclasses
import functools
import random

import numpy
from PIL import Image, ImageDraw, ImageFont

import words

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
OWNERS = [*COLOUR_NAMES, *words.ITEMS, words.TOTAL, *words.FIELDS]
"""What a value can belong to: a bar's colour, an article, the total, a field of a form."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""
Colour = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Character:
    """One drawn character: its index in `CHARACTERS`, its centre and the height of a capital, in pixels. The centre's
    height is that of its line. `line` and `place` say where it stands: the place-th character of that line's text.
    """

    index: int
    x: float
    y: float
    height: float
    line: int
    place: int


@dataclasses.dataclass(frozen=True)
class Line:
    """A line as it reads, with what each of its characters belongs to (an index into `OWNERS`, or -1), and the box that
    shows it: the article, the field's name, the bar.
    """

    text: str
    owners: list[int]
    owner_box: Box | None


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


@dataclasses.dataclass(frozen=True)
class Pen:
    """What a text is set in: font file, size in pixels, colour."""

    path: str
    size: int
    colour: Colour

    @property
    def font(self) -> ImageFont.FreeTypeFont:
        """The font, opened once for each size."""
        return _font(self.path, self.size)

    @property
    def capital(self) -> float:
        """The height of a capital letter, in pixels."""
        return _capital(self.path, self.size)

    def width(self, text: str) -> float:
        """How far a text reaches, in pixels."""
        return self.font.getlength(text)


@functools.lru_cache(maxsize=4096)
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


@functools.lru_cache(maxsize=4096)
def _capital(path: str, size: int) -> float:
    _, top, _, bottom = _font(path, size).getbbox("H", anchor="ls")
    return bottom - top


def shaded(source: random.Random, colour: Colour, spread: int = 18) -> Colour:
    """A colour a little off the given one."""
    return tuple(max(0, min(255, value + source.randint(-spread, spread))) for value in colour)


def background(source: random.Random, width: int, height: int, plain: bool, dark: bool) -> Image.Image:
    """A ground: one colour, a gradient or coarse noise; always one colour if `plain`."""

    def tone() -> Colour:
        low, high = (0, 70) if dark else (175, 255)
        return tuple(source.randint(low, high) for _ in range(3))

    base = tone()
    choice = 0 if plain else source.random()
    if choice < 0.45:
        return Image.new("RGB", (width, height), base)
    if choice < 0.8:
        gradient = Image.linear_gradient("L")
        if source.random() >= 0.5:
            gradient = gradient.rotate(90)
        start = Image.new("RGB", (width, height), base)
        end = Image.new("RGB", (width, height), tone())
        return Image.composite(start, end, gradient.resize((width, height)))
    grain = numpy.random.default_rng(source.randint(0, 1 << 30))
    noise = grain.normal(0, source.uniform(4, 12), (height // 3 + 1, width // 3 + 1, 1))
    pixels = numpy.clip(numpy.array(base) + noise, 0, 255).astype(numpy.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.NEAREST)


def touches(box: Box, others: list[Box], gap: int = 6) -> bool:
    """Whether a box comes closer than `gap` to any other."""
    return any(
        box[2] + gap >= other[0] and other[2] + gap >= box[0] and box[3] + gap >= other[1] and other[3] + gap >= box[1]
        for other in others
    )


class Canvas:
    """A picture being drawn: the image, and the lines, characters, shapes and bars on it.

    `unit` is how many of its pixels make one of the canvas that the model's tiles are cut from: sizes are stated in
    those, so that what is drawn is as easy to read in a large picture as in a small one.
    """

    def __init__(self, source: random.Random, width: int, height: int, unit: float, plain: bool, dark: bool) -> None:
        self.source = source
        self.width = width
        self.height = height
        self.unit = unit
        self.dark = dark
        self.image = background(source, width, height, plain, dark)
        self.brush = ImageDraw.Draw(self.image)
        self.lines: list[Line] = []
        self.boxes: list[Box] = []
        self.characters: list[Character] = []
        self.shapes: list[Shape] = []
        self.bars: list[Bar] = []
        self.has_reading_order = True

    def size(self, smallest: float, largest: float) -> int:
        """A random size between two of the model's canvas, in pixels of the picture."""
        return max(6, round(self.source.uniform(smallest, largest) * self.unit))

    def ink(self) -> Colour:
        """A colour that stands out from the ground."""
        low, high = (185, 255) if self.dark else (0, 75)
        return tuple(self.source.randint(low, high) for _ in range(3))

    def pen(self, smallest: float, largest: float) -> Pen:
        """Any font, in a size of the model's canvas."""
        return Pen(self.source.choice(FONTS), self.size(smallest, largest), self.ink())

    def row(
        self,
        parts: list[tuple[float, str]],
        middle: float,
        pen: Pen,
        owner: str | None = None,
        owner_box: Box | None = None,
    ) -> None:
        """Draws a line: its parts' beginnings and texts, around the height `middle`. The parts after the first belong
        to `owner`, which the first part shows unless `owner_box` does; then all parts belong to it.
        """
        number = len(self.lines)
        baseline = middle + pen.capital / 2
        owners: list[int] = []
        place = 0
        for part, (left, text) in enumerate(parts):
            if part:
                owners.append(-1)
                place += 1
            self.brush.text((left, baseline), text, font=pen.font, fill=pen.colour, anchor="ls")
            before = 0.0
            for index, character in enumerate(text):
                after = pen.width(text[: index + 1])
                owned = owner is not None and (part > 0 or owner_box is not None)
                owners.append(OWNERS.index(owner) if owned else -1)
                if character in CHARACTERS:
                    centre = left + (before + after) / 2
                    kind = CHARACTERS.index(character)
                    self.characters.append(Character(kind, centre, middle, pen.capital, number, place))
                before = after
                place += 1
        if owner is not None and owner_box is None:
            left, text = parts[0]
            half = pen.capital / 2
            owner_box = (left, middle - half, left + pen.width(text), middle + half)
        self.lines.append(Line(" ".join(text for _, text in parts), owners, owner_box))

    def place_text(self, text: str, smallest: float, largest: float) -> bool:
        """Draws a text in any font where there is room. False if thirty tries find none."""
        margin = 8 * self.unit
        for _ in range(30):
            pen = self.pen(smallest, largest)
            width, height = pen.width(text), pen.capital
            if width > self.width - 2 * margin or height > self.height - 2 * margin:
                largest = max(smallest, largest - 4)
                continue
            x = self.source.uniform(margin, self.width - margin - width)
            y = self.source.uniform(margin, self.height - margin - height)
            box = (x, y, x + width, y + height)
            if touches(box, self.boxes):
                continue
            self.row([(x, text)], y + height / 2, pen)
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
        colour = self.source.choice(COLOUR_NAMES[:-1] if self.dark else COLOUR_NAMES)
        for _ in range(20):
            shorter = min(self.width, self.height)
            size = self.source.uniform(max(40 * self.unit, shorter / 9), max(60 * self.unit, shorter / 4))
            if size > shorter - 8:
                continue
            x = self.source.uniform(4, self.width - 4 - size)
            y = self.source.uniform(4, self.height - 4 - size)
            box = (x, y, x + size, y + size)
            if touches(box, self.boxes):
                continue
            fill = shaded(self.source, COLOURS[colour])
            if kind == "circle":
                self.brush.ellipse(box, fill=fill)
            elif kind == "square":
                self.brush.rectangle(box, fill=fill)
            else:
                self.brush.polygon([(x + size / 2, y), (x, y + size), (x + size, y + size)], fill=fill)
            self.boxes.append(box)
            self.shapes.append(Shape(colour, kind, box))
            return
