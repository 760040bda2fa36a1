"""Which cells a reader looks for first: those that the findings above the map rest on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from journeylog.journeymap.cells import Cell

__all__ = ["FINDINGS", "foremost"]

#: What is found first, by its name: the row and the measure, and whether the most or the least of it is the worst.
FINDINGS: Final[Mapping[str, tuple[str, str, str]]] = {
    "lost": ("loss", "beyond", "most"),
    "pain": ("pains", "rank", "least"),
    "slow": ("pains", "waiting", "most"),
    "hit": ("loss", "excess", "most"),
    "moment": ("moments", "helps", "most"),
    "unhappy": ("emotion", "score", "least"),
    "gain": ("opportunities", "gain", "most"),
}


def foremost(cells: Sequence[Cell], finding: str) -> int | None:
    """Return the place of the cell that a finding rests on, the surest of its measure; None where nothing is found."""
    row, measure, worst = FINDINGS[finding]
    sign = 1.0 if worst == "most" else -1.0
    known = [i for i, c in enumerate(cells) if (c.row, c.measure) == (row, measure) and c.known]
    if not known or (finding == "unhappy" and len(known) < 2):
        return None

    def surest(i: int) -> tuple[float, ...]:
        cell = cells[i]
        told = (cell.low if worst == "most" else -cell.high, sign * cell.value)
        return (*(-math.inf if v != v else v for v in told), -i)

    best = max(known, key=surest)
    return best if worst == "least" or cells[best].value > 0 else None
