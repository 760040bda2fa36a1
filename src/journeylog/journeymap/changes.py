"""The map of one period against an earlier one, or against figures of a target or an industry."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd

from journeylog.core.differences import Estimates, benjamini_hochberg, difference, p_value
from journeylog.core.nodes import TEXT
from journeylog.errors import ConfigError, ParseError
from journeylog.journeymap.cells import Cell
from journeylog.journeymap.figures import are_figures, figure_cells, read_figures

__all__ = ["SCHEMA", "changes_since", "map_data"]

#: Version of the map as data; a change that readers would notice is a new one.
SCHEMA: Final = "journeylog/journey-map/1"

_PLACE: Final = ("stage", "row", "measure", "item")
_SUPPORTED: Final = 0.05
#: Units whose values do not grow with the length of the period.
_COMPARED: Final = ("share", "s", "score", "times")


class _Map(Protocol):
    @property
    def cells(self) -> tuple[Cell, ...]: ...

    @property
    def stages(self) -> tuple[str, ...]: ...


def map_data(given: Any) -> Any:
    """Return a map or its data as it is; of a path, the data that ``save("map.json")`` wrote there, or figures.

    Raises
    ------
    ParseError
        If the file is not there or is no JSON.
    """
    if are_figures(given):
        return read_figures(given)
    if not isinstance(given, str | Path):
        return given
    try:
        return json.loads(Path(given).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ParseError(
            f"{given} is no saved map: {error}. Fix: a file of result.save('map.json'), or figures in .toml, .yaml or .csv"
        ) from error


def changes_since(now: _Map, before: _Map | Mapping[str, Any] | str | Path) -> pd.DataFrame:
    """Return the cells that stand in both maps with what changed, the supported changes first.

    Parameters
    ----------
    now : JourneyMapResult
    before : JourneyMapResult, mapping, str or Path
        An earlier map, its data as :meth:`JourneyMapResult.to_dict` gives it, or the file of ``save("map.json")``. Or
        figures, an own target or those of an industry: a file or mapping as
        :func:`journeylog.journeymap.figures.read_figures` takes it. Figures without bounds are taken as known exactly.

    Returns
    -------
    DataFrame
        ``stage, row, measure, item, unit, before, now, difference, difference_low, difference_high, p, q, supported``.

    Raises
    ------
    ConfigError
        If `before` is not the data of a map, or figures name a stage, row or measure that the map does not have.

    Notes
    -----
    Only cells with an interval in this map are compared, and no counts, as these grow with the length of a period. The
    two maps are taken as of independent samples: customers who are in both make the true interval of the difference
    narrower than the one told, as they resemble themselves.
    ``q`` is Benjamini and Hochberg's over all cells compared; supported is q below 0.05.
    """
    earlier = {_place(cell): cell for cell in _cells(now, map_data(before))}
    pairs = [
        (cell, earlier[place])
        for cell, place in ((cell, _place(cell.__dict__)) for cell in now.cells)
        if place in earlier and cell.unit in _COMPARED and not math.isnan(cell.low + cell.high)
    ]
    new = Estimates(
        *(np.array([getattr(cell, part) for cell, _ in pairs]) for part in ("value", "low", "high"))
    )
    old = Estimates(
        *(np.array([_bound(cell, part) for _, cell in pairs]) for part in ("value", "low", "high"))
    )
    gap = difference(old, new)
    p = p_value(gap)
    q = benjamini_hochberg(p)
    table = pd.DataFrame(
        {
            **{
                name: pd.array([getattr(cell, name) for cell, _ in pairs], dtype=TEXT)
                for name in (*_PLACE, "unit")
            },
            "before": old.value,
            "now": new.value,
            "difference": gap.value,
            "difference_low": gap.low,
            "difference_high": gap.high,
            "p": p,
            "q": q,
            "supported": np.nan_to_num(q, nan=1.0) < _SUPPORTED,
        }
    )
    order = np.lexsort((np.nan_to_num(q, nan=2.0), ~table["supported"].to_numpy(bool)))
    return table.iloc[order].reset_index(drop=True)


def _cells(now: _Map, given: _Map | Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if not isinstance(given, Mapping):
        yield from (cell.__dict__ for cell in given.cells)
        return
    if are_figures(given):
        yield from figure_cells(given, now.cells, now.stages)
        return
    if given.get("schema") != SCHEMA or not isinstance(given.get("table"), list):
        raise ConfigError(
            f"this is no map: its schema is {given.get('schema')!r}. Fix: the data of result.save('map.json'), {SCHEMA!r}"
        )
    yield from given["table"]


def _place(cell: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(cell[name] for name in _PLACE)


def _bound(cell: Mapping[str, Any], part: str) -> float:
    """Return a value or bound; a figure without bounds is its own."""
    value = cell[part]
    if value is None or value != value:
        value = cell["value"]
    return math.nan if value is None else float(value)
