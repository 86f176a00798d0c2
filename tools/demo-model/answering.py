"""Questions and answers as files, and answering them with Transformers.

`questions.jsonl` has one object a line: `image` (a file beside it), `kind`, `question`, `answer` (the right one).
An answers file has `image`, `question` and `answer` (the given one), in any order of lines.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import pathlib
from collections.abc import Iterable, Iterator

import torch
from PIL import Image
from transformers import AutoTokenizer, LlavaNextForConditionalGeneration, LlavaNextImageProcessor, LlavaNextProcessor

from canvases import PATCH

MOST_TOKENS = 128
"""The longest transcription, six rows of a price list, has 68."""


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


def answer_all(model_folder: pathlib.Path, image_folder: pathlib.Path, questions: list[Asked]) -> Iterator[Given]:
    """Answers greedily on the full token grid: float32, slow (Pillow) processor, the model's own chat template."""
    processor = LlavaNextProcessor(
        LlavaNextImageProcessor.from_pretrained(model_folder),
        AutoTokenizer.from_pretrained(model_folder),
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    model = LlavaNextForConditionalGeneration.from_pretrained(model_folder, dtype=torch.float32).eval()
    for asked in questions:
        content = [{"type": "image"}, {"type": "text", "text": asked.question}]
        prompt = processor.tokenizer.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )
        with Image.open(image_folder / asked.image) as image:
            inputs = processor(images=image.convert("RGB"), text=prompt, return_tensors="pt")
        with torch.no_grad():
            output = model.generate(**inputs, do_sample=False, max_new_tokens=MOST_TOKENS)
        new = output[0, inputs["input_ids"].shape[1] :]
        yield Given(asked.image, asked.question, processor.tokenizer.decode(new, skip_special_tokens=True).strip())


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
