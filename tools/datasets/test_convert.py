"""Tests of convert.py on parquet files made here, with the columns and types as they were published.

    python -m unittest discover tools/datasets

With `HIRED_WRITE_FIXTURES=1` the eight converted folders go to Tests/EvaluationTests/Fixtures/datasets, where Swift
reads them and scores answers worked out by hand.
"""

import io
import json
import os
import pathlib
import shutil
import tempfile
import unittest

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

import convert

FIXTURES = pathlib.Path(__file__).parents[2] / "Tests/EvaluationTests/Fixtures/datasets"
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def drawn(colour, form="PNG"):
    target = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(target, form)
    return {"bytes": target.getvalue(), "path": None}


RED, BLUE = drawn((200, 20, 20)), drawn((20, 20, 200), "JPEG")
TEXT, WHOLE = pa.string(), pa.int64()
ANSWER = pa.struct([("answer", TEXT), ("answer_confidence", TEXT), ("answer_id", WHOLE)])


def vqa_answers(*texts):
    return [{"answer": text, "answer_confidence": "yes", "answer_id": place + 1} for place, text in enumerate(texts)]


# For each task its columns with their types, and its rows.
TABLES = {
    "vqav2": (
        {"question_type": TEXT, "multiple_choice_answer": TEXT, "answers": pa.list_(ANSWER), "image_id": WHOLE,
         "answer_type": TEXT, "question_id": WHOLE, "question": TEXT, "image": IMAGE},
        [["what color", "red", vqa_answers(*["red"] * 8, "Red.", "maroon"), 1, "other", 1001, "What color is it?", RED],
         ["how many", "2", vqa_answers(*["2"] * 2, *["two"] * 2, *["3"] * 6), 2, "number", 1002, "How many?", BLUE]],
    ),
    "scienceqa": (
        {"image": IMAGE, "question": TEXT, "choices": pa.list_(TEXT), "answer": pa.int8(), "hint": TEXT, "task": TEXT,
         "grade": TEXT, "subject": TEXT, "topic": TEXT, "category": TEXT, "skill": TEXT, "lecture": TEXT,
         "solution": TEXT},
        [[RED, "Which?", ["cold", "warm"], 1, "Look at it.", "closed choice", "grade2", "natural science", "physics",
          "Heat", "s", "l", "It is warm."],
         [None, "Without a picture?", ["yes", "no"], 0, "", "t", "g", "s", "t", "c", "s", "l", "s"],
         [BLUE, "Which colour?", ["blue", "red", "green"], 0, "", "t", "g", "s", "t", "c", "s", "l", "s"]],
    ),
    "textvqa": (
        {"image_id": TEXT, "question_id": pa.int32(), "question": TEXT, "question_tokens": pa.list_(TEXT),
         "image": IMAGE, "image_width": pa.int32(), "image_height": pa.int32(), "flickr_original_url": TEXT,
         "flickr_300k_url": TEXT, "answers": pa.list_(TEXT), "image_classes": pa.list_(TEXT), "set_name": TEXT,
         "ocr_tokens": pa.list_(TEXT)},
        [["a1", 7, "what is the brand?", ["what"], RED, 8, 6, "u", "u", ["nokia"] * 3 + ["Nokia!"] * 2 + ["n"] * 5,
          ["phone"], "val", ["NOKIA"]]],
    ),
    "docvqa": (
        {"questionId": TEXT, "question": TEXT, "question_types": pa.list_(TEXT), "image": IMAGE, "docId": WHOLE,
         "ucsf_document_id": TEXT, "ucsf_document_page_no": TEXT, "answers": pa.list_(TEXT), "data_split": TEXT},
        [["337", "What is the date?", ["handwritten"], RED, 279, "d", "1", ["1/8/93", "January 8"], "val"]],
    ),
    "ocrbench": (
        {"dataset": TEXT, "question": TEXT, "question_type": TEXT, "answer": pa.list_(TEXT), "image": IMAGE},
        [["IIIT5K", "what is written in the image?", "Regular Text Recognition", ["CENTRE"], RED],
         ["HME100k", "Write it.", "Handwritten Mathematical Expression Recognition", ["x = Y"], BLUE]],
    ),
    "mme": (
        {"question_id": TEXT, "image": IMAGE, "question": TEXT, "answer": TEXT, "category": TEXT},
        [["OCR/1.jpg", RED, "Is it RED? Please answer yes or no.", "Yes", "OCR"],
         ["OCR/1.jpg", RED, "Is it BLUE? Please answer yes or no.", "No", "OCR"],
         ["code_reasoning/1.png", BLUE, "Is it 3? Please answer yes or no.", "Yes", "code_reasoning"],
         ["code_reasoning/1.png", BLUE, "Is it 4? Please answer yes or no.", "No", "code_reasoning"]],
    ),
    "pope": (
        {"id": TEXT, "question_id": TEXT, "question": TEXT, "answer": TEXT, "image_source": TEXT, "image": IMAGE,
         "category": TEXT},
        [["0", "1", "Is there a dog in the image?", "yes", "COCO_1", RED, "adversarial"],
         ["1", "2", "Is there a car in the image?", "no", "COCO_1", RED, "popular"]],
    ),
    "chartqa": (
        {"type": TEXT, "question": TEXT, "answer": TEXT, "image": IMAGE},
        [["human_test", "How many?", "14", RED], ["augmented_test", "What share?", "45%", BLUE]],
    ),
}


