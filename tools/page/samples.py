"""The demo's pictures, and what its model is to read on one of them."""

import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "Models/demo/samples"
SIGN = SAMPLES / "06-sign.png"
PAGE = SAMPLES / "07-page.png"
WORD: str = next(
    question["answer"]
    for sample in json.loads((SAMPLES / "questions.json").read_text())
    for question in sample["questions"]
    if sample["image"] == SIGN.name and question["question"] == "What word is written?"
)
