"""Evaluates the demo model, and compares two engines' answers.

python evaluate.py generate --out SET                             # pictures and SET/questions.jsonl
python evaluate.py transformers --set SET --out transformers.jsonl
python evaluate.py compare --set SET transformers.jsonl swift.jsonl
"""

from __future__ import annotations

import argparse
import pathlib
import random
import time

import torch

import answering
import pictures
from architecture import DEMO_MODEL
from pictures import QUESTION_KINDS

EVALUATION_SEED = 7_340_033
"""Kept for evaluation: train with another. (Training draws its pictures from the clock or from small seeds.)"""


def draw_set(out: pathlib.Path, count: int, seed: int) -> list[answering.Asked]:
    """Draws `count` pictures into a folder with questions: each picture's first one and its transcription."""
    out.mkdir(parents=True, exist_ok=True)
    source = random.Random(seed)
    questions = []
    for number in range(count):
        picture = pictures.make(source)
        name = f"{number:04d}-{picture.kind}.png"
        picture.image.save(out / name)
        for question in dict.fromkeys([picture.questions[0], picture.questions[-1]]):
            questions.append(answering.Asked(name, question.kind, question.text, question.answer))
    answering.write(out / "questions.jsonl", questions)
    return questions


def generate(options: argparse.Namespace) -> None:
    """`generate`."""
    questions = draw_set(options.out, options.count, options.seed)
    print(f"{options.out}: {options.count} pictures, {len(questions)} questions")


def run_transformers(options: argparse.Namespace) -> None:
    """`transformers`."""
    torch.set_num_threads(options.threads)
    questions = answering.read_questions(options.set / "questions.jsonl")
    started = time.monotonic()
    given = list(answering.answer_all(options.model, options.set, questions))
    answering.write(options.out, given)
    answers = {(item.image, item.question): item.answer for item in given}
    for kind, (right, total) in _in_order(answering.score(questions, answers)):
        print(f"{kind:8} {right:4} of {total:4}  {100 * right / total:5.1f} %")
    print(f"{options.out}: {time.monotonic() - started:.0f} s")


def compare(options: argparse.Namespace) -> None:
    """`compare`: accuracy of both by kind, how often they say the same, and where they do not."""
    questions = answering.read_questions(options.set / "questions.jsonl")
    first, second = (answering.read_answers(path) for path in (options.first, options.second))
    for path, answers in ((options.first, first), (options.second, second)):
        missing = [asked for asked in questions if (asked.image, asked.question) not in answers]
        if missing:
            raise SystemExit(
                f"{path}: {len(missing)} questions have no answer, the first is {missing[0].question!r} "
                f"about {missing[0].image}; answer the whole set"
            )
    same = [
        asked
        for asked in questions
        if answering.is_right(first[asked.image, asked.question], second[asked.image, asked.question])
    ]
    first_scores, second_scores = answering.score(questions, first), answering.score(questions, second)
    print(f"{'kind':8} {'asked':>5} {options.first.stem:>16} {options.second.stem:>16} {'same answer':>12}")
    for kind, (right, total) in _in_order(first_scores):
        agreeing = sum(kind in ("all", asked.kind) for asked in same)
        shares = [100 * count / total for count in (right, second_scores[kind][0], agreeing)]
        print(f"{kind:8} {total:5} {shares[0]:14.1f} % {shares[1]:14.1f} % {shares[2]:10.1f} %")
    for asked in questions:
        if asked not in same:
            place = (asked.image, asked.question)
            print(f"{asked.image} {asked.question}: {first[place]!r}, {second[place]!r} (right: {asked.answer!r})")


def _in_order(scores: dict[str, tuple[int, int]]) -> list[tuple[str, tuple[int, int]]]:
    return [(kind, scores[kind]) for kind in ["all", *QUESTION_KINDS] if kind in scores]


def main() -> None:
    """Parses the command line and runs one of the three commands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("generate", help="draw pictures and their questions")
    command.add_argument("--out", type=pathlib.Path, required=True, metavar="SET")
    command.add_argument("--count", type=int, default=200)
    command.add_argument("--seed", type=int, default=EVALUATION_SEED)
    command.set_defaults(run=generate)
    command = commands.add_parser("transformers", help="answer them with Transformers on the full token grid")
    command.add_argument("--set", type=pathlib.Path, required=True)
    command.add_argument("--out", type=pathlib.Path, required=True, metavar="ANSWERS")
    command.add_argument("--model", type=pathlib.Path, default=DEMO_MODEL)
    command.add_argument("--threads", type=int, default=1)
    command.set_defaults(run=run_transformers)
    command = commands.add_parser("compare", help="compare two answers files")
    command.add_argument("--set", type=pathlib.Path, required=True)
    command.add_argument("first", type=pathlib.Path)
    command.add_argument("second", type=pathlib.Path)
    command.set_defaults(run=compare)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
