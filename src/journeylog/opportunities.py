"""Opportunities: what the goal would gain if a point of the journey went as in the best comparable segment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.cases import PathStat, under_way_note
from journeylog.core.chain import Chain
from journeylog.core.chain_frames import ModelParts, endless_note, priced_parts
from journeylog.core.chain_gain import Gain, Gains, Point, Row
from journeylog.core.chain_halves import mean_of_halves
from journeylog.core.chain_segments import SegmentMoves
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Counts
from journeylog.core.deviations import gap_interval, p_of
from journeylog.core.differences import benjamini_hochberg
from journeylog.core.nodes import TEXT
from journeylog.core.notes import note
from journeylog.core.samples import needed
from journeylog.core.window import Window
from journeylog.errors import ConfigError
from journeylog.stats.model import GROUPS, Model

__all__ = ["Opportunities", "OpportunitiesResult"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: A gain with a q-value below this is called supported.
SUPPORTED: Final = 0.05
_EVIDENCE: Final = {False: "association", True: "experiment"}
_ADDS = note("gains do not add up: a journey that is won at one point can be lost at the next")


@dataclass(frozen=True)
class Opportunities(PathStat):
    """Rank the points of a journey by what the goal would gain if each went as in its best segment.

    Two kinds of points: a *stage*, with all its ways on as in the segment; and an *edge*, with the share of one way on as
    in the segment and the others in proportion. Everything else stays as it is, and the chain (:class:`Model`) says what
    that does to the share of journeys that reach the goal.

    Parameters
    ----------
    by : str
        A categorical column whose values are the segments; a case counts for the value at its first event.
    min_n : int
        Followed visits a segment needs at a point to be comparable there.
    top : int
        Rows to return at most of each kind, those with the largest gains.
    experiment : bool
        Whether `by` was assigned at random. Otherwise a gain is an association: the segment may go better because
        other people are in it.
    value, currency, node, case, merge
        See :class:`Model`.

    Raises
    ------
    ConfigError
        If `by` is not the name of a column, or a number is not possible.

    Notes
    -----
    Table, largest gains first: ``rank, part, node, kind, to, to_kind, segment, n_agree, n_followed, n_segment, rate,
    rate_segment, goal_rate, goal_rate_then, gain, gain_low, gain_high, gain_journeys, gain_journeys_low,
    gain_journeys_high, gain_value, gain_value_low, gain_value_high, gain_naive, p, q, supported, evidence,
    n_needed``.

    ``gain`` is a share of all journeys, ``gain_journeys`` their number in this log, ``gain_value`` the money they bring,
    nan where journeys go on for ever in the chain, as it is or as it would be.
    ``goal_rate`` is the chance from this point on as it is, ``goal_rate_then`` as it would be. ``n_needed`` is how many
    journeys that come to this point each half of an experiment needs to see that difference: two proportions, two-sided
    at 5 %, found in 80 of 100 experiments (:func:`journeylog.core.samples.needed`).

    The best of many segments looks better than it is (winner's curse). So it is chosen among one half of the actors and
    measured among the other, and the other way round, and the mean is taken; ``segment`` is the choice of all,
    ``n_agree`` how many of both halves made it, and ``gain_naive`` what choosing and measuring on the same actors would
    have said. A gain may then well be negative: no segment is really better.

    Intervals: the deviations of 64 groups of actors, carried through the chain (delta method), the choice taken as it
    was made and widened for what the two halves have in common when segments are alike. q is Benjamini and Hochberg's
    over all comparable points.

    Counts merge by addition: those of :class:`Model`, keyed by the segment too.

    References
    ----------
    J. Sherman, W. J. Morrison (1950), Adjustment of an inverse matrix. Ann. Math. Stat. 21. I. Andrews, T. Kitagawa,
    A. McCloskey (2024), Inference on winners. QJE 139. V. Chernozhukov and others (2018), Double/debiased machine
    learning. Econometrics J. 21 (cross-fitting).

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="1h"))
    >>> found = log.compute(jl.Opportunities(by="channel", min_n=1))
    >>> found.table.columns[:6].tolist()
    ['rank', 'part', 'node', 'kind', 'to', 'to_kind']
    """

    by: str = ""
    min_n: int = 100
    top: int = 50
    experiment: bool = False
    value: str | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        """Check what was asked."""
        if not isinstance(self.by, str) or not self.by:
            raise ConfigError(f"by={self.by!r} is not the name of a column. Fix: for example by='channel'")
        for name in ("min_n", "top"):
            n = getattr(self, name)
            if not isinstance(n, int) or n < 1:
                raise ConfigError(f"{name}={n!r} is not possible. Fix: a whole number of at least 1")

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of the chain by segment."""
        question = Model(self.node, self.case, self.merge, self.value, times=False, currency=self.currency)
        return question.summarize_by(chunk, window, chunk.category(self.by))

    def result(self, counts: Counts, window: Window) -> OpportunitiesResult:
        """Return the ranked points."""
        whole = Counts({**counts.tables, "moves": counts["moves"].without("segment")[0]})
        parts, untold = priced_parts(whole, GROUPS, self.value, self.currency)
        chain, segments = Chain.of(parts.sample), SegmentMoves.of(counts["moves"], parts)
        table, n_points = _ranked(self, parts, chain, segments)
        notes = [_ADDS, *untold, *endless_note(parts, chain)]
        notes += under_way_note(int(counts["cases"].values["n_under_way"].sum()))
        if not self.experiment:
            notes.append(
                note("association, not cause: the segment may go better because other people are in it")
            )
        if len(table) < n_points:
            notes.append(note("{n:,} of {total:,} comparable points are shown", n=len(table), total=n_points))
        if len(parts.sample.n) and not n_points:
            notes.append(
                note("no point has two segments with at least {least:,} followed visits", least=self.min_n)
            )
        return OpportunitiesResult(self, window, table, {}, tuple(notes))


