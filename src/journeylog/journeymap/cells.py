"""Cells of the map: a number with its interval, and the way back to where it was computed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from journeylog.core.contracts import Result, Step
from journeylog.core.nodes import TEXT
from journeylog.errors import ConfigError, nearest

__all__ = ["Cell", "Source", "cell_table", "find_cell", "log_with", "unknown_name"]


@dataclass(frozen=True)
class Cell:
    """One number of the map.

    Parameters
    ----------
    stage : str or None
        The column of the map; None speaks of whole journeys.
    row : str
        The row of the map, such as ``"volume"``.
    measure : str
        What is measured, such as ``"journeys"`` or ``"drop_rate"``.
    item : str or None
        Of what, where a row lists several: a touchpoint, the next stage.
    value : float
        The number; nan where nothing could be told.
    unit : str
        ``"count"``, ``"share"``, ``"s"`` (seconds), ``"score"`` (from -1 to 1), ``"times"`` (a ratio), or a
        currency.
    low, high : float
        Bounds of the 95 % interval; nan where there are none.
    n : int
        How many it is out of: the denominator of a share, the observations of a time.
    question : str
        The question as it is written in Python.
    table : str
        Which of the answer's tables it stands in; empty for the main one.
    where : tuple of (str, str or int)
        Columns and the values that single out the row.
    column : str
        The column of the value.
    masked : bool
        Whether it is hidden because it speaks of too few customers.
    log : str
        The log that is asked, as it is written in Python: ``log`` with the steps that the map put on it.
    by : tuple of (str, str or None), optional
        Column and value of the group, where the map is that of one.
    """

    stage: str | None
    row: str
    measure: str
    item: str | None
    value: float
    unit: str
    low: float
    high: float
    n: int
    question: str
    table: str
    where: tuple[tuple[str, str | int | float], ...]
    column: str
    masked: bool = False
    log: str = "log"
    by: tuple[str, str | None] | None = None

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)

    @property
    def code(self) -> str:
        """Three lines of Python that compute the value anew from ``log``, the log that the map was asked of."""
        table = "table" if not self.table else f"tables[{self.table!r}]"
        group = ")" if self.by is None else f", by={self.by[0]!r})[{self.by[1]!r}]"
        rows = " & ".join(f"(table[{name!r}] == {value!r})" for name, value in self.where) or "slice(None)"
        return (
            f"table = {self.log}.compute({self.question}{group}.{table}\n"
            f"row = table.loc[{rows}].iloc[0]\n"
            f"value = row[{self.column!r}]"
        )


@dataclass(frozen=True, eq=False)
class Source:
    """One table of an answer, from which cells are taken.

    Parameters
    ----------
    row : str
        The row of the map its cells are for.
    result : Result
    table : str
        Which table; empty for the main one.
    """

    row: str
    result: Result
    table: str = ""

    @property
    def frame(self) -> pd.DataFrame:
        """The table."""
        return self.result.tables[self.table] if self.table else self.result.table

    def cells(
        self,
        lines: pd.DataFrame,
        measure: str,
        column: str,
        unit: str,
        *,
        keys: Sequence[str],
        n: str,
        stage: str | None = None,
        item: str | None = None,
        bounds: tuple[str, str] | None = None,
    ) -> list[Cell]:
        """Return a cell for each of some lines of the table.

        Parameters
        ----------
        lines : DataFrame
            Lines of :attr:`frame`.
        measure, unit
            As in :class:`Cell`.
        column, n, stage, item : str
            Columns of the value, of its number, of the stage and of the item.
        keys : sequence of str
            Columns that single out a line.
        bounds : tuple of str, optional
            Columns of the bounds; by default ``column_low`` and ``column_high``, if there are such.
        """
        low, high = bounds or (f"{column}_low", f"{column}_high")
        question = f"jl.{self.result.question!r}"
        return [
            Cell(
                None if stage is None else _text(line[stage]),
                self.row,
                measure,
                None if item is None else _text(line[item]),
                _number(line[column]),
                unit,
                _number(line.get(low)),
                _number(line.get(high)),
                int(line[n]),
                question,
                self.table,
                tuple((key, _key(line[key])) for key in keys),
                column,
            )
            for line in lines.to_dict("records")
        ]


def log_with(steps: Sequence[Step]) -> str:
    """Return how a log with these steps is written in Python; what a step came to in a log it comes to again.

    Examples
    --------
    >>> import journeylog as jl
    >>> log_with([jl.Stages("shop"), jl.Journeys("paid", "30d")])
    "log.then(jl.Stages('shop'), jl.Journeys('paid', patience='30d'))"
    """
    return f"log.then({', '.join(map(_written, steps))})" if steps else "log"


def _written(step: Step) -> str:
    """Return a step as it is written in Python, without what is so by default."""
    told: list[str] = []
    for position, field in enumerate(fields(step)):  # type: ignore[arg-type]
        value = getattr(step, field.name)
        if field.name == "settled":
            continue  # borders of groups are amounts of single customers
        if field.default is MISSING or value != field.default:
            told.append(f"{value!r}" if position == len(told) == 0 else f"{field.name}={value!r}")
    return f"jl.{type(step).__name__}({', '.join(told)})"


def find_cell(
    cells: Sequence[Cell],
    wanted: tuple[str | None, str, str, str | None],
    stages: Sequence[str],
    rows: Collection[str],
) -> Cell | None:
    """Return the cell of a stage, row, measure and item, None when there is no such.

    Raises
    ------
    ConfigError
        If there is no such stage, or no map has such a row.
    """
    found = next((c for c in cells if (c.stage, c.row, c.measure, c.item) == wanted), None)
    stage, row = wanted[:2]
    if found is None:
        for name, what, known in ((stage, "stage", [*stages]), (row, "row", [*rows])):
            if name is not None and name not in known:
                raise ConfigError(unknown_name(what, name, known))
    return found


def unknown_name(what: str, name: str, known: Sequence[str]) -> str:
    """Return that the map has no stage, row or measure of this name, and the nearest it has."""
    near = nearest(name, known)
    fix = f"did you mean {near[0]!r}?" if near else f"one of {list(known)}"
    return f"the map has no {what} {name!r}. Fix: {fix}"


def cell_table(cells: Sequence[Cell]) -> pd.DataFrame:
    """Return one line a cell: ``stage, row, measure, item, value, unit, low, high, n, masked, code``."""
    texts = ("stage", "row", "measure", "item", "unit", "code")
    names = ("stage", "row", "measure", "item", "value", "unit", "low", "high", "n", "masked", "code")
    columns: Mapping[str, list[Any]] = {name: [getattr(cell, name) for cell in cells] for name in names}
    types = {**dict.fromkeys(names, "float64"), **dict.fromkeys(texts, TEXT), "n": "int64", "masked": bool}
    return pd.DataFrame({name: pd.Series(columns[name], dtype=types[name]) for name in names})


def _key(value: Any) -> str | int | float:
    if isinstance(value, float | np.floating):
        return float(value)
    return int(value) if isinstance(value, int | np.integer) else str(value)


def _text(value: Any) -> str | None:
    return None if value is None or value != value else str(value)


def _number(value: Any) -> float:
    return math.nan if value is None or pd.isna(value) else float(value)
