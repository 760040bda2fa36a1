"""What the figures of a transition graph share: which nodes are shown, in which order, and what a move says."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from journeylog.errors import ConfigError, explain, nearest
from journeylog.plots.labels import card, count, duration, full, rate, share
from journeylog.plots.style import followed
from journeylog.stats.transitions import TransitionsResult

__all__ = [
    "ENDS",
    "Flows",
    "Key",
    "Move",
    "Tint",
    "facts_of",
    "flows_of",
    "key_of",
    "listed_first",
    "mean_position",
    "move_card",
    "node_order",
    "outcome_line",
    "usual_tint",
    "word_of",
]

#: Ends in the order figures show them.
ENDS = ("reached", "open", "dropped")
_WORDS = {"start": "Start", "reached": "Reached", "dropped": "Dropped", "open": "Open"}
_TIMES = {"wait": "time until the next", "stay": "time from arrival to arrival", "dwell": "time spent there"}


class Key(NamedTuple):
    """A node: its kind and its name; kind ``other`` holds all names that are not shown."""

    kind: str
    name: str = ""


@dataclass(frozen=True, eq=False)
class Move:
    """A move between two shown nodes; `row` is the table's row when it stands for that one alone."""

    source: Key
    target: Key
    n: int
    n_followed: int
    row: Mapping[Any, Any] | None


@dataclass(frozen=True)
class Flows:
    """The moves among the shown nodes; what is not shown is merged, so every number still adds up.

    Parameters
    ----------
    nodes : tuple of Key
        Shown nodes in order, without start and ends; ``Key("other")`` last when there is one.
    n_other : int
        Names merged into it.
    inside : Move or None
        Moves between two merged names. They are not among `moves`.
    visits : mapping of Key to int
        Visits; journeys for the start, and arrivals from outside for the merged names.
    moves : tuple of Move
    names : tuple of str
        All names, shown or not.
    """

    nodes: tuple[Key, ...]
    n_other: int
    inside: Move | None
    visits: Mapping[Key, int]
    moves: tuple[Move, ...]
    names: tuple[str, ...]

    def ends(self, node: Key) -> dict[str, Move]:
        """Return the moves of a node to its ends."""
        return {m.target.kind: m for m in self.moves if m.source == node and m.target.kind in ENDS}


@dataclass(frozen=True)
class Tint:
    """How the moves of a figure look.

    Parameters
    ----------
    color : callable
        The colour of a move.
    card : callable
        Its hover box.
    share : callable
        What is written beside a move that ends a journey, below its number; empty for nothing.
    first : callable
        Whether a move has to be drawn, however few made it.
    alpha : callable
        By how much its colour is faded, given how much it usually is.
    """

    color: Callable[[Move], str]
    card: Callable[[Move], str]
    share: Callable[[Move], str]
    first: Callable[[Move], bool] = lambda move: False
    alpha: Callable[[Move, float], float] = lambda move, usual: usual


def usual_tint(color: Callable[[Move], str], flows: Flows, result: TransitionsResult) -> Tint:
    """Return the look of moves that show nothing but themselves."""

    def written(move: Move) -> str:
        part = move.row["rate"] if move.row is not None else float("nan")
        return share(part) if part == part else ""

    return Tint(color, lambda move: move_card(move, flows, result), written)


def flows_of(
    result: TransitionsResult, limit: int, order: Sequence[str] | None = None, beside: bool = False
) -> Flows:
    """Return the moves among the most visited nodes and one node for the rest, `limit` in all, or `beside` that one."""
    frame = result.nodes[result.nodes["kind"] == "node"]
    named = node_order(result, order)
    visits = dict(zip(frame["node"].tolist(), frame["n"].tolist(), strict=True))
    top = sorted(named, key=lambda name: (-visits[name], name))
    kept = set(top if len(top) <= limit else top[: limit - (not beside)])
    rest = len(named) - len(kept)
    keys = tuple(Key("node", name) for name in named if name in kept) + ((Key("other"),) if rest else ())
    total = {key: visits[key.name] for key in keys if key.kind == "node"}
    total[Key("start")] = int(result.nodes.loc[result.nodes["kind"] == "start", "n"].sum())
    moves = _merged(result.table, kept)
    other = Key("other")
    inside = next((move for move in moves if move.source == move.target == other), None)
    if rest:
        total[other] = sum(n for name, n in visits.items() if name not in kept) - (inside.n if inside else 0)
    drawn = tuple(move for move in moves if move is not inside)
    return Flows(keys, rest, inside, total, drawn, tuple(visits))


def node_order(result: TransitionsResult, order: Sequence[str] | None = None) -> list[str]:
    """Return the names as journeys meet them: as asked, else in stage order, else by mean position from the start."""
    frame = result.nodes[result.nodes["kind"] == "node"]
    names: list[str] = frame["node"].tolist()
    if order is not None:
        return listed_first(names, order)
    if result.nodes.attrs.get("ordered", False):
        return names
    place = mean_position(result.table)
    return sorted(names, key=lambda name: (place.get(name, np.inf), name))


def listed_first(names: Sequence[str], order: Sequence[str]) -> list[str]:
    """Return the names with those of `order` first, as listed."""
    known = set(names)
    unknown = [name for name in order if name not in known]
    if unknown:
        near = nearest(str(unknown[0]), names)
        fix = f"did you mean {near[0]!r}?" if near else "use names that are nodes of the result"
        raise ConfigError(
            explain("order= has names that do not occur", count=len(unknown), examples=unknown, fix=fix)
        )
    return list(dict.fromkeys([*order, *names]))


