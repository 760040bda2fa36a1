"""Who was assigned to which variant, when, and whether the variants are as large as they were meant to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy import special

from journeylog.comparison.anew import BEGINS, cut_anew, making, old_cases
from journeylog.core.chunk import Category, Chunk
from journeylog.core.condition import Condition, matches
from journeylog.core.contracts import Step
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT
from journeylog.core.schema import SECOND
from journeylog.core.window import Window
from journeylog.errors import ConfigError, cut, nearest
from journeylog.steps.journeys import Journeys

__all__ = ["VARIANT", "Assigned", "assigned", "mismatch"]

Ints = npt.NDArray[np.int64]

#: The column of the cut log that holds each actor's variant; no column of a log is called so.
VARIANT: Final = "\x00variant"


@dataclass(frozen=True, eq=False)
class Assigned:
    """A log that begins with each actor's first assignment.

    Parameters
    ----------
    log : EventLog
        Assigned actors from their first assignment on, their variant in the column :data:`VARIANT`.
    variants : tuple of str
        The control first.
    table : DataFrame
        One row a variant.
    n_both : int
        Actors who were assigned to several variants.
    n_without : int
        Assignments without a variant.
    n_other : int
        Actors whose first assignment is to a variant that was not declared.
    n_old : int
        Journeys of assigned actors that are left out because they were decided before the assignment, or may have been;
        -1 where journeys begin anew at it, so that none of them was.
    """

    log: EventLog
    variants: tuple[str, ...]
    table: pd.DataFrame
    n_both: int
    n_without: int
    n_other: int
    n_old: int


@dataclass(frozen=True, eq=False)
class _First:
    """First assignments of a chunk's actors."""

    actor: Ints
    event: Ints
    code: npt.NDArray[np.int32]
    several: npt.NDArray[np.bool_]
    n_without: int


def assigned(
    log: EventLog,
    assignment: Condition,
    variant: str,
    control: str | None,
    ratios: Mapping[str, float] | None,
    drop: bool,
) -> Assigned:
    """Find the assignments and cut the log at them.

    Parameters
    ----------
    drop : bool
        Whether actors who were assigned to several variants are left out; else they count for the first.
    """
    known = _variants(log, assignment, variant)
    if ratios is not None:
        unknown = [name for name in ratios if name not in known]
        if len(unknown) == len(ratios) and known:
            near = nearest(unknown[0], known)
            raise ConfigError(
                f"ratios= names {cut(list(ratios))}, and the variants are {cut(known)}. "
                f"Fix: {f'did you mean {near[0]!r}?' if near else 'use the variants of the log'}"
            )
    names = _control_first(list(ratios) if ratios is not None else known, control)
    cut_there = _FromAssignment(assignment, variant, tuple(names), drop, making(log))
    parts = log.source.map(cut_there.people)
    n_both, n_without, n_other, n_old = (sum(part[1][i] for part in parts) for i in range(4))
    if cut_there.journeys is not None or not any(log.source.map(lambda chunk: "journey" in chunk.levels)):
        n_old = -1
    people = pd.concat([part[0] for part in parts], ignore_index=True)
    table = _table(people, names, ratios, log.window.end)
    whole = replace(log, source=log.source.then([cut_there], log.window))
    return Assigned(whole, tuple(names), table, n_both, n_without, n_other, n_old)


def mismatch(n: Ints, expected: npt.NDArray[np.float64]) -> tuple[str, float]:
    """Return the name of the test and the p-value of counts against the shares they were meant to have.

    Two variants are tested exactly (binomial, twice the smaller tail), more by chi-squared.

    Examples
    --------
    >>> test, p = mismatch(np.array([821, 588]), np.array([0.5, 0.5]))
    >>> test, f"{p:.1e}"
    ('exact binomial', '5.9e-10')
    """
    total = int(n.sum())
    if total == 0:
        return "none", float("nan")
    if len(n) == 2:
        k, p = int(n[0]), float(expected[0])
        below, above = special.bdtr(k, total, p), special.bdtrc(k - 1, total, p) if k > 0 else 1.0
        return "exact binomial", float(min(1.0, 2 * min(below, above)))
    wanted = expected * total
    return "chi-squared", float(special.chdtrc(len(n) - 1, ((n - wanted) ** 2 / wanted).sum()))


def _variants(log: EventLog, assignment: Condition, variant: str) -> list[str]:
    """Return the variants that actors were assigned to."""

    def seen(chunk: Chunk) -> set[str]:
        column = chunk.category(variant)
        codes = np.unique(column.codes[matches(chunk, assignment)])
        return {column.names[code] for code in codes if code >= 0}

    return sorted(set().union(*log.source.map(seen)))


def _control_first(names: list[str], control: str | None) -> list[str]:
    if control is None:
        control = next((name for name in names if name.casefold() == "control"), names[0] if names else "")
    if control not in names:
        near = nearest(control, names)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {cut(names)}"
        raise ConfigError(f"control={control!r} is no variant. Fix: {hint}")
    if len(names) < 2:
        raise ConfigError(
            f"an experiment has two variants at least, and here are {cut(names)}. Fix: look at the assignment event"
        )
    return [control, *(name for name in names if name != control)]


