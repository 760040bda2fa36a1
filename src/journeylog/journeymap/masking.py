"""Small cells of a map are not told, nor what would give them away."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from journeylog.journeymap.cells import Cell

__all__ = ["mask_small"]

_Named: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]

#: Cells of one stage (or of the whole journey) that add up to something else that is told.
_TOGETHER: _Named = (
    ("ways", ("next", "continue")),
    ("emotion", ("answer",)),
    ("loss", ("reached", "dropped", "open")),
)
#: Cells that tell the same number in two ways, of one stage and item.
_SAME: _Named = (
    ("volume", ("journeys", "customers", "share")),
    ("loss", ("drop", "dropped", "beyond", "at_risk")),
    ("loss", ("reached", "cost_reached")),
    ("loss", ("channel_actor", "channel_reached")),
    ("pains", ("hurts", "hit", "rank", "cost")),
)
#: Shares of something else than the customers they are out of: of all waiting, of all journeys.
_NO_PART = (("pains", "waiting"), ("opportunities", "gain"))
#: Cells whose item is what customers wrote.
_WORDS = ("best", "worst", "word")


def mask_small(cells: Sequence[Cell], k: int) -> tuple[Cell, ...]:
    """Return the cells with those of fewer than `k` customers masked.

    A cell is small when what it counts, what it is out of, or the rest of that is from 1 to ``k - 1``. Where only one
    of several that add up is masked, the smallest of the others is masked too, so that no subtraction gives it back.
    """
    if k < 2:
        return tuple(cells)
    hidden = {i for i, cell in enumerate(cells) if _small(cell, k)}
    for row, measures in _SAME:
        for group in _groups(cells, row, measures, by_item=True):
            if hidden & set(group):
                hidden |= set(group)
    for row, measures in _TOGETHER:
        for group in _groups(cells, row, measures):
            mine = [i for i in group if i in hidden]
            rest = [i for i in group if i not in hidden and cells[i].known and cells[i].value > 0]
            if len(mine) == 1 and rest:
                hidden.add(min(rest, key=lambda i: cells[i].value))
    return tuple(_masked(cell) if i in hidden else cell for i, cell in enumerate(cells))


def _masked(cell: Cell) -> Cell:
    """Return the cell without its numbers; of what few customers wrote, without the words."""
    nothing = math.nan
    bare = replace(cell, value=nothing, low=nothing, high=nothing, n=0, masked=True)
    return replace(bare, item=None, where=()) if cell.measure in _WORDS else bare


def _small(cell: Cell, k: int) -> bool:
    if not cell.known:
        return False
    counted = [cell.n]
    if cell.unit == "count":
        counted.append(round(abs(cell.value)))
    if cell.unit == "share" and (cell.row, cell.measure) not in _NO_PART:
        part = round(cell.value * cell.n)
        counted += [part, cell.n - part]
    return any(0 < n < k for n in counted)


def _groups(
    cells: Sequence[Cell], row: str, measures: Iterable[str], *, by_item: bool = False
) -> list[list[int]]:
    """Return the cells of these measures, stage by stage, and item by item."""
    found: dict[tuple[str | None, str | None], list[int]] = {}
    for i, cell in enumerate(cells):
        if cell.row == row and cell.measure in measures:
            found.setdefault((cell.stage, cell.item if by_item else None), []).append(i)
    return list(found.values())
