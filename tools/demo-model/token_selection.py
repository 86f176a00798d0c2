"""Which tokens a training context keeps: all, those HiRED keeps, random ones or evenly spaced ones.

HiRED here is the training's own: it works on cached attention, for any alpha, and clears rounding as training did.
The engine's is in `Sources/HiRED`; the reference its tests use is `tools/parity/hired.py`.
"""

from __future__ import annotations

import dataclasses
import random

import numpy

from architecture import SIDE, VIEW_TOKENS
from views import unpadded

SEPARATOR = -1
"""Stands for a row separator in a sequence of tokens."""
USUAL_ALPHA = 0.5


@dataclasses.dataclass(frozen=True)
class TokenOrder:
    """What selection needs of one picture. A token's number is view · 144 + its place in the view.

    `sequence` is LLaVA-NeXT's full layout, `SEPARATOR` at the end of each row; `scores` are those of the tiles;
    `ranked` gives for each view its tokens by falling attention, without padding.
    """

    sequence: numpy.ndarray
    scores: numpy.ndarray
    ranked: list[numpy.ndarray]


def order_tokens(first: numpy.ndarray, last: numpy.ndarray, grid: tuple[int, int], size: tuple[int, int]) -> TokenOrder:
    """Orders a picture's tokens by the CLS rows [views, tokens] of the initial and the final layer."""
    rows, columns = grid
    first_row, end_row, first_column, end_column = unpadded(grid, size)
    y, x = numpy.arange(rows * SIDE)[:, None], numpy.arange(columns * SIDE)[None]
    numbers = (y // SIDE * columns + x // SIDE + 1) * VIEW_TOKENS + y % SIDE * SIDE + x % SIDE
    sequence = list(range(VIEW_TOKENS))
    for row in range(first_row, end_row):
        sequence += [*numbers[row, first_column:end_column].tolist(), SEPARATOR]

    scores = numpy.zeros(rows * columns)
    for token in range(VIEW_TOKENS):
        centre_x = first_column + (token % SIDE + 0.5) / SIDE * (end_column - first_column)
        centre_y = first_row + (token // SIDE + 0.5) / SIDE * (end_row - first_row)
        tile = min(int(centre_y // SIDE), rows - 1) * columns + min(int(centre_x // SIDE), columns - 1)
        scores[tile] += first[0][token]

    usable = numpy.zeros((rows * SIDE, columns * SIDE), bool)
    usable[first_row:end_row, first_column:end_column] = True
    usable = usable.reshape(rows, SIDE, columns, SIDE).transpose(0, 2, 1, 3).reshape(-1, VIEW_TOKENS)
    ranked = [numpy.argsort(-last[0], kind="stable").astype(numpy.int16)]
    for tile in range(rows * columns):
        attention = numpy.where(usable[tile], last[tile + 1], -1)
        falling = numpy.argsort(-attention, kind="stable")
        ranked.append(falling[: usable[tile].sum()].astype(numpy.int16))
    return TokenOrder(numpy.array(sequence, numpy.int32), scores, ranked)


def keep_hired(order: TokenOrder, rate: float, alpha: float) -> numpy.ndarray:
    """The kept part of the sequence, without separators."""
    tiles = len(order.scores)
    budget = int(rate * (tiles + 1) * VIEW_TOKENS)
    capacity = numpy.array([len(tokens) for tokens in order.ranked[1:]])
    full_view = min(int(alpha * budget), VIEW_TOKENS)
    counts = _shared_out(order.scores, capacity, min(budget - full_view, int(capacity.sum())))
    kept = numpy.zeros((tiles + 1) * VIEW_TOKENS, bool)
    kept[order.ranked[0][:full_view]] = True
    for tile, count in enumerate(counts):
        kept[(tile + 1) * VIEW_TOKENS + order.ranked[tile + 1][:count].astype(int)] = True
    tokens = order.sequence[order.sequence >= 0]
    return tokens[kept[tokens]]


def _shared_out(scores: numpy.ndarray, capacity: numpy.ndarray, total: int) -> numpy.ndarray:
    """Shares tokens out by score under the tiles' capacities, by largest remainder."""
    scores = numpy.where(capacity > 0, scores, 0)
    shares = numpy.zeros(len(scores))
    is_open = scores > 0
    left = total
    while is_open.any():
        wanted = left * scores / scores[is_open].sum()
        full = is_open & (wanted > capacity)
        if not full.any():
            shares[is_open] = wanted[is_open]
            break
        shares[full] = capacity[full]
        left -= capacity[full].sum()
        is_open &= ~full
    counts = numpy.floor(shares + 1e-9).astype(int)
    missing = int(total - counts.sum())
    for tile in sorted(range(len(counts)), key=lambda tile: counts[tile] - shares[tile]):
        if missing > 0 and counts[tile] < capacity[tile]:
            counts[tile] += 1
            missing -= 1
    return counts


def context(order: TokenOrder, mode: str, rate: float, source: random.Random) -> numpy.ndarray:
    """A training context: `full`, `hired`, `random` or `uniform`. Every other HiRED context takes another alpha."""
    if mode == "full":
        return order.sequence
    if mode == "hired":
        alpha = source.choice((USUAL_ALPHA, USUAL_ALPHA, 0.3, 0.7)) if source.random() < 0.5 else USUAL_ALPHA
        return keep_hired(order, rate, alpha)
    tokens = order.sequence[order.sequence >= 0]
    count = min(len(tokens), int(rate * (len(order.scores) + 1) * VIEW_TOKENS))
    if mode == "random":
        return tokens[numpy.sort(numpy.array(source.sample(range(len(tokens)), count)))]
    return tokens[numpy.arange(count) * len(tokens) // count]
