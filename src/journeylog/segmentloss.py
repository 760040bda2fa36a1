"""Who is lost where: the drop-off of each segment at each point, beside that of all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.cases import PathStat
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Counts, Table
from journeylog.core.differences import Estimates, benjamini_hochberg, difference, p_value
from journeylog.core.engine import gather
from journeylog.core.nodes import TEXT
from journeylog.core.notes import note
from journeylog.core.window import Window
from journeylog.errors import ConfigError
from journeylog.stats.dropoff import DropOff

__all__ = ["SegmentLoss", "SegmentLossResult"]

#: A difference with a q-value below this is called supported.
_SUPPORTED: Final = 0.05
_RATES: Final = ("drop_rate", "drop_rate_low", "drop_rate_high")


@dataclass(frozen=True)
class SegmentLoss(PathStat):
    """Rank segments and points by how many more drop off there than if it went as for all others.

    Parameters
    ----------
    by : str
        A categorical column whose values are the segments; a case counts for the value at its first event.
    min_n : int
        Followed visits that a segment, and all others together, need at a point.
    node, case, merge
        See :class:`DropOff`.

    Raises
    ------
    ConfigError
        If `by` is not the name of a column, or `min_n` is no number of visits.

    Notes
    -----
    Table, what is surely lost most first: ``rank, node, segment, n_followed, n_dropped, n_followed_rest,
    n_dropped_rest, drop_rate, drop_rate_low, drop_rate_high, rest_rate, rest_rate_low, rest_rate_high, difference,
    difference_low, difference_high, excess, excess_low, excess_high, p, q, supported``.

    ``difference`` is that of the two drop-off rates with the interval that both of theirs make (:class:`DropOff`, so
    an actor who comes often counts for what he knows); ``excess`` is that many of the segment's followed visits.
    q is Benjamini and Hochberg's over all rows. An association: other people may be in the segment.

    Counts merge by addition: those of :class:`DropOff`, keyed by the segment too.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="1h"))
    >>> table = log.compute(jl.SegmentLoss(by="channel", min_n=1)).table
    >>> table.loc[table["node"] == "home", ["segment", "n_dropped", "n_followed", "n_dropped_rest", "n_followed_rest"]]
      segment  n_dropped  n_followed  n_dropped_rest  n_followed_rest
    3     app          0           1               1                3
    4     web          1           3               0                1
    """

    by: str = ""
    min_n: int = 100

    def __post_init__(self) -> None:
        """Check what was asked."""
        if not isinstance(self.by, str) or not self.by:
            raise ConfigError(f"by={self.by!r} is not the name of a column. Fix: for example by='channel'")
        if isinstance(self.min_n, bool) or not isinstance(self.min_n, int) or self.min_n < 1:
            raise ConfigError(f"min_n={self.min_n!r} is not possible. Fix: a whole number of at least 1")

    @property
    def _question(self) -> DropOff:
        return DropOff(self.node, self.case, self.merge)

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of ways on by segment."""
        found = gather(chunk, [self._question], window, self.by)[0]
        tables = {}
        for name, table in found.tables.items():
            keys = {"segment" if key == "by" else key: column for key, column in table.keys.items()}
            tables[name] = replace(table, keys=keys)
        return Counts(tables)

    def result(self, counts: Counts, window: Window) -> SegmentLossResult:
        """Return every segment beside all others."""
        segments = sorted(
            {name for name in counts["nodes"].coded("segment").names({}) if isinstance(name, str)}
        )
        frames = [self._beside(counts, window, segment) for segment in segments]
        table = pd.concat(frames, ignore_index=True) if frames else self._beside(counts, window, "").iloc[:0]
        table = _judged(table)
        notes = [note("association, not cause: the segment may go better because other people are in it")]
        return SegmentLossResult(self, window, table, {}, tuple(notes))

    def _beside(self, counts: Counts, window: Window, segment: str) -> pd.DataFrame:
        """Return the nodes that a segment and the others have enough visits of."""
        inside, others = (
            self._question.result(_part(counts, kept), window).table
            for kept in (lambda name: name == segment, lambda name: name != segment)
        )
        both = inside.merge(others, on="node", suffixes=("", "_rest"))
        both = both[(both["n_followed"] >= self.min_n) & (both["n_followed_rest"] >= self.min_n)]
        names = {f"{rate}_rest": f"rest{rate.removeprefix('drop')}" for rate in _RATES}
        both = both.reset_index(drop=True).rename(columns=names)
        both.insert(1, "segment", pd.array([segment] * len(both), dtype=TEXT))
        counted = ["n_followed", "n_dropped", "n_followed_rest", "n_dropped_rest"]
        return both[["node", "segment", *counted, *_RATES, *names.values()]]


@dataclass(frozen=True, eq=False, repr=False)
class SegmentLossResult(Result):
    """Segments beside all others; see :class:`SegmentLoss` for the table."""

    @property
    def supported(self) -> pd.DataFrame:
        """The rows whose difference is supported."""
        return self.table[self.table["supported"]].reset_index(drop=True)


def _judged(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with differences, their chances, and ranks."""
    mine, rest = (
        Estimates(*(table[f"{name}{end}"].to_numpy(np.float64) for end in ("", "_low", "_high")))
        for name in ("drop_rate", "rest_rate")
    )
    gap = difference(rest, mine)
    n = table["n_followed"].to_numpy(np.float64)
    p: npt.NDArray[np.float64] = p_value(gap)
    q = benjamini_hochberg(p)
    told = {
        f"{name}{end}": values * scale
        for name, scale in (("difference", 1.0), ("excess", n))
        for end, values in zip(("", "_low", "_high"), gap, strict=True)
    }
    table = table.assign(**told, p=p, q=q, supported=np.nan_to_num(q, nan=1.0) < _SUPPORTED)
    table = table.sort_values(
        ["excess_low", "excess", "node", "segment"], ascending=[False, False, True, True], kind="stable"
    )
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table.reset_index(drop=True)


def _part(counts: Counts, kept: Callable[[str | None], bool]) -> Counts:
    """Return the counts of some segments, added up."""
    tables: dict[str, Table] = {}
    for name, table in counts.tables.items():
        names = table.coded("segment").names({})
        rows = table.take(np.flatnonzero([kept(one) for one in names]))
        tables[name] = replace(rows, keys={k: c for k, c in rows.keys.items() if k != "segment"})
    return Counts(tables).canonical()
