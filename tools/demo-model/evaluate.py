"""Evaluates the demo model, and compares two engines' answers.

python evaluate.py generate --out SET                             # pictures and SET/questions.jsonl
python evaluate.py transformers --set SET --out transformers.jsonl
python evaluate.py compare --set SET transformers.jsonl swift.jsonl
python evaluate.py table --set SET full.jsonl hired-20.jsonl      # for the model card
"""

from __future__ import annotations

import argparse
import collections
import math
import pathlib
import random
import time

import pictures
import scoring
from pictures import QUESTION_KINDS

EVALUATION_SEED = 7_340_033
"""Kept for evaluation. Training draws from seeds that are a thousand times a small number and more."""


MOST_QUESTIONS = 3
"""Questions asked about one picture."""


def draw_set(out: pathlib.Path, count: int, fewest: int, seed: int) -> list[scoring.Asked]:
    """Draws at least `count` pictures into a folder, with at least `fewest` questions of each kind. Of a picture's
    questions the kinds asked least so far are taken.
    """
    out.mkdir(parents=True, exist_ok=True)
    source = random.Random(seed)
    questions: list[scoring.Asked] = []
    asked = collections.Counter({kind: 0 for kind in QUESTION_KINDS})
    pictures_kept = 0
    while pictures_kept < count or min(asked.values()) < fewest:
        picture = pictures.make(source)
        one_of_each = {question.kind: question for question in reversed(picture.questions)}
        lacking = sorted(one_of_each.values(), key=lambda question: asked[question.kind])
        chosen = [question for question in lacking if asked[question.kind] < fewest or pictures_kept < count]
        if not chosen:
            continue
        name = f"{pictures_kept:04d}-{picture.kind}.jpg"
        picture.image.save(out / name, quality=90)
        pictures_kept += 1
        for question in chosen[:MOST_QUESTIONS]:
            asked[question.kind] += 1
            questions.append(scoring.Asked(name, question.kind, question.text, question.answer))
    scoring.write(out / "questions.jsonl", questions)
    return questions


def interval(right: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z, share = 1.96, right / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0, middle - half), min(1, middle + half)


def generate(options: argparse.Namespace) -> None:
    """`generate`."""
    questions = draw_set(options.out, options.count, options.fewest, options.seed)
    drawn = len({question.image for question in questions})
    print(f"{options.out}: {drawn} pictures, {len(questions)} questions")


def table(options: argparse.Namespace) -> None:
    """`table`: per cent right by kind, with 95 % intervals, one row for each answers file."""
    questions = scoring.read_questions(options.set / "questions.jsonl")
    print("| | " + " | ".join(["all", *QUESTION_KINDS]) + " |")
    print("|---" * (len(QUESTION_KINDS) + 2) + "|")
    for path in options.answers:
        scores = scoring.score(questions, scoring.read_answers(path))
        cells = []
        for _, (right, total) in _in_order(scores):
            low, high = interval(right, total)
            cells.append(f"{100 * right / total:.0f} ({100 * low:.0f}-{100 * high:.0f})")
        print(f"| {path.stem} | " + " | ".join(cells) + " |")


def run_transformers(options: argparse.Namespace) -> None:
    """`transformers`. The other commands need neither torch nor Transformers."""
    import torch

    import answering
    from architecture import DEMO_MODEL

    torch.set_num_threads(options.threads)
    questions = scoring.read_questions(options.set / "questions.jsonl")
    started = time.monotonic()
    given = list(answering.answer_all(options.model or DEMO_MODEL, options.set, questions))
    scoring.write(options.out, given)
    answers = {(item.image, item.question): item.answer for item in given}
    for kind, (right, total) in _in_order(scoring.score(questions, answers)):
        print(f"{kind:8} {right:4} of {total:4}  {100 * right / total:5.1f} %")
    print(f"{options.out}: {time.monotonic() - started:.0f} s")


def compare(options: argparse.Namespace) -> None:
    """`compare`: accuracy of both by kind, how often they say the same, and where they do not."""
    questions = scoring.read_questions(options.set / "questions.jsonl")
    first, second = (scoring.read_answers(path) for path in (options.first, options.second))
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
        if scoring.is_right(first[asked.image, asked.question], second[asked.image, asked.question])
    ]
    first_scores, second_scores = scoring.score(questions, first), scoring.score(questions, second)
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
    command.add_argument("--count", type=int, default=300, help="fewest pictures")
    command.add_argument("--fewest", type=int, default=60, help="fewest questions of each kind")
    command.add_argument("--seed", type=int, default=EVALUATION_SEED)
    command.set_defaults(run=generate)
    command = commands.add_parser("transformers", help="answer them with Transformers on the full token grid")
    command.add_argument("--set", type=pathlib.Path, required=True)
    command.add_argument("--out", type=pathlib.Path, required=True, metavar="ANSWERS")
    command.add_argument("--model", type=pathlib.Path, help="Models/demo unless given")
    command.add_argument("--threads", type=int, default=1)
    command.set_defaults(run=run_transformers)
    command = commands.add_parser("compare", help="compare two answers files")
    command.add_argument("--set", type=pathlib.Path, required=True)
    command.add_argument("first", type=pathlib.Path)
    command.add_argument("second", type=pathlib.Path)
    command.set_defaults(run=compare)
    command = commands.add_parser("table", help="per cent right by kind, for several answers files")
    command.add_argument("--set", type=pathlib.Path, required=True)
    command.add_argument("answers", type=pathlib.Path, nargs="+")
    command.set_defaults(run=table)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