@dataclass(frozen=True, eq=False, repr=False)
class OpportunitiesResult(Result):
    """The ranked points; see :class:`Opportunities` for the table."""

    @property
    def supported(self) -> pd.DataFrame:
        """The rows whose gain is supported."""
        return self.table[self.table["supported"]].reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class _Place:
    """A state with its segments: who is comparable, and how they go on in each half."""

    point: Point
    segments: SegmentMoves
    min_n: int

    @cached_property
    def n(self) -> Floats:
        """Followed visits by segment and half."""
        return np.asarray(self.segments.by_half[:, :, self.point.row].sum(2))

    @cached_property
    def comparable(self) -> Ints:
        """SegmentMoves with enough visits, in both halves."""
        enough = (self.n.sum(1) >= self.min_n) & (self.n > 0).all(1)
        return np.flatnonzero(enough)

    @cached_property
    def _rates(self) -> dict[int | None, Floats]:
        """Rates by comparable segment and edge, in each half and in all."""
        counts = self.segments.by_half[self.comparable][:, :, self.point.row]
        parts = {0: counts[:, 0], 1: counts[:, 1], None: counts.sum(1)}
        return {half: n / np.maximum(n.sum(1, keepdims=True), 1.0) for half, n in parts.items()}

    def rates(self, segment: int, half: int | None) -> Floats:
        """Return the rates of a segment in a half, or in all."""
        return np.asarray(self._rates[half][np.searchsorted(self.comparable, segment)])

    def put(self, rates: Floats, edge: int | None) -> Floats:
        """Return the new rates: those given, or the one of an edge and the others in proportion."""
        if edge is None:
            return rates
        old = self.point.gains.chain.rate[self.point.row]
        new = old * (1 - rates[edge]) / (1 - old[edge])
        new[edge] = rates[edge]
        return np.asarray(new)

    def row(self, rates: Floats, own: Floats, edge: int | None) -> Row:
        """Return the new ways on, with what deviates in them."""
        old = self.point.gains.chain.rate[self.point.row]
        size = len(old)
        if edge is None:
            return Row(rates, np.zeros((size, size)), own)
        rest = 1 - old[edge]
        scale = (1 - rates[edge]) / rest
        carried = np.eye(size) * scale
        carried[edge] = old * scale / rest
        carried[edge, edge] = 0.0
        # where the rate of the segment deviates, the others make room in proportion
        moved = own[:, [edge]] * -(old / rest)
        moved[:, edge] = own[:, edge]
        return Row(self.put(rates, edge), carried, moved)

    def gains(self, half: int | None, edge: int | None) -> Floats:
        """Return what would be gained as in each of the segments, measured in a half."""
        return self._whole_gains[half] if edge is None else self._edge_gains[half][:, edge]

    @cached_property
    def _whole_gains(self) -> dict[int | None, Floats]:
        old = self.point.gains.chain.rate[self.point.row]
        return {half: self.point.values(rates - old) for half, rates in self._rates.items()}

    @cached_property
    def _edge_gains(self) -> dict[int | None, Floats]:
        old = self.point.gains.chain.rate[self.point.row]
        return {half: self.point.edge_values(rates - old) for half, rates in self._rates.items()}

    def measured(self, edge: int | None) -> list[Row]:
        """Return the ways on as in the segment that each half of the actors chooses, measured in the other half."""
        rows = []
        for half in (0, 1):
            segment = self.best(half, edge)
            rates = self.rates(segment, 1 - half)
            own, freedom = self.segments.deviation(segment, 1 - half, self.point.row, rates)
            rows.append(self.row(rates, own, edge)._replace(freedom=freedom))
        return rows

    def best(self, half: int | None, edge: int | None) -> int:
        """Return the segment with the largest gain, seen in one half."""
        return int(self.comparable[int(np.nanargmax(self.gains(half, edge)))])

    def seen(self, edge: int | None) -> float:
        """Return what would be gained: chosen in one half of the actors, measured in the other, both ways round."""
        return float(_seen(self.gains(0, edge)[:, None], self.gains(1, edge)[:, None])[0])

    def edges_seen(self) -> Floats:
        """Return the same of each edge by itself."""
        return _seen(self._edge_gains[0], self._edge_gains[1])