def mean_position(table: pd.DataFrame) -> dict[str, float]:
    """Return how many moves from the start a node lies, early visits counting more.

    The table is walked as a Markov chain from the start, the weight halved at each move, so a node that opens
    journeys stays in front even when journeys come back to it. Repeats on the spot are not counted.
    """
    table = table[(table["from_kind"] == "start") | (table["from"] != table["to"])]
    moves = table[table["to_kind"] == "node"]
    names = sorted(set(moves["to"]))
    place = {name: i for i, name in enumerate(names)}
    out = table.groupby(["from_kind", "from"])["n"].transform("sum").loc[moves.index]
    share, to = (moves["n"] / out).to_numpy(), moves["to"].map(place).to_numpy(np.int64)
    begins = (moves["from_kind"] == "start").to_numpy()
    since = moves["from"].map(place).fillna(-1).to_numpy(np.int64)
    walks = ~begins & (since >= 0)
    first = np.bincount(to[begins], share[begins], len(names))
    chance: Any = csr_array((share[walks], (to[walks], since[walks])), shape=(len(names), len(names)))
    weight, moment, now = np.zeros(len(names)), np.zeros(len(names)), first
    for step in range(60):
        weight += now * 0.5**step
        moment += now * step * 0.5**step
        now = chance @ now
    return {name: float(moment[i] / weight[i]) for name, i in place.items() if weight[i] > 0}


def word_of(key: Key, n_other: int = 0) -> str:
    """Return the safe full name of a node for hover boxes; typed ones in italics, so no event can pass for one."""
    if key.kind == "node":
        return full(key.name)
    return f"<i>{n_other:,} other names</i>" if key.kind == "other" else f"<i>{_WORDS[key.kind]}</i>"


def move_card(move: Move, flows: Flows, result: TransitionsResult) -> str:
    """Return the hover box of a move."""
    rows = [("moves", count(move.n))]
    row = move.row
    if row is not None:
        rows.append((followed(result), count(row["n_cases"])))
        if row["rate"] == row["rate"]:
            rows.append(("share", rate(row["rate"], row["rate_low"], row["rate_high"])))
            rows.append(("", f"of {count(row['n_from_followed'])} {_base_word(move, result)}"))
        if row["time_mean_s"] == row["time_mean_s"]:
            rows.append((_TIMES[result.question.time], f"mean {duration(row['time_mean_s'])}"))  # type: ignore[attr-defined]
            if "time_median_s" in row:
                rows.append(
                    (
                        "",
                        f"half within {duration(row['time_median_s'])}, 90 % within {duration(row['time_p90_s'])}",
                    )
                )
        if row["n_tied"]:
            rows.append(
                ("at equal times", f"{count(row['n_tied'])} (their direction rests on the order of ties)")
            )
    return card(f"{word_of(move.source, flows.n_other)} → {word_of(move.target, flows.n_other)}", rows)


def _base_word(move: Move, result: TransitionsResult) -> str:
    return followed(result) if move.source.kind == "start" else "visits watched long enough"


def outcome_line(flows: Flows, result: TransitionsResult) -> str:
    """Return how many journeys there are and how they ended."""
    ended = {kind: sum(m.n for m in flows.moves if m.target.kind == kind) for kind in ENDS}
    words = {"reached": "reached the goal", "dropped": "dropped", "open": "still open"}
    parts = [f"{count(flows.visits[Key('start')])} {followed(result)}"]
    parts += [f"{count(ended[kind])} {words[kind]}" for kind in ("reached", "dropped", "open") if ended[kind]]
    return " · ".join(parts)


def facts_of(move: Move) -> dict[str, Any]:
    """Return a move as plain data to keep with its drawing."""
    return {
        "from": move.source.name,
        "from_kind": move.source.kind,
        "to": move.target.name,
        "to_kind": move.target.kind,
        "n": move.n,
    }


def _merged(table: pd.DataFrame, kept: set[str]) -> tuple[Move, ...]:
    """Return the moves among the kept and typed nodes as they are, and all others added up."""
    seen = {end: (table[f"{end}_kind"] != "node") | table[end].isin(kept) for end in ("from", "to")}
    alone = seen["from"] & seen["to"]
    moves = [
        Move(_key_of_row(row, "from"), _key_of_row(row, "to"), int(row["n"]), int(row["n_followed"]), row)
        for row in table[alone].to_dict("records")
    ]
    ends = {end: table[end].where(table[f"{end}_kind"] == "node", "").where(seen[end], "") for end in seen}
    kinds = {f"{end}_kind": table[f"{end}_kind"].where(seen[end], "other") for end in seen}
    rest = (
        table.assign(**ends, **kinds)[~alone].groupby([*ends, *kinds], sort=False)[["n", "n_followed"]].sum()
    )
    for row in rest.reset_index().to_dict("records"):
        moves.append(
            Move(
                _key_of_row(row, "from"), _key_of_row(row, "to"), int(row["n"]), int(row["n_followed"]), None
            )
        )
    return tuple(moves)


def _key_of_row(row: Mapping[Any, Any], end: str) -> Key:
    kind = str(row[f"{end}_kind"])
    return Key(kind, row[end]) if kind == "node" else Key(kind)


def key_of(kind: str, name: str, kept: Container[str]) -> Key:
    """Return the node a name is shown as: itself when it is kept, else the one for all others."""
    if kind != "node":
        return Key(kind)
    return Key("node", name) if name in kept else Key("other")
