"""Parquet files of the eight benchmarks, as Hugging Face has them for lmms-eval, into what `hired eval` reads.

    pip install pyarrow pillow
    python tools/datasets/convert.py textvqa DOWNLOADS/textvqa/data/validation-*.parquet --to DATA

writes DATA/textvqa.jsonl, a line for each row with the columns as they were published, and DATA/images/textvqa/, each
picture once. `image` becomes a path relative to DATA; pictures stay the bytes they were unless `hired` cannot read their
format, then they become PNG. Which files of which data set a task needs stands in docs/evaluation.md.
"""

import argparse
import datetime
import hashlib
import io
import json
import pathlib
import sys

import pyarrow.parquet

# Columns that a task cannot do without, and those of its other names in older uploads.
NEEDED = {
    "vqav2": ["question", "answers", "question_id"],
    "scienceqa": ["question", "choices", "answer", "hint"],
    "textvqa": ["question", "answers", "question_id"],
    "docvqa": ["question", "answers", "questionId"],
    "ocrbench": ["question", "answer", "dataset", "question_type"],
    "mme": ["question", "answer", "category", "question_id"],
    "pope": ["question", "answer", "question_id"],
    "chartqa": ["question", "answer", "type"],
}
ENDINGS = [(b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpg"), (b"RIFF", "webp")]
BATCH = 64
"""Rows that are held at once, pictures included."""


class Unusable(Exception):
    """What is wrong with the input, for people."""


def plain(value):
    """A column's value as JSON has it."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        return None
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return value


def picture(value, place):
    """A picture's bytes: Hugging Face stores a struct of bytes and path, others the bytes alone."""
    data = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(data, bytes) or not data:
        raise Unusable(f"{place}: the picture is not in the file; download the version that holds its bytes")
    return data


def readable(data, place):
    """Bytes that `hired` reads, and the ending of their file."""
    for start, ending in ENDINGS:
        if data.startswith(start) and (ending != "webp" or data[8:12] == b"WEBP"):
            return data, ending
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(data))
        target = io.BytesIO()
        image.convert("RGB").save(target, "PNG")
    except OSError as error:
        raise Unusable(f"{place}: the picture cannot be read: {error}") from None
    return target.getvalue(), "png"


def rows(path):
    """A file's rows in order, as dictionaries."""
    file = pyarrow.parquet.ParquetFile(path)
    for batch in file.iter_batches(batch_size=BATCH):
        yield from batch.to_pylist()


def convert(task, paths, folder):
    """Writes a task's lines and pictures. Returns how many lines, and how many rows had no picture."""
    images = pathlib.Path("images") / task
    (folder / images).mkdir(parents=True, exist_ok=True)
    written, skipped, known = 0, 0, {}
    target = folder / f"{task}.jsonl"
    unfinished = folder / f"{task}.jsonl.part"
    with unfinished.open("w", encoding="utf-8") as lines:
        for path in paths:
            for number, row in enumerate(rows(path)):
                place = f"{path}, row {number}"
                missing = [name for name in NEEDED[task] + ["image"] if name not in row]
                if missing:
                    raise Unusable(f"{place}: there is no column {', '.join(missing)}; is this a file of {task}?")
                if row["image"] is None:
                    skipped += 1
                    continue
                data = picture(row["image"], place)
                digest = hashlib.sha256(data).hexdigest()[:20]
                if digest not in known:
                    data, ending = readable(data, place)
                    known[digest] = (images / f"{digest}.{ending}").as_posix()
                    (folder / known[digest]).write_bytes(data)
                line = {"image": known[digest]}
                line |= {key: plain(value) for key, value in row.items() if key != "image"}
                lines.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
                written += 1
    unfinished.replace(target)
    return written, skipped


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=sorted(NEEDED))
    parser.add_argument("files", nargs="+", type=pathlib.Path, help="parquet files, in order")
    parser.add_argument("--to", type=pathlib.Path, required=True, help="the folder that hired eval takes as --data")
    given = parser.parse_args(arguments)
    try:
        written, skipped = convert(given.task, given.files, given.to)
    except (Unusable, OSError, pyarrow.lib.ArrowException) as error:
        sys.exit(f"convert.py: {error}")
    without = f", {skipped} without a picture left out" if skipped else ""
    print(f"{given.to / (given.task + '.jsonl')}: {written} questions{without}")


if __name__ == "__main__":
    main()
