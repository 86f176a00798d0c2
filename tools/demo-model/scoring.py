"""Questions and answers as files, and scoring. Needs nothing but Python.

`questions.jsonl` has one object a line: `image` (a file beside it), `kind`, `question`, `answer` (the right one).
An answers file has `image`, `question` and `answer` (the given one), in any order of lines.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import pathlib
from collections.abc import Iterable, Iterator


@dataclasses.dataclass(frozen=True)
class Asked:
    """A question about a picture, and its right answer."""

    image: str
    kind: str
    question: str
    answer: str


@dataclasses.dataclass(frozen=True)
class Given:
    """An answer given to a question about a picture."""

    image: str
    question: str
    answer: str


def read_questions(path: pathlib.Path) -> list[Asked]:
    """Reads a questions file."""
    return [Asked(**item) for item in _objects(path)]


def read_answers(path: pathlib.Path) -> dict[tuple[str, str], str]:
    """Reads an answers file into a map from (image, question); keys other than the three are passed over."""
    return {(item["image"], item["question"]): item["answer"] for item in _objects(path)}


def write(path: pathlib.Path, items: Iterable[Asked | Given]) -> None:
    """Writes questions or answers, one object a line."""
    lines = [json.dumps(dataclasses.asdict(item), ensure_ascii=False) + "\n" for item in items]
    path.write_text("".join(lines), encoding="utf-8")


def _objects(path: pathlib.Path) -> Iterator[dict[str, str]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise SystemExit(f"{path}, line {number}: not a JSON object ({error})") from error


def is_right(given: str, answer: str) -> bool:
    """Exact match, space around it aside."""
    return given.strip() == answer.strip()


def score(questions: list[Asked], answers: dict[tuple[str, str], str]) -> dict[str, tuple[int, int]]:
    """(right, asked) for each kind of question, and for `all`."""
    counts: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0])
    for asked in questions:
        right = is_right(answers[asked.image, asked.question], asked.answer)
        for kind in ("all", asked.kind):
            counts[kind][0] += right
            counts[kind][1] += 1
    return {kind: (right, total) for kind, (right, total) in counts.items()}
