"""Draws the pictures of `Models/demo/samples`, with their questions and right answers.

python samples.py OUT
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random

import pictures

SEED = 7_340_132
"""Training draws from others. Chosen among forty for signs with words that people know, and nothing else."""
SAMPLES = [
    ("scene", (507, 445)),
    ("scene", (600, 600)),
    ("scene", (393, 544)),
    ("scene", (534, 421)),
    ("sign", (1008, 336)),
    ("sign", (672, 672)),
    ("sign", (672, 336)),
    ("page", (672, 672)),
    ("receipt", (640, 480)),
    ("receipt", (557, 462)),
    ("receipt", (508, 588)),
    ("form", (579, 499)),
    ("chart", (640, 480)),
    ("chart", (556, 640)),
    ("form", (336, 1008)),
    ("page", (800, 600)),
]
"""Kind and size of each."""


def main() -> None:
    """Parses the command line and draws."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    out: pathlib.Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    listed = []
    for number, (kind, size) in enumerate(SAMPLES):
        picture = pictures.make(random.Random(SEED + number), size, kind)
        name = f"{number:02}-{kind}.png"
        picture.image.save(out / name, optimize=True)
        asked = [{"question": question.text, "answer": question.answer} for question in picture.questions]
        listed.append({"image": name, "questions": asked})
    (out / "questions.json").write_text(json.dumps(listed, indent=1) + "\n")


if __name__ == "__main__":
    main()