def write(task, path, rows=None):
    columns, table = TABLES[task]
    rows = table if rows is None else rows
    arrays = [pa.array([row[place] for row in rows], type=kind) for place, kind in enumerate(columns.values())]
    pq.write_table(pa.table(arrays, names=list(columns)), path)


class Conversion(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def lines(self, task):
        return [json.loads(line) for line in (self.folder / f"{task}.jsonl").read_text("utf-8").splitlines()]

    def test_every_task(self):
        for task, (columns, rows) in TABLES.items():
            with self.subTest(task):
                write(task, self.folder / f"{task}.parquet")
                convert.main([task, str(self.folder / f"{task}.parquet"), "--to", str(self.folder)])
                kept = [row for row in rows if dict(zip(columns, row))["image"] is not None]
                lines = self.lines(task)
                self.assertEqual(len(lines), len(kept))
                for line, row in zip(lines, kept):
                    values = dict(zip(columns, row))
                    image = values.pop("image")
                    self.assertEqual((self.folder / line.pop("image")).read_bytes(), image["bytes"])
                    self.assertEqual(line, values)
        if os.environ.get("HIRED_WRITE_FIXTURES"):
            shutil.rmtree(FIXTURES, ignore_errors=True)
            shutil.copytree(self.folder, FIXTURES, ignore=shutil.ignore_patterns("*.parquet"))

    def test_several_files_follow_each_other_and_pictures_are_written_once(self):
        row = TABLES["chartqa"][1][0]
        for part, text in enumerate("abc"):
            write("chartqa", self.folder / f"{part}.parquet", [[row[0], text, row[2], row[3]]] * 70)
        written, skipped = convert.convert(
            "chartqa", [self.folder / f"{part}.parquet" for part in range(3)], self.folder)
        self.assertEqual((written, skipped), (210, 0))
        self.assertEqual([line["question"] for line in self.lines("chartqa")], ["a"] * 70 + ["b"] * 70 + ["c"] * 70)
        self.assertEqual(len(list((self.folder / "images/chartqa").iterdir())), 1)

    def test_other_formats_become_png(self):
        row = list(TABLES["chartqa"][1][0])
        row[3] = drawn((1, 2, 3), "BMP")
        write("chartqa", self.folder / "x.parquet", [row])
        convert.convert("chartqa", [self.folder / "x.parquet"], self.folder)
        image = Image.open(self.folder / self.lines("chartqa")[0]["image"])
        self.assertEqual((image.format, image.getpixel((0, 0))), ("PNG", (1, 2, 3)))

    def test_what_cannot_be_used_is_named(self):
        write("chartqa", self.folder / "x.parquet")
        with self.assertRaisesRegex(convert.Unusable, "row 0: there is no column answers, questionId"):
            convert.convert("docvqa", [self.folder / "x.parquet"], self.folder)
        row = list(TABLES["chartqa"][1][0])
        row[3] = {"bytes": b"no picture", "path": None}
        write("chartqa", self.folder / "x.parquet", [row])
        with self.assertRaisesRegex(convert.Unusable, "row 0: the picture cannot be read"):
            convert.convert("chartqa", [self.folder / "x.parquet"], self.folder)
        row[3] = {"bytes": None, "path": "somewhere.png"}
        write("chartqa", self.folder / "x.parquet", [row])
        with self.assertRaisesRegex(convert.Unusable, "the picture is not in the file"):
            convert.convert("chartqa", [self.folder / "x.parquet"], self.folder)
        self.assertFalse((self.folder / "chartqa.jsonl").exists())
        with self.assertRaises(SystemExit):
            convert.main(["pope", str(self.folder / "nothing.parquet"), "--to", str(self.folder)])


if __name__ == "__main__":
    unittest.main()