def _seen(one: Floats, other: Floats) -> Floats:
    """Return the gains, by column, of each half's best row in the other half: their mean."""
    first, second = (np.argmax(np.where(np.isnan(half), -np.inf, half), axis=0) for half in (one, other))
    column = np.arange(one.shape[1])
    return np.asarray((other[first, column] + one[second, column]) / 2)


def _ranked(
    question: Opportunities, parts: ModelParts, chain: Chain, segments: SegmentMoves
) -> tuple[pd.DataFrame, int]:
    """Return the table, and how many points were comparable."""
    gains = Gains(chain)
    points: list[tuple[float, _Place, int | None]] = []
    states = np.flatnonzero(chain.told)
    for point in gains.at(states) if len(states) else []:
        place = _Place(point, segments, question.min_n)
        if len(place.comparable) < 2:
            continue
        points.append((place.seen(None), place, None))
        old = chain.rate[point.row]
        edges: Any = np.flatnonzero((old > 0) & (old < 1)) if (old > 0).sum() > 2 else []
        seen = place.edges_seen()
        points += [(float(seen[edge]), place, int(edge)) for edge in edges]
    points = [found for found in points if np.isfinite(found[0])]  # but for loops that no segment leaves
    largest = sorted(range(len(points)), key=lambda i: -points[i][0])
    kept = [i for i in largest if points[i][2] is None][: question.top]
    kept += [i for i in largest if points[i][2] is not None][: question.top]
    chosen = [points[i][1:] for i in sorted(kept)]
    rows = [row for place, edge in chosen for row in place.measured(edge)]
    states = np.array([place.point.state for place, _ in chosen for _ in (0, 1)], np.int64)
    reach = gains.gained(states, rows)
    brought = Gains(chain, of_value=True).gained(states, rows) if parts.valued else []
    found = []
    for i, (place, edge) in enumerate(chosen):
        both = slice(2 * i, 2 * i + 2)
        found.append(_gained(place, edge, rows[both], reach[both], brought[both]))
    return _frame(question, parts, segments, found, len(points)), len(points)


