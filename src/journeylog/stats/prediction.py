"""What comes next, and whether the goal will be reached, told from the first visits of a journey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.actor_groups import actor_groups, actor_of_cases
from journeylog.core.backoff import Backoff, Scores
from journeylog.core.calibration import Calibration
from journeylog.core.cases import PathStat
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.deviations import enlarged, gap_interval
from journeylog.core.differences import Estimates
from journeylog.core.encode import side_by_side
from journeylog.core.kernels.prefixes import N_ELAPSED, N_POSITIONS, elapsed_band, position_band
from journeylog.core.nodes import node_columns, ratio
from journeylog.core.notes import Span, note
from journeylog.core.points import Alike, Points, credible
from journeylog.core.prefix_tables import next_tables, one_vocabulary, outcome_tables
from journeylog.core.schema import DROPPED, REACHED, START, UNDECLARED
from journeylog.core.visits import case_times
from journeylog.core.window import Window, parse_duration
from journeylog.errors import ConfigError, cut, nearest

__all__ = ["Prediction", "PredictionResult"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Groups of actors, each held out once.
FOLDS = 8
_NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Prediction(PathStat):
    """Predict at every visit of a journey what comes next, and whether the goal is reached within a time.

    Both are shares counted among journeys that stood at the same point: same node, same node before, same position in
    the journey and, for the outcome, as much time since its beginning. Where few stood, the share is drawn to that of
    the coarser point. How good this is, is measured on actors that were held out.

    Parameters
    ----------
    within : str
        The time from the beginning of a visit within which the goal has to be reached. Only visits from which on the
        journey was watched that long count, so that open journeys are not taken for lost.
    node, case, merge
        See :class:`journeylog.core.cases.PathStat`.

    Raises
    ------
    ConfigError
        If the journeys go on after their goal (``goal_ends=False``): when it was reached is then not known.

    Notes
    -----
    Table, two rows: ``target`` (``"next"``, ``"outcome"``), ``n, n_contexts, base_log_loss, log_loss, log_loss_low,
    log_loss_high, gain, gain_low, gain_high, base_brier, brier, brier_gain, brier_gain_low, brier_gain_high``. Losses are
    means over held-out visits; the base says the same shares everywhere; ``gain`` is what is lost less than by it. The
    Brier score is the sum over all ways of the squared difference of the share told and what came.

    ``tables["calibration"]``: ``target, bin, n, predicted, observed, observed_low, observed_high``: predictions for held-out
    actors in ten bins of as many each, beside what came. For ``"next"`` each way on is a prediction of its own.

    Position: first, second, third to fifth, later. Time since the beginning: under a minute, an hour, a day, a week,
    longer. Shares are shrunk by the method of moments, see :mod:`journeylog.core.backoff`; no parameter is tuned.
    Intervals of losses and calibration are by eight groups of actors, of which each is held out once.

    Bounds of the shares told for a prefix know how alike the visits of one actor are, from how actors differ at its last
    node, and at a finer point how many of its visits are of one actor, from the eight groups. They are beta bounds; of up
    to three points that may be alike, as in a log of few nodes, they rest on what was seen at the point alone.

    It tells what tends to follow, not what would help: for that, see :class:`Model` and experiments.

    Counts merge by addition, keyed by the group of actors and the point of the journey; second moments over actors by node
    and what came.

    References
    ----------
    G. W. Brier (1950), Verification of forecasts expressed in terms of probability. Monthly Weather Review 78. T. Gneiting,
    A. E. Raftery (2007), Strictly proper scoring rules. JASA 102. J. E. Mosimann (1962), Biometrika 49.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="1h"))
    >>> found = log.compute(jl.Prediction(within="30min"))
    >>> found.table[["target", "n", "n_contexts"]]
        target   n  n_contexts
    0     next  10           6
    1  outcome   8           5
    >>> found.next_stage(["home", "cart"])[["to", "rate"]].round(2).head(2)
         to  rate
    0   pay  0.56
    1  home  0.28
    """

    within: str = "30d"

    def __post_init__(self) -> None:
        """Check the time."""
        parse_duration(self.within, name="within")

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return what came next and what became of the journey, by groups of actors."""
        level = chunk.cases(self.case_level(chunk))
        if not level.goal_ends and len(level):
            raise ConfigError(
                "these journeys go on after their goal, so it is not known when it was reached. "
                "Fix: jl.Journeys(goal=..., goal_ends=True)"
            )
        visits = self.visits(chunk, window)
        group = actor_groups(chunk, FOLDS)[actor_of_cases(chunk, level)]
        first, last = case_times(chunk, level)
        goal = np.where(level.outcome == REACHED, last, _NEVER)
        within = parse_duration(self.within, name="within")
        following, ways = next_tables(visits, group, FOLDS)
        future, ends = outcome_tables(visits, group, FOLDS, (first, goal), window.end, within)
        total = {"n_visits": len(visits.node), "patience": level.patience}
        columns = {name: np.array([n], np.int64) for name, n in total.items()}
        return Counts(
            {
                "next": following,
                "outcome": future,
                "ways": ways,
                "ends": ends,
                "cases": Table({}, columns, largest=("patience",)),
            }
        )

    def result(self, counts: Counts, window: Window) -> PredictionResult:
        """Return scores, calibration and the predictions themselves."""
        points = _points(counts)
        both = side_by_side(
            lambda asked: _held_out(*asked), list(zip(("next", "outcome"), points, strict=True))
        )
        rows = [row for row, _ in both]
        calibration = pd.concat([bins for _, bins in both], ignore_index=True)
        return PredictionResult(
            self, window, pd.DataFrame(rows), {"calibration": calibration}, _notes(self, counts), *points
        )


