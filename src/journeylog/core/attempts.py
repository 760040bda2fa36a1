"""From declared steps to attempts: how far each case got, and the tables counted from that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.chunk import Category, Chunk, Level
from journeylog.core.condition import columns_of, matches
from journeylog.core.counts import Coded, Table
from journeylog.core.grouping import divided
from journeylog.core.kernels import funnel as kernel
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.kernels.names import used_codes
from journeylog.core.schema import OPEN

__all__ = ["MODES", "NO_LIMIT", "Attempts", "find_attempts"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Depths = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]

#: How steps may follow each other, with the walk that matches them so.
MODES = {"ordered": kernel.ordered, "strict": kernel.strict, "unordered": kernel.unordered}
NO_LIMIT = kernel.NO_LIMIT
_BELOW = 8  # room for the codes of typed nodes in a joined key


@dataclass(frozen=True, eq=False)
class Attempts:
    """The furthest attempt of each case through `n_steps` steps, the earliest of equals.

    Parameters
    ----------
    codes, masks : ndarray
        The steps an event fits are the bits of ``masks[codes[event]]``.
    event, time : ndarray of shape (n_events,)
        Event names as codes into `labels`, and times.
    level : Level
        The cases; ``begin`` and ``end`` point into `codes`, `event` and `time`.
    depth, last : ndarray of shape (n_cases,)
        Steps filled, and the position of the last event that fills one.
    followed, entry : ndarray of shape (n_cases,)
        Depth over the attempts that were watched for their whole time, and where the furthest of them begins.
    over : ndarray of bool, shape (n_cases,)
        Whether no attempt of the case can get further any more.
    told : bool
        Whether attempts run out of time, so that lost ones are told from open ones.
    """

    codes: Codes
    masks: Ints
    event: Codes
    time: Ints
    labels: tuple[str, ...]
    level: Level
    n_steps: int
    depth: Depths
    last: Ints
    followed: Depths
    entry: Ints
    over: Mask
    told: bool

    def step_table(self) -> Table:
        """Return one row a step: cases and actors that reached it, lost and open ones, second moments."""
        n, level = self.n_steps, self.level
        stopped = self.depth < n
        followed = _reached(self.followed, n)
        squares = before = first = followed
        if not self.single:
            squares, before, first = kernel.followed_moments(self.followed, level.actor_offsets, n)
        fits = np.bitwise_or.reduce(self.masks[used_codes(self.codes, len(self.masks))], initial=0)
        columns = {
            "n_cases": _reached(self.depth, n),
            "n_actors": _reached(_deepest(self.depth, level), n),
            "n_lost": _at(self.depth[stopped & self.over], n),
            "n_open": _at(self.depth[stopped & ~self.over], n),
            "n_followed": followed,
            "n_followed_actors": _reached(_deepest(self.followed, level), n),
            "ff": squares,
            "f_before": before,
            "f_first": first,
            "lost_squares": self._lost_squares(),
            "fits": (fits >> np.arange(n)) & 1,
        }
        return Table({"step": np.arange(1, n + 1)}, columns, largest=("fits",))

    def _lost_squares(self) -> Ints:
        """Return by step the sum over actors of the squared number of cases lost there."""
        lost = (self.depth > 0) & (self.depth < self.n_steps) & (self.over if self.told else True)
        if self.single:
            return _at(self.depth[lost], self.n_steps)
        step, actor = self.depth[lost].astype(np.int64), self.level.actor_of_case()[lost]
        wide = int(actor.max(initial=0)) + 1
        pairs, n = np.unique(step * wide + actor, return_counts=True)
        return np.bincount(pairs // wide, weights=n * n, minlength=self.n_steps + 1)[1:].astype(np.int64)

    @property
    def single(self) -> bool:
        """Whether no actor has several cases."""
        return len(self.level) == 0 or int(np.diff(self.level.actor_offsets).max()) <= 1

    def time_tables(self, any_order: bool) -> tuple[Ints, Table]:
        """Return the sum of each step's times (milliseconds, from the step before) and their bins."""
        total, bins = kernel.step_times(
            self.codes, self.masks, self.time, self.followed, self.entry, self.n_steps, any_order
        )
        rows, cells = np.nonzero(bins)
        return total, Table({"step": rows + 1, "bin": cells}, {"n": bins[rows, cells]})

    def next_table(self) -> Table:
        """Return for each step what came after the last matched event of the cases that stopped there."""
        case = np.flatnonzero((self.depth > 0) & (self.depth < self.n_steps))
        spot = self.last[case] + 1
        more = spot < self.level.end[case]
        code = self.level.outcome[case].astype(np.int64)
        code[more] = self.event[spot[more]]
        wide = len(self.labels) + _BELOW
        lost = self.over[case] if self.told else np.ones(len(case), np.int64)
        depth = self.depth[case].astype(np.int64)
        row, keys, n = number_keys(((depth * wide + code + _BELOW) << 1) | lost)
        step, code = divided(keys >> 1, wide)
        values = {"n_cases": n, "n_followed": np.where(keys & 1, n, 0)}
        if self.single:
            values |= {"kk": values["n_followed"], "kn": values["n_followed"]}
        else:
            kept = np.flatnonzero(lost)
            actor = self.level.actor_of_case()[case]
            values |= _moments(row[kept], depth[kept], actor[kept], len(keys))
        return Table({"step": step, "next": Coded(code - _BELOW, self.labels)}, values)

    def case_table(self) -> Table:
        """Return one row: cases, and those that never entered."""
        total = {
            "n_cases": len(self.level),
            "n_without": int(np.count_nonzero(self.depth == 0)),
            "n_under_way": self.level.n_under_way,
        }
        return Table({}, {name: np.array([n], np.int64) for name, n in total.items()})


