"""When an event ended: by a column of its own, or by a later event that completes it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.chunk import Category, Number
from journeylog.core.kernels.time import INSTANT, NULL
from journeylog.core.notes import Note, note
from journeylog.core.time import read_stamps
from journeylog.core.time_rule import TimeRule
from journeylog.errors import ConfigError, MissingColumnError, cut, nearest
from journeylog.ingest.gather import category
from journeylog.ingest.judged import Judged
from journeylog.ingest.rejects import Reason
from journeylog.ingest.verdicts import Verdicts

__all__ = ["END", "Lifecycle", "with_ends"]

Ints = npt.NDArray[np.int64]

#: The attribute that holds when an event ended.
END = "end"


@dataclass(frozen=True)
class Lifecycle:
    """A log that tells when an activity started and when it was completed, in two rows; read as one event.

    A start and the next completion of the same event of the same actor (and the same instance, where there is such a
    column) are one event at the time of the start, with the attributes of the start and the attribute ``end``. Of
    several that are open the one that started first is completed. A completion that was never started is an event
    that ends when it begins; a start that is never completed, and every row of another transition, has no end.

    Parameters
    ----------
    column : str
        Column of the transition.
    start, complete : str
        What it holds for a start and a completion; letters may be large or small.
    instance : str
        Column that tells several runs of one activity apart; rows without one belong together.

    Examples
    --------
    >>> import journeylog as jl, pandas as pd
    >>> rows = pd.DataFrame({
    ...     "case": "c1", "step": ["check", "check", "pay"], "what": ["start", "complete", "complete"],
    ...     "at": ["2025-01-01T10:00Z", "2025-01-01T10:20Z", "2025-01-01T11:00Z"],
    ... })
    >>> log = jl.read(rows, actor="case", event="step", time="at", end=jl.Lifecycle("what"))
    >>> log.to_pandas()["event"].tolist()
    ['check', 'pay']
    """

    column: str = "lifecycle:transition"
    start: str = "start"
    complete: str = "complete"
    instance: str = "concept:instance"

    def __post_init__(self) -> None:
        """Refuse one word for both."""
        if self.start.casefold() == self.complete.casefold():
            raise ConfigError(
                f"Lifecycle(start={self.start!r}, complete={self.complete!r}) are the same word. "
                "Fix: pass the two words of the column"
            )


def with_ends(
    pieces: Sequence[Judged], end: str | Lifecycle, rule: TimeRule
) -> tuple[list[Judged], str, list[Note]]:
    """Return the pieces with the attribute ``end``, the name it has, and what is to be noted.

    An event that ends before it begins is rejected as ``DURATION_NEGATIVE``; completions that became the end of their
    start are no rows of their own any more.
    """
    name = end if isinstance(end, str) else end.column
    known = {column for piece in pieces for column in piece.columns}
    if pieces and name not in known:
        near = nearest(name, known)
        hint = f"did you mean {near[0]!r}?" if near else f"name one of {cut(sorted(known))}"
        raise MissingColumnError(f"no column {name!r} for end=. Fix: {hint}")
    named = END if END not in known - {name} else f"{END}_2"
    found, notes = (
        _by_column(pieces, end, named, rule) if isinstance(end, str) else _by_pairs(pieces, end, named)
    )
    return found, named, notes


def _by_column(
    pieces: Sequence[Judged], name: str, named: str, rule: TimeRule
) -> tuple[list[Judged], list[Note]]:
    found, n_unread = [], 0
    for piece in pieces:
        column = piece.columns.get(name)
        if column is None:
            micros, valid = np.zeros(len(piece), np.int64), np.zeros(len(piece), bool)
        else:
            stamps = read_stamps(column.to_arrow() if isinstance(column, Number) else column, rule)
            micros, valid = stamps.micros, stamps.verdict == INSTANT
            n_unread += int(np.count_nonzero(~valid & (stamps.verdict != NULL)))
        found.append(_rejected(_ended(piece, micros, valid, named, name), named, name))
    notes = (
        [note("{n:,} times in {name!r} could not be read and are missing", n=n_unread, name=name)]
        if n_unread
        else []
    )
    return found, notes


def _by_pairs(pieces: Sequence[Judged], rule: Lifecycle, named: str) -> tuple[list[Judged], list[Note]]:
    what = _codes(pieces, rule.column)
    words = np.array([word.casefold() for word in what.names] + [""], dtype=object)[what.codes]
    started, completed = words == rule.start.casefold(), words == rule.complete.casefold()
    time = np.concatenate([np.zeros(0, np.int64), *(p.stamps.micros for p in pieces)])
    partner = _pairs(pieces, rule, started, completed)
    ends = np.where(partner >= 0, time[partner], time)
    valid = (partner >= 0) | completed
    absorbed = np.zeros(len(time), bool)
    absorbed[partner[partner >= 0]] = True
    found, at = [], 0
    for piece in pieces:
        mine = slice(at, at + len(piece))
        at += len(piece)
        kept = replace(
            _ended(piece, ends[mine], valid[mine], named, ""),
            rows_in=piece.rows_in - int(absorbed[mine].sum()),
        ).only(~absorbed[mine])
        found.append(_rejected(kept, named, rule.column))
    n, alone = int(absorbed.sum()), int(np.count_nonzero(started & (partner < 0)))
    notes = [note("{n:,} completions are the end of the start before them, and no rows of their own", n=n)]
    if alone:
        notes.append(note("{n:,} starts are never completed and have no end", n=alone))
    return found, notes


def _pairs(
    pieces: Sequence[Judged],
    rule: Lifecycle,
    started: npt.NDArray[np.bool_],
    completed: npt.NDArray[np.bool_],
) -> Ints:
    """Return for each start its completion, -1 for none; in the order of the input, first started first completed."""
    actor, event = (
        np.concatenate([np.zeros(0, np.int64), *(getattr(p, role).to_numpy() for p in pieces)])
        for role in ("actor", "event")
    )
    instance = _codes(pieces, rule.instance)
    key = (actor * (event.max(initial=0) + 1) + event) * (len(instance.labels) + 1) + instance.codes + 1
    partner = np.full(len(key), -1, np.int64)
    at = np.flatnonzero(started | completed)
    waiting: dict[int, deque[int]] = {}
    for i, k, starts in zip(at.tolist(), key[at].tolist(), started[at].tolist(), strict=True):
        queue = waiting.setdefault(k, deque())
        if starts:
            queue.append(i)
        elif queue:
            partner[queue.popleft()] = i
    return partner


def _codes(pieces: Sequence[Judged], name: str) -> Category:
    parts: list[Any] = []
    for piece in pieces:
        column = piece.columns.get(name)
        if isinstance(column, Number):
            column = column.to_arrow()
        parts.append(pa.nulls(len(piece), pa.string()) if column is None else column)
    return category(parts)


def _ended(piece: Judged, micros: Ints, valid: npt.NDArray[np.bool_], named: str, drop: str) -> Judged:
    columns = {name: column for name, column in piece.columns.items() if name != drop}
    columns[named] = Number(np.where(valid, micros, 0), valid, "time")
    return replace(piece, columns=columns)


def _rejected(piece: Judged, named: str, column: str) -> Judged:
    """Return the piece without the events that end before they begin, which become rejects."""
    end = piece.columns[named]
    verdicts = Verdicts(len(piece))
    verdicts.reject(end.valid & (end.values < piece.stamps.micros), Reason.DURATION_NEGATIVE, column)
    return piece.split(verdicts)
