"""What every engine is asked, and how an answer is told: one JSON object a line on standard output."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import resource

import numpy
from PIL import Image

NEW_TOKENS = 15
SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
QUESTION = "What is in the picture?"
# What `hired bench` asks, as Vicuna's template writes it.
PROMPT = f"{SYSTEM} USER: <image>\n{QUESTION} ASSISTANT:"


@dataclasses.dataclass(frozen=True)
class Answer:
    """One answer. `kind` is `first` or `warm`, or `only` where a process answers once and had warmed itself up while
    loading; `ttft` counts from the question, with the picture still encoded,
    to the first token; `load` is what the process did before it could be asked."""

    kind: str
    load: float
    prompt_tokens: int
    ttft: float
    decode_rate: float
    peak_gigabytes: float
    vision: float | None = None

    def tell(self) -> None:
        """Prints it at once, so that a run that is cut short has told what it measured."""
        print(json.dumps(dataclasses.asdict(self)), flush=True)


def own_peak() -> float:
    """Gigabytes (10⁹ bytes) this process had resident at most, mapped files included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def draw(path: pathlib.Path, width: int = 672, height: int = 672, seed: int = 1) -> None:
    """Writes a PNG of coloured squares of 8 pixels: some detail everywhere, and no padding in LLaVA-NeXT's 2×2 grid."""
    cells = numpy.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), dtype=numpy.uint8)
    Image.fromarray(cells.repeat(8, 0).repeat(8, 1)).save(path)
