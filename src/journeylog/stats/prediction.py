"""What comes next, and whether the goal will be reached, told from the first visits of a journey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from journeylog.core.actor_groups import actor_groups, actor_of_cases
from journeylog.core.backoff import Backoff, Fitted, Scores
from journeylog.core.calibration import Calibration
from journeylog.core.cases import PathStat
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.deviations import error_of, gap_interval
from journeylog.core.differences import Estimates
from journeylog.core.encode import side_by_side
from journeylog.core.kernels.prefixes import N_ELAPSED, N_POSITIONS, elapsed_band, position_band
from journeylog.core.nodes import node_columns, ratio
from journeylog.core.notes import Span, note
from journeylog.core.prefix_tables import next_table, one_vocabulary, outcome_table
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
    Intervals are by eight groups of actors, of which each is held out once.

    It tells what tends to follow, not what would help: for that, see :class:`Model` and experiments.

    Counts merge by addition, keyed by the group of actors and the point of the journey.

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
        future = outcome_table(visits, group, FOLDS, (first, goal), window.end, within)
        total = {"n_visits": len(visits.node), "patience": level.patience}
        columns = {name: np.array([n], np.int64) for name, n in total.items()}
        return Counts(
            {
                "next": next_table(visits, group, FOLDS, N_POSITIONS),
                "outcome": future,
                "cases": Table({}, columns, largest=("patience",)),
            }
        )

    def result(self, counts: Counts, window: Window) -> PredictionResult:
        """Return scores, calibration and the predictions themselves."""
        following, future, names = _models(counts)
        both = side_by_side(lambda asked: _held_out(*asked), [("next", following), ("outcome", future)])
        rows = [row for row, _ in both]
        calibration = pd.concat([bins for _, bins in both], ignore_index=True)
        parts = (Points(following, names, following.fit()), Points(future, names, future.fit()))
        return PredictionResult(
            self, window, pd.DataFrame(rows), {"calibration": calibration}, _notes(self, counts), *parts
        )


@dataclass(frozen=True, eq=False)
class Points:
    """The points of journeys, what came of each, and the names of the nodes."""

    model: Backoff
    names: Coded
    fitted: Sequence[Fitted]

    def look_up(self, keys: Sequence[int]) -> tuple[Floats, int, Floats]:
        """Return the shares by outcome at the finest point known, its number of visits, and the shares' variance.

        A share is the mean of what was seen at the point and the share of the coarser point, so its variance is that of
        both; that of what was seen is widened by how much visits of one actor go together in all.
        """
        model, fitted = self.model, self.fitted
        share = np.zeros(model.n_outcomes)
        share[model.levels[0].outcome] = fitted[0].share
        n = float(fitted[0].n.sum())
        variance = self.design * share * (1 - share) / (n + 1)
        for key, level, made in zip(keys, model.levels[1:], fitted[1:], strict=True):
            spot = np.flatnonzero(level.key == key)
            if not len(spot) or made.n[spot[0]] == 0:
                break
            if np.isfinite(
                made.weight[spot[0]]
            ):  # else the point is not known to differ from the coarser one
                n, weight = float(made.n[spot[0]]), float(made.weight[spot[0]])
                cells = np.flatnonzero(level.context == spot[0])
                part = weight / (n + weight)
                share = share * part
                share[level.outcome[cells]] = made.share[cells]
                own = self.design * share * (1 - share) / (n + weight + 1)
                variance = own + part * part * variance
        return share, int(n), variance

    @cached_property
    def design(self) -> float:
        """By how much the variance of the shares of all is larger than that of as many independent visits."""
        model = self.model
        k = np.zeros((model.n_folds, model.n_outcomes))
        np.add.at(k, (model.fold, model.outcome), model.n)
        total = k.sum()
        if total == 0:
            return 1.0
        share = k.sum(0) / total
        deviation = (k - share * k.sum(1, keepdims=True)) / total
        groups = int((k.sum(1) > 0).sum())
        error, _ = error_of(deviation, groups)
        alone = (share * (1 - share)).sum() / total
        return max(1.0, float(np.square(error).sum() / alone)) if groups > 1 and alone > 0 else 1.0


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
        low, high = _credible(share, variance)
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
        low, high = _credible(share, variance)
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


def _models(counts: Counts) -> tuple[Backoff, Backoff, Coded]:
    """Return the contexts of what came next and of what became of the journey, and the nodes of both."""
    rows, far = counts["next"], counts["outcome"]
    columns = [rows.coded(name) for name in ("node", "previous", "to")]
    columns += [far.coded(name) for name in ("node", "previous")]
    node, before, after, far_node, far_before = one_vocabulary(*columns)
    v, to = len(node.labels), after.codes
    outcome = np.where(to == REACHED, v, np.where(to == DROPPED, v + 1, to))
    pair = node.codes * (v + 1) + np.where(before.codes == START, v, before.codes)
    spot = pair * N_POSITIONS + rows.codes("position")
    fold, n = rows.codes("group"), rows.values["n"]
    asked: list[Any] = [(fold, [node.codes, pair, spot], outcome, n, FOLDS, v + 2)]
    pair = far_node.codes * (v + 1) + np.where(far_before.codes == START, v, far_before.codes)
    spot = pair * N_POSITIONS + far.codes("position")
    time = spot * N_ELAPSED + far.codes("elapsed")
    fold, n = far.codes("group"), far.values["n"]
    asked.append((fold, [far_node.codes, pair, spot, time], far.codes("reached"), n, FOLDS, 2))
    following, future = side_by_side(lambda one: Backoff.of(*one), asked)
    return following, future, node


def _held_out(target: str, model: Backoff) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return one row of the table, and the calibration, from one walk over the folds."""
    bins = Calibration.of(target, model)
    scores = model.scores(visit=bins.add)
    return _score_row(target, model, scores), bins.frame()


def _score_row(target: str, model: Backoff, scores: list[Scores]) -> dict[str, Any]:
    base, best = scores[0], scores[-1]
    n = base.n.sum()
    groups = int((base.n > 0).sum())

    def mean(of: Floats) -> Estimates:
        value = np.asarray(ratio(of.sum(), n))
        deviation = (of.sum(1) - np.nan_to_num(value) * base.n.sum(1)) / max(n, 1.0)
        return Estimates(*(float(part) for part in gap_interval(value, deviation, groups)))  # type: ignore[arg-type]

    row: dict[str, Any] = {"target": target, "n": int(n), "n_contexts": len(model.levels[-1].key)}
    for name, gain in (("log_loss", "gain"), ("brier", "brier_gain")):
        less, more = getattr(best, name), getattr(base, name)
        after, saved = mean(less), mean(more - less)
        row |= {f"base_{name}": mean(more).value, name: after.value}
        if name == "log_loss":
            row |= {"log_loss_low": after.low, "log_loss_high": after.high}
        row |= {gain: saved.value, f"{gain}_low": saved.low, f"{gain}_high": saved.high}
    return row


def _credible(share: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return the bounds of shares that hold with 95 % probability: those of a beta of this mean and variance."""
    spread = np.maximum(variance, 1e-12)
    worth = np.maximum(share * (1 - share) / spread - 1, 1e-3)
    a, b = np.maximum(share * worth, 1e-9), np.maximum((1 - share) * worth, 1e-9)
    return np.asarray(special.betaincinv(a, b, 0.025)), np.asarray(special.betaincinv(a, b, 0.975))


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
