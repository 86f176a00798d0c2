"""Seeded synthetic pictures with questions: scenes (a number among shapes), signs, receipts, bar charts, forms, pages.

The same `random.Random` state gives the same picture, pixel for pixel, with the same fonts and Pillow. The order in
which random numbers are drawn is therefore part of what this file promises.
"""

from __future__ import annotations

import dataclasses
import io
import random
from collections.abc import Callable

import numpy
from PIL import Image, ImageFilter

import layouts
from canvases import best_canvas
from drawing import Canvas
from layouts import Question

KINDS = ["scene", "sign", "receipt", "chart", "form", "page"]
KIND_WEIGHTS = [0.19, 0.13, 0.21, 0.17, 0.18, 0.12]
COMMON_SIZES = [
    *[(672, 672)] * 4,
    (672, 336),
    (336, 672),
    (640, 480),
    (480, 640),
    (600, 600),
    (800, 600),
    (600, 800),
    (1008, 336),
    (336, 1008),
    (500, 500),
    (672, 420),
    (430, 672),
]
QUESTION_KINDS = ["number", "word", "color", "exists", "receipt", "total", "chart", "form", "read", "page"]
"""Kinds of question: number and word of a scene or sign, a shape's colour, its presence, a price, the total, a bar, a
field; transcription of anything but a page, and of a page."""


@dataclasses.dataclass(frozen=True)
class Picture:
    """A finished picture: what is drawn on it, its questions (transcription last, if asked) and its kind."""

    canvas: Canvas
    image: Image.Image
    questions: list[Question]
    kind: str


def random_size(source: random.Random) -> tuple[int, int]:
    """A picture's width and height."""
    draw = source.random()
    if draw < 0.5:
        return source.choice(COMMON_SIZES)
    if draw < 0.8:
        return source.randint(380, 700), source.randint(380, 700)
    # Long ones, so that all five canvases are met.
    shorter, longer = source.randint(300, 420), source.randint(640, 1008)
    return (shorter, longer) if source.random() < 0.5 else (longer, shorter)


def make(
    source: random.Random, size: tuple[int, int] | None = None, kind: str | None = None, enlarged: float = 1
) -> Picture:
    """Draws one picture; all that is on it `enlarged` times as large as usual."""
    width, height = size or random_size(source)
    kind = kind or source.choices(KINDS, KIND_WEIGHTS)[0]
    canvas_height, canvas_width = best_canvas(height, width)
    unit = enlarged * max(width / canvas_width, height / canvas_height)
    dark = kind not in ("chart", "receipt") and source.random() < 0.15
    plain = kind in ("receipt", "chart", "form", "page") and source.random() < 0.8
    canvas = Canvas(source, width, height, unit, plain, dark)
    draw: Callable[[random.Random, Canvas], list[Question]] = getattr(layouts, f"draw_{kind}")
    questions = draw(source, canvas)
    image = _degraded(source, canvas.image, unit)
    source.shuffle(questions)
    if canvas.lines and canvas.has_reading_order:
        text = " ".join(line.text for line in canvas.lines)
        questions.append(Question("page" if kind == "page" else "read", "What does the image say?", text))
    return Picture(canvas, image, questions, kind)


def _degraded(source: random.Random, image: Image.Image, unit: float) -> Image.Image:
    """Blurs one picture in four, puts noise on one in six, and puts one in four through JPEG."""
    if source.random() < 0.25:
        image = image.filter(ImageFilter.GaussianBlur(source.uniform(0.3, 1.1) * unit))
    if source.random() < 1 / 6:
        pixels = numpy.asarray(image)
        grain = numpy.random.default_rng(source.randint(0, 1 << 30))
        spread = source.randint(3, 9)
        noise = grain.integers(-spread, spread + 1, pixels.shape, numpy.int16)
        image = Image.fromarray(numpy.clip(pixels + noise, 0, 255).astype(numpy.uint8))
    if source.random() < 0.25:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=source.randint(45, 92))
        image = Image.open(buffer).convert("RGB")
    return image