@dataclass(frozen=True, eq=False, repr=False)
class PredictionResult(Result):
    """What comes next, and whether the goal is reached; see :class:`Prediction` for the tables."""

    following: Points | None = None
    future: Points | None = None

    def next_stage(self, prefix: Sequence[str]) -> pd.DataFrame:
        """Return how likely each way on is after the visits of a journey so far, the likeliest first.

        Parameters
        ----------
        prefix : sequence of str
            Nodes visited, in their order; the last two and how many they are count.

        Returns
        -------
        pandas.DataFrame
            ``to, to_kind, n_point, rate, rate_low, rate_high``; ``n_point`` visits stood at the finest known point. The
            bounds hold the share at this point with 95 % probability, given how points differ.
        """
        assert self.following is not None
        names = self.following.names
        node, before = self._last(prefix, names)
        v = len(names.labels)
        pair = node * (v + 1) + before
        share, n, variance = self.following.look_up(
            [node, pair, pair * N_POSITIONS + position_band(len(prefix) - 1)]
        )
        low, high = credible(share, variance)
        codes = np.concatenate((np.arange(v), [REACHED, DROPPED])).astype(np.int64)
        table = pd.DataFrame(
            {
                **node_columns(Coded(codes, names.labels, names.ordered), "to"),
                "n_point": np.full(v + 2, n),
                "rate": share,
                "rate_low": low,
                "rate_high": high,
            }
        )
        return table.sort_values("rate", ascending=False, kind="stable").reset_index(drop=True)

    def outcome(self, prefix: Sequence[str], elapsed: str = "0s") -> Estimates:
        """Return how likely the goal is reached within the declared time from the last visit's beginning.

        Parameters
        ----------
        prefix : sequence of str
            Nodes visited, in their order.
        elapsed : str
            Time from the beginning of the journey to the beginning of its last visit.

        Returns
        -------
        Estimates
            ``value, low, high``; the bounds hold the share at this point with 95 % probability, given how points differ.
        """
        assert self.future is not None
        node, before = self._last(prefix, self.future.names)
        pair = node * (len(self.future.names.labels) + 1) + before
        spot = pair * N_POSITIONS + position_band(len(prefix) - 1)
        band = elapsed_band(parse_duration(elapsed, name="elapsed")) if elapsed != "0s" else 0
        share, _, variance = self.future.look_up([node, pair, spot, spot * N_ELAPSED + band])
        low, high = credible(share, variance)
        return Estimates(*(np.float64(part[1]) for part in (share, low, high)))  # type: ignore[arg-type]

    def _last(self, prefix: Sequence[str], names: Coded) -> tuple[int, int]:
        """Return the last node and the one before; the start is one beyond the nodes."""
        if isinstance(prefix, str) or not prefix:
            raise ConfigError(
                f"prefix={prefix!r} is no list of nodes visited. Fix: for example ['home', 'cart']"
            )
        codes = []
        for name in prefix[-2:]:
            if name not in names.labels:
                near = nearest(str(name), names.labels)
                hint = f"did you mean {near[0]!r}?" if near else f"one of {cut(list(names.labels))}"
                raise ConfigError(f"no node is called {name!r}. Fix: {hint}")
            codes.append(names.labels.index(name))
        return codes[-1], codes[0] if len(codes) > 1 else len(names.labels)


