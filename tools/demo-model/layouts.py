"""What the pictures show: one function for each kind draws it and returns its questions."""

from __future__ import annotations

import dataclasses
import random

import words
from drawing import COLOUR_NAMES, COLOURS, SHAPE_NAMES, Bar, Canvas, Pen, shaded


@dataclasses.dataclass(frozen=True)
class Question:
    """A question of one of `pictures.QUESTION_KINDS`, and its right answer."""

    kind: str
    text: str
    answer: str


def draw_scene(source: random.Random, canvas: Canvas) -> list[Question]:
    """A number and a few shapes."""
    number = words.invented(source, 2, 5, words.DIGITS)
    return _text_among_shapes(source, canvas, Question("number", "What number is written?", number), 1)


def draw_sign(source: random.Random, canvas: Canvas) -> list[Question]:
    """A word, perhaps with shapes."""
    return _text_among_shapes(source, canvas, Question("word", "What word is written?", words.sign(source)), 0)


def _text_among_shapes(source: random.Random, canvas: Canvas, asked: Question, fewest_shapes: int) -> list[Question]:
    questions = []
    if canvas.place_text(asked.answer, 36, 84):
        questions.append(asked)
    for _ in range(source.randint(fewest_shapes, 3)):
        canvas.place_shape()
    for shape in canvas.shapes:
        questions.append(Question("color", f"What color is the {shape.kind}?", shape.colour))
    for name in source.sample(SHAPE_NAMES, 2):
        present = any(shape.kind == name for shape in canvas.shapes)
        questions.append(Question("exists", f"Is there a {name} in the image?", "yes" if present else "no"))
    return questions


def _fitting(source: random.Random, canvas: Canvas, smallest: float, largest: float, count: int, text: str) -> Pen:
    """A pen for `count` rows as wide as `text`."""
    pen = canvas.pen(smallest, largest)
    size = min(pen.size, int((canvas.height - 20 * canvas.unit) / count / 1.25))
    wide = pen.width(text) / (canvas.width - 44 * canvas.unit)
    return Pen(pen.path, max(int(size / max(1, wide)), 6), pen.colour)


def _rows(source: random.Random, canvas: Canvas, pen: Pen, count: int, loosest: float = 1.9) -> list[float]:
    """Where the middles of rows lie."""
    pitch = min((canvas.height - 16 * canvas.unit) / count, source.uniform(1.2, loosest) * pen.size)
    room = canvas.height - 16 * canvas.unit - pitch * count
    top = 8 * canvas.unit + source.uniform(0, max(0, room))
    return [top + (row + 0.5) * pitch for row in range(count)]


def draw_receipt(source: random.Random, canvas: Canvas) -> list[Question]:
    """Rows of an item and its price, four in five with the total under them."""
    most = 6 if canvas.height >= canvas.width * 0.7 else 4
    items = source.sample(words.ITEMS, source.randint(2, most))
    prices = [source.randint(100, 999) for _ in items]
    rows = list(zip(items, prices, strict=True))
    if source.random() < 0.8:
        rows.append((words.TOTAL, sum(prices)))
    widest = max((item for item, _ in rows), key=len) + " 88.88 "
    pen = _fitting(source, canvas, 30, 56, len(rows), widest)
    left = source.uniform(10, 30) * canvas.unit
    right = canvas.width - source.uniform(10, 36) * canvas.unit
    if source.random() < 0.3:
        right = min(right, left + pen.width(widest) + source.uniform(10, 120) * canvas.unit)
    middles = _rows(source, canvas, pen, len(rows))
    questions = []
    for (item, cents), middle in zip(rows, middles, strict=True):
        price = words.price(cents)
        beside = left + pen.width(item + " ")
        canvas.row([(left, item), (max(beside, right - pen.width(price)), price)], middle, pen, owner=item)
        if item == words.TOTAL:
            if source.random() < 0.5:
                height = middle - pen.size * 0.58
                canvas.brush.line([(left, height), (right, height)], fill=pen.colour, width=max(1, round(canvas.unit)))
            questions.append(Question("total", "What is the total?", price))
        else:
            questions.append(Question("receipt", f"How much is the {item}?", f"{item} {price}"))
    return questions