def find_attempts(
    chunk: Chunk, level: Level, steps: tuple[Any, ...], mode: str, within: int, horizon: int, once: bool
) -> Attempts:
    """Match the steps in every case.

    Parameters
    ----------
    steps : tuple of conditions
    mode : {"ordered", "strict", "unordered"}
    within : int
        Microseconds from an attempt's first event to its last, or ``NO_LIMIT``.
    horizon : int
        Attempts that begin later were not watched for their whole time.
    once : bool
        Whether only a case's first entry counts.
    """
    codes, masks = _masks(chunk, steps)
    event, time = chunk.event.codes, chunk.time
    if level.order is not None:
        codes, event, time = codes[level.order], event[level.order], time[level.order]
    depth, last, followed, entry, waiting = MODES[mode](
        codes, masks, time, level.begin, level.end, len(steps), within, horizon, once
    )
    told = within != NO_LIMIT
    over = (level.outcome != OPEN) | (~waiting if told else False)
    return Attempts(
        codes,
        masks,
        event,
        time,
        chunk.event.names,
        level,
        len(steps),
        depth,
        last,
        followed,
        entry,
        over,
        told,
    )


def _masks(chunk: Chunk, steps: tuple[Any, ...]) -> tuple[Codes, Ints]:
    """Return a code for each event, and for each code the steps it fits as bits."""
    if all(columns_of(step) == {"event"} for step in steps):
        return chunk.event.codes, _bits(_vocabulary(chunk.event), steps)
    codes, masks, _ = number_keys(_bits(chunk, steps))
    return codes, masks


def _bits(chunk: Chunk, steps: tuple[Any, ...]) -> Ints:
    bits = np.zeros(chunk.n_events, dtype=np.int64)
    for k, step in enumerate(steps):
        bits |= matches(chunk, step).astype(np.int64) << k
    return bits


def _vocabulary(event: Category) -> Chunk:
    """Return a chunk with one event of every name: conditions on names are answered once a name."""
    n = len(event.labels)
    codes = Category(np.arange(n, dtype=np.int32), event.labels)
    return Chunk(pa.array([""]), np.array([0, n]), np.zeros(n, np.int64), {"event": codes})


def _moments(row: Codes, depth: Ints, actor: Ints, n_rows: int) -> dict[str, Ints]:
    """Return by row the sums over actors of k ** 2 and k * n, k cases of that row among n lost at that step."""
    wide = int(actor.max(initial=0)) + 1
    _, base, n = np.unique(depth * wide + actor, return_inverse=True, return_counts=True)
    pairs, k = np.unique(row.astype(np.int64) * (len(n) + 1) + base, return_counts=True)
    kk, kn = np.zeros(n_rows, np.int64), np.zeros(n_rows, np.int64)
    np.add.at(kk, pairs // (len(n) + 1), k * k)
    np.add.at(kn, pairs // (len(n) + 1), k * n[pairs % (len(n) + 1)])
    return {"kk": kk, "kn": kn}


def _at(depth: Depths, n: int) -> Ints:
    """Return how many have exactly depth 1, 2, ..., n."""
    return np.bincount(depth, minlength=n + 1)[1:].astype(np.int64)


def _reached(depth: Depths, n: int) -> Ints:
    """Return how many have at least depth 1, 2, ..., n."""
    return np.cumsum(_at(depth, n)[::-1])[::-1].copy()


def _deepest(depth: Depths, level: Level) -> Depths:
    """Return the greatest depth of each actor that has cases."""
    starts = level.actor_offsets[:-1][np.diff(level.actor_offsets) > 0]
    return np.maximum.reduceat(depth, starts) if len(starts) else depth[:0]
