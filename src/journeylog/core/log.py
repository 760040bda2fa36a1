"""EventLog: the noun. Whole actors in time order, what was observed, and what became of every input row."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from journeylog.core import storage
from journeylog.core.card import Card
from journeylog.core.cases import case_words
from journeylog.core.chunk import Category, Chunk, Number, Text
from journeylog.core.condition import freeze, matches, warn_unseen
from journeylog.core.contracts import Grouped, Result, Stat, Step, no_stat, no_step
from journeylog.core.counts import Counts
from journeylog.core.engine import answer, gather
from journeylog.core.kernels import layout
from journeylog.core.schema import DAY
from journeylog.core.seen import name_table
from journeylog.core.select import keep_actors, keep_events
from journeylog.core.source import Memory
from journeylog.core.time import moment
from journeylog.core.window import Window
from journeylog.errors import ConfigError

__all__ = ["EventLog", "load"]


@dataclass(frozen=True, eq=False, repr=False)
class EventLog:
    """A log of events by actors, ready to be asked.

    Made by :func:`journeylog.read`; immutable. Steps return a new log, statistics return results.

    Parameters
    ----------
    source : Memory
        Where the events live.
    window : Window
        What was observed.
    card : Card
        What became of every input row.
    rejects : pyarrow.Table or None
        The rejected rows with position, raw content, column and reason.
    steps : tuple of Step
        Steps applied so far, for the record.
    written : tuple of mapping
        Of a log that was saved and opened: the steps before that, as they were written.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny()
    >>> log.n_actors, log.n_events
    (4, 12)
    >>> log.compute(jl.Transitions()).table[["from", "to", "n"]].head(2)
        from    to  n
    0  start  home  4
    1   cart   pay  2
    """

    source: Memory
    window: Window
    card: Card
    rejects: pa.Table | None = None
    steps: tuple[Step, ...] = ()
    written: tuple[Mapping[str, Any], ...] = ()

    @staticmethod
    def from_chunk(chunk: Chunk, window: Window | None = None, card: Card | None = None) -> EventLog:
        """Return a log over one chunk; the window is the data's own unless given."""
        seen = window if window is not None else observed_window(chunk)
        ties = int(layout.count_ties(chunk.time, chunk.offsets))
        return EventLog(Memory((chunk,)), seen, card or Card(chunk.n_events, chunk.n_events, ties=ties))

    @property
    def chunk(self) -> Chunk:
        """Everything as one chunk in memory."""
        return self.source.whole()

    @property
    def n_actors(self) -> int:
        """Number of actors."""
        return sum(self.source.map(lambda c: c.n_actors, 1))

    @property
    def n_events(self) -> int:
        """Number of events."""
        return sum(self.source.map(lambda c: c.n_events, 1))

    @property
    def events(self) -> tuple[str, ...]:
        """Event names that occur, in sorted order."""
        names = Counts.merge(
            [Counts({"names": name_table(chunk)}) for chunk in self.source.map(lambda c: c, 1)]
        )
        return tuple(str(name) for name in names["names"].coded("name").names({}))

    @property
    def columns(self) -> dict[str, str]:
        """Columns with their kinds: category, number, money, time, bool or text."""
        return {name: _kind(column) for name, column in self.chunk.columns.items()}

    def then(self, *steps: Step) -> EventLog:
        """Return the log with these steps applied, in this order.

        Examples
        --------
        >>> import journeylog as jl
        >>> log = jl.datasets.tiny().then(jl.Sessions(gap="30min"))
        >>> list(log.chunk.levels)
        ['session']
        """
        for step in steps:
            if not isinstance(step, Step):
                raise no_step(step)
        names = self.events
        for step in steps if names else ():  # a log without events says nothing about names
            names = step.check(names)
        source, settled = self.source, list(self.steps)
        for step in steps:
            settled.append(step.settle(partial(_count, source), self.window))
            source = source.then(settled[-1:], self.window)
        return replace(self, source=source, steps=tuple(settled))

    def compute(self, *stats: Stat, by: str | None = None, threads: int | None = None) -> Any:
        """Answer one or several statistics in one pass over the events.

        Parameters
        ----------
        *stats : Stat
            The questions, for example ``jl.Transitions(), jl.Funnel(["home", "pay"], within="7d")``.
        by : str, optional
            A categorical column; every statistic is answered for each of its values. A case belongs to the
            value at its first event.
        threads : int, optional
            Threads to use; by default as many as pay. The answer does not depend on it.

        Returns
        -------
        Result or tuple of Result
            One result for one statistic; with `by` a :class:`Grouped` in its place.

        Examples
        --------
        >>> import journeylog as jl
        >>> graph, funnel = jl.datasets.tiny().compute(jl.Transitions(), jl.Funnel(["home", "cart"]))
        >>> funnel.table["n_cases"].tolist()
        [4, 3]
        """
        for stat in stats:
            if not isinstance(stat, Stat):
                raise no_stat(stat)
        if by is not None and not isinstance(by, str):
            raise ConfigError(
                f"by={by!r} is not the name of a column. Fix: name one, for example by='channel'"
            )
        if not stats:
            raise ConfigError(
                "nothing to compute. Fix: pass at least one statistic, for example jl.Transitions()"
            )
        parts = self.source.map(lambda chunk: gather(chunk, stats, self.window, by), threads)
        results: tuple[Result | Grouped, ...] = answer(parts, stats, self.window, by)
        return results[0] if len(results) == 1 else results

    def where(self, condition: Any = None, **columns: Any) -> EventLog:
        """Return the log with only the events for which the condition holds.

        Parameters
        ----------
        condition : str, list or dict, optional
            Event name (``*`` and ``?`` are wildcards), list of them, or ``{"column": value}``.
        **columns
            Columns that must match too: text, number, list of allowed values, ``None`` for missing, or a
            comparison such as ``{">": 10}``.

        Examples
        --------
        >>> import journeylog as jl
        >>> jl.datasets.tiny().where(event=["home", "pay"]).n_events
        7
        """
        parts = [] if condition is None else [freeze(condition)]
        if columns:
            parts.append(freeze(columns))
        if not parts:
            raise ConfigError("where() needs a condition. Fix: for example log.where(channel='web')")
        chunk = self.chunk
        mask = np.ones(chunk.n_events, dtype=bool)
        for part in parts:
            warn_unseen(chunk, part)
            mask &= matches(chunk, part)
        return replace(self, source=Memory((keep_events(chunk, mask),)))

    def sample(self, n: int, seed: int = 0) -> EventLog:
        """Return about `n` whole actors, chosen by a hash of their ids: the same ones on every machine.

        Examples
        --------
        >>> import journeylog as jl
        >>> jl.datasets.tiny().sample(2).n_actors
        2
        """
        if n < 0:
            raise ConfigError(f"sample({n}) is negative. Fix: pass how many actors to keep")
        chunk = self.chunk
        if n >= chunk.n_actors:
            return self
        salt = seed.to_bytes(8, "little", signed=True)
        marks = [
            hashlib.blake2b(a.encode(), digest_size=8, key=salt).digest() for a in chunk.actors.to_pylist()
        ]
        chosen = np.zeros(chunk.n_actors, dtype=bool)
        chosen[np.argsort(np.array(marks, dtype="S8"), kind="stable")[:n]] = True
        return replace(self, source=Memory((keep_actors(chunk, chosen),)))

    def between(self, start: str | pd.Timestamp, end: str | pd.Timestamp) -> EventLog:
        """Return the log with a declared window; events outside are left out.

        Parameters
        ----------
        start, end : str or Timestamp
            Both included; without a zone they are UTC. An end without a time of day is the whole day.

        Raises
        ------
        ConfigError
            If a bound is no ISO date or time (in ``"01.02.2025"`` nobody knows which is the month), or the log has
            sessions or journeys already: they would keep what they knew of the longer window.

        Examples
        --------
        >>> import journeylog as jl
        >>> jl.datasets.tiny().between("2025-01-06 10:00", "2025-01-06").n_events
        8
        """
        if self.chunk.levels:
            raise ConfigError(
                f"the log has levels {list(self.chunk.levels)}, whose outcomes belong to the window before. "
                "Fix: declare the window first, then log.then(jl.Sessions(...), jl.Journeys(...))"
            )
        window = Window(_micros(start), _micros(end, whole_day=True), declared=True)
        mask = (self.chunk.time >= window.start) & (self.chunk.time <= window.end)
        return replace(self, source=Memory((keep_events(self.chunk, mask),)), window=window)

    def to_arrow(self) -> pa.Table:
        """Return the events as one Arrow table: actor, time, the columns, and a number for each level's case."""
        return storage.events_table(self.chunk)

    def to_pandas(self) -> pd.DataFrame:
        """Return the events as a tidy frame, one row an event.

        Examples
        --------
        >>> import journeylog as jl
        >>> jl.datasets.tiny().to_pandas().head(2)[["actor", "event"]]
          actor   event
        0   ada    home
        1   ada  search
        """
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def save(self, path: str | Path) -> Path:
        """Write the log to one Arrow file that :func:`journeylog.load` opens without encoding anything again."""
        return storage.save(Path(path), self.chunk, self.window, self.card, self.rejects, self._record)

    def describe(self) -> dict[str, Any]:
        """Return the card's numbers as JSON-able values."""
        return {
            **self.card.to_dict(),
            "actors": self.n_actors,
            "events": self.n_events,
            "event_names": len(self.events),
            "window": self.window.to_dict(),
            "columns": self.columns,
            "levels": {name: len(level) for name, level in self.chunk.levels.items()},
            "steps": self._record,
        }

    @property
    def _record(self) -> list[Mapping[str, Any]]:
        return [*self.written, *(step.to_dict() for step in self.steps)]

    @property
    def period(self) -> str:
        """The window in words; a log without events has none unless it was declared."""
        if self.window.declared:
            return f"{self.window} (declared)"
        return str(self.window) if self.n_events else "no events"

    def _card_rows(self) -> list[tuple[str, str]]:
        card = self.card
        reasons = ", ".join(
            f"{code} {n:,}" for code, n in sorted(card.reasons.items(), key=lambda r: (-r[1], r[0]))
        )
        rows = [
            ("rows in", f"{card.rows_in:,}"),
            ("kept", f"{card.kept:,}"),
            ("rejected", f"{card.rejected:,}" + (f" ({reasons})" if reasons else "")),
            ("deduplicated", f"{card.deduplicated:,}"),
            ("actors", f"{self.n_actors:,}"),
            ("events", f"{self.n_events:,} of {len(self.events):,} names"),
            ("period", self.period),
            ("ties", f"{card.ties:,}" + (f" (order: {card.order})" if card.ties else "")),
            ("columns", ", ".join(self.columns)),
        ]
        rows += [(f"{name}s", case_words(level)) for name, level in self.chunk.levels.items()]
        rows += [
            (f"source {name}", ", ".join(f"{k} {v:,}" for k, v in counts.items()))
            for name, counts in card.sources.items()
        ]
        return rows + [("note", note) for note in card.notes]

    def __repr__(self) -> str:
        """Return the card as text."""
        rows = self._card_rows()
        width = max(len(name) for name, _ in rows)
        return "EventLog\n" + "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)

    def _repr_html_(self) -> str:
        """Return the card for notebooks."""
        body = "".join(
            f"<tr><th style='text-align:left'>{_esc(k)}</th><td>{_esc(v)}</td></tr>"
            for k, v in self._card_rows()
        )
        return f"<table><caption>EventLog</caption>{body}</table>"