def draw_form(source: random.Random, canvas: Canvas) -> list[Question]:
    """Fields with their values beside them, some in boxes or on rules."""
    most = 6 if canvas.height >= canvas.width * 0.7 else 4
    fields = source.sample(words.FIELDS, source.randint(2, most))
    values = [words.value(source, field) for field in fields]
    names = max(fields, key=len) + "  "
    pen = _fitting(source, canvas, 28, 52, len(fields), names + max(values, key=len) + " ")
    left = source.uniform(10, 30) * canvas.unit
    column = left + pen.width(names)
    room = canvas.width - 8 * canvas.unit - pen.width(max(values, key=len)) - column
    column += source.uniform(0, max(0, min(room, 140 * canvas.unit)))
    frame = source.choice(["none", "rule", "box"])
    end = canvas.width - source.uniform(6, 20) * canvas.unit
    questions = []
    middles = _rows(source, canvas, pen, len(fields), loosest=2.2)
    for field, value, middle in zip(fields, values, middles, strict=True):
        height = pen.size * 0.56
        line = max(1, round(canvas.unit))
        if frame == "rule":
            canvas.brush.line([(column, middle + height), (end, middle + height)], fill=pen.colour, width=line)
        elif frame == "box":
            box = (column - 6 * canvas.unit, middle - height, max(end, column + 8), middle + height)
            canvas.brush.rectangle(box, outline=pen.colour, width=line)
        canvas.row([(left, field), (column, value)], middle, pen, owner=field)
        questions.append(Question("form", f"What does {field} say?", value))
    return questions


def draw_page(source: random.Random, canvas: Canvas) -> list[Question]:
    """A few lines of text."""
    pen = canvas.pen(26, 44)
    left = source.uniform(10, 40) * canvas.unit
    room = canvas.width - 10 * canvas.unit - left
    most = max(2, min(5, int((canvas.height - 16 * canvas.unit) / (1.3 * pen.size))))
    lines = []
    for _ in range(source.randint(2, most)):
        line = words.any_word(source)
        for _ in range(source.randint(0, 3)):
            longer = f"{line} {words.any_word(source)}"
            if pen.width(longer) > room:
                break
            line = longer
        if pen.width(line) <= room:
            lines.append(line)
    for line, middle in zip(lines, _rows(source, canvas, pen, max(1, len(lines)), loosest=2.4), strict=False):
        canvas.row([(left, line)], middle, pen)
    return []


def draw_chart(source: random.Random, canvas: Canvas) -> list[Question]:
    """Bars of different colours, lying or standing, each with its value at its end."""
    count = source.randint(2, 5)
    colours = source.sample(COLOUR_NAMES, count)
    values = [source.randint(10, 99) for _ in colours]
    lying = source.random() < 0.6
    length, breadth = (canvas.width, canvas.height) if lying else (canvas.height, canvas.width)
    unit = canvas.unit
    pitch = (breadth - 30 * unit) / count
    pen = canvas.pen(32, 62)
    pen = Pen(pen.path, max(6, int(min(pen.size, pitch / 1.35 if lying else pitch / 1.6))), (30, 30, 30))
    axis = source.uniform(14, 40) * unit
    longest = length - axis - (pen.width("88") if lying else pen.capital) - 44 * unit
    ends = [(axis, 10 * unit), (axis, breadth - 10 * unit)]
    if not lying:
        ends = [(across, length - along) for along, across in ends]
    canvas.brush.line(ends, fill=(60, 60, 60), width=max(1, round(4 * unit)))
    questions = []
    for row, (colour, value) in enumerate(zip(colours, values, strict=True)):
        side = 15 * unit + row * pitch
        far = axis + 3 + longest * value / 105 + 12 * unit
        near, first, last = axis + 3 * unit, side + pitch * 0.14, side + pitch * 0.86
        box = (near, first, far, last) if lying else (first, length - far, last, length - near)
        canvas.brush.rectangle(box, fill=shaded(source, COLOURS[colour]))
        text = str(value)
        if lying:
            x, middle = far + 12 * unit, (first + last) / 2
        else:
            x, middle = (first + last - pen.width(text)) / 2, length - far - 10 * unit - pen.capital / 2
        canvas.row([(x, text)], middle, pen, owner=colour, owner_box=box)
        canvas.bars.append(Bar(colour, box))
        questions.append(Question("chart", f"What is the value of the {colour} bar?", text))
    # The values of standing bars are on no line, so there is no one order to read them in.
    canvas.has_reading_order = lying
    return questions
