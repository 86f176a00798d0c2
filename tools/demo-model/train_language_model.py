"""Fourth stage: trains projector and language model on cached features, on contexts of every length.

    python train_language_model.py --work WORK --phase hired --minutes 15 --total 90
    python train_language_model.py --work WORK --phase mixed --minutes 75 --total 90

Reads WORK/vision.pt, WORK/features-train-*.pt and WORK/features-validation.pt; goes on from WORK/language.pt if it is
there. `--start WORK/joint.pt` begins with the joint stage's projector and language model instead of fresh ones.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import pathlib
import random
import time

import numpy
import torch
from torch.nn import functional
from transformers import LlavaNextForConditionalGeneration

import cached_pictures
import pictures
import training
from architecture import build
from cached_pictures import CachedPicture
from conversation import IGNORED, Vocabulary
from dense import NO_CHARACTER, DenseHeads
from drawing import CHARACTERS
from token_selection import context

SURE = 0.6
"""How sure the dense reader must be of a character for the language model to be asked for it."""
TRANSCRIPTION_SHARE = 0.4
MOST_QUESTIONS = 5
VALIDATION_PICTURES = 400
FINAL_CHECKS = (
    ("full", 1.0),
    ("hired", 0.4),
    ("hired", 0.2),
    ("hired", 0.1),
    ("uniform", 0.4),
    ("uniform", 0.2),
    ("random", 0.4),
    ("random", 0.2),
)


@dataclasses.dataclass(frozen=True)
class Batch:
    """Sequences padded at the end: embeddings [B, T, D], answers' labels and image tokens' labels [B, T]."""

    embeddings: torch.Tensor
    answers: torch.Tensor
    seen: torch.Tensor
    image_tokens: float


class Reader:
    """What character the frozen vision tower sees in each patch, as a token of the vocabulary."""

    def __init__(self, heads: DenseHeads, vocabulary: Vocabulary) -> None:
        self.heads = heads
        self.tokens = torch.tensor([*(vocabulary.token(character) for character in CHARACTERS), IGNORED])

    @torch.no_grad()
    def read(self, features: torch.Tensor) -> torch.Tensor:
        """Token ids for features [K, width]; the left half's character, or the right half's, or `IGNORED`."""
        likely = self.heads["ch"](features).float().view(-1, 2, NO_CHARACTER + 1).softmax(-1)
        probability, index = likely.max(-1)
        index = torch.where(probability > SURE, index, NO_CHARACTER)
        return self.tokens[torch.where(index[:, 0] < NO_CHARACTER, index[:, 0], index[:, 1])]


def build_batch(
    model: LlavaNextForConditionalGeneration,
    vocabulary: Vocabulary,
    reader: Reader,
    items: list[CachedPicture],
    contexts: list[numpy.ndarray],
    asked: list[list[pictures.Question]],
) -> Batch:
    """Prefix, image tokens and conversation of each picture."""
    kept = [torch.from_numpy(sequence[sequence >= 0].astype(numpy.int64)) for sequence in contexts]
    features = torch.cat([item.features[tokens] for item, tokens in zip(items, kept, strict=True)])
    projected = model.model.multi_modal_projector(features)
    readings = reader.read(features)
    separator = model.model.image_newline.to(projected.dtype)
    embed = model.model.language_model.embed_tokens
    prefix = embed(torch.tensor(vocabulary.prefix)).to(projected.dtype)
    turns = [vocabulary.conversation(questions) for questions in asked]
    lengths = [len(prefix) + len(sequence) + len(ids) for sequence, (ids, _) in zip(contexts, turns, strict=True)]
    rows = []
    answers = torch.full((len(items), max(lengths)), IGNORED)
    seen = torch.full((len(items), max(lengths)), IGNORED)
    start = 0
    for row, (sequence, (ids, labels)) in enumerate(zip(contexts, turns, strict=True)):
        places = torch.from_numpy(numpy.nonzero(sequence >= 0)[0])
        own = slice(start, start + len(places))
        start = own.stop
        seen[row, len(prefix) + places] = readings[own]
        image = projected[own]
        if len(places) < len(sequence):
            is_separator = torch.from_numpy(sequence < 0)[:, None]
            gaps = torch.where(is_separator, separator[None], projected.new_zeros(1))
            image = gaps.index_add(0, places, image)
        text = embed(torch.tensor(ids)).to(projected.dtype)
        padding = (0, 0, 0, max(lengths) - lengths[row])
        rows.append(functional.pad(torch.cat([prefix, image, text]), padding))
        answers[row, lengths[row] - len(labels) : lengths[row]] = torch.tensor(labels)
    return Batch(torch.stack(rows), answers, seen, float(numpy.mean([len(sequence) for sequence in contexts])))


def pick_questions(questions: list[pictures.Question], source: random.Random) -> list[pictures.Question]:
    """In two pictures of five the transcription and up to three others, else up to five others."""
    transcription = [question for question in questions if question.kind == "read"]
    others = [question for question in questions if question.kind != "read"]
    source.shuffle(others)
    if transcription and source.random() < TRANSCRIPTION_SHARE:
        return transcription + others[:3]
    return others[:MOST_QUESTIONS] or transcription


def pick_context(phase: str, source: random.Random) -> tuple[str, float, int]:
    """Mode, rate and batch size of a step."""
    if phase == "hired":
        return "hired", source.uniform(0.1, 0.25), 32
    draw = source.random()
    if draw < 0.25:
        return "full", 1.0, 12
    mode = "hired" if draw < 0.94 else "random" if draw < 0.97 else "uniform"
    rate = source.uniform(0.08, 0.5)
    return mode, rate, 32 if rate < 0.25 else 20


class Trainer:
    """The model, its optimiser and the cached pictures."""

    def __init__(self, options: argparse.Namespace, seed: int) -> None:
        self.vocabulary = Vocabulary(options.tokenizer)
        self.model = build(self.vocabulary)
        self.source = random.Random(seed)
        self.phase = options.phase
        self.peak = options.peak
        self.path: pathlib.Path = options.work / "language.pt"
        vision = torch.load(options.work / "vision.pt")
        heads = DenseHeads()
        heads.load_state_dict(vision["h"])
        self.reader = Reader(heads, self.vocabulary)
        self.weights = [weight for name, weight in self.model.named_parameters() if "vision_tower" not in name]
        self.optimiser = torch.optim.AdamW(self.weights, lr=options.peak, weight_decay=0.02, betas=(0.9, 0.98))
        self.step, done = 0, 0.0
        if self.path.exists():
            state = torch.load(self.path)
            self.model.load_state_dict(state["m"])
            self.optimiser.load_state_dict(state["o"])
            self.step, done = state["n"], state["t"]
            print(f"goes on from {self.path}: {done:.1f} min, step {self.step}")
        else:
            if options.start:
                self.model.load_state_dict(torch.load(options.start)["m"])
            self.model.model.vision_tower.load_state_dict(vision["m"])
        files = sorted(options.work.glob("features-train*.pt"))
        self.items = [item for file in files for item in cached_pictures.load(file)]
        if not self.items:
            raise SystemExit(f"{options.work}: no features-train*.pt with pictures in it; run cache_features.py first")
        self.validation = cached_pictures.load(options.work / "features-validation.pt")[:VALIDATION_PICTURES]
        self.cumulative = list(itertools.accumulate(_weight(item) for item in self.items))
        self.clock = training.Clock(options.minutes, done, options.total)
        print(f"{len(self.items)} pictures to train on, {len(self.validation)} to check with", flush=True)

    def save(self) -> None:
        """Leaves WORK/language.pt."""
        state = {"m": self.model.state_dict(), "o": self.optimiser.state_dict()}
        training.save(state | {"n": self.step, "t": self.clock.trained}, self.path)

    def train(self) -> None:
        """Trains until the clock is over, checking every nine minutes."""
        means = training.RunningMeans()
        checked = time.monotonic()
        while not self.clock.is_over:
            self._one_step(means)
            if self.step % 100 == 0:
                print(f"{self.clock.trained:.1f} min, step {self.step}: {means}", flush=True)
                if time.monotonic() - checked > 540:
                    self.check(self.validation, FINAL_CHECKS[:3])
                    self.save()
                    checked = time.monotonic()
        self.save()
        print(f"{self.path}: {self.step} steps: {means}")

    def _one_step(self, means: training.RunningMeans) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = self.clock.learning_rate(self.peak, self.step, warm_up=200)
        mode, rate, size = pick_context(self.phase, self.source)
        items = self.source.choices(self.items, cum_weights=self.cumulative, k=size)
        contexts = [context(item.order, mode, rate, self.source) for item in items]
        asked = [pick_questions(item.questions, self.source) for item in items]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            batch = build_batch(self.model, self.vocabulary, self.reader, items, contexts, asked)
            hidden = self.model.model.language_model(inputs_embeds=batch.embeddings).last_hidden_state
            following = batch.answers[:, 1:]
            trained = following != IGNORED
            answers = self.model.lm_head(hidden[:, :-1][trained]).float()
            named = batch.seen != IGNORED
            names = self.model.lm_head(hidden[named]).float()
        answer_loss = functional.cross_entropy(answers, following[trained])
        # Each image position names the character it sees, so that reading does not have to be found by chance. A tower
        # that has learnt nothing yet is never sure of any.
        naming_loss = functional.cross_entropy(names, batch.seen[named]) if named.any() else answer_loss.new_zeros(())
        self.optimiser.zero_grad()
        (answer_loss + 0.3 * naming_loss).backward()
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimiser.step()
        self.step += 1
        means.add(0.97, naming=naming_loss.item(), **{mode: answer_loss.item()})

    @torch.no_grad()
    def check(self, items: list[CachedPicture], checks: tuple[tuple[str, float], ...]) -> None:
        """Prints how many first and last questions are answered right in every token under teacher forcing."""
        self.model.eval()
        for mode, rate in checks:
            source = random.Random(3)
            right: dict[str, list[bool]] = {}
            tokens = []
            for start in range(0, len(items), 20):
                for place in (0, -1):
                    some = items[start : start + 20]
                    tokens.append(self._check_batch(some, place, mode, rate, source, right))
            by_kind = " ".join(f"{k} {numpy.mean(right[k]):.2f}" for k in pictures.QUESTION_KINDS if k in right)
            whole = numpy.mean([value for values in right.values() for value in values])
            print(f"  {mode} {rate:.0%}, {numpy.mean(tokens):.0f} tokens: all {whole:.3f} {by_kind}", flush=True)
        self.model.train()

    def _check_batch(
        self,
        items: list[CachedPicture],
        place: int,
        mode: str,
        rate: float,
        source: random.Random,
        right: dict[str, list[bool]],
    ) -> float:
        contexts = [context(item.order, mode, rate, source) for item in items]
        asked = [[item.questions[place]] for item in items]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            batch = build_batch(self.model, self.vocabulary, self.reader, items, contexts, asked)
            hidden = self.model.model.language_model(inputs_embeds=batch.embeddings).last_hidden_state
            best = self.model.lm_head(hidden[:, :-1]).argmax(-1)
        following = batch.answers[:, 1:]
        correct = ((best == following) | (following == IGNORED)).all(-1)
        for questions, value in zip(asked, correct.tolist(), strict=True):
            right.setdefault(questions[0].kind, []).append(value)
        return batch.image_tokens


def _weight(item: CachedPicture) -> float:
    """Price lists and charts are harder, so they are shown more often."""
    kinds = {question.kind for question in item.questions}
    return 1.6 if "receipt" in kinds else 1.4 if "chart" in kinds else 1.0


def main() -> None:
    """Parses the command line, trains and checks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    training.add_common_options(parser)
    parser.add_argument("--phase", choices=["hired", "mixed"], required=True)
    parser.add_argument("--minutes", type=float, required=True, help="minutes of this run")
    parser.add_argument("--total", type=float, help="minutes of all runs together, for the learning rate's fall")
    parser.add_argument("--peak", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--start", type=pathlib.Path, help="a joint.pt to take projector and language model from")
    options = parser.parse_args()
    seed = training.begin(options, weights_seed=2)
    trainer = Trainer(options, seed)
    trainer.train()
    print("pictures trained on:")
    trainer.check(trainer.items[:300], FINAL_CHECKS[0:3:2])
    print("pictures never trained on:")
    trainer.check(trainer.validation, FINAL_CHECKS)


if __name__ == "__main__":
    main()
