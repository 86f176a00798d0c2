"""Seeded synthetic pictures with questions: scenes (a number among shapes), signs, price lists and bar charts.

The same `random.Random` state gives the same picture, pixel for pixel, with the same fonts and Pillow. The order in
which random numbers are drawn is therefore part of what this file promises.
"""

from __future__ import annotations

import dataclasses
import io
import random

from PIL import Image, ImageFilter

from drawing import CHARACTERS, COLOUR_NAMES, COLOURS, FONTS, SHAPE_NAMES, Bar, Canvas, shaded

KINDS = ["scene", "sign", "receipt", "chart"]
KIND_WEIGHTS = [0.32, 0.2, 0.28, 0.2]
ITEMS = (
    "TEA COFFEE MILK BREAD RICE EGGS SOUP CAKE JUICE PIZZA SALAD FISH APPLE WATER PASTA TOAST SODA HONEY BEANS CORN"
).split()
WORDS = (
    "OPEN CLOSED EXIT STOP SALE HOTEL BANK PARK TAXI CAFE LIBRARY MUSEUM STATION AIRPORT POLICE "
    "BAKERY MARKET SCHOOL CINEMA GARAGE NORTH SOUTH EAST WEST DANGER CAUTION PUSH PULL HELLO FRESH"
).split()
COMMON_SIZES = [
    *[(672, 672)] * 4,
    (672, 336),
    (336, 672),
    (640, 480),
    (480, 640),
    (600, 600),
    (560, 672),
    (672, 500),
    (1008, 336),
    (336, 1008),
    (500, 500),
    (672, 420),
    (430, 672),
]
QUESTION_KINDS = ["read", "scene", "sign", "receipt", "chart", "color", "exists"]
"""Kinds of question: transcription, number, word, price, bar, colour, presence."""


@dataclasses.dataclass(frozen=True)
class Question:
    """A question of one of `QUESTION_KINDS`, and its right answer."""

    kind: str
    text: str
    answer: str


@dataclasses.dataclass(frozen=True)
class Picture:
    """A finished picture: what is drawn on it, its questions (transcription last, if it has text) and its kind."""

    canvas: Canvas
    image: Image.Image
    questions: list[Question]
    kind: str


def random_size(source: random.Random) -> tuple[int, int]:
    """A picture's width and height."""
    if source.random() < 0.5:
        return source.choice(COMMON_SIZES)
    return source.randint(380, 672), source.randint(380, 672)


def make(source: random.Random, size: tuple[int, int] | None = None, kind: str | None = None) -> Picture:
    """Draws one picture. Small ones are never price lists or charts, whatever `kind` says."""
    width, height = size or random_size(source)
    kind = kind or source.choices(KINDS, KIND_WEIGHTS)[0]
    if min(width, height) < 400 and kind in ("receipt", "chart"):
        kind = source.choice(["scene", "sign"])
    canvas = Canvas(source, width, height, plain=kind in ("receipt", "chart"))
    if kind == "receipt":
        questions = _draw_receipt(source, canvas)
    elif kind == "chart":
        questions = _draw_chart(source, canvas)
    else:
        questions = _draw_scene(source, canvas, kind)
    image = _degraded(source, canvas.image)
    source.shuffle(questions)
    if canvas.lines:
        questions.append(Question("read", "What does the image say?", " ".join(canvas.lines)))
    return Picture(canvas, image, questions, kind)


def _draw_scene(source: random.Random, canvas: Canvas, kind: str) -> list[Question]:
    """A number or a word, and a few shapes."""
    questions = []
    if kind == "scene":
        text = "".join(source.choice("0123456789") for _ in range(source.randint(2, 5)))
        question = "What number is written?"
    else:
        if source.random() < 0.6:
            text = source.choice(WORDS)
        else:
            text = "".join(source.choice(CHARACTERS[10:]) for _ in range(source.randint(3, 5)))
        question = "What word is written?"
    if canvas.place_text(text):
        questions.append(Question(kind, question, text))
    for _ in range(source.randint(1, 3) if kind == "scene" else source.randint(0, 3)):
        canvas.place_shape()
    for shape in canvas.shapes:
        questions.append(Question("color", f"What color is the {shape.kind}?", shape.colour))
    for name in source.sample(SHAPE_NAMES, 2):
        present = any(shape.kind == name for shape in canvas.shapes)
        questions.append(Question("exists", f"Is there a {name} in the image?", "yes" if present else "no"))
    return questions


