"""Asks OpenVINO GenAI's VLMPipeline about one picture, twice: the process's first answer and a warm one.

    python genai_run.py FOLDER PICTURE [--group 128]

FOLDER is what genai_folder.py wrote. `--group` is DYNAMIC_QUANTIZATION_GROUP_SIZE, for the whole pipeline; the plugin's
default (32) unless given. All else is the pipeline's default. The second picture is the first one's negative, since the
pipeline would answer the same picture from its prefix cache. Prints one JSON object for each answer.
"""

from __future__ import annotations

import argparse
import pathlib
import time

import numpy
import openvino
import openvino_genai
from PIL import Image, ImageOps

from question import NEW_TOKENS, PROMPT, Answer, own_peak


class Clock(openvino_genai.StreamerBase):
    """Notes when each token came."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def write(self, token: int | list[int]) -> openvino_genai.StreamingStatus:
        """Called by the pipeline with each token, or several."""
        self.times += [time.perf_counter()] * (len(token) if isinstance(token, list) else 1)
        return openvino_genai.StreamingStatus.RUNNING

    def end(self) -> None:
        """Called by the pipeline after the last token."""


def main() -> None:
    """Parses the command line, loads, asks and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("picture", type=pathlib.Path)
    parser.add_argument("--group", type=int)
    options = parser.parse_args()
    properties = {} if options.group is None else {"DYNAMIC_QUANTIZATION_GROUP_SIZE": str(options.group)}
    start = time.perf_counter()
    pipeline = openvino_genai.VLMPipeline(options.folder, "CPU", **properties)
    load = time.perf_counter() - start
    settings = openvino_genai.GenerationConfig(
        max_new_tokens=NEW_TOKENS, ignore_eos=True, do_sample=False, apply_chat_template=False
    )
    for kind in ("first", "warm"):
        clock = Clock()
        start = time.perf_counter()
        picture = Image.open(options.picture).convert("RGB")
        if kind == "warm":
            picture = ImageOps.invert(picture)
        images = [openvino.Tensor(numpy.asarray(picture)[None].copy())]
        result = pipeline.generate(PROMPT, images=images, generation_config=settings, streamer=clock)
        if len(clock.times) != NEW_TOKENS:
            raise SystemExit(f"{len(clock.times)} tokens came, not {NEW_TOKENS}")
        metrics = result.perf_metrics
        Answer(
            kind=kind,
            load=load,
            prompt_tokens=metrics.get_num_input_tokens(),
            ttft=clock.times[0] - start,
            decode_rate=(NEW_TOKENS - 1) / (clock.times[-1] - clock.times[0]),
            peak_gigabytes=own_peak(),
            vision=metrics.get_prepare_embeddings_duration().mean / 1000,
        ).tell()


if __name__ == "__main__":
    main()
