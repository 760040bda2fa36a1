"""Alerts of a run: numbers of the map beyond a limit, or that changed by more than one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from journeylog.errors import ConfigError, nearest
from journeylog.journeymap.cells import Cell
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.changed import apart
from journeylog.reporting.language import language
from journeylog.reporting.mapwords import called, written
from journeylog.reporting.wording import Wording

__all__ = ["alerts_that_hold"]

_PLACE: Final = ("stage", "row", "measure", "item")


def alerts_that_hold(
    result: JourneyMapResult,
    alerts: Sequence[Mapping[str, Any]],
    before: Mapping[str, Any] | None,
    tongue: str,
) -> list[str]:
    """Return the alerts that hold, in words: the whole interval lies beyond the limit.

    Parameters
    ----------
    result : JourneyMapResult
        The map, masked.
    alerts : sequence of mapping
        Each with the place of a cell, and ``above``, ``below``, ``falls`` or ``rises``.
    before : mapping or None
        The earlier map; without one nothing has changed.
    tongue : str

    Raises
    ------
    ConfigError
        If the map has no such cell, or its number cannot be compared between periods.
    """
    words = Wording(language(tongue).of_stages(result.stages))
    said = []
    for alert in alerts:
        place = tuple(alert.get(part) for part in _PLACE)
        cell = next((c for c in result.cells if tuple(getattr(c, part) for part in _PLACE) == place), None)
        if cell is None:
            raise ConfigError(_no_cell(result, alert))
        said += _levels(cell, alert, words)
        if {"falls", "rises"} & set(alert):
            said += _changes(result, cell, alert, before, words)
    return said


def _levels(cell: Cell, alert: Mapping[str, Any], words: Wording) -> list[str]:
    """Return what is to be said of the number itself."""
    low, high = (cell.value if bound != bound else bound for bound in (cell.low, cell.high))
    said = []
    for key, holds in (("above", low > alert.get("above", low)), ("below", high < alert.get("below", high))):
        if holds:
            value, limit = (written(words.words, number, cell.unit) for number in (cell.value, alert[key]))
            what = called(words.words, cell, measure=False)
            measure = words.words.of("measures", f"{cell.row}.{cell.measure}")
            value = f"{value} {measure}".strip()
            said.append(words.words.text(f"alert_{key}", what=what, value=value, limit=limit))
    return said


def _changes(
    result: JourneyMapResult,
    cell: Cell,
    alert: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    words: Wording,
) -> list[str]:
    """Return what is to be said of the change since the earlier map, where it is supported."""
    if cell.unit == "count":
        raise ConfigError(
            f"alert: {cell.row}.{cell.measure} is a count, which grows with the period, so its change says nothing. "
            "Fix: a share, or above = ..., below = ..."
        )
    if before is None:
        return []
    table = result.changes(before)
    for part in _PLACE:
        value = getattr(cell, part)
        table = table[table[part].isna() if value is None else table[part] == value]
    said = []
    for row in table[table["supported"]].to_dict("records"):
        holds = {
            "falls": row["difference_high"] < -alert.get("falls", float("inf")),
            "rises": row["difference_low"] > alert.get("rises", float("inf")),
        }
        for key in (key for key, held in holds.items() if held):
            old, new = (written(words.words, row[when], cell.unit) for when in ("before", "now"))
            limit = apart(words, alert[key], cell.unit)
            what = called(words.words, cell)
            said.append(words.words.text(f"alert_{key}", what=what, before=old, value=new, limit=limit))
    return said


def _no_cell(result: JourneyMapResult, alert: Mapping[str, Any]) -> str:
    """Say which part of an alert leads to no cell of the map."""
    cells = list(result.cells)
    for part in _PLACE:
        given = alert.get(part)
        left = [cell for cell in cells if getattr(cell, part) == given]
        if not left:
            known = list(dict.fromkeys(str(getattr(c, part)) for c in cells if getattr(c, part) is not None))
            near = nearest(str(given), known)
            fix = (
                f"did you mean {near[0]!r}?" if near else f"one of {known}" if known else f"leave out {part}"
            )
            said = f"{part} = {given!r}" if given is not None else f"no {part}"
            return f"alert: the map has no cell with {said}. Fix: {fix}"
        cells = left
    return f"alert: the map has no cell {dict(alert)}. Fix: stage, row, measure, item as in cells.csv"
