"""Whether a journey remembers: does the stage before tell more about the next than the present one alone?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from journeylog.core.actor_groups import actor_groups, actor_of_cases
from journeylog.core.agreement import agreements, sign_p
from journeylog.core.backoff import Backoff, Scores
from journeylog.core.cases import PathStat
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Coded, Counts
from journeylog.core.deviations import enlarged, gap_interval, p_of
from journeylog.core.differences import Estimates, benjamini_hochberg
from journeylog.core.intervals import two_sided_z
from journeylog.core.nodes import node_columns, ratio
from journeylog.core.notes import Note, note
from journeylog.core.prefix_tables import next_table, one_vocabulary
from journeylog.core.schema import DROPPED, REACHED, START
from journeylog.core.window import Window

__all__ = ["FOLDS", "MemoryTest", "MemoryTestResult"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Groups of actors, each held out once.
FOLDS = 16
#: Fewer groups than these cannot tell memory from chance: even if all agree, p is 1/16 or more.
LEAST_FOLDS = 6
#: The smallest p there is.
_SMALLEST_P = 0.5 ** (FOLDS - 1)
#: A gain below this part of the loss is called too small to matter.
_SMALL = 0.01


@dataclass(frozen=True)
class MemoryTest(PathStat):
    """Test whether where a journey came from matters for where it goes, beyond where it is.

    The first-order picture (a graph, a Sankey, :class:`Model`) lets every visit of a node go on alike. Here actors are
    held out by a hash of their ids, one sixteenth after the other; the others tell the shares of the ways on, once by
    the present node (order 1) and once by the present node and the one before (order 2). Whichever gives what the
    held-out actors did the higher likelihood is the better picture.

    Parameters
    ----------
    node, case, merge
        See :class:`journeylog.core.cases.PathStat`.

    Notes
    -----
    Table, one row an order (0: the same shares everywhere): ``order, n_contexts, n, log_loss, log_loss_low,
    log_loss_high, gain, gain_low, gain_high, p``. ``log_loss`` is the mean of ``-log(share of the way taken)`` over held-out
    moves, ``gain`` what this order loses less than the one before it.

    ``tables["nodes"]``, where the memory is, by its part in the whole: ``node, kind, n, log_loss_1, log_loss_2, gain,
    gain_low, gain_high, gain_share, p, q, supported``. ``tables["moves"]``, for the supported nodes: ``previous,
    previous_kind, node, to, to_kind, n_followed, n_from_followed, rate, rate_first_order, difference``.

    Shares of rare contexts are shrunk to those of the node, the more the less the contexts differ beyond chance, so
    order 2 is not punished for being finer. Intervals, and p of the orders, are by the sixteen groups of actors (t with up
    to 15 degrees of freedom).

    p of a node asks whether groups of actors agree in how the node before goes with the way on, more than if the sign of
    each group's deviation were a fair coin. All signs are tried, so with k groups it is at least ``2 ** (1 - k)``. q is
    Benjamini and Hochberg's over the nodes. No interval of a node's gain is surer than its p. A node is supported if q is
    below 0.05 and the interval of its gain is above 0. Of nodes met by actors of fewer than six groups, p, q and the
    interval are nan, and a note says how many they are.

    What looks like memory may be kinds of actors who always went different ways: the test cannot tell these apart, and
    the first-order picture misleads in both.

    Counts merge by addition, keyed by the group of actors, the node before, the node and the way on.

    References
    ----------
    M. S. Bartlett (1951), The frequency goodness of fit test for probability chains. Math. Proc. Camb. Phil. Soc. 47.
    P. Singer, D. Helic, B. Taraghi, M. Strohmaier (2014), Detecting memory and structure in human navigation patterns.
    PLoS ONE 9. J. E. Mosimann (1962), On the compound multinomial distribution. Biometrika 49 (the shrinkage). I. A. Canay,
    J. P. Romano, A. M. Shaikh (2017), Randomization tests under an approximate symmetry assumption. Econometrica 85.

    Examples
    --------
    >>> import journeylog as jl
    >>> test = jl.datasets.tiny().compute(jl.MemoryTest())
    >>> test.table[["order", "n_contexts", "n"]]
       order  n_contexts  n
    0      0           1  8
    1      1           3  8
    2      2           4  8
    """

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return how often each way on was taken after each pair of nodes, by groups of actors."""
        visits = self.visits(chunk, window)
        level = chunk.cases(self.case_level(chunk))
        group = actor_groups(chunk, FOLDS)[actor_of_cases(chunk, level)]
        return Counts({"next": next_table(visits, group, FOLDS)})

    def result(self, counts: Counts, window: Window) -> MemoryTestResult:
        """Return losses by order and node."""
        rows = counts["next"]
        node, before, after = one_vocabulary(*(rows.coded(name) for name in ("node", "previous", "to")))
        v, previous, to = len(node.labels), before.codes, after.codes
        outcome = np.where(to == REACHED, v, np.where(to == DROPPED, v + 1, to))
        pair = node.codes * (v + 1) + np.where(previous == START, v, previous)
        fold = rows.codes("group")
        model = Backoff.of(fold, [node.codes, pair], outcome, rows.values["n"], FOLDS, v + 2, [0, 1])
        scores = model.scores(by=1)
        table, nodes = _orders(model, scores), _nodes(model, scores, node)
        tables = {"nodes": nodes, "moves": _moves(model, node, nodes)}
        return MemoryTestResult(self, window, table, tables, (_verdict(table, nodes), *_rare(scores[1])))


