"""Touchpoints: what customers do in each stage and where, and how they change between channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.cases import under_way_note, with_cases
from journeylog.core.chunk import Chunk, Level, read_only
from journeylog.core.condition import freeze
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.intervals import cluster_share
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.kernels.touchpoints import count_switches, count_touchpoints, pair_rows, switch_keys
from journeylog.core.nodes import TEXT, ratio
from journeylog.core.rules import first_rule
from journeylog.core.window import Window
from journeylog.errors import ConfigError

__all__ = ["Touchpoints", "TouchpointsResult"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

_COLUMNS = ("n", "n_cases", "n_actors", "kk", "kn")
#: Up to this many possible rows a plain grid serves; beyond, those that occur are numbered.
_DENSE = 1 << 16


@dataclass(frozen=True)
class Touchpoints(Stat):
    """Tell for every stage which touchpoints occur in it, and in what share of the cases that visit it.

    Parameters
    ----------
    of : str or mapping of str to condition
        A categorical column: ``"event"`` for what customers do, ``"channel"`` for where, or any attribute (search
        terms, contact reasons, devices). Or ordered rules: an event is the first touchpoint whose condition it meets.
    stage : str
        The column that divides the journey: ``"stage"`` or any other. Events without a value are in no stage.
    case : str or None
        What is followed: ``"actor"``, ``"session"``, ``"journey"``, or a column that names an object (order,
        deal). None is ``"journey"`` when the log has journeys and ``"actor"`` otherwise.

    Raises
    ------
    ConfigError
        If `of` and `stage` are the same column, or a rule is malformed.
    MissingColumnError
        If the log has no such column, or it is not categorical.

    Notes
    -----
    Table, one row a stage and touchpoint, stages in their order, most cases first: ``stage, touchpoint, n, n_cases,
    n_actors, n_stage_cases, share, share_low, share_high``. ``n`` counts events; ``share`` is
    ``n_cases / n_stage_cases``: of the cases with any event in the stage. Shares of a stage do not add up to 1, as a
    case has several touchpoints. Intervals are Wilson's; when an actor has several cases they know that these go
    together. Cases that are still open count as far as they came: a touchpoint that comes late in a stage is not
    there yet.

    ``tables["stages"]``, one row a stage: ``stage, n, n_cases, n_actors, n_switches, n_cases_total, share, share_low,
    share_high``: the share of all cases that visit the stage.

    ``tables["switches"]``, most frequent first: ``stage, from, to, n, n_switches, share``: changes from one
    touchpoint to another between events of a case that follow each other in one stage.

    Counts merge by addition, keyed by stage and touchpoint.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Stages({"look": ["home", "search"], "buy": ["cart", "pay"]}))
    >>> log.compute(jl.Touchpoints()).table[["stage", "touchpoint", "n", "n_cases", "n_stage_cases", "share"]]
      stage touchpoint  n  n_cases  n_stage_cases     share
    0  look       home  5        4              4  1.000000
    1  look     search  2        2              4  0.500000
    2   buy       cart  3        3              3  1.000000
    3   buy        pay  2        2              3  0.666667
    """

    of: Any = "event"
    stage: str = "stage"
    case: str | None = None

    def __post_init__(self) -> None:
        """Check that there are two columns, or rules; keep the rules in their frozen form."""
        if not isinstance(self.of, str):
            if not isinstance(self.of, Mapping) or not self.of:
                raise ConfigError(
                    f"of={self.of!r} is no touchpoint. Fix: a column, or rules such as {{'errors': 'error*'}}"
                )
            object.__setattr__(self, "of", {str(name): freeze(rule) for name, rule in self.of.items()})
        if self.of == self.stage:
            raise ConfigError(f"of={self.of!r} is the stage itself. Fix: any other column")

    def prepare(self, chunk: Chunk) -> Chunk:
        """Return the chunk with a level for an object column when that is the case."""
        return with_cases(chunk, self.case)

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of touchpoints, of stages and of switches."""
        stages, level = chunk.category(self.stage), chunk.cases(self.case_level(chunk))
        items = chunk.category(self.of) if isinstance(self.of, str) else first_rule(chunk, self.of)
        stage, item = stages.codes, items.codes
        if level.order is not None:
            stage, item = read_only(stage[level.order]), read_only(item[level.order])
        n_items, n_stages = max(len(items.labels), 1), len(stages.labels)
        row, known = _rows(stage, item, n_items, n_stages)
        pairs, whole = count_touchpoints(
            stage, row, level.begin, level.end, level.actor_offsets, n_stages, known // n_items
        )
        some = np.flatnonzero(pairs[:, 0])
        visited = np.arange(n_stages) if stages.ordered else np.flatnonzero(whole[:, 0])
        switches, n = _switches(stage, item, level, n_items, n_stages)
        where, pair = switches // n_items**2, switches % n_items**2

        def named(codes: npt.NDArray[np.int64]) -> Coded:
            return Coded(codes, stages.names, stages.ordered)

        def called(codes: npt.NDArray[np.int64]) -> Coded:
            return Coded(codes, items.names, items.ordered)

        return Counts(
            {
                "pairs": Table(
                    {"stage": named(known[some] // n_items), "item": called(known[some] % n_items)},
                    dict(zip(_COLUMNS, pairs[some].T.copy(), strict=True)),
                ),
                "stages": Table(
                    {"stage": named(visited)}, dict(zip(_COLUMNS, whole[visited].T.copy(), strict=True))
                ),
                "switches": Table(
                    {
                        "stage": named(where),
                        "from": called(pair // n_items),
                        "to": called(pair % n_items),
                    },
                    {"n": n},
                ),
                "cases": _whole(level),
            }
        ).canonical()

    def result(self, counts: Counts, window: Window) -> TouchpointsResult:
        """Return shares and their intervals."""
        pairs, stages, switches = counts["pairs"], counts["stages"], counts["switches"]
        mine = stages.find(pairs, {"stage": "stage"})
        values, whole = pairs.values, {name: column[mine] for name, column in stages.values.items()}
        low, high = cluster_share(
            values["n_cases"], whole["n_cases"], values["kk"], values["kn"], whole["kk"]
        )
        table = pd.DataFrame(
            {
                "stage": _texts(pairs.coded("stage")),
                "touchpoint": _texts(pairs.coded("item")),
                **{name: values[name] for name in _COLUMNS[:3]},
                "n_stage_cases": whole["n_cases"],
                "share": ratio(values["n_cases"], whole["n_cases"]),
                "share_low": low,
                "share_high": high,
            }
        )
        order = np.lexsort(
            (pairs.codes("item"), -values["n"], -values["n_cases"], mine)
        )  # both are in their order
        changed = np.zeros(len(stages), np.int64)
        from_stage = stages.find(switches, {"stage": "stage"})
        np.add.at(changed, from_stage, switches.values["n"])
        changes = pd.DataFrame(
            {
                "stage": _texts(switches.coded("stage")),
                "from": _texts(switches.coded("from")),
                "to": _texts(switches.coded("to")),
                "n": switches.values["n"],
                "n_switches": changed[from_stage],
                "share": ratio(switches.values["n"], changed[from_stage]),
            }
        ).sort_values(
            ["n", "stage", "from", "to"],
            ascending=[False, True, True, True],
            kind="stable",
            ignore_index=True,
        )
        total = {name: int(column.sum()) for name, column in counts["cases"].values.items()}
        own = stages.values
        wide = np.ones(len(stages), np.int64)
        low, high = cluster_share(own["n_cases"], total["n"] * wide, own["kk"], own["kn"], total["nn"] * wide)
        each = pd.DataFrame(
            {
                "stage": _texts(stages.coded("stage")),
                **{name: own[name] for name in _COLUMNS[:3]},
                "n_switches": changed,
                "n_cases_total": total["n"] * wide,
                "share": ratio(own["n_cases"], total["n"] * wide),
                "share_low": low,
                "share_high": high,
            }
        )
        tables = {"stages": each, "switches": changes}
        notes = under_way_note(int(total["n_under_way"]))
        return TouchpointsResult(self, window, table.iloc[order].reset_index(drop=True), tables, notes)


@dataclass(frozen=True, eq=False, repr=False)
class TouchpointsResult(Result):
    """What occurs in each stage; see :class:`Touchpoints` for the tables."""

    @property
    def switches(self) -> pd.DataFrame:
        """Changes between touchpoints inside a stage."""
        return self.tables["switches"]


def _whole(level: Level) -> Table:
    """Return one row: all cases, and the sum over actors of their number squared."""
    n = np.diff(level.actor_offsets)
    under_way = np.array([level.n_under_way], np.int64)
    return Table({}, {"n": n.sum(keepdims=True), "nn": (n * n).sum(keepdims=True), "n_under_way": under_way})


def _rows(stage: Codes, item: Codes, n_items: int, n_stages: int) -> tuple[Codes, Ints]:
    """Return the row of each event's stage and touchpoint, -1 for none, and what each row stands for."""
    if n_stages * n_items <= _DENSE:
        row = np.empty(len(stage), np.int32)
        pair_rows(stage, item, n_items, row)
        return row, np.arange(n_stages * n_items)
    keys = np.empty(len(stage), np.int64)
    pair_rows(stage, item, n_items, keys)
    return _without(*number_keys(keys)[:2])


def _switches(stage: Codes, item: Codes, level: Level, n_items: int, n_stages: int) -> tuple[Ints, Ints]:
    """Return the changes of touchpoint that occur, as keys, and how often."""
    if n_stages * n_items**2 <= _DENSE:
        counts = count_switches(stage, item, level.begin, level.end, n_items, n_stages)
        found = np.flatnonzero(counts)
        return found, counts[found]
    _, keys, n = number_keys(switch_keys(stage, item, level.begin, level.end, n_items))
    return keys, n


def _texts(column: Coded) -> Any:
    return pd.array(column.names({}), dtype=TEXT)


def _without(row: Codes, known: Ints) -> tuple[Codes, Ints]:
    """Return rows and their keys without the one key that is none."""
    none = np.flatnonzero(known == -1)
    if not len(none):
        return row, known
    moved = np.arange(len(known), dtype=np.int32)
    moved[none[0] + 1 :] -= 1
    moved[none[0]] = -1
    return moved[row], np.delete(known, none)
