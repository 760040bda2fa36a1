"""How to test an opportunity: a sentence with the size of the experiment that would see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from journeylog.journeymap.cells import Cell
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.language import Language

__all__ = ["trial_lines"]

_NAME = 40


def trial_lines(result: JourneyMapResult, words: Language) -> Sequence[tuple[str, str]]:
    """Return, for each opportunity of the map, how to test it, and the cell its size stands in."""
    lines = []
    for i, cell in enumerate(result.cells):
        if (cell.row, cell.measure) != ("opportunities", "sample") or not cell.known:
            continue
        before, after = (_beside(result, cell, name) for name in ("goal_now", "goal_then"))
        if before is None or after is None:
            continue
        parts: dict[str, Any] = {
            "stage": words.short(words.stage(cell.stage), _NAME),
            "item": words.short(cell.item, _NAME),
            "before": words.share(before.value),
            "after": words.share(after.value),
        }
        lines.append((words.text("trial", n=cell.value, **parts), f"c{i}"))
    return lines


def _beside(result: JourneyMapResult, cell: Cell, measure: str) -> Cell | None:
    found = result.cell(cell.stage, "opportunities", measure, cell.item)
    return found if found is not None and found.known else None
