"""Token ids of conversations about a picture, and which of them are trained on."""

from __future__ import annotations

import pathlib

from tokenizers import Tokenizer

from layouts import Question

IGNORED = -100
"""The label cross entropy skips."""


class Vocabulary:
    """The demo tokenizer and its special tokens."""

    def __init__(self, tokenizer: pathlib.Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.size: int = self.tokenizer.get_vocab_size()
        self.begin: int = self.tokenizer.token_to_id("<s>")
        self.end: int = self.tokenizer.token_to_id("</s>")
        self.image: int = self.tokenizer.token_to_id("<image>")
        self.padding: int = self.tokenizer.token_to_id("<pad>")
        self.prefix: list[int] = self.tokenizer.encode("USER: ").ids
        """What stands before the picture, begin token included."""

    def token(self, text: str) -> int:
        """The id of a token of the vocabulary."""
        return self.tokenizer.token_to_id(text)

    def conversation(self, questions: list[Question]) -> tuple[list[int], list[int]]:
        """Ids of the turns that follow the picture, and labels: the answers' ids, all else ignored."""
        ids: list[int] = []
        labels: list[int] = []
        for turn, question in enumerate(questions):
            opening = "\n" if turn == 0 else "USER: "
            asked = self.tokenizer.encode(f"{opening}{question.text} ASSISTANT:", add_special_tokens=False).ids
            answered = [*self.tokenizer.encode(question.answer, add_special_tokens=False).ids, self.end]
            ids += asked + answered
            labels += [IGNORED] * len(asked) + answered
        return ids, labels