def _gained(
    place: _Place, edge: int | None, rows: list[Row], reach: list[Gain], brought: list[Gain]
) -> dict[str, Any]:
    """Return what a point would gain: chosen in one half of the actors, measured in the other, both ways."""
    point, gains = place.point, place.point.gains
    every, choices = place.best(None, edge), [place.best(half, edge) for half in (0, 1)]
    found = dict[str, Any](
        state=point.state, edge=edge, segment=every, n_agree=sum(c == every for c in choices)
    )
    found |= {
        "n_followed": place.segments.by_half[:, :, point.row].sum(),
        "n_segment": place.n[every].sum(),
        "rate": np.nan if edge is None else gains.chain.rate[point.row][edge],
        "rate_segment": np.nan if edge is None else np.mean([row.rate[edge] for row in rows]),
        "target": None if edge is None else int(gains.chain.target[point.row][edge]),
        "before": reach[0].before,
        "after": np.mean([g.after for g in reach]),
        "reach": mean_of_halves(reach, len(place.comparable), GROUPS),
        "value": mean_of_halves(brought, len(place.comparable), GROUPS),
        "naive": point.value(place.put(place.rates(every, None), edge)),
    }
    return found


def _frame(
    question: Opportunities,
    parts: ModelParts,
    segments: SegmentMoves,
    found: list[dict[str, Any]],
    n_points: int,
) -> pd.DataFrame:
    n_start = float(parts.n[-1]) if len(parts.n) else 0.0

    def column(name: str, kind: Any = np.float64) -> Any:
        return np.array([row[name] for row in found], dtype=kind)

    def gap(name: str) -> tuple[Any, Any]:
        value = np.array([row[name][0] for row in found], dtype=np.float64)
        deviation = np.array([row[name][1] for row in found], dtype=np.float64).reshape(len(found), GROUPS).T
        freedom = np.array([row[name][2] for row in found], dtype=np.float64)
        return gap_interval(value, deviation, freedom), p_of(value, deviation, freedom)

    (reach, p), (value, _) = gap("reach"), gap("value")
    # what is not shown is in the family too, as if nothing spoke for it
    q = benjamini_hochberg(np.concatenate((p, np.ones(n_points - len(found)))))[: len(found)]
    ends = [row["target"] for row in found]
    to = parts.state_columns(np.array([0 if t is None else t for t in ends], np.int64), "to")
    stage = np.array([t is None for t in ends], dtype=bool)
    table = pd.DataFrame(
        {
            "part": pd.array(np.where(stage, "stage", "edge"), dtype=TEXT),
            **parts.state_columns(column("state", np.int64), "node"),
            **{name: pd.array(_blanked(values, stage), dtype=TEXT) for name, values in to.items()},
            "segment": pd.array([segments.names[row["segment"]] for row in found], dtype=TEXT),
            "n_agree": column("n_agree", np.int64),
            "n_followed": column("n_followed").astype(np.int64),
            "n_segment": column("n_segment").astype(np.int64),
            "rate": column("rate"),
            "rate_segment": column("rate_segment"),
            "goal_rate": column("before"),
            "goal_rate_then": column("after"),
            **{f"gain{b}": v for b, v in zip(("", "_low", "_high"), reach, strict=True)},
            **{f"gain_journeys{b}": v * n_start for b, v in zip(("", "_low", "_high"), reach, strict=True)},
            **{f"gain_value{b}": v * n_start for b, v in zip(("", "_low", "_high"), value, strict=True)},
            "gain_naive": column("naive"),
            "p": p,
            "q": q,
            "supported": (np.nan_to_num(q, nan=1.0) < SUPPORTED) & (reach.value > 0),
            "evidence": pd.array([_EVIDENCE[question.experiment]] * len(found), dtype=TEXT),
            "n_needed": needed(column("before"), column("after")),
        }
    )
    table = table.sort_values(
        ["gain", "part", "node", "to"], ascending=[False, False, True, True], kind="stable"
    )
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table.reset_index(drop=True)


def _blanked(values: Any, blank: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    out = np.asarray(values, dtype=object).copy()
    out[blank] = None
    return out
