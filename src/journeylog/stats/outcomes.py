"""Outcomes: how many cases reached their goal, dropped off, or are still open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from journeylog.core.cases import NO_PATIENCE, under_way_note, with_cases
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Counts, Table
from journeylog.core.intervals import cluster_share
from journeylog.core.kernels.moments import case_moments
from journeylog.core.nodes import TEXT, ratio
from journeylog.core.schema import DROPPED, OPEN, OUTCOME_WORDS, REACHED, UNDECLARED
from journeylog.core.window import Window

__all__ = ["Outcomes", "OutcomesResult"]

_ENDS = (REACHED, DROPPED, OPEN)
_COLUMNS = ("n", "n_actors", "kk", "kn")
_WHOLE = ("n", "n_actors", "nn")


@dataclass(frozen=True)
class Outcomes(Stat):
    """Count how cases ended: reached, dropped, or open when the window ended.

    Parameters
    ----------
    case : str or None
        What is followed: ``"actor"``, ``"session"``, ``"journey"``, or a column that names an object (order,
        deal). None is ``"journey"`` when the log has journeys and ``"actor"`` otherwise.

    Notes
    -----
    Table, always the three rows reached, dropped, open: ``outcome, n, n_actors, n_total, n_actors_total, share,
    share_low, share_high``.

    ``share`` is ``n / n_total``: of all cases, as they stood when the window ended. Open cases may still reach the
    goal or drop off, so the share that reached is what there is so far, and the shares of both can only grow as
    the same cases are watched longer. Intervals are Wilson's; when an actor has several cases they know that these
    go together. Cases under way before the window (``run_in`` of :class:`journeylog.Journeys`) are not among
    them; a note says how many there are.

    Counts merge by addition, keyed by the outcome.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="1h"))
    >>> log.compute(jl.Outcomes()).table[["outcome", "n", "n_total", "share"]]
       outcome  n  n_total  share
    0  reached  2        4   0.50
    1  dropped  1        4   0.25
    2     open  1        4   0.25
    """

    case: str | None = None

    def prepare(self, chunk: Chunk) -> Chunk:
        """Return the chunk with a level for an object column when that is the case."""
        return with_cases(chunk, self.case)

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of each outcome, and of all cases."""
        level = chunk.cases(self.case_level(chunk))
        rows = np.full(len(level), -1, np.int32)
        for i, end in enumerate(_ENDS):
            rows[level.outcome == end] = i
        counts, whole = case_moments(rows, level.actor_offsets, len(_ENDS))
        used = np.flatnonzero(counts[:, 0])
        more = {"patience": level.patience, "n_under_way": level.n_under_way}
        return Counts(
            {
                "ends": Table({"end": used}, dict(zip(_COLUMNS, counts[used].T.copy(), strict=True))),
                "cases": Table(
                    {},
                    {
                        **dict(zip(_WHOLE, whole.reshape(3, 1), strict=True)),
                        **{name: np.array([n], np.int64) for name, n in more.items()},
                    },
                    largest=("patience",),
                ),
            }
        ).canonical()

    def result(self, counts: Counts, window: Window) -> OutcomesResult:
        """Return shares and their intervals."""
        ends, cases = counts["ends"], counts["cases"].values
        total = {name: int(cases[name][0]) if len(cases[name]) else 0 for name in _WHOLE}
        values = {name: np.zeros(len(_ENDS), np.int64) for name in _COLUMNS}
        for name in _COLUMNS:
            values[name][ends.codes("end")] = ends.values[name]
        n, actors, nn = (np.full(len(_ENDS), total[name]) for name in _WHOLE)
        low, high = cluster_share(values["n"], n, values["kk"], values["kn"], nn)
        table = pd.DataFrame(
            {
                "outcome": pd.array([OUTCOME_WORDS[end] for end in _ENDS], dtype=TEXT),
                "n": values["n"],
                "n_actors": values["n_actors"],
                "n_total": n,
                "n_actors_total": actors,
                "share": ratio(values["n"], n),
                "share_low": low,
                "share_high": high,
            }
        )
        told = int(cases["patience"].max(initial=UNDECLARED)) != UNDECLARED or not total["n"]
        notes = (*(() if told else (NO_PATIENCE,)), *under_way_note(int(cases["n_under_way"].sum())))
        return OutcomesResult(self, window, table, {}, notes)


@dataclass(frozen=True, eq=False, repr=False)
class OutcomesResult(Result):
    """How cases ended; see :class:`Outcomes` for the table."""