def _draw_receipt(source: random.Random, canvas: Canvas) -> list[Question]:
    """Rows of an item and its price, in one font and colour."""
    width, height = canvas.width, canvas.height
    count = source.randint(3, 6)
    items = source.sample(ITEMS, count)
    path = source.choice(FONTS)
    size = max(min(source.randint(44, 60), int((height - 40) / count / 1.25)), 38)
    colour = tuple(source.randint(0, 70) for _ in range(3))
    while max(canvas.text_size(item + " 9.99", path, size)[0] for item in items) > width - 50 and size > 34:
        size -= 2
    left = source.randint(12, 30)
    top = source.uniform(6, 14)
    pitch = min((height - 20) / count, source.uniform(1.25, 1.9) * size)
    top += source.uniform(0, max(0, height - 20 - pitch * count))
    right = width - source.randint(12, 40)
    rows = []
    for row, item in enumerate(items):
        price = f"{source.randint(1, 9)}.{source.randint(0, 9)}{source.randint(0, 9)}"
        y = int(top + row * pitch)
        canvas.text(left, y, item, path, size, colour)
        # One price in a thousand is drawn over its item: a row nobody can read.
        if source.random() < 0.999:
            beside = left + canvas.text_size(item + " ", path, size)[0] + 8
            x = max(beside, right - canvas.text_size(price, path, size)[0])
        else:
            x = 0
        canvas.text(x, y, price, path, size, colour)
        rows.append((item, price))
    asked = source.sample(rows, min(5, count))
    return [Question("receipt", f"How much is the {item}?", f"{item} {price}") for item, price in asked]


def _draw_chart(source: random.Random, canvas: Canvas) -> list[Question]:
    """Horizontal bars of different colours, each with its value beside it."""
    width, height = canvas.width, canvas.height
    count = source.randint(2, 5)
    colours = source.sample(COLOUR_NAMES, count)
    path = source.choice(FONTS)
    pitch = (height - 30) / count
    size = int(min(source.randint(44, 66), pitch / 1.35))
    axis = source.randint(14, 40)
    value_width = canvas.text_size("88", path, size)[0]
    canvas.pen.line([(axis, 10), (axis, height - 10)], fill=(60, 60, 60), width=4)
    questions = []
    for row, colour in enumerate(colours):
        value = source.randint(10, 99)
        top = 15 + row * pitch
        length = int((width - axis - value_width - 50) * (value / 105)) + 12
        box = (axis + 3, int(top + pitch * 0.14), axis + 3 + length, int(top + pitch * 0.86))
        canvas.pen.rectangle(box, fill=shaded(source, COLOURS[colour]))
        text = str(value)
        text_height = canvas.text_size(text, path, size)[1]
        canvas.text(box[2] + 14, int((box[1] + box[3] - text_height) / 2), text, path, size, (30, 30, 30))
        canvas.bars.append(Bar(colour, box))
        questions.append(Question("chart", f"What is the value of the {colour} bar?", text))
    source.shuffle(questions)
    return questions


def _degraded(source: random.Random, image: Image.Image) -> Image.Image:
    """Blurs one picture in four, and puts one in four through JPEG."""
    if source.random() < 0.25:
        image = image.filter(ImageFilter.GaussianBlur(source.uniform(0.3, 1.2)))
    if source.random() < 0.25:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=source.randint(45, 90))
        image = Image.open(buffer).convert("RGB")
    return image
