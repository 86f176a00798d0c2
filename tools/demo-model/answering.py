"""Answering a set's questions with Transformers."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import torch
from PIL import Image
from transformers import AutoTokenizer, LlavaNextForConditionalGeneration, LlavaNextImageProcessor, LlavaNextProcessor

from canvases import PATCH
from scoring import Asked, Given

MOST_TOKENS = 128
"""The longest transcription, six rows of a price list, has 68."""


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