def _points(counts: Counts) -> tuple[Points, Points]:
    """Return the points with what came next, and with what became of the journey, over the nodes of both."""
    rows, far, ways, ends = (counts[name] for name in ("next", "outcome", "ways", "ends"))
    columns = [rows.coded(name) for name in ("node", "previous", "to")]
    columns += [far.coded(name) for name in ("node", "previous")]
    columns += [ways.coded("node"), ways.coded("to"), ends.coded("node")]
    node, before, after, far_node, far_before, way_node, way_to, end_node = one_vocabulary(*columns)
    v = len(node.labels)
    pair = node.codes * (v + 1) + np.where(before.codes == START, v, before.codes)
    spot = pair * N_POSITIONS + rows.codes("position")
    fold, n = rows.codes("group"), rows.values["n"]
    asked: list[Any] = [(fold, [node.codes, pair, spot], _way(after.codes, v), n, FOLDS, v + 2)]
    pair = far_node.codes * (v + 1) + np.where(far_before.codes == START, v, far_before.codes)
    spot = pair * N_POSITIONS + far.codes("position")
    time = spot * N_ELAPSED + far.codes("elapsed")
    fold, n = far.codes("group"), far.values["n"]
    asked.append((fold, [far_node.codes, pair, spot, time], far.codes("reached"), n, FOLDS, 2))
    following, future = side_by_side(lambda one: Backoff.of(*one), asked)
    next_alike = Alike(way_node.codes, _way(way_to.codes, v), ways.values["kk"], ways.values["kn"])
    end_alike = Alike(end_node.codes, ends.codes("reached"), ends.values["kk"], ends.values["kn"])
    return Points(following, node, following.fit(), next_alike), Points(future, node, future.fit(), end_alike)


def _way(to: Ints, n_nodes: int) -> Ints:
    """Return ways on as outcomes: the nodes, then reached, then dropped."""
    return np.where(to == REACHED, n_nodes, np.where(to == DROPPED, n_nodes + 1, to))


def _held_out(target: str, points: Points) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return one row of the table, and the calibration, from one walk over the folds."""
    model = points.model
    bins = Calibration.of(target, model, points.fitted[-1])
    scores = model.scores(visit=bins.add)
    return _score_row(target, model, scores), bins.frame()


def _score_row(target: str, model: Backoff, scores: list[Scores]) -> dict[str, Any]:
    base, best = scores[0], scores[-1]
    n = base.n.sum()

    def mean(of: Floats) -> Estimates:
        value = np.asarray(ratio(of.sum(), n))
        weight = base.n.sum(1)
        deviation = (of.sum(1) - np.nan_to_num(value) * weight) / max(n, 1.0)
        return Estimates(*(float(part) for part in gap_interval(value, *enlarged(deviation, weight))))  # type: ignore[arg-type]

    row: dict[str, Any] = {"target": target, "n": int(n), "n_contexts": len(model.levels[-1].key)}
    for name, gain in (("log_loss", "gain"), ("brier", "brier_gain")):
        less, more = getattr(best, name), getattr(base, name)
        after, saved = mean(less), mean(more - less)
        row |= {f"base_{name}": mean(more).value, name: after.value}
        if name == "log_loss":
            row |= {"log_loss_low": after.low, "log_loss_high": after.high}
        row |= {gain: saved.value, f"{gain}_low": saved.low, f"{gain}_high": saved.high}
    return row


def _notes(question: Prediction, counts: Counts) -> tuple[str, ...]:
    seen, told = int(counts["cases"].values["n_visits"].sum()), int(counts["outcome"].values["n"].sum())
    notes = []
    if seen - told:
        notes.append(
            note(
                "{n:,} of {total:,} visits count for the outcome: those before the goal that were watched for {within}",
                n=told,
                total=seen,
                within=Span(parse_duration(question.within)),
            )
        )
    if seen and not (counts["outcome"].codes("reached") == 1).any():
        notes.append(note("no journey reached a goal in that time; declare one with jl.Journeys(goal=...)"))
    if seen and int(counts["cases"].values["patience"].max(initial=UNDECLARED)) == UNDECLARED:
        notes.append(note("no patience was declared, so dropping off is no way on"))
    return tuple(notes)
