"""What chance alone makes of customers: all move by the same probabilities, each as long as it really did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from journeylog.core.counts import Counts
from journeylog.persona.features import Names, Rows

__all__ = ["Chain", "chain_of", "walked"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Steps that are walked; shares of longer journeys are those of as many.
_LONGEST: Final = 300


@dataclass(frozen=True, eq=False)
class Chain:
    """The common way of all: where journeys begin, where they go on to, and where they end, over all names.

    Parameters
    ----------
    first, last : ndarray of float64, shape (n_names,)
        Probabilities of the first node, and of ending at each; the last place stands for all names that are not looked at.
    next : ndarray of float64, shape (n_names, n_names)
        Probabilities of the next node by the present one.
    nodes : ndarray of int64, shape (n_names,)
        Which of the nodes that are looked at each name is, -1 for none.
    moves : ndarray of int64, shape (n_names, n_names)
        Which of the moves.
    channels : ndarray of float64
        Probabilities of the channels that are looked at, and of all others.
    """

    first: Floats
    last: Floats
    next: Floats
    nodes: Ints
    moves: Ints
    channels: Floats


def chain_of(counts: Counts, hashes: Ints, names: Names) -> Chain:
    """Return the chain by which the sampled actors move, taken together."""
    known = sorted({*names.nodes, *(name for pair in names.moves for name in pair)})
    place = {name: i for i, name in enumerate(known)}
    n = len(known) + 1  # the rest is one more
    ends = np.zeros((2, n))
    for row, part in zip(ends, ("firsts", "lasts"), strict=True):
        for name, k in _rows(counts, part, ("node",), hashes):
            row[place.get(name[0], n - 1)] += k
    go = np.zeros((n, n))
    for name, k in _rows(counts, "moves", ("from", "to"), hashes):
        go[place.get(name[0], n - 1), place.get(name[1], n - 1)] += k
    nodes = np.full(n, -1, np.int64)
    for i, name in enumerate(names.nodes):
        nodes[place[name]] = i
    moves = np.full((n, n), -1, np.int64)
    for i, (a, b) in enumerate(names.moves):
        moves[place[a], place[b]] = i
    channel = np.zeros(len(names.channels) + 1)
    if "channels" in counts.tables:
        spot = {name: i for i, name in enumerate(names.channels)}
        for name, k in _rows(counts, "channels", ("channel",), hashes):
            channel[spot.get(name[0], len(names.channels))] += k
    out = np.maximum(go.sum(axis=1) + ends[1], 1)
    return Chain(_part(ends[0]), ends[1] / out, go / out[:, None], nodes, moves, _part(channel))


def walked(rows: Rows, chain: Chain, chance: np.random.Generator) -> Rows:
    """Return the rows of as many customers who all move by the chain, each as many steps as it really made.

    Each step is drawn among the ways that can still end after as many steps as are left, by how likely they do.
    """
    length = rows.n_nodes
    left = _ways_left(chain, min(int(length.max(initial=0)), _LONGEST))
    nodes, moves = np.zeros_like(rows.nodes), np.zeros_like(rows.moves)
    some = np.flatnonzero(length > 0)
    at = np.zeros(len(length), np.int64)
    at[some] = _drawn(chain.first * left[np.minimum(length[some], _LONGEST) - 1], chain.first, chance)
    _add(nodes, some, chain.nodes[at[some]])
    for step in range(1, min(int(length.max(initial=0)), _LONGEST)):
        going = np.flatnonzero(length > step)
        ways = chain.next[at[going]]
        to = _drawn(ways * left[np.minimum(length[going] - step, _LONGEST) - 1], ways, chance)
        _add(nodes, going, chain.nodes[to])
        _add(moves, going, chain.moves[at[going], to])
        at[going] = to
    channels = np.zeros_like(rows.channels)
    if rows.channels.shape[1]:
        channels = chance.multinomial(rows.n_channels, chain.channels)[:, :-1].astype(np.int64)
    steps = np.minimum(length, _LONGEST)
    made = replace(rows, nodes=nodes, moves=moves, channels=channels, n_nodes=steps)
    return replace(made, n_moves=np.maximum(steps - 1, 0))


def _ways_left(chain: Chain, most: int) -> Floats:
    """Return how likely a journey that is at a node ends after exactly so many nodes, this one among them, row by row."""
    rows = [chain.last]
    for _ in range(1, most):
        row = chain.next @ rows[-1]
        rows.append(row / max(row.max(), 1e-300))  # only ratios within a row matter
    return np.array(rows)


def _drawn(weights: Floats, instead: Floats, chance: np.random.Generator) -> Ints:
    """Return a place for each row of weights; where there are none, by other weights."""
    none = weights.sum(axis=1) <= 0
    weights = np.where(none[:, None], instead, weights)
    running = np.cumsum(weights, axis=1)
    draw = chance.random(len(weights)) * running[:, -1]
    return np.asarray(
        np.minimum((running <= draw[:, None]).sum(axis=1), weights.shape[1] - 1), dtype=np.int64
    )


def _add(grid: Ints, row: Ints, column: Ints) -> None:
    kept = column >= 0
    grid[row[kept], column[kept]] += 1  # each row once


def _rows(counts: Counts, part: str, keys: tuple[str, ...], hashes: Ints) -> Any:
    """Yield the names and the count of each row of the sampled actors."""
    table = counts[part]
    mine = table.take(np.flatnonzero(np.isin(table.codes("hash"), hashes)))
    things = zip(*(mine.coded(key).names({}) for key in keys), strict=True)
    return zip(things, mine.values["n"].tolist(), strict=True)


def _part(weights: Floats) -> Floats:
    """Return probabilities; with nothing to go by the last one is sure."""
    total = weights.sum()
    return weights / total if total > 0 else np.append(np.zeros(len(weights) - 1), 1.0)
