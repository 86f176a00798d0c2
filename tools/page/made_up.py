"""Made-up answers for the stand-in: how a picture is cut, which tokens a budget keeps of it, what is said of it."""

import math
import struct
from typing import Any

from samples import WORD

CANVASES = [(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)]  # width, height
VIEW, SIDE = 336, 12
ANSWER = f"""The sign says **{WORD}**. It stands on a *plain* ground, with a circle beside it.

| part | tokens |
|---|---:|
| full view | 43 |
| tiles | 43 |

1. The letters are dark.
2. Nothing else is written:
   - no number
   - no second line

```swift
let answer = try await model.ask("What word is written?", about: picture)
print(answer)
```

More about the method at https://arxiv.org/abs/2408.10945."""
HOSTILE = """<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>
[click](javascript:window.harmed=1) [data](data:text/html,<script>1</script>) ![pixel](https://example.invalid/p.png)
[fine](https://example.org/) <https://example.org/> **bold *and [x](vbscript:1)** rest

<svg/onload=window.harmed=1> <a href="javascript:1">a</a> `<b>code</b>`"""


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, code: str | None = None, **headers: Any) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG, or of a JPEG upright."""
    if data[:4] == b"\x89PNG":
        return struct.unpack(">II", data[16:24])
    if data[:2] == b"\xff\xd8":
        at, turned = 2, False
        while at + 9 < len(data):
            marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
            if marker == 0xE1 and b"\x01\x12\x00\x03" in data[at : at + length]:
                tag = data.index(b"\x01\x12\x00\x03", at)
                turned = struct.unpack(">H", data[tag + 8 : tag + 10])[0] >= 5
            if 0xC0 <= marker <= 0xC3:
                height, width = struct.unpack(">HH", data[at + 5 : at + 9])
                return (height, width) if turned else (width, height)
            at += 2 + length
    raise Refusal(400, "A picture is not a PNG or JPEG.", "invalid_image")


class Picture:
    """How a picture is cut, and a made-up attention over it."""

    def __init__(self, width: int, height: int) -> None:
        def fit(canvas: tuple[int, int]) -> tuple[int, int]:
            scale = min(canvas[0] / width, canvas[1] / height)
            used = min(int(width * scale) * int(height * scale), width * height)
            return used, -(canvas[0] * canvas[1] - used)

        self.width, self.height = width, height
        canvas = max(CANVASES, key=fit)
        scale = min(canvas[0] / width, canvas[1] / height)
        left, top = (canvas[0] - width * scale) / 2, (canvas[1] - height * scale) / 2
        self.rows, self.columns = canvas[1] // VIEW, canvas[0] // VIEW
        self.partitions = [{"x": 0, "y": 0, "width": width, "height": height}] + [
            {
                "x": (column * VIEW - left) / scale,
                "y": (row * VIEW - top) / scale,
                "width": VIEW / scale,
                "height": VIEW / scale,
            }
            for row in range(self.rows)
            for column in range(self.columns)
        ]
        self.attention = [
            [self.strength(place, index) for index in range(SIDE * SIDE)] for place in range(len(self.partitions))
        ]
        self.full = sum(sum(value is not None for value in view) for view in self.attention) + (
            SIDE * self.rows if self.rows else 0
        )

    def strength(self, place: int, index: int) -> int | None:
        """A made-up attention of 0…255, None for padding."""
        bounds = self.partitions[place]
        x = (bounds["x"] + (index % SIDE + 0.5) * bounds["width"] / SIDE) / self.width
        y = (bounds["y"] + (index // SIDE + 0.5) * bounds["height"] / SIDE) / self.height
        if not (0 <= x < 1 and 0 <= y < 1):
            return None
        spots = [(0.25, 0.2), (0.7, 0.3), (0.5, 0.75)]
        near = max(math.exp(-((x - a) ** 2 + (y - b) ** 2) * 18) for a, b in spots)
        return min(255, int(200 * near + (index * 7919 + place * 104729) % 56))

    def select(self, budget: str | int) -> dict[str, Any]:
        """The selection of a budget, in the server's words."""
        total = len(self.partitions) * SIDE * SIDE
        wanted = self.full if budget == "full" else min(self.tokens(budget, total), self.full)
        open_ = [[i for i, value in enumerate(view) if value is not None] for view in self.attention]
        if budget == "full":
            budgets = [len(each) for each in open_]
        else:
            first = min(wanted // 2, SIDE * SIDE)
            weights = [sum(self.attention[place][i] for i in open_[place]) for place in range(1, len(open_))]
            rest = wanted - first
            shares = [
                min(len(open_[n + 1]), int(rest * weight / max(1, sum(weights)))) for n, weight in enumerate(weights)
            ]
            budgets = [first] + shares
            for place in sorted(range(len(budgets)), key=lambda each: -each):
                budgets[place] += min(wanted - sum(budgets), len(open_[place]) - budgets[place])
        kept = [
            sorted(sorted(tokens, key=lambda i: (-self.attention[place][i], i))[: budgets[place]])
            for place, tokens in enumerate(open_)
        ]
        weights = [sum(self.attention[place][i] for i in open_[place]) for place in range(1, len(open_))]
        return {
            "budget": wanted,
            "budgets": budgets,
            "scores": [each / max(1, sum(weights)) for each in weights],
            "kept": kept,
            "tokens_per_side": SIDE,
            "partitions": self.partitions,
            "attention": [[value or 0 for value in view] for view in self.attention],
        }

    @staticmethod
    def tokens(budget: str | int, total: int) -> int:
        """What a budget comes to."""
        if isinstance(budget, str) and budget.endswith("%"):
            return max(1, int(float(budget[:-1]) * total / 100))
        if budget == "auto":
            return total // 5
        if isinstance(budget, int) and budget > 0:
            return budget
        raise Refusal(400, f"visual_tokens.budget is {budget!r}: give a percentage, a number of tokens, full or auto.")

    def counts(self, digest: str | None, budget: str | int, with_selection: bool) -> dict[str, Any]:
        """The picture's part of an answer of `/v1/visual_tokens`."""
        selection = self.select(budget)
        kept = self.full if budget == "full" else sum(map(len, selection["kept"]))
        answer = {
            "digest": digest,
            "width": self.width,
            "height": self.height,
            "full": self.full,
            "kept": kept,
            "budget": budget,
            "grid": {"rows": self.rows, "columns": self.columns},
            "tiles": [{"index": place, **bounds} for place, bounds in enumerate(self.partitions)],
        }
        return {**answer, "selection": selection} if with_selection else answer


MODEL = {
    "id": "stand-in",
    "object": "model",
    "created": 1,
    "owned_by": "hired",
    "hired": {
        "budget": "20%",
        "strategies": ["hired", "uniform", "spatial", "random"],
        "allocations": ["paper", "even", "released-code"],
        "max_images": 8,
        "max_body_bytes": 50_000_000,
        "max_pixels": 60_000_000,
        "context_length": 4096,
        "defaults": {
            "temperature": 0,
            "top_p": 1,
            "max_tokens": 512,
            "strategy": "hired",
            "allocation": "paper",
            "alpha": 0.5,
        },
    },
}
