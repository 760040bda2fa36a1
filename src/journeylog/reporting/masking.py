"""Numbers of few customers are not told on a page that is shared, nor what would give them away."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from journeylog.reporting.answers import Answers

__all__ = ["mask_answers", "protect"]

_MOVE: Final = ["from", "from_kind", "to", "to_kind"]
_ENDS: Final = ("reached", "dropped", "open")


@dataclass(frozen=True)
class _Moves:
    """Which moves are masked: all, those of few customers, what others are at most, and how wide to draw them."""

    gone: frozenset[tuple[Any, ...]]
    few: frozenset[tuple[Any, ...]]
    most: Mapping[tuple[Any, ...], float]
    drawn: Mapping[tuple[Any, ...], float]


def mask_answers(answers: Answers, k: int) -> Answers:
    """Return the answers without the numbers of fewer than `k` customers; masked numbers are nan.

    Numbers that add up to something told elsewhere are masked in company: one alone, or several that are fewer than
    `k` together, would be given away by subtraction.
    """
    if k < 2:
        return answers
    plan = answers.plan
    rare = _rare_nodes(answers.facts.table, "event", "n", k) | _rare_nodes(
        answers.event_leaves.table, "node", "n_entered", k
    )
    rare_nodes = rare if not plan.staged else _rare_nodes(answers.leaves.table, "node", "n_entered", k)
    gone = _hidden_moves(answers.moves.table, rare, k)
    gone_flow = gone if not plan.staged else _hidden_moves(answers.flow.table, rare_nodes, k)
    event_leaves = _masked_leaves(answers.event_leaves.table, gone, rare, k)
    leaves = _masked_leaves(answers.leaves.table, gone_flow, rare_nodes, k) if plan.staged else event_leaves
    events = answers.facts.table["event"].isin(rare)
    return replace(
        answers,
        mask=k,
        ends=_with(answers.ends, _masked_ends(answers.ends.table, k)),
        flow=_masked_flow(answers.flow, gone_flow, rare_nodes),
        moves=_masked_flow(answers.moves, gone, rare),
        leaves=_with(answers.leaves, leaves),
        event_leaves=_with(answers.event_leaves, event_leaves),
        waits=_with(answers.waits, _masked_waits(answers.waits.table, gone, event_leaves)),
        paths=_with(answers.paths, _masked_paths(answers.paths.table, k)),
        event_paths=_with(answers.event_paths, _masked_paths(answers.event_paths.table, k)),
        facts=_with(answers.facts, _without(answers.facts.table, events, ("event", "n_events_total", "n_actors_total"))),
        losses=_with(answers.losses, _masked_losses(answers.losses.table, gone_flow, leaves, rare_nodes, k)),
        returns=None if answers.returns is None else _with(answers.returns, _masked_returns(answers.returns.table, k)),
        funnel=None if answers.funnel is None else _masked_funnel(answers.funnel, k),
    )  # fmt: skip


def protect(
    values: Sequence[float], groups: Iterable[Sequence[int]], hidden: Collection[int], k: int
) -> set[int]:
    """Return the places to mask so that no group gives a masked value away.

    In each group, whose sum is told, what is masked is at least two values above zero that are at least `k` together;
    where it is not, the smallest of the others are masked too.

    Examples
    --------
    >>> sorted(protect([2, 40, 7, 0], [[0, 1, 2, 3]], {0}, 5))
    [0, 2]
    """
    gone, known = set(hidden), [list(group) for group in groups]
    changed = True
    while changed:
        changed = False
        for group in known:
            mine = [i for i in group if i in gone and values[i] > 0]
            rest = [i for i in group if i not in gone and values[i] > 0]
            if mine and rest and (len(mine) < 2 or sum(values[i] for i in mine) < k):
                gone.add(min(rest, key=lambda i: (values[i], i)))
                changed = True
    return gone


def _small(values: Any, k: int) -> Any:
    found = np.asarray(values, dtype=float)
    return (found > 0) & (found < k)


def _without(table: pd.DataFrame, rows: Any, keep: Collection[str]) -> pd.DataFrame:
    """Return the table with the numbers of some rows masked."""
    rows = np.asarray(rows, dtype=bool)
    made = table.copy()
    for name in table.columns:
        if name not in keep and pd.api.types.is_numeric_dtype(table[name]) and rows.any():
            made[name] = table[name].astype("float64").mask(rows)
    return made


def _with(result: Any, table: pd.DataFrame) -> Any:
    table.attrs.update(result.table.attrs)
    return replace(result, table=table)


def _places(keys: Iterable[Hashable]) -> list[list[int]]:
    found: dict[Hashable, list[int]] = {}
    for i, key in enumerate(keys):
        found.setdefault(key, []).append(i)
    return list(found.values())


def _rare_nodes(table: pd.DataFrame, name: str, n: str, k: int) -> set[str]:
    """Return the names of too few customers, and those masked in their company."""
    small = set(np.flatnonzero(_small(table["n_actors"], k)).tolist())
    gone = protect(table[n].tolist(), [range(len(table))], small, k)
    return set(table[name].iloc[sorted(gone)])


def _hidden_moves(table: pd.DataFrame, rare: set[str], k: int) -> _Moves:
    keys = _keys(table)
    small = {
        i
        for i, key in enumerate(keys)
        if (key[1] == "node" and key[0] in rare) or (key[3] == "node" and key[2] in rare)
    }
    small |= set(np.flatnonzero(_small(table["n_actors"], k)).tolist())
    values = table["n"].tolist()
    groups = [*_places(key[:2] for key in keys), *_places(key[2:] for key in keys)]
    hidden = protect(values, groups, small, k)
    most: dict[tuple[Any, ...], float] = {}
    drawn: dict[tuple[Any, ...], float] = {}
    for group in groups:
        mine = [i for i in group if i in hidden]
        large = [i for i in mine if i not in small]
        for i in large:
            bound = float(sum(values[j] for j in mine) - (len(mine) - len(large))) / len(large)
            drawn[keys[i]] = min(drawn.get(keys[i], bound), bound)
            if len(large) == 1 and len(mine) > 1:
                most[keys[i]] = min(most.get(keys[i], bound), bound)
    return _Moves(frozenset(keys[i] for i in hidden), frozenset(keys[i] for i in small), most, drawn)


def _keys(table: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """Return the ends of moves; typed nodes have no name of their own."""
    rows = table[_MOVE].itertuples(index=False)
    return [(a if x == "node" else "", x, b if y == "node" else "", y) for a, x, b, y in rows]


def _masked_flow(result: Any, hidden: _Moves, rare: set[str]) -> Any:
    """Mask moves; of those masked in company, what anybody can work out is told: how many there are at most."""
    keys = _keys(result.table)
    table = _without(result.table, [key in hidden.gone for key in keys], ())
    table["n_most"] = [hidden.most.get(key, np.nan) for key in keys]
    table["n_drawn"] = [hidden.drawn.get(key, np.nan) for key in keys]
    nodes = result.tables["nodes"]
    masked = _without(nodes, nodes["node"].isin(rare) & (nodes["kind"] == "node"), ())
    masked.attrs.update(nodes.attrs)
    return replace(_with(result, table), tables={**result.tables, "nodes": masked})


def _masked_leaves(table: pd.DataFrame, hidden: _Moves, rare: set[str], k: int) -> pd.DataFrame:
    made = _without(table, table["node"].isin(rare), ())
    ends = {
        end: np.array([(node, "node", "", end) in hidden.gone for node in table["node"]], dtype=bool)
        for end in _ENDS
    }
    partly = np.logical_or.reduce(list(ends.values())) | _small(table["n_continued"], k)
    told = partly & ~table["node"].isin(rare).to_numpy()
    made["n_most"] = [hidden.most.get((node, "node", "", "dropped"), np.nan) for node in table["node"]]
    rough = _rough(table["drop_rate"].to_numpy(float), table["n_followed"].to_numpy(float), k)
    few = _small(table["n_dropped"], k) | table["node"].isin(rare).to_numpy()
    made["rate_about"] = np.where(partly & ~few, rough, np.nan)
    if not partly.any():
        return made
    for end, rows in ends.items():
        made[f"n_{end}"] = made[f"n_{end}"].astype("float64").mask(rows)
    for name in made.columns:
        if name == "rate_about":
            continue
        if name in ("n_continued", "n_followed", "n_late") or name.endswith(("_rate", "_low", "_high")):
            made[name] = made[name].astype("float64").mask(told)
    return made


def _rough(rates: Any, n: Any, k: int) -> Any:
    """Return shares so rounded that they tell their numerators to no less than 2 `k` up or down."""
    grain = np.select(
        [n * step / 2 >= 2 * k for step in (0.01, 0.02, 0.05, 0.1)], (0.01, 0.02, 0.05, 0.1), np.nan
    )
    return np.round(rates / grain) * grain


def _masked_waits(table: pd.DataFrame, hidden: _Moves, leaves: pd.DataFrame) -> pd.DataFrame:
    """Mask waits; where only the number of moves must not be told, their times and their part of all are."""
    stayed = set(leaves.loc[leaves["n_continued"].isna(), "node"])
    rows = list(zip(table["part"], table["from"], table["to"], strict=True))
    few = [part == "edge" and (a, "node", b, "node") in hidden.few for part, a, b in rows]
    counted = [
        (a, "node", b, "node") in hidden.gone if part == "edge" else a in stayed for part, a, b in rows
    ]
    made = _without(table, few, ("rank", "baseline_s"))
    made["n_most"] = [hidden.most.get((a, "node", b, "node"), np.nan) for _, a, b in rows]
    return _without(
        made,
        counted,
        ("rank", "baseline_s", "n_most", "time_median_s", "time_p90_s", "excess_share", *_BOUNDS),
    )


_BOUNDS: Final = ("time_median_low_s", "time_median_high_s")


def _masked_losses(
    table: pd.DataFrame, hidden: _Moves, leaves: pd.DataFrame, rare: set[str], k: int
) -> pd.DataFrame:
    silent = set(leaves.loc[leaves["n_dropped"].isna() | leaves["n_followed"].isna(), "node"])
    rows, counted = set(), set()
    for i, row in enumerate(table[["kind", "node", "to", "amount"]].to_dict("records")):
        kind, node, way = row["kind"], row["node"], (row["node"], "node", row["to"], "node")
        if (kind != "wait" and 0 < abs(row["amount"]) < k) or (
            way in hidden.few if kind == "wait" else node in rare
        ):
            rows.add(i)
        elif way in hidden.gone if kind == "wait" else kind == "drop" and node in silent:
            counted.add(i)
    values = np.where(table["kind"] == "wait", table["n"], table["amount"].clip(lower=0)).tolist()
    rows = protect(values, _places(table["kind"]), rows, k)
    keep = ("rank", "rank_of_kind", "baseline")
    made = _without(table, np.isin(np.arange(len(table)), sorted(rows)), keep)
    told = [name for name in table.columns if name not in ("n", "total", "rate", "rate_low", "rate_high")]
    return _without(made, np.isin(np.arange(len(table)), sorted(counted)), told)


def _masked_paths(table: pd.DataFrame, k: int) -> pd.DataFrame:
    """Return the paths of enough customers; what is left over is enough of them too, or nobody."""
    kept = table[~_small(table["n_actors"], k)]
    while len(kept) and 0 < kept["n_total"].iloc[0] - kept["n_cases"].sum() < k:
        kept = kept.drop(index=kept["n_cases"].idxmin())
    made: pd.DataFrame = kept.reset_index(drop=True)
    names = [f"n_{end}" for end in _ENDS]
    for i, values in enumerate(kept[names].to_numpy(float).tolist()):
        gone = protect(values, [range(3)], set(np.flatnonzero(_small(values, k)).tolist()), k)
        for j in gone:
            made[names[j]] = made[names[j]].astype("float64")
            made.loc[i, names[j]] = np.nan
    return made


def _masked_ends(table: pd.DataFrame, k: int) -> pd.DataFrame:
    small = set(np.flatnonzero(_small(table["n_actors"], k)).tolist())
    gone = protect(table["n"].tolist(), [range(len(table))], small, k)
    return _without(table, np.isin(np.arange(len(table)), sorted(gone)), ("n_total", "n_actors_total"))


def _masked_returns(table: pd.DataFrame, k: int) -> pd.DataFrame:
    left = table["n_eligible"] - table["n_returned"]
    few = _small(table["n_returned"], k) | _small(left, k) | _small(table["n_eligible"], k)
    made = _without(table, few, ("period", "n_actors", "n_eligible"))
    return _without(made, _small(table["n_eligible"], k), ("period", "n_actors"))


def _masked_funnel(result: Any, k: int) -> Any:
    """Mask steps: those at one are those lost, those open, and those at the next."""
    table, n = result.table, len(result.table)
    parts = ("n_cases", "n_lost", "n_open")
    values = [float(v) for name in parts for v in table[name]]
    small = set(np.flatnonzero(_small(values, k)).tolist()) | set(
        np.flatnonzero(_small(table["n_actors"], k)).tolist()
    )
    groups = [[i + 1, n + i, 2 * n + i] if i + 1 < n else [n + i, 2 * n + i] for i in range(n)]
    gone = protect(values, groups, small, k)
    here = np.array([i in gone for i in range(n)], dtype=bool)
    made = _without(table, here, ("step",))
    for j, name in enumerate(parts[1:], 1):
        rows = np.array([j * n + i in gone for i in range(n)], dtype=bool) | here
        made[name] = made[name].astype("float64").mask(rows)
    after = np.append(False, here[:-1])
    for name in [name for name in made.columns if name.startswith("step_rate")]:
        made[name] = made[name].mask(after)
    return replace(_with(result, made), tables={**result.tables, "lost_next": _masked_next(result, made, k)})


def _masked_next(result: Any, steps: pd.DataFrame, k: int) -> pd.DataFrame:
    table = result.tables["lost_next"]
    few = set(np.flatnonzero(_small(table["n_cases"], k)).tolist())
    silent = set(steps.loc[steps["n_lost"].isna() | steps["n_open"].isna(), "step"])
    few |= set(np.flatnonzero(table["step"].isin(silent)).tolist())
    gone = protect(table["n_cases"].tolist(), _places(table["step"]), few, k)
    return _without(table, np.isin(np.arange(len(table)), sorted(gone)), ("step",))