def _first(chunk: Chunk, assignment: Condition, variant: str) -> _First:
    column = chunk.category(variant)
    at = np.flatnonzero(matches(chunk, assignment))
    told = column.codes[at] >= 0
    n_without = int(np.count_nonzero(~told))
    at = at[told]
    owner = np.searchsorted(chunk.offsets, at, side="right") - 1
    actor, first = np.unique(owner, return_index=True)
    codes = column.codes[at]
    if len(at):
        several = np.minimum.reduceat(codes, first) != np.maximum.reduceat(codes, first)
    else:
        several = np.zeros(0, bool)
    return _First(actor, at[first], codes[first], several, n_without)


@dataclass(frozen=True)
class _FromAssignment(Step):
    """Keep assigned actors, from their first assignment on, with their variant; journeys begin with it."""

    assignment: Condition
    variant: str
    names: tuple[str, ...]
    drop: bool
    journeys: Journeys | None = None

    def people(self, chunk: Chunk) -> tuple[pd.DataFrame, tuple[int, int, int, int]]:
        """Return one row an assigned actor; how many have several variants, none, one that was not declared; old cases."""
        found = _first(chunk, self.assignment, self.variant)
        code = self._codes(chunk, found)
        kept = self._kept(code, found)
        rows = {"code": code, "time": chunk.time[found.event], "several": found.several}
        frame = pd.DataFrame({**rows, "kept": kept})
        marked, after = self._marked(chunk, found, kept, code)
        told = int(found.several.sum()), found.n_without, int(np.count_nonzero(code < 0))
        return frame, (*told, old_cases(marked, after))

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk from each actor's first assignment on, the variant in the column :data:`VARIANT`."""
        found = _first(chunk, self.assignment, self.variant)
        code = self._codes(chunk, found)
        marked, after = self._marked(chunk, found, self._kept(code, found), code)
        return cut_anew(marked, after, self.journeys, window)

    def _marked(
        self, chunk: Chunk, found: _First, kept: npt.NDArray[np.bool_], code: npt.NDArray[np.int32]
    ) -> tuple[Chunk, npt.NDArray[np.bool_]]:
        """Return the chunk with variants and assignments, and the events of kept actors from their assignment on."""
        mine = np.full(chunk.n_actors, -1, np.int32)
        mine[found.actor[kept]] = code[kept]
        begins = np.full(chunk.n_events, -1, np.int32)
        begins[found.event[kept]] = 0
        cut_at = np.full(chunk.n_actors, chunk.n_events, np.int64)
        cut_at[found.actor[kept]] = found.event[kept]
        sizes = np.diff(chunk.offsets)
        columns = {
            VARIANT: Category(np.repeat(mine, sizes), pa.array(self.names)),
            BEGINS: Category(begins, pa.array(["here"])),
        }
        after = np.asarray(np.arange(chunk.n_events) >= np.repeat(cut_at, sizes))
        return chunk.with_columns(**columns), after

    def _codes(self, chunk: Chunk, found: _First) -> npt.NDArray[np.int32]:
        """Return each actor's variant as its place among the names, -1 when it is none of them."""
        known = chunk.category(self.variant).names
        place = np.array([self.names.index(name) if name in self.names else -1 for name in known], np.int32)
        return place[found.code] if len(place) else found.code

    def _kept(self, code: npt.NDArray[np.int32], found: _First) -> npt.NDArray[np.bool_]:
        return np.asarray((code >= 0) & ~(found.several & self.drop))


def _table(
    frame: pd.DataFrame, names: list[str], ratios: Mapping[str, float] | None, end: int
) -> pd.DataFrame:
    """Return how many actors each variant has, beside how many it was meant to have."""
    weights = np.array([1.0 if ratios is None else float(ratios[name]) for name in names])
    if not (weights > 0).all():
        raise ConfigError(
            f"ratios={cut(dict(ratios or {}))} are not all above 0. Fix: for example {{'a': 1, 'b': 1}}"
        )
    kept = frame[frame["kept"]]
    code = kept["code"].to_numpy(np.int64)
    n = np.bincount(code, minlength=len(names))
    several = np.bincount(frame.loc[frame["several"] & (frame["code"] >= 0), "code"], minlength=len(names))
    spent = (end - kept["time"].to_numpy(np.int64)) / SECOND
    columns: dict[str, Any] = {
        "variant": pd.array(names, dtype=TEXT),
        "n_actors": n,
        "n_in_several": several,
        "share": n / max(int(n.sum()), 1),
        "share_expected": weights / weights.sum(),
        "watched_median_s": [
            float(np.median(spent[code == c])) if (code == c).any() else np.nan for c in range(len(names))
        ],
    }
    return pd.DataFrame(columns)
