"""The two contracts (Step, Stat) and what a Stat returns (Result)."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa

from journeylog.core.chunk import Chunk
from journeylog.core.counts import Counts
from journeylog.core.nodes import TEXT
from journeylog.core.window import Window
from journeylog.errors import ConfigError

__all__ = ["Grouped", "Result", "Stat", "Step", "made_of", "no_stat", "no_step", "question_dict"]


def question_dict(question: object) -> dict[str, Any]:
    """Return a step or a statistic as JSON-able values, its class under ``"kind"``."""
    fields = {f.name: getattr(question, f.name) for f in dataclasses.fields(question)}  # type: ignore[arg-type]
    return {"kind": type(question).__name__, **json.loads(json.dumps(fields, default=str))}


def made_of(kind: object) -> str | None:
    """Return how an instance of a class of statistics or steps is written, None for anything else.

    Examples
    --------
    >>> import journeylog as jl
    >>> made_of(jl.Funnel), made_of(jl.Transitions), made_of(jl.Funnel(["home", "pay"]))
    ('jl.Funnel(...)', 'jl.Transitions()', None)
    """
    if not (isinstance(kind, type) and issubclass(kind, Stat | Step)):
        return None
    needed = any(
        parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
        for parameter in inspect.signature(kind).parameters.values()
    )
    return f"jl.{kind.__name__}({'...' if needed else ''})"


class Step(ABC):
    """A frozen dataclass that maps a chunk of whole actors to a chunk of whole actors.

    A step looks at one actor at a time, so applying it to the parts is the same as applying it to the whole.
    """

    @abstractmethod
    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the new chunk; the old one is untouched."""

    def check(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the event names after this step, given those before; warn about names that do not occur.

        Asked once for a log, before its partitions are changed, so a warning comes once however they lie.
        """
        return tuple(names)

    def settle(self, count: Callable[[Callable[[Chunk], Counts]], Counts], window: Window) -> Step:
        """Return the step with what it has to learn from the whole log first; by default there is nothing.

        Asked once for a log, before its partitions are changed, so all of them are changed alike.

        Parameters
        ----------
        count : callable
            Counts every partition by the function it is given, and adds up.
        window : Window
        """
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the step as JSON-able values."""
        return question_dict(self)


class Stat(ABC):
    """A question as data: a frozen dataclass with two pure functions.

    :meth:`summarize` counts a chunk, :meth:`result` divides. Counts of chunks add up, so the same two functions
    serve one table in memory, threads, files that do not fit in memory and other machines.
    """

    def case_level(self, chunk: Chunk) -> str:
        """Return the level whose cases this statistic counts; ``by=`` takes its value at their first events."""
        case = getattr(self, "case", None)
        return str(case) if case is not None else ("journey" if "journey" in chunk.levels else "actor")

    def prepare(self, chunk: Chunk) -> Chunk:
        """Return the chunk with what the statistic needs made first (object cases); by default nothing."""
        return chunk

    @abstractmethod
    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of a chunk; an empty chunk gives empty tables with the full schema."""

    @abstractmethod
    def result(self, counts: Counts, window: Window) -> Result:
        """Return the readable result of (merged) counts."""

    def to_dict(self) -> dict[str, Any]:
        """Return the question as JSON-able values."""
        return question_dict(self)


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """The answer to a statistic.

    Parameters
    ----------
    question : Stat
        What was asked.
    window : Window
        What was observed.
    table : pandas.DataFrame
        The main table: counts first, then rates, then intervals. Numerators and denominators always.
    tables : mapping of str to pandas.DataFrame
        Further tables of the same answer.
    notes : tuple of str
        What a reader must know (no patience declared, names that did not occur).
    """

    question: Stat
    window: Window
    table: pd.DataFrame
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def plot(self, **options: Any) -> Any:
        """Return the plotly figure of this result; see :mod:`journeylog.plots`."""
        return importlib.import_module("journeylog.plots").plot(self, **options)

    def to_arrow(self) -> pa.Table:
        """Return the main table as Arrow."""
        return pa.Table.from_pandas(self.table, preserve_index=False)

    def to_sql(
        self,
        target: Any,
        table: str,
        *,
        schema: str | None = None,
        if_exists: str = "replace",
        nul: str | None = None,
    ) -> int:
        """Write the main table to a database in one transaction; see :func:`journeylog.write_sql`."""
        return _write_sql(self, target, table, schema=schema, if_exists=if_exists, nul=nul)

    def to_dict(self) -> dict[str, Any]:
        """Return question, window, notes and all tables as JSON-able values (nan and missing become None)."""
        return {
            "question": self.question.to_dict(),
            "window": self.window.to_dict(),
            "notes": list(self.notes),
            "table": _records(self.table),
            "tables": {name: _records(table) for name, table in self.tables.items()},
        }

    def __repr__(self) -> str:
        """Return the question, the window and the first rows."""
        lines = [f"{self.question!r}", f"window: {self.window}"]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join([*lines, self.table.head(20).to_string(max_colwidth=40, float_format="%.4g")])

    def _repr_html_(self) -> str:
        """Return the table for notebooks."""
        notes = "".join(f"<p><small>{_escape(note)}</small></p>" for note in self.notes)
        head = f"<p><b>{_escape(repr(self.question))}</b><br><small>window: {_escape(str(self.window))}</small></p>"
        shown = self.table.head(50)
        more = len(self.table) - len(shown)
        tail = f"<p><small>and {more:,} more rows in <code>.table</code></small></p>" if more > 0 else ""
        return head + notes + _table_html(shown) + tail


@dataclass(frozen=True, eq=False, repr=False)
class Grouped(Mapping[str | None, Result]):
    """One result for each value of an attribute (``by=``); the table has the value as its first column."""

    by: str
    results: Mapping[str | None, Result]
    window: Window
    blank: pd.DataFrame

    def __getitem__(self, value: str | None) -> Result:
        """Return the result of one value."""
        return self.results[value]

    def __iter__(self) -> Iterator[str | None]:
        """Iterate over the values."""
        return iter(self.results)

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self.results)

    @property
    def table(self) -> pd.DataFrame:
        """All tables below each other, the value first."""
        parts = [(value, result.table) for value, result in self.results.items()] or [(None, self.blank)]
        frames = []
        for value, table in parts:
            column = pd.Series([value] * len(table), index=table.index, dtype=TEXT)
            frame = table.copy()
            frame.insert(0, self.by, column, allow_duplicates=True)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def to_arrow(self) -> pa.Table:
        """Return the table as Arrow."""
        return pa.Table.from_pandas(self.table, preserve_index=False)

    def to_sql(
        self,
        target: Any,
        table: str,
        *,
        schema: str | None = None,
        if_exists: str = "replace",
        nul: str | None = None,
    ) -> int:
        """Write the table to a database in one transaction; see :func:`journeylog.write_sql`."""
        return _write_sql(self, target, table, schema=schema, if_exists=if_exists, nul=nul)

    def to_dict(self) -> dict[str, Any]:
        """Return all results as JSON-able values."""
        groups = [{"value": value, **result.to_dict()} for value, result in self.results.items()]
        return {"by": self.by, "window": self.window.to_dict(), "groups": groups}

    def __repr__(self) -> str:
        """Return the values and the first rows."""
        return (
            f"by {self.by!r}: {len(self)} values; a case counts for the value at its first event\n"
            + self.table.head(20).to_string(max_colwidth=40)
        )

    def _repr_html_(self) -> str:
        """Return the table for notebooks."""
        return _table_html(self.table.head(100))


def _write_sql(result: Result | Grouped, target: Any, table: str, **how: Any) -> int:
    """Write through the layer above, which is loaded for it: results do not know how they are exported."""
    written: int = importlib.import_module("journeylog.exports.sql").write_sql(result, target, table, **how)
    return written


def _table_html(table: pd.DataFrame) -> str:
    return str(table.to_html(escape=True, float_format="{:.4g}".format, border=0))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(
        table.to_json(orient="records", date_format="iso", double_precision=15)
    )
    return rows


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def no_step(given: object) -> ConfigError:
    """Return the error for what is no step; of a class it says how one is made."""
    if isinstance(given, Stat):
        return ConfigError(
            f"{type(given).__name__} is a statistic, not a step. Fix: log.compute({made_of(type(given))})"
        )
    if (made := made_of(given)) is None:
        return ConfigError(f"{given!r} is not a step. Fix: pass for example jl.Sessions(gap='30min')")
    asks = "compute" if issubclass(given, Stat) else "then"  # type: ignore[arg-type]
    return ConfigError(f"{made.split('(')[0]} is a class. Fix: make one, log.{asks}({made})")


def no_stat(given: object) -> ConfigError:
    """Return the error for what is no statistic; of a class it says how one is made."""
    if isinstance(given, Step):
        return ConfigError(
            f"{type(given).__name__} is a step, not a statistic. Fix: log.then({made_of(type(given))})"
        )
    if made_of(given) is None:
        return ConfigError(f"{given!r} is not a statistic. Fix: pass for example jl.Transitions()")
    return no_step(given)
