"""Second stage: trains vision tower, projector and language model together on full token grids.

    python train_jointly.py --work WORK --minutes 31

Starts from WORK/vision.pt, goes on from WORK/joint.pt if that is there.
"""

from __future__ import annotations

import argparse
import collections
import random
from collections.abc import Iterator

import numpy
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from transformers import LlavaNextForConditionalGeneration

import pictures
import training
from architecture import FEATURE_LAYER, SIDE, build
from conversation import IGNORED, Vocabulary
from dense import DenseHeads, Labels, character_accuracy, stacked, view_labels
from views import normalised, partition, unpadded

BATCH = 12
MOST_QUESTIONS = 6
Batch = tuple[torch.Tensor, list[list[pictures.Question]], tuple[int, int], tuple[int, int], Labels]


class PictureBatches(IterableDataset):
    """Endless batches of pictures of one size, so that one grid serves the whole batch."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        source = random.Random(self.seed ^ (worker.id * 7919 if worker else 0))
        while True:
            size = pictures.random_size(source)
            drawn = [pictures.make(source, size) for _ in range(BATCH)]
            cut = [partition(picture.image) for picture in drawn]
            labels = [
                view_labels(picture.canvas, place)
                for picture, views in zip(drawn, cut, strict=True)
                for place in views.placements
            ]
            pixels = torch.from_numpy(numpy.stack([views.pixels for views in cut]))
            questions = [picture.questions[:MOST_QUESTIONS] for picture in drawn]
            yield pixels, questions, cut[0].grid, cut[0].size, stacked(labels)


def image_embeddings(
    model: LlavaNextForConditionalGeneration, pixels: torch.Tensor, grid: tuple[int, int], size: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """LLaVA-NeXT's full layout with separators [B, K, D], and the tower's features and pooled output of every view."""
    batch, views = pixels.shape[:2]
    seen = model.model.vision_tower(normalised(pixels.flatten(0, 1)), output_hidden_states=True)
    features = seen.hidden_states[FEATURE_LAYER][:, 1:]
    projected = model.model.multi_modal_projector(features).view(batch, views, SIDE, SIDE, -1)
    rows, columns = grid
    tiles = projected[:, 1:].view(batch, rows, columns, SIDE, SIDE, -1).permute(0, 1, 3, 2, 4, 5)
    first_row, end_row, first_column, end_column = unpadded(grid, size)
    tiles = tiles.reshape(batch, rows * SIDE, columns * SIDE, -1)[:, first_row:end_row, first_column:end_column]
    separator = model.model.image_newline.to(tiles.dtype).view(1, 1, 1, -1).expand(batch, tiles.shape[1], 1, -1)
    tiles = torch.cat([tiles, separator], 2).flatten(1, 2)
    return torch.cat([projected[:, 0].flatten(1, 2), tiles], 1), features, seen.pooler_output


class AnswerRates(collections.defaultdict[str, list[float]]):
    """Share of answers right in every token under teacher forcing, by kind of question; recent ones count more."""

    def __init__(self) -> None:
        super().__init__(lambda: [0.0, 1e-6])

    def add(self, questions: list[list[pictures.Question]], labels: torch.Tensor, right: torch.Tensor) -> None:
        """Counts a batch. An answer is a run of labels; its end token is not counted."""
        for asked, row, row_right in zip(questions, labels.tolist(), right.tolist(), strict=True):
            place = 0
            for question in asked:
                while place < len(row) and row[place] == IGNORED:
                    place += 1
                start = place
                while place < len(row) and row[place] != IGNORED:
                    place += 1
                rate = self[question.kind]
                rate[0] = 0.995 * rate[0] + float(all(row_right[start : place - 1]))
                rate[1] = 0.995 * rate[1] + 1

    def __str__(self) -> str:
        return " ".join(f"{kind} {self[kind][0] / self[kind][1]:.2f}" for kind in pictures.QUESTION_KINDS)


class Trainer:
    """The model, its readers and its optimiser."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.vocabulary = Vocabulary(options.tokenizer)
        self.model = build(self.vocabulary)
        self.heads = DenseHeads()
        self.path = options.work / "joint.pt"
        self.step = 0
        vision = [*self.model.model.vision_tower.parameters(), *self.heads.parameters()]
        known = {id(weight) for weight in vision}
        rest = [weight for weight in self.model.parameters() if id(weight) not in known]
        self.weights = vision + rest
        groups = [{"params": rest, "factor": 1.0}, {"params": vision, "factor": 0.5}]
        self.optimiser = torch.optim.AdamW(groups, lr=options.peak, weight_decay=0.02, betas=(0.9, 0.98))
        done = 0.0
        if self.path.exists():
            state = torch.load(self.path)
            self.model.load_state_dict(state["m"])
            self.heads.load_state_dict(state["h"])
            self.optimiser.load_state_dict(state["o"])
            done, self.step = state["t"], state["n"]
            print(f"goes on from {self.path}: {done:.1f} min, step {self.step}")
        else:
            state = torch.load(options.work / "vision.pt")
            self.model.model.vision_tower.load_state_dict(state["m"])
            self.heads.load_state_dict(state["h"])
        self.clock = training.Clock(options.minutes, done, options.total)
        self.peak = options.peak

    def save(self) -> None:
        """Leaves WORK/joint.pt."""
        state = {"m": self.model.state_dict(), "h": self.heads.state_dict(), "o": self.optimiser.state_dict()}
        training.save(state | {"t": self.clock.trained, "n": self.step}, self.path)

    def train(self, seed: int) -> None:
        """Trains until the clock is over."""
        batches = iter(DataLoader(PictureBatches(seed), batch_size=None, num_workers=1, prefetch_factor=4))
        means, rates = training.RunningMeans(), AnswerRates()
        while not self.clock.is_over:
            self._one_step(next(batches), means, rates)
            if self.step % 50 == 0:
                print(f"{self.clock.trained:.1f} min, step {self.step}: {means} {rates}", flush=True)
            if self.step % 200 == 0:
                self.save()
        self.save()
        print(f"{self.path}: {self.step} steps: {means} {rates}")

    def _one_step(self, batch: Batch, means: training.RunningMeans, rates: AnswerRates) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = group["factor"] * self.clock.learning_rate(self.peak, self.step, warm_up=300)
        pixels, questions, grid, size, labels = batch
        ids, targets = self._padded(questions)
        embed = self.model.model.language_model.embed_tokens
        with torch.autocast("cpu", dtype=torch.bfloat16):
            image, features, pooled = image_embeddings(self.model, pixels, grid, size)
            logits = self.heads.read(features, pooled)
            prefix = embed(torch.tensor(self.vocabulary.prefix)).expand(len(ids), -1, -1)
            prompt = torch.cat([prefix.to(image.dtype), image, embed(ids).to(image.dtype)], 1)
            hidden = self.model.model.language_model(inputs_embeds=prompt).last_hidden_state
            # The state before each label predicts it.
            trained = targets != IGNORED
            answers = self.model.lm_head(hidden[:, -ids.shape[1] - 1 : -1][trained]).float()
        answer_loss = functional.cross_entropy(answers, targets[trained])
        dense_loss = self.heads.loss(logits, labels)
        self.optimiser.zero_grad()
        (answer_loss + 0.7 * dense_loss).backward()
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimiser.step()
        self.step += 1
        right = torch.zeros(targets.shape, dtype=torch.bool)
        right[trained] = answers.argmax(-1) == targets[trained]
        rates.add(questions, targets, right)
        accuracy = character_accuracy(logits[0], labels)
        means.add(0.98, loss=answer_loss.item(), dense=dense_loss.item(), character=accuracy)

    def _padded(self, questions: list[list[pictures.Question]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and labels of the turns after the picture, padded at the end to one length."""
        turns = [self.vocabulary.conversation(asked) for asked in questions]
        length = max(len(ids) for ids, _ in turns)
        ids = torch.full((len(turns), length), self.vocabulary.padding)
        targets = torch.full((len(turns), length), IGNORED)
        for row, (row_ids, row_targets) in enumerate(turns):
            ids[row, : len(row_ids)] = torch.tensor(row_ids, dtype=torch.long)
            targets[row, : len(row_targets)] = torch.tensor(row_targets, dtype=torch.long)
        return ids, targets


def main() -> None:
    """Parses the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    training.add_common_options(parser)
    parser.add_argument("--minutes", type=float, default=31, help="minutes of this run")
    parser.add_argument("--total", type=float, help="minutes of all runs together, for the learning rate's fall")
    parser.add_argument("--peak", type=float, default=1e-3, help="highest learning rate")
    options = parser.parse_args()
    seed = training.begin(options, weights_seed=2)
    Trainer(options).train(seed)


if __name__ == "__main__":
    main()
