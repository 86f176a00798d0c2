"""Trains the demo's tokenizer: BPE with byte fallback on the questions and answers the pictures have.

python train_tokenizer.py OUT/tokenizer.json
"""

from __future__ import annotations

import argparse
import json
import pathlib

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from drawing import COLOUR_NAMES, SHAPE_NAMES

MERGED_SIZE = 520
ALPHABET = "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;?!'\"-+$%()/\n"
SYSTEM_PROMPT = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)


def corpus() -> list[str]:
    """Conversations in the words the demo uses."""
    questions = [
        "What number is written?",
        "What word is written?",
        *[f"What color is the {shape}?" for shape in SHAPE_NAMES],
        *[f"Is there a {shape} in the image?" for shape in SHAPE_NAMES],
        "How much is the",
        *[f"What is the value of the {colour} bar?" for colour in COLOUR_NAMES],
    ]
    answers = [*COLOUR_NAMES, "yes", "no"]
    turns = [f"USER: \n{question} ASSISTANT: {answer}" for question in questions for answer in answers]
    return turns * 20 + [SYSTEM_PROMPT] * 30 + [" ".join("0123456789")] * 5


def train() -> dict[str, object]:
    """The content of `tokenizer.json`."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    # Words are split while merges are learnt, so that no token spans two of them; not when the tokenizer is used.
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    trainer = trainers.BpeTrainer(
        vocab_size=MERGED_SIZE,
        special_tokens=["<unk>", "<s>", "</s>", *[f"<0x{byte:02X}>" for byte in range(256)]],
        initial_alphabet=list(ALPHABET),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    content = json.loads(tokenizer.to_str())
    content["pre_tokenizer"] = None
    # The byte tokens were special only while training.
    special = [token for token in content["added_tokens"] if token["id"] < 3]
    size = len(content["model"]["vocab"])
    special += [_special(size, "<image>"), _special(size + 1, "<pad>")]
    content["added_tokens"] = special
    content["post_processor"] = _begin_with("<s>", 1)
    return content


def _special(identifier: int, content: str) -> dict[str, object]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": identifier, "content": content, **flags}


def _begin_with(token: str, identifier: int) -> dict[str, object]:
    """A post-processor that puts `token` before each sequence."""

    def sequence(name: str, kind: int) -> list[dict[str, object]]:
        return [{"SpecialToken": {"id": token, "type_id": kind}}, {"Sequence": {"id": name, "type_id": kind}}]

    return {
        "type": "TemplateProcessing",
        "single": sequence("A", 0),
        "pair": sequence("A", 0) + sequence("B", 1),
        "special_tokens": {token: {"id": token, "ids": [identifier], "tokens": [token]}},
    }


def main() -> None:
    """Parses the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    out = parser.parse_args().out
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(train(), ensure_ascii=False, indent=0))
    print(f"{out}: {Tokenizer.from_file(str(out)).get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