@dataclass(frozen=True, eq=False, repr=False)
class MemoryTestResult(Result):
    """Whether journeys remember; see :class:`MemoryTest` for the tables."""

    @property
    def verdict(self) -> str:
        """What the test says, in a sentence."""
        return self.notes[0]


def _compared(less: Scores, more: Scores) -> tuple[Floats, Floats, Floats]:
    """Return by context how much less is lost a move, its deviation by fold, and the degrees of freedom of that."""
    n, saved = less.n.sum(0), less.log_loss - more.log_loss
    saved = np.where(np.abs(saved) > 1e-9 * less.log_loss, saved, 0.0)  # rounding is no gain
    gain = ratio(saved.sum(0), n)
    deviation = (saved - np.nan_to_num(gain) * less.n) / np.maximum(n, 1.0)
    deviation, freedom = enlarged(deviation, less.n)
    return gain, deviation, np.where(_few(less), 0.0, freedom)


def _few(scores: Scores) -> npt.NDArray[np.bool_]:
    """Return whether a context was met by too few groups to tell memory from chance."""
    return np.asarray((scores.n > 0).sum(0) < LEAST_FOLDS)


def _orders(model: Backoff, by_node: list[Scores]) -> pd.DataFrame:
    scores = [Scores(*(part.sum(1, keepdims=True) for part in mine)) for mine in by_node]
    columns: dict[str, list[Any]] = {}

    def put(**values: Any) -> None:
        for name, value in values.items():
            columns.setdefault(name, []).append(value)

    for order, mine in enumerate(scores):
        n = mine.n.sum()
        loss = ratio(mine.log_loss.sum(), n)
        weight = mine.n.sum(1)
        known = (mine.log_loss.sum(1) - np.nan_to_num(loss) * weight) / max(n, 1.0)
        bounds = gap_interval(np.asarray(loss), *enlarged(known, weight))
        put(order=order, n_contexts=int((model.levels[order].key >= 0).sum()), n=int(n))
        put(log_loss=float(loss), log_loss_low=float(bounds.low), log_loss_high=float(bounds.high))
        before = scores[max(order - 1, 0)]
        compared = _compared(before, mine)
        gap, p = gap_interval(*compared), p_of(*compared)
        put(**{name: float(part[0]) if len(part) and order else np.nan
               for name, part in zip(("gain", "gain_low", "gain_high", "p"), (*gap, p), strict=True)})  # fmt: skip
    return pd.DataFrame(columns)


def _nodes(model: Backoff, scores: list[Scores], node: Coded) -> pd.DataFrame:
    _, one, two = scores
    gain, deviation, freedom = _compared(one, two)
    p = np.full(len(gain), np.nan)
    told = np.flatnonzero(~_few(one))
    p[told] = [sign_p(of_node) for of_node in agreements(model, 1, told)]
    gap, q = _no_surer(gap_interval(gain, deviation, freedom), p), benjamini_hochberg(p)
    n = one.n.sum(0)
    saved = gain * n
    codes = model.levels[1].key
    table = pd.DataFrame(
        {
            **node_columns(Coded(codes, node.labels, node.ordered), "node"),
            "n": n.astype(np.int64),
            "log_loss_1": ratio(one.log_loss.sum(0), n),
            "log_loss_2": ratio(two.log_loss.sum(0), n),
            "gain": gain,
            "gain_low": gap.low,
            "gain_high": gap.high,
            "gain_share": ratio(saved, np.full(len(n), np.maximum(np.nan_to_num(saved), 0).sum())),
            "p": p,
            "q": q,
            "supported": (np.nan_to_num(q, nan=1.0) < 0.05) & (np.nan_to_num(gap.low) > 0),
        }
    )
    order = np.lexsort((codes, -saved))
    return table.iloc[order].reset_index(drop=True)


