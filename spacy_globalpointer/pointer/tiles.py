"""The walk over the allowed cells of the span matrix, a tile at a time.

This is the only place that says which spans exist (start ≤ end, both in one
document, no longer than ``max_span_length`` tokens) and how a block of scores is
computed. Search and loss are what happens at a tile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

import torch
from torch import Tensor

from .states import PointerStates, score_dtype

#: Memory that the scores of one tile may take: they should stay in the cache.
TILE_BYTES = 2**22


@dataclass(frozen=True)
class Tile:
    """A block of the span matrix of one document.

    doc (int): Index of the document in the batch.
    row (int): First start token, counted from the document's first token.
    column (int): First end token, counted likewise.
    rows (slice): The block's start tokens on the batch's token axis.
    columns (slice): The block's end tokens on the batch's token axis.
    """

    doc: int
    row: int
    column: int
    rows: slice
    columns: slice


def tile_size(n_labels: int) -> int:
    """Side of a square tile whose float32 scores take about TILE_BYTES.

    n_labels (int): Labels that are scored.
    RETURNS (int): A multiple of 16 from 32 to 512, in tokens.
    """
    side = (TILE_BYTES / (4 * max(n_labels, 1))) ** 0.5
    return max(32, min(512, int(side) // 16 * 16))


def walk(
    states: PointerStates,
    *,
    max_span_length: Optional[int] = None,
    size: Optional[int] = None,
) -> Iterator[Tile]:
    """Visit every tile that holds an allowed cell, each once, row by row.

    states (PointerStates): The batch.
    max_span_length (Optional[int]): Longest span in tokens; None for no bound.
    size (Optional[int]): Side of a tile in tokens; None derives it.
    YIELDS (Tile): Tiles of document 0, then of document 1, and so on.
    """
    size = size or tile_size(states.n_labels)
    for doc, (offset, length) in enumerate(zip(states.offsets, states.lengths)):
        for row in range(0, length, size):
            row_end = min(row + size, length)
            reach = length if max_span_length is None else row_end + max_span_length - 1
            for column in range(row, min(reach, length), size):
                column_end = min(column + size, length)
                yield Tile(
                    doc,
                    row,
                    column,
                    slice(offset + row, offset + row_end),
                    slice(offset + column, offset + column_end),
                )


def score_tile(
    states: PointerStates, tile: Tile, *, max_span_length: Optional[int] = None
) -> Tensor:
    """Scores of all labels in a tile, −inf where no span is allowed.

    states (PointerStates): The batch.
    tile (Tile): One of the tiles of `walk`.
    max_span_length (Optional[int]): Longest span in tokens; None for no bound.
    RETURNS (Tensor): Shape (labels, rows, columns), float32 (float64 for states
        in float64).
    """
    dtype = score_dtype(states)
    queries = states.queries[tile.rows].to(dtype).transpose(0, 1)
    keys = states.keys[tile.columns].to(dtype).permute(1, 2, 0)
    scores = torch.matmul(queries * states.scale, keys)  # (heads, rows, columns)
    if states.start is not None:
        scores = scores + states.start[tile.rows].to(dtype).T[:, :, None]
    if states.end is not None:
        scores = scores + states.end[tile.columns].to(dtype).T[:, None, :]
    length = _lengths(tile, device=scores.device)
    forbidden = length < 1
    if max_span_length is not None:
        forbidden |= length > max_span_length
    if forbidden.any():
        scores = scores.masked_fill(forbidden, -torch.inf)
    return scores


def _lengths(tile: Tile, *, device: torch.device) -> Tensor:
    """Length in tokens of the span of each cell, below 1 where end < start."""
    n_rows = tile.rows.stop - tile.rows.start
    n_columns = tile.columns.stop - tile.columns.start
    starts = torch.arange(tile.row, tile.row + n_rows, device=device)
    ends = torch.arange(tile.column, tile.column + n_columns, device=device)
    return ends[None, :] - starts[:, None] + 1