def load(path: str | Path) -> EventLog:
    """Open a log written by :meth:`EventLog.save`.

    Raises
    ------
    ParseError
        If the file is not such a log, or was written by a newer version.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import journeylog as jl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = jl.datasets.tiny().save(Path(folder) / "tiny.arrow")
    ...     jl.load(path).n_events
    12
    """
    chunk, window, card, rejects, written = storage.load(Path(path))
    return EventLog(Memory((chunk,)), window, card, rejects, written=written)


def _count(source: Memory, count: Callable[[Chunk], Counts]) -> Counts:
    return Counts.merge(source.map(count))


def observed_window(chunk: Chunk) -> Window:
    """Return the first and the last time of the data."""
    if chunk.n_events == 0:
        return Window(0, 0)
    return Window(int(chunk.time.min()), int(chunk.time.max()))


def _kind(column: Category | Number | Text) -> str:
    if isinstance(column, Number):
        return {"": "number", "micros": "money"}.get(column.unit, column.unit)
    return "category" if isinstance(column, Category) else "text"


def _micros(given: str | pd.Timestamp, whole_day: bool = False) -> int:
    at = moment(given.strip() if isinstance(given, str) else given, "window")
    if whole_day and isinstance(given, str) and len(given.strip()) <= len("2025-01-31"):
        at += DAY - 1
    return at


def _esc(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
