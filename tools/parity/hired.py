"""HiRED stated once more in NumPy, after the paper (arXiv 2408.10945, section 4) and this project's rules for what it
leaves open. Independent of the Swift code: the fixtures made with it check that code."""

from __future__ import annotations

import dataclasses
import math

import numpy


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a picture lies on its canvas: sizes in pixels, `grid` as (rows, columns), `side` tokens a tile edge."""

    width: int
    height: int
    grid: tuple[int, int]
    tile: int
    side: int

    def content(self) -> tuple[int, int, int, int]:
        """Left, top, width and height of the resized picture on the canvas."""
        canvas_height, canvas_width = self.grid[0] * self.tile, self.grid[1] * self.tile
        scale_width, scale_height = canvas_width / self.width, canvas_height / self.height
        if scale_width < scale_height:
            width, height = canvas_width, min(math.ceil(self.height * scale_width), canvas_height)
        else:
            width, height = min(math.ceil(self.width * scale_height), canvas_width), canvas_height
        return (canvas_width - width) // 2, (canvas_height - height) // 2, width, height

    def unpadded(self) -> tuple[range, range]:
        """Token rows and columns of the canvas that unpadding keeps."""
        rows, columns = self.grid[0] * self.side, self.grid[1] * self.side
        if self.width / self.height > columns / rows:
            margin = (rows - self.height * columns // self.width) // 2
            return range(margin, rows - margin), range(columns)
        margin = (columns - self.width * rows // self.height) // 2
        return range(rows), range(margin, columns - margin)

    def scores(self, attention: numpy.ndarray) -> list[float]:
        """Sums the full view's attention over each tile. A token belongs to the tile its centre falls in; a centre on a
        border belongs to the later tile."""
        left, top, width, height = self.content()
        side, tile = self.side, self.tile
        scores = [0.0] * (self.grid[0] * self.grid[1])
        for token in range(side * side):
            row = (2 * side * top + (2 * (token // side) + 1) * height) // (2 * side * tile)
            column = (2 * side * left + (2 * (token % side) + 1) * width) // (2 * side * tile)
            scores[row * self.grid[1] + column] += float(attention[token])
        return scores

    def packed(self, kept: list[list[int]]) -> list[tuple[int, int]]:
        """The kept tokens of the full view, then those of the tiles in raster order over the canvas."""
        side, columns = self.side, self.grid[1]

        def canvas_place(slot: tuple[int, int]) -> tuple[int, int]:
            tile, token = slot[0] - 1, slot[1]
            return tile // columns * side + token // side, tile % columns * side + token % side

        tiles = [(partition, token) for partition in range(1, len(kept)) for token in kept[partition]]
        return [(0, token) for token in kept[0]] + sorted(tiles, key=canvas_place)


@dataclasses.dataclass(frozen=True)
class Stretched(Layout):
    """A picture squeezed to its canvas, as InternVL cuts it: no padding, tiles one after another, then the full view.

    `grid` is (0, 0) where there is a single view.
    """

    def unpadded(self) -> tuple[range, range]:
        """Everything."""
        return range(self.grid[0] * self.side), range(self.grid[1] * self.side)

    def scores(self, attention: numpy.ndarray) -> list[float]:
        """Each tile's part of every token's attention, by area: the attention spread over a grid that is fine enough
        for both tokens and tiles, and summed tile by tile."""
        rows, columns = self.grid
        if rows == 0:
            return []
        cells = attention.astype(numpy.float64).reshape(self.side, self.side) / (rows * columns)
        fine = numpy.repeat(numpy.repeat(cells, rows, axis=0), columns, axis=1)
        return fine.reshape(rows, self.side, columns, self.side).sum((1, 3)).reshape(-1).tolist()

    def packed(self, kept: list[list[int]]) -> list[tuple[int, int]]:
        """View by view, the full view last."""
        order = [*range(1, len(kept)), 0]
        return [(partition, token) for partition in order for token in kept[partition]]


@dataclasses.dataclass(frozen=True)
class Selection:
    """What is kept. `kept[p]` are sorted token indices of partition p (0 the full view, then tiles in rows);
    `order` is the packed order as (partition, token). `margin` is how far the closest decision was from a tie."""

    budget: int
    budgets: list[int]
    scores: list[float]
    kept: list[list[int]]
    order: list[tuple[int, int]]
    margin: float


def select(layout: Layout, first: numpy.ndarray, last: numpy.ndarray, percent: int) -> Selection:
    """HiRED with the paper's allocation and alpha 0.5.

    `first` and `last` are the CLS rows of the initial and the final layer, summed over heads, [partitions, tokens].
    """
    tiles = layout.grid[0] * layout.grid[1]
    tokens = layout.side**2
    budget = percent * (tiles + 1) * tokens // 100
    full_view = min(budget // 2, tokens)
    usable = _usable(layout)
    capacity = [len(tile) for tile in usable]
    scores = layout.scores(first[0])
    shares = _shares(scores, capacity, min(budget - full_view, sum(capacity)))
    counts, margin = _rounded(shares, capacity)
    full_view = min(budget - sum(counts), tokens)

    kept = []
    for partition, count in enumerate([full_view, *counts]):
        candidates = list(range(tokens)) if partition == 0 else usable[partition - 1]
        ranked = sorted(candidates, key=lambda token: (-float(last[partition][token]), token))
        kept.append(sorted(ranked[:count]))
        if 0 < count < len(ranked):
            margin = min(margin, float(last[partition][ranked[count - 1]] - last[partition][ranked[count]]))
    return Selection(budget, [full_view, *counts], scores, kept, layout.packed(kept), margin)


def _usable(layout: Layout) -> list[list[int]]:
    """For each tile, the tokens that are not padding."""
    rows, columns = layout.unpadded()
    side = layout.side
    return [
        [
            row * side + column
            for row in range(side)
            for column in range(side)
            if tile_row * side + row in rows and tile_column * side + column in columns
        ]
        for tile_row in range(layout.grid[0])
        for tile_column in range(layout.grid[1])
    ]


def _shares(scores: list[float], capacity: list[int], total: int) -> list[float]:
    """Shares `total` out by score. A tile that would get more than it holds is filled, and the others share again."""
    shares = [0.0] * len(scores)
    open_tiles = [tile for tile, holds in enumerate(capacity) if holds > 0]
    remaining = float(total)
    while open_tiles and remaining > 0:
        weights = {tile: scores[tile] for tile in open_tiles}
        if sum(weights.values()) <= 0:
            weights = {tile: float(capacity[tile]) for tile in open_tiles}
        whole = sum(weights.values())
        wanted = {tile: remaining * weight / whole for tile, weight in weights.items()}
        filled = [tile for tile in open_tiles if wanted[tile] >= capacity[tile]]
        if not filled:
            for tile in open_tiles:
                shares[tile] = wanted[tile]
            break
        for tile in filled:
            shares[tile] = float(capacity[tile])
            remaining -= capacity[tile]
        open_tiles = [tile for tile in open_tiles if tile not in filled]
    return shares


def _rounded(shares: list[float], capacity: list[int]) -> tuple[list[int], float]:
    """Rounds to whole tokens by largest remainder; ties go to the lower index. Also how close two remainders came."""
    counts = [math.floor(share + 1e-9) for share in shares]
    remainders = [share - count for share, count in zip(shares, counts, strict=True)]
    left = round(sum(shares)) - sum(counts)
    ranked = sorted(range(len(shares)), key=lambda tile: (-remainders[tile], tile))
    ranked = [tile for tile in ranked if counts[tile] < capacity[tile]]
    for tile in ranked[:left]:
        counts[tile] += 1
    close = remainders[ranked[left - 1]] - remainders[ranked[left]] if 0 < left < len(ranked) else math.inf
    return counts, close
