"""Satisfaction: what customers said after each stage, how sure that is, and how many did not say anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.cases import PathStat, under_way_note
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Counts, Table
from journeylog.core.intervals import cluster_share
from journeylog.core.means import cluster_mean
from journeylog.core.nodes import TEXT, node_columns, ratio
from journeylog.core.notes import Note, Span, note
from journeylog.core.ranks import rank_correlations
from journeylog.core.scales import LEVELS, UNIT, Scale, scale_of
from journeylog.core.scores import MEASURES, find_scores, outcome_table, scale_or_none
from journeylog.core.window import Window, parse_duration

__all__ = ["Satisfaction", "SatisfactionResult"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Satisfaction(PathStat):
    """Tell for every node how satisfied those were who answered after it, and which share answered.

    A score belongs to the node of its actor's last visit before it, when that visit ended at most `within` before the
    score (a score exactly so much later still does), and to the case of that visit, also where the case was over by
    then. An event with a score is an answer and no visit, so a survey's own stage does not take its answers. Scores
    that follow no visit, follow too late, or follow a visit outside of all cases belong to no node and are counted as
    that. Cases that interleave (objects) are looked at one by one.

    Parameters
    ----------
    node, case, merge
        See :class:`journeylog.core.cases.PathStat`.
    within : str
        Duration such as ``"7d"``: how long after a visit a score still speaks of it.
    scale : str or pair of float, optional
        The scale of all scores, as `score_scale` of :func:`journeylog.read`. By default the column ``score_scale``
        says it, where a format has made one; else only the scaled scores are known.
    own : bool
        Whether a score speaks of the event it came with (the rating of an order in the order's row): then an event
        with a score is a visit like any other.

    Notes
    -----
    Table, one row a node (stages in their order, else most visited first): ``node, n_visits, n_cases, n_actors,
    n_scores, n_scored_actors, n_answered, n_followed, n_followed_answered, mean, mean_low, mean_high, answer_mean,
    answer_mean_low, answer_mean_high, response_rate, response_rate_low, response_rate_high``.

    ``mean`` is of scores scaled to [-1, 1], ``answer_mean`` the same on the scale people answered on; it is missing
    where scores of several scales, or of an unknown one, meet. Bounds know that one actor may answer often, and are
    missing where nothing varies. ``response_rate`` is ``n_followed_answered`` of ``n_followed``: of the cases that
    were at the node and watched for all of `within` after they left it last, those with a score after it. Those who
    did not answer are never filled in.

    ``tables["moves"]``: the same means by the move into the visit: ``from, from_kind, to, to_kind, n_scores,
    n_scored_actors, mean, ...``. ``tables["answers"]``: ``node, scale, answer, n, share, share_low, share_high``,
    the distribution; without a known scale in 101 cells of the scaled score. ``tables["readings"]``: ``node, scale,
    reading, n, n_actors, value, value_low, value_high``: ``nps`` is the share of promoters (9, 10) less that of
    detractors (0 to 6), ``csat`` the share of the two highest answers, ``ces`` the share who found it easy (5 to 7
    of 7). In both a missing node is all nodes together.

    ``tables["effects"]``: ``node, measure, n, rho, rho_low, rho_high, tau, tau_low, tau_high``: how the score goes
    with the wait of the move into the visit, and with rework (visits of the case so far to a node it had visited
    before). Rho is Spearman's, tau Kendall's tau-b. Waits of 16 ms and longer are ranked in bins an eighth of their
    power of two wide, so waits that differ by less than 13 % may count as equal. There is no row of all nodes
    together: where one stage is both slow and unhappy it would speak of the stages, not of waiting.

    ``tables["outcomes"]``: how cases with and without a score ended: ``answered, n_cases, n_told, n_reached,
    reach_rate, reach_rate_low, reach_rate_high``, of the cases that were watched for the whole patience.
    ``tables["scores"]``, one row: ``n_scores, n_attached, n_nothing, n_too_late, n_outside``.

    Counts merge by addition, keyed by the node's name.

    References
    ----------
    F. Reichheld (2003), The one number you need to grow. Harv. Bus. Rev. 81(12). C. B. Borkowf (2002), Comput.
    Stat. Data Anal. 39. A. Agresti (2010), Analysis of Ordinal Categorical Data, ch. 7.

    Examples
    --------
    >>> import journeylog as jl
    >>> import pandas as pd
    >>> day = pd.Timestamp("2025-01-06", tz="UTC")
    >>> rows = [("ada", "pay", 0, None), ("ada", "survey", 1, 9), ("bob", "pay", 0, None), ("bob", "survey", 2, 7)]
    >>> frame = pd.DataFrame(rows, columns=["who", "what", "day", "nps"])
    >>> frame["when"] = day + pd.to_timedelta(frame["day"], unit="D")
    >>> log = jl.read(frame, actor="who", event="what", time="when", score="nps", score_scale="nps")
    >>> result = log.compute(jl.Satisfaction(within="2d", scale="nps"))
    >>> result.table[["node", "n_cases", "n_scores", "mean", "answer_mean"]].round(2)
      node  n_cases  n_scores  mean  answer_mean
    0  pay        2         2   0.6          8.0
    """

    within: str = "7d"
    scale: Any = None
    own: bool = False

    def __post_init__(self) -> None:
        """Check what was asked."""
        parse_duration(self.within, name="within")
        if self.scale is not None:
            object.__setattr__(self, "scale", scale_of(self.scale).name)

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of scores by what they follow."""
        node = self.node_of(chunk)
        merge = self.merge if self.merge is not None else node != "event"
        level = chunk.cases(self.case_level(chunk))
        within = parse_duration(self.within)
        scores = find_scores(chunk, level, node, merge, within, self.own, self.scale, window)
        tables = {
            "nodes": scores.node_table(),
            "totals": scores.total_table(),
            "outcomes": outcome_table(scores, chunk, level, window),
            **scores.mean_tables(),
            **scores.answer_tables(),
            **scores.effect_tables(),
        }
        return Counts(tables).canonical()

    def result(self, counts: Counts, window: Window) -> SatisfactionResult:
        """Return means, shares and correlations."""
        readings = _readings(counts)
        only = _only_scale(counts)
        table = _main(counts, only)
        tables = {
            "moves": _moves(counts, only),
            "answers": _answers(counts),
            "readings": readings,
            "effects": _effects(counts),
            "outcomes": _outcomes(counts["outcomes"]),
            "scores": _totals(counts["totals"]),
        }
        ordered = counts["nodes"].coded("node").ordered
        notes = _notes(self, table, tables)
        notes += under_way_note(int(counts["totals"].values["n_under_way"].sum()))
        return SatisfactionResult(self, window, table, tables, notes, ordered)


@dataclass(frozen=True, eq=False, repr=False)
class SatisfactionResult(Result):
    """Scores of every node; see :class:`Satisfaction` for the tables. `ordered`: nodes are stages, which have an order."""

    ordered: bool = False

    @property
    def lowest(self) -> pd.DataFrame:
        """The nodes with a score, the least happy first."""
        some = self.table[self.table["n_scores"] > 0]
        return some.sort_values(["mean", "node"], kind="stable").reset_index(drop=True)

    @property
    def effects(self) -> pd.DataFrame:
        """How waiting and rework go with the score."""
        return self.tables["effects"]

    @property
    def readings(self) -> pd.DataFrame:
        """What the scales are read as: NPS, CSAT, CES."""
        return self.tables["readings"]


def _main(counts: Counts, only: Scale | None) -> pd.DataFrame:
    nodes, scores = counts["nodes"], counts["scores"]
    keys, v = nodes.coded("node"), nodes.values
    row = {name: i for i, name in enumerate(scores.coded("node").names({}))}
    spot = np.array([row.get(name, -1) for name in keys.names({})], dtype=np.int64)
    found = {
        n: np.where(spot >= 0, np.append(x, 0)[spot], 0).astype(np.int64) for n, x in scores.values.items()
    }
    low, high = cluster_share(v["k"], v["n_followed"], v["kk"], v["kn"], v["nn"])
    frame = pd.DataFrame(
        {
            "node": node_columns(keys, "node")["node"],
            **{name: v[name] for name in ("n_visits", "n_cases", "n_actors")},
            "n_scores": found["n"],
            "n_scored_actors": found["n_actors"],
            "n_answered": v["n_answered"],
            "n_followed": v["n_followed"],
            "n_followed_answered": v["k"],
            **_mean_frame(found, only),
            "response_rate": ratio(v["k"], v["n_followed"]),
            "response_rate_low": low,
            "response_rate_high": high,
        }
    )
    if not keys.ordered:
        frame = frame.sort_values(["n_visits", "node"], ascending=[False, True], kind="stable")
    return frame.reset_index(drop=True)


def _moves(counts: Counts, only: Scale | None) -> pd.DataFrame:
    moves = counts["moves"]
    ends = {**node_columns(moves.coded("from"), "from"), **node_columns(moves.coded("to"), "to")}
    sizes = {"n_scores": moves.values["n"], "n_scored_actors": moves.values["n_actors"]}
    frame = pd.DataFrame({**ends, **sizes, **_mean_frame(moves.values, only)})
    return frame.sort_values(["n_scores", "from", "to"], ascending=[False, True, True], ignore_index=True)


def _mean_frame(v: Any, only: Scale | None) -> dict[str, Floats]:
    """Return the mean scaled score with its bounds, and the same as answers on the one scale there is."""
    mean = ratio(v["x"], v["n"]) / UNIT
    low, high = cluster_mean(v["x"], v["n"], v["xx"], v["xn"], v["nn"])
    bounds = [np.clip(bound / UNIT, -1, 1) for bound in (low, high)]
    scaled = dict(zip(("mean", "mean_low", "mean_high"), (mean, *bounds), strict=True))
    missing = np.full(len(mean), np.nan)
    answers = {f"answer_{n}": missing if only is None else only.answer(x) for n, x in scaled.items()}
    return {**scaled, **answers}


def _answers(counts: Counts) -> pd.DataFrame:
    answers, readings = counts["answers"], counts["readings"]
    base = {key: i for i, key in enumerate(_scale_keys(readings))}
    keys = _scale_keys(answers)
    row = np.array([base[key] for key in keys], dtype=np.int64)
    v, whole = answers.values, readings.values
    n, nn = whole["n"][row], whole["nn"][row]
    low, high = cluster_share(v["n"], n, v["kk"], v["kn"], nn)
    level = answers.codes("level")
    answer = level / (LEVELS - 1) * 2 - 1
    for name in {scale for _, scale in keys}:
        scale = scale_or_none(name)
        if scale is not None:
            mine = np.array([s == name for _, s in keys])
            answer[mine] = scale.answers(level[mine])
    frame = pd.DataFrame(
        {
            **_key_columns(keys),
            "answer": answer,
            "n": v["n"],
            "share": ratio(v["n"], n),
            "share_low": low,
            "share_high": high,
        }
    )
    return frame.reset_index(drop=True)


def _readings(counts: Counts) -> pd.DataFrame:
    """Return what each scale is read as; a scale that does not say gives no row."""
    table = counts["readings"]
    keys, v = _scale_keys(table), table.values
    scales = [scale_or_none(name) for _, name in keys]
    words = [None if scale is None else scale.reading for scale in scales]
    value = ratio(v["x"], v["n"])
    low, high = cluster_share(v["x"], v["n"], v["xx"], v["xn"], v["nn"])
    bounds = cluster_mean(v["x"], v["n"], v["xx"], v["xn"], v["nn"])
    nps = np.array([word == "nps" for word in words], dtype=bool)
    frame = pd.DataFrame(
        {
            **_key_columns(keys),
            "reading": pd.array(words, dtype=TEXT),
            "n": v["n"],
            "n_actors": v["n_actors"],
            "value": value,
            "value_low": np.where(nps, np.maximum(bounds[0], -1), low),
            "value_high": np.where(nps, np.minimum(bounds[1], 1), high),
        }
    )
    return frame[np.array([word is not None for word in words], dtype=bool)].reset_index(drop=True)


def _effects(counts: Counts) -> pd.DataFrame:
    cells, pairs = counts["cells"], counts["pairs"]
    of_pair = _groups(pairs)
    rows = []
    for (name, measure), mine in _groups(cells).items():
        together = pairs.take(of_pair[name, measure])
        x, y, n = cells.codes("bin")[mine], cells.codes("level")[mine], cells.values["n"][mine]
        place = x * LEVELS + y  # cells are in this order
        one, other = (np.searchsorted(place, together.codes(key)) for key in ("cell", "other"))
        found = rank_correlations(x, y, n, (one, other, together.values["products"]))
        rows.append((name, MEASURES[measure], int(n.sum()), *found.rho, *found.tau))
    names = [f"{word}{bound}" for word in ("rho", "tau") for bound in ("", "_low", "_high")]
    frame = pd.DataFrame(rows, columns=["node", "measure", "n", *names])
    kinds = {"node": TEXT, "measure": TEXT, "n": "int64", **dict.fromkeys(names, "float64")}
    return frame.astype(kinds)


def _groups(table: Table) -> dict[tuple[str, int], npt.NDArray[np.int64]]:
    """Return the rows of each node and measure."""
    nodes = table.coded("node")
    group = nodes.codes * len(MEASURES) + table.codes("measure")
    order = np.argsort(group, kind="stable")
    found, starts = np.unique(group[order], return_index=True)
    keys = [(nodes.labels[g // len(MEASURES)], g % len(MEASURES)) for g in found.tolist()]
    return dict(
        zip(keys, np.split(order, starts[1:]), strict=False)
    )  # nothing splits into one part of nothing


def _outcomes(table: Table) -> pd.DataFrame:
    v = table.values
    low, high = cluster_share(v["n_reached"], v["n_told"], v["kk"], v["kn"], v["nn"])
    rates = {"reach_rate": ratio(v["n_reached"], v["n_told"]), "reach_rate_low": low, "reach_rate_high": high}
    counted = {name: v[name] for name in ("n_cases", "n_told", "n_reached")}
    return pd.DataFrame({"answered": table.codes("answered") == 1, **counted, **rates})


def _totals(table: Table) -> pd.DataFrame:
    n = {name: int(values.sum()) for name, values in table.values.items() if name != "n_under_way"}
    attached = n["n_scores"] - n["n_nothing"] - n["n_too_late"] - n["n_outside"]
    return pd.DataFrame([{"n_scores": n.pop("n_scores"), "n_attached": attached, **n}])


def _scale_keys(table: Table) -> list[tuple[str | None, str | None]]:
    nodes, scales = (table.coded(key).names({}) for key in ("node", "scale"))
    return list(zip(nodes, scales, strict=True))


def _key_columns(keys: list[tuple[str | None, str | None]]) -> dict[str, Any]:
    return {name: pd.array([key[i] for key in keys], dtype=TEXT) for i, name in enumerate(("node", "scale"))}


def _only_scale(counts: Counts) -> Scale | None:
    """Return the scale all scores that follow a visit are on, None when there are several or none is known."""
    names = {scale for _, scale in _scale_keys(counts["readings"])}
    return scale_or_none(next(iter(names))) if len(names) == 1 else None


def _notes(question: Satisfaction, table: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> tuple[str, ...]:
    total = tables["scores"].iloc[0]
    notes = [
        note(
            "{n:,} of {total:,} scores follow a visit within {within}; {nothing:,} follow none, {late:,} came later",
            n=total["n_attached"],
            total=total["n_scores"],
            within=Span(parse_duration(question.within)),
            nothing=total["n_nothing"],
            late=total["n_too_late"],
        )
    ]
    if total["n_outside"]:
        notes.append(
            note(
                "{n:,} scores follow visits outside of the cases counted here (after their goal, for instance): "
                "case='actor' has them all",
                n=total["n_outside"],
            )
        )
    silent = table.loc[(table["n_visits"] > 0) & (table["n_scores"] == 0), "node"].tolist()
    if silent and total["n_scores"]:
        more = note(" and {n:,} more", n=len(silent) - 5) if len(silent) > 5 else ""
        notes.append(
            note(
                "no score follows {nodes!r:, }{more}: nothing is known there",
                nodes=tuple(silent[:5]),
                more=more,
            )
        )
    young = int((table["n_cases"] - table["n_followed"]).sum())
    if young:
        notes.append(
            note(
                "{n:,} of {total:,} stays at a node are too young to tell who answers",
                n=young,
                total=int(table["n_cases"].sum()),
            )
        )
    scales = tables["answers"]["scale"].unique()
    if len(scales) > 1:
        notes.append(
            note("the scores are on several scales: means mix them on [-1, 1], readings keep them apart")
        )
    without, answered = (row for _, row in tables["outcomes"].iterrows())
    if without["n_told"] and answered["n_told"]:
        notes.append(
            note(
                "of the cases with a score {answered} reached the goal, of those without {silent}: who answers is not a "
                "sample of all",
                answered=_percent(answered),
                silent=_percent(without),
            )
        )
    notes.append(note("waits are ranked in bins an eighth of their power of two wide"))
    return tuple(notes)


def _percent(row: Any) -> Note:
    return note(
        "{value:.1f} % ({low:.1f} to {high:.1f} %)",
        value=100 * row["reach_rate"],
        low=100 * row["reach_rate_low"],
        high=100 * row["reach_rate_high"],
    )
