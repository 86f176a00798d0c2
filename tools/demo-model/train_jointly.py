"""Second and third stage: trains vision tower, projector and language model together, on all tokens of a picture.

    python train_jointly.py --work WORK --views full --minutes 60     # on full views alone, as LLaVA's first stage
    python train_jointly.py --work WORK --views all --minutes 300     # on full views and tiles

Starts from WORK/vision.pt, or from what an earlier run left in WORK/joint.pt. No token is ever dropped.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator

import numpy
import torch
from torch.nn import functional

import pictures
import training
from architecture import DemoModel
from canvases import TILE, VIEW_TOKENS, Views, full_view, partition, token_order
from conversation import IGNORED, Vocabulary
from drawing import CHARACTERS, COLOUR_NAMES
from heads import DenseHeads
from labels import NO_CHARACTER, PARTS, CharacterTable, view_labels
from optimisers import Optimiser
from stock import Arrays, Replay, Stock

MOST_QUESTIONS = 7
TRANSCRIPTION_SHARE = 0.35
LENGTH_STEP = 64
LONGEST_TEXT = 512
FULL_VIEW_SIZES = [(672, 672), (600, 600), (500, 500), (640, 480), (480, 640), (560, 672), (672, 560)]


def pick_questions(source: random.Random, picture: pictures.Picture) -> list[pictures.Question]:
    """The transcription and what it does not answer, or all but the transcription; so that no answer can be copied
    from an earlier one.
    """
    questions = list(picture.questions)
    transcription = questions.pop() if questions and questions[-1].text.startswith("What does the image") else None
    if transcription and (not questions or source.random() < TRANSCRIPTION_SHARE):
        return [transcription] + [question for question in questions if question.kind in ("color", "exists")]
    source.shuffle(questions)
    return questions[:MOST_QUESTIONS]


class Drawer:
    """Draws pictures and lays out their sequences."""

    def __init__(self, vocabulary: Vocabulary, views: str, batch: int, charts: float) -> None:
        self.vocabulary, self.views, self.batch, self.charts = vocabulary, views, batch, charts
        self.named = numpy.array([vocabulary.token(character) for character in CHARACTERS] + [IGNORED])

    def batches(self, source: random.Random) -> Iterator[Arrays]:
        """Endless batches of pictures with equally many views."""
        waiting: dict[int, list[Arrays]] = {}
        while True:
            one = self._picture(source)
            alike = waiting.setdefault(len(one["pixels"]), [])
            alike.append(one)
            if len(alike) == max(1, self.batch // len(one["pixels"])):
                yield self._stacked(alike)
                alike.clear()

    def _picture(self, source: random.Random) -> Arrays:
        kind = "chart" if source.random() < self.charts else None
        if self.views == "full":
            picture = pictures.make(source, source.choice(FULL_VIEW_SIZES), kind, source.uniform(1.1, 1.4))
            views = full_view(picture.image)
        else:
            picture = pictures.make(source, kind=kind)
            views = partition(picture.image)
        table = CharacterTable(picture.canvas)
        labels = [view_labels(picture.canvas, table, place) for place in views.placements]
        dense = {part: numpy.stack([one[part] for one in labels]) for part in PARTS}
        return {"pixels": views.pixels, **dense, **self._sequence(source, picture, views, dense["characters"])}

    def _sequence(
        self, source: random.Random, picture: pictures.Picture, views: Views, characters: numpy.ndarray
    ) -> Arrays:
        """The picture's tokens within the conversation.

        `sequence` [L] counts the views' tokens, then the separator, then the text's tokens; `text` [T] are those; at
        each place stand the token to come (`following` [L]), the number of its question (`asked` [L]), and the token
        of the character that is seen there (`seen` [L]), or `IGNORED`. `kinds` are the questions' kinds.
        """
        questions = pick_questions(source, picture)
        ids, labels = self.vocabulary.conversation(questions)
        prefix = self.vocabulary.prefix
        order = token_order(views.grid, views.size)
        first = len(views.pixels) * VIEW_TOKENS + 1
        text = numpy.array(prefix + ids)
        places = first + numpy.arange(len(text))
        sequence = numpy.concatenate([places[: len(prefix)], order, places[len(prefix) :]])
        following = numpy.full(len(sequence), IGNORED)
        following[len(sequence) - len(ids) - 1 : -1] = labels
        answers = numpy.cumsum((numpy.array(labels) == self.vocabulary.end).astype(int))
        asked = numpy.full(len(sequence), IGNORED)
        # The end token belongs to the question it ends.
        asked[len(sequence) - len(ids) - 1 : -1] = answers - (numpy.array(labels) == self.vocabulary.end)
        asked[following == IGNORED] = IGNORED
        read = characters.reshape(-1)
        names = self.named[numpy.where((read >= 0) & (read < NO_CHARACTER), read, NO_CHARACTER)]
        seen = numpy.full(len(sequence), IGNORED)
        seen[len(prefix) : len(prefix) + len(order)] = numpy.append(names, IGNORED)[order]
        kinds = numpy.array([pictures.QUESTION_KINDS.index(question.kind) for question in questions])
        return {
            "text": text,
            "sequence": sequence,
            "following": following,
            "asked": asked,
            "seen": seen,
            "kinds": kinds,
        }

    def _stacked(self, items: list[Arrays]) -> Arrays:
        """One batch. Sequences are padded at the end; questions are numbered through the batch."""
        lengths = {
            part: -(-max(len(item[part]) for item in items) // step) * step
            for part, step in (("text", LENGTH_STEP), ("sequence", LENGTH_STEP))
        }
        shape = (len(items), lengths["sequence"])
        batch = {part: numpy.full(shape, IGNORED, numpy.int32) for part in ("following", "asked", "seen")}
        batch["sequence"] = numpy.zeros(shape, numpy.int32)
        batch["text"] = numpy.full((len(items), lengths["text"]), self.vocabulary.padding, numpy.int32)
        asked_before, kinds = 0, []
        for row, item in enumerate(items):
            length = len(item["sequence"])
            for part in ("following", "seen", "sequence"):
                batch[part][row, :length] = item[part]
            batch["asked"][row, :length] = numpy.where(item["asked"] == IGNORED, IGNORED, item["asked"] + asked_before)
            batch["text"][row, : len(item["text"])] = item["text"]
            asked_before += len(item["kinds"])
            kinds.append(item["kinds"])
        batch["kinds"] = numpy.concatenate(kinds).astype(numpy.int64)
        stacked = {part: numpy.concatenate([item[part] for item in items]) for part in ("pixels", *PARTS)}
        return {**batch, **stacked}


class AnswerRates:
    """Share of answers right in every token under teacher forcing, by kind of question; recent ones count more. Greedy
    decoding gives the right answer if and only if all its tokens are right so.
    """

    def __init__(self, device: torch.device) -> None:
        self.counts = torch.zeros(len(pictures.QUESTION_KINDS), 2, device=device)

    def add(self, kinds: torch.Tensor, asked: torch.Tensor, right: torch.Tensor) -> None:
        """Counts a batch: kinds of its questions, and of each trained token its question and whether it was right."""
        wrong = torch.zeros(len(kinds), device=kinds.device).index_add_(0, asked, (~right).float())
        ones = torch.stack([(wrong == 0).float(), torch.ones_like(wrong)], 1)
        self.counts.mul_(0.97).index_add_(0, kinds, ones)

    def __str__(self) -> str:
        counts = self.counts.cpu()
        rates = [
            f"{kind} {right / max(all_, 1e-6):.2f}"
            for kind, (right, all_) in zip(pictures.QUESTION_KINDS, counts, strict=True)
        ]
        right, all_ = counts.sum(0)
        return f"{' '.join(rates)} all {right / max(all_, 1e-6):.3f}"


class Trainer:
    """The model, its readers and its optimiser."""

    def __init__(self, options: argparse.Namespace) -> None:
        vocabulary = Vocabulary(options.tokenizer)
        drawer = Drawer(vocabulary, options.views, options.batch, options.charts)
        room = options.batch * (TILE * TILE * 3 + 8 * VIEW_TOKENS + 2048)
        room += options.batch * 4 * 4 * (VIEW_TOKENS + LONGEST_TEXT + 100)
        stock = Stock(drawer.batches, options.drawers, room, options.seed)
        torch.manual_seed(options.seed)
        self.options = options
        self.device = torch.device(options.device)
        self.model = DemoModel(vocabulary.size).to(self.device)
        self.heads = DenseHeads().to(self.device)
        self.stock = stock
        self.replay = Replay(stock, self.device, options.replay, options.seed)
        self.path = options.work / "joint.pt"
        self.step, done = 0, 0.0
        if self.path.exists():
            state = torch.load(self.path, map_location=self.device)
            self.model.load_state_dict(state["model"])
            self.heads.load_state_dict(state["heads"])
            if state["views"] == options.views:
                self.step, done = state["step"], state["minutes"]
            print(f"goes on from {self.path}: {state['views']} views, {state['minutes']:.1f} min", flush=True)
        else:
            state = torch.load(options.work / "vision.pt", map_location=self.device)
            self.model.tower.load_state_dict(state["tower"])
            self.heads.load_state_dict(state["heads"])
        vision = {f"tower.{name}": weight for name, weight in self.model.tower.named_parameters()}
        vision |= {f"heads.{name}": weight for name, weight in self.heads.named_parameters()}
        rest = {name: weight for name, weight in self.model.named_parameters() if not name.startswith("tower.")}
        groups = [(rest, 1.0)] + ([(vision, options.vision_rate)] if options.vision_rate > 0 else [])
        self.optimiser = Optimiser(groups, options.muon)
        self.colours = torch.tensor([vocabulary.token(f"▁{colour}") for colour in COLOUR_NAMES], device=self.device)
        self.means, self.rates = training.RunningMeans(), AnswerRates(self.device)
        self.clock = training.Clock(options.minutes, done, options.total)
        if options.compile:
            for layer in [*self.model.tower.encoder.layers, *self.model.language_model.layers]:
                layer.compile(dynamic=True)

    def save(self) -> None:
        """Leaves WORK/joint.pt."""
        state = {"model": self.model.state_dict(), "heads": self.heads.state_dict(), "views": self.options.views}
        training.save(state | {"minutes": self.clock.trained, "step": self.step}, self.path)

    def train(self) -> None:
        """Trains until the clock is over."""
        saved, seen = time.monotonic(), 0
        while not self.clock.is_over:
            batch, is_fresh = self.replay.next()
            self._one_step(batch, is_fresh)
            seen += len(batch["sequence"])
            if self.step % self.options.report == 0:
                state = f"step {self.step}, {seen} pictures, {self.replay.drawn} batches drawn"
                print(f"{self.clock.trained:.2f} min, {state}: {self.means} {self.rates}", flush=True)
            if time.monotonic() - saved > 60:
                self.save()
                saved = time.monotonic()
        self.save()
        self.stock.close()
        print(f"{self.path}: {self.step} steps, {seen} pictures: {self.means} {self.rates}", flush=True)

    def _one_step(self, batch: dict[str, torch.Tensor], is_fresh: bool) -> None:
        sequence, following, seen = (batch[part].long() for part in ("sequence", "following", "seen"))
        trained, named = following != IGNORED, seen != IGNORED
        with training.autocast(self.device):
            states, dense_loss, dense_rates = self._seen(batch)
            image = self.model.projector(states[:, 1:]).view(len(sequence), -1, self.model.image_newline.numel())
            newline = self.model.image_newline.to(image.dtype).expand(len(sequence), 1, -1)
            text = self.model.language_model.embed_tokens(batch["text"].long()).to(image.dtype)
            table = torch.cat([image, newline, text], 1)
            inputs = table.gather(1, sequence[..., None].expand(-1, -1, table.shape[-1])).float()
            belonging_loss = self._belonging(image, batch["owners"].flatten(1).view(len(sequence), -1))
            hidden = self.model.language_model(inputs, saves_memory=self.options.saves_memory)
            answers = self.model.lm_head(hidden[trained]).float()
            names = self.model.lm_head(hidden[named]).float()
        answer_loss = functional.cross_entropy(answers, following[trained])
        naming_loss = functional.cross_entropy(names, seen[named])
        (answer_loss + 0.2 * naming_loss + 0.3 * dense_loss + self.options.belonging * belonging_loss).backward()
        self.optimiser.step(self.clock.learning_rate(self.options.peak, self.step, warm_up=100))
        self.step += 1
        if is_fresh:
            right = answers.argmax(-1) == following[trained]
            self.rates.add(batch["kinds"], batch["asked"].long()[trained], right)
        if self.step % 25 == 0:
            rates = {name: rate.item() for name, rate in dense_rates.items()}
            losses = {"answer": answer_loss.item(), "naming": naming_loss.item(), "belonging": belonging_loss.item()}
            self.means.add(0.7, **losses, dense=dense_loss.item(), **rates)

    def _seen(self, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
        """The tower's states, with the loss and the rates of the dense readers. A frozen tower looks once."""
        if self.options.vision_rate > 0:
            states, pooled = self.model.tower(batch["pixels"])
            return states, *self.heads(states, pooled, batch)
        if "states" not in batch:
            with torch.no_grad():
                batch["states"], _ = self.model.tower(batch.pop("pixels"))
        return batch["states"], torch.zeros((), device=self.device), {}

    def _belonging(self, image: torch.Tensor, owners: torch.Tensor) -> torch.Tensor:
        """How badly the projected tokens [B, K, D] of a bar's value tell the embedding of that bar's colour.
        Without it, which bar a question means was not learnt in 40,000 charts; what it gives has not been measured yet.
        """
        owned = (owners >= 0) & (owners < len(COLOUR_NAMES))
        embeddings = self.model.language_model.embed_tokens.weight[self.colours]
        told = functional.normalize(image[owned].float(), dim=-1) @ functional.normalize(embeddings, dim=-1).T
        loss = functional.cross_entropy(10 * told, owners[owned].long(), reduction="sum")
        return loss / owned.sum().clamp(min=1)


def main() -> None:
    """Parses the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    training.add_common_options(parser)
    parser.add_argument("--views", choices=["full", "all"], required=True)
    parser.add_argument("--batch", type=int, default=30, help="views of a step")
    parser.add_argument(
        "--vision-rate", type=float, default=0.5, help="the tower's share of the learning rate; 0: frozen"
    )
    parser.add_argument("--charts", type=float, default=0, help="part of the pictures that are made charts")
    parser.add_argument("--belonging", type=float, default=0, help="weight of the loss that ties values to colours")
    parser.add_argument("--report", type=int, default=50, help="steps between reports")
    parser.add_argument("--compile", action="store_true", help="compile the layers")
    parser.add_argument("--saves-memory", action="store_true", help="compute the language model's layers twice")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    Trainer(options).train()


if __name__ == "__main__":
    main()