def _no_surer(gap: Estimates, p: Floats) -> Estimates:
    """Return intervals of gains that are no surer than p says.

    The folds of a node learn from one another, so where a handful of actors agrees, all show the same gain and none of
    its error.
    """
    part = two_sided_z() / np.maximum(-special.ndtri(p / 2), two_sided_z())
    reach = np.where((gap.value > 0) & (p > _SMALLEST_P), gap.value * part, 0.0)
    return Estimates(
        gap.value, np.minimum(gap.low, gap.value - reach), np.maximum(gap.high, gap.value + reach)
    )


def _rare(scores: Scores) -> tuple[Note, ...]:
    few = int(_few(scores).sum())
    if not few:
        return ()
    return (
        note(
            "{n:,} of {total:,} nodes were met by actors of fewer than {least} of {folds} groups: too few to tell memory",
            n=few,
            total=scores.n.shape[1],
            least=LEAST_FOLDS,
            folds=FOLDS,
        ),
    )


def _moves(model: Backoff, node: Coded, nodes: pd.DataFrame) -> pd.DataFrame:
    """Return for the nodes that remember how the ways on differ by the node before."""
    names = set(nodes.loc[nodes["supported"], "node"])
    kept = np.array([label in names for label in node.labels], dtype=bool)
    v = len(node.labels)
    pair, single = model.levels[2], model.levels[1]
    n = np.bincount(pair.cell_of_row, model.n, len(pair.context))
    key = pair.key[pair.context]
    base = np.bincount(pair.context, n, len(pair.key))[pair.context]
    above = np.bincount(single.cell_of_row, model.n, len(single.context))
    first = (above / np.maximum(np.bincount(single.context, above, len(single.key)), 1)[single.context])[
        pair.parent
    ]
    previous = np.where(key % (v + 1) == v, START, key % (v + 1))
    to = np.where(pair.outcome == v, REACHED, np.where(pair.outcome == v + 1, DROPPED, pair.outcome))
    own = key // (v + 1)
    shape = (node.labels, node.ordered)
    table = pd.DataFrame(
        {
            **node_columns(Coded(previous, *shape), "previous"),
            "node": node_columns(Coded(own, *shape), "node")["node"],
            **node_columns(Coded(to, *shape), "to"),
            "n_followed": n.astype(np.int64),
            "n_from_followed": base.astype(np.int64),
            "rate": ratio(n, base),
            "rate_first_order": first,
            "difference": ratio(n, base) - first,
        }
    )
    label = {name: i for i, name in enumerate(node.labels)}
    rank = np.zeros(v, np.int64)
    rank[[label[name] for name in nodes["node"]]] = np.arange(len(nodes))
    place = rank[own]
    shown = np.flatnonzero(kept[own]) if len(own) else own
    order = shown[np.lexsort((-np.abs(table["difference"] * n).to_numpy()[shown], place[shown]))]
    return table.iloc[order].reset_index(drop=True)


def _verdict(table: pd.DataFrame, nodes: pd.DataFrame) -> Note:
    first, second = table.iloc[1], table.iloc[2]
    if not np.isfinite(second["gain_low"]):
        return note("memory cannot be told: there are too few actors, or nothing varies")
    part, low, high = (second[name] / first["log_loss"] for name in ("gain", "gain_low", "gain_high"))
    size = note(
        "{value:.1f} % of the loss (95 % interval {low:.1f} % to {high:.1f} %)",
        value=100 * part,
        low=100 * low,
        high=100 * high,
    )
    where = nodes.loc[nodes["supported"], "node"].tolist()
    if low > 0:
        nodes_told = tuple(str(name) for name in where[:3])
        at = note(", above all at {nodes!r:, }", nodes=nodes_told) if where else ""
        scale = note("a little") if high < _SMALL else note("and the first-order picture misleads")
        return note(
            "journeys remember, {scale}: knowing the node before saves {size}{at}",
            scale=scale,
            size=size,
            at=at,
        )
    if high < _SMALL:
        return note("no memory that would matter: knowing the node before saves {size}", size=size)
    return note("memory is not shown: knowing the node before saves {size}", size=size)


def _percent(share: float) -> str:
    text = f"{100 * share:.1f} %"
    return "0.0 %" if text == "-0.0 %" else text
