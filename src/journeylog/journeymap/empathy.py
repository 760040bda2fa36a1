"""The empathy view: what customers say, do and feel, from the data; what they think and need, from notes alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from journeylog.core.nodes import TEXT
from journeylog.journeymap.analysts import AnalystNote
from journeylog.journeymap.cells import Cell

__all__ = ["EMPATHY", "empathy_table"]

#: The parts that data tells, each with the row and the measures of the map it is taken from.
EMPATHY: Final = {
    "says": ("voice", ("worst", "best")),
    "does": ("touchpoints", ("does",)),
    "feels": ("emotion", ("score",)),
}


def empathy_table(stages: Sequence[str], cells: Sequence[Cell], notes: Sequence[AnalystNote]) -> pd.DataFrame:
    """Return one line a statement: ``stage, part, text, value, n, origin, author, date, link``.

    ``origin`` is ``data`` (says, does, feels: cells of the map) or ``analyst`` (thinks, needs, pains, ideas). Nothing
    that is thought or needed is ever made of data.
    """
    lines: list[tuple[object, ...]] = []
    for stage in stages:
        for part, (row, measures) in EMPATHY.items():
            for cell in cells:
                if (cell.stage, cell.row) == (stage, row) and cell.measure in measures and cell.known:
                    lines.append((stage, part, cell.item, cell.value, cell.n, "data", None, None, None))
        for note in notes:
            if note.stage == stage:
                more = (note.author, note.date, note.link)
                lines.append((stage, note.kind, note.text, np.nan, 0, "analyst", *more))
    names = ["stage", "part", "text", "value", "n", "origin", "author", "date", "link"]
    frame = pd.DataFrame(lines, columns=names)
    kinds = {**dict.fromkeys(names, TEXT), "value": "float64", "n": "int64"}
    return frame.astype(kinds)
