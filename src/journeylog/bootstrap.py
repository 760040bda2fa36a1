"""Intervals for what has no formula: every actor is drawn again, as often as chance says, and the question asked anew."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype, is_numeric_dtype
from scipy import special, stats

from journeylog.core import arrow_text
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result, Stat, question_dict
from journeylog.core.counts import Counts, Table
from journeylog.core.intervals import LEVEL
from journeylog.core.kernels.draws import AT_ONCE, hash_texts, poisson_weights
from journeylog.core.notes import note
from journeylog.core.regroup import take_actors
from journeylog.core.replicates import GROUP, Sums
from journeylog.core.row_keys import Places, row_keys
from journeylog.core.window import Window
from journeylog.errors import ConfigError, cut, nearest
from journeylog.stats.variants import Variants, most_frequent

__all__ = ["Bootstrap", "BootstrapResult"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: Actors are put into this many groups by a hash of their ids, and a group is drawn as one.
GROUPS: Final = 256
_SCHEMA: Final = -1  # key of the rows that no actor gave: those of an empty chunk
_FEWEST, _MOST = 40, 10_000
_CELLS: Final = 200_000_000
#: Cumulated probabilities of 0, 1, 2, ... for a Poisson number of mean 1, in 32 bits.
_POISSON: Final = np.floor(stats.poisson.cdf(np.arange(13), 1.0) * 2**32).astype(np.int64)


@dataclass(frozen=True)
class Bootstrap(Stat):
    """Ask a question again of logs in which every actor occurs a random number of times, and tell how answers differ.

    Parameters
    ----------
    question : Stat
        Any statistic whose counts add up.
    replicates : int
        How often it is asked again.
    seed : int
        Another seed draws other replicates.
    columns : sequence of str, optional
        Columns of the question's table to give bounds to. None: all that are neither keys nor counts and have no
        bounds of their own. Bounds that a named column has already give way.

    Raises
    ------
    ConfigError
        If there is no such column, the replicates are too few for bounds of 95 %, or the table is too large for them.

    Notes
    -----
    The table is the question's own, exactly, with ``*_low`` and ``*_high`` beside the columns (``*_low_s`` and
    ``*_high_s`` beside those in seconds). Rows stay those of the question: what does not occur in a replicate counts
    as 0 there, or as missing where there is nothing to divide by.

    In a replicate each actor counts a Poisson number of times with mean 1, with all that belongs to it, so bounds know
    that visits of one actor go together. The number of an actor comes from a hash of its id and the seed: any
    partition, order and number of threads gives the same replicates. Actors are drawn in 256 groups made by the hash.
    Groups are random, so they are as different from each other as actors are; beyond some hundred actors they cost
    nothing but a wider bound now and then, and replicates are sums of the groups' counts, so the events are walked
    once.

    Bounds are percentiles of the replicates, a little further out for few groups (as t is wider than normal). They are
    missing where under ten groups of actors have anything, where a value could be told in less than nine of ten
    replicates, and for a share of 0 or 1 that never varies: resampling cannot see what did not happen. Smallest and
    largest values (first and last times) are not bounded.

    Counts merge by addition: those of the question, with the group of the actor as one more key.

    References
    ----------
    B. Efron (1979), Bootstrap methods: another look at the jackknife. Ann. Stat. 7. N. Chamandy, O. Muralidharan, A.
    Najmi, S. Naidu (2012), Estimating uncertainty for massive data streams (Google). T. Hesterberg (2015), What teachers
    should know about the bootstrap. Am. Stat. 69.

    Examples
    --------
    >>> import journeylog as jl
    >>> events = jl.datasets.simulate(300, seed=1).events
    >>> log = jl.read(events, actor="actor", event="event", time="time")
    >>> table = log.compute(jl.Bootstrap(jl.Variants(top=2), replicates=100)).table
    >>> bool((table["cum_share_low"] < table["cum_share"]).all())
    True
    """

    question: Stat
    replicates: int = 200
    seed: int = 0
    columns: Sequence[str] | None = None

    def __post_init__(self) -> None:
        """Check the question and the numbers."""
        if not isinstance(self.question, Stat) or isinstance(self.question, Bootstrap):
            raise ConfigError(
                f"question={cut(self.question)} is no statistic. Fix: for example jl.Bootstrap(jl.Variants())"
            )
        if not _FEWEST <= self.replicates <= _MOST:
            raise ConfigError(
                f"replicates={self.replicates} is not possible. Fix: a number from {_FEWEST} to {_MOST}"
            )
        if self.columns is not None:
            named = (self.columns,) if isinstance(self.columns, str) else tuple(self.columns)
            object.__setattr__(self, "columns", named)

    def case_level(self, chunk: Chunk) -> str:
        """Return the level whose cases the question counts."""
        return self.question.case_level(chunk)

    def prepare(self, chunk: Chunk) -> Chunk:
        """Return the chunk with what the question needs made first."""
        return self.question.prepare(chunk)

    def to_dict(self) -> dict[str, Any]:
        """Return the question as JSON-able values."""
        return {**question_dict(self), "question": self.question.to_dict()}

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the question's counts of each group of actors."""
        group = hash_texts(*arrow_text.buffers(arrow_text.plain(chunk.actors)), self.seed) % GROUPS
        order = np.argsort(group, kind="stable")
        bounds = np.searchsorted(group[order], np.arange(GROUPS + 1))
        ready = take_actors(chunk, order)
        parts = [_of_group(self.question.summarize(chunk.slice(0, 0), window), _SCHEMA)]
        for g in np.flatnonzero(np.diff(bounds)).tolist():
            part = ready.slice(int(bounds[g]), int(bounds[g + 1]))
            parts.append(_of_group(self.question.summarize(part, window), g))
        return Counts.merge(parts)

    def result(self, counts: Counts, window: Window) -> BootstrapResult:
        """Return the question's table with the bounds of the replicates."""
        sums = {name: Sums.of(table) for name, table in counts.tables.items()}
        point = self.question.result(Counts({name: s.whole for name, s in sums.items()}), window)
        shown = _SHOWN.get(type(self.question))
        if shown is not None:
            kept = shown(self.question, Counts({name: s.whole for name, s in sums.items()}))
            sums |= {name: sums[name].only(rows) for name, rows in kept.items()}
        columns = self._bounded(point.table)
        keys = _keys(point.table, columns)
        if len(point.table) * len(columns) * self.replicates > _CELLS:
            raise ConfigError(
                f"{len(point.table):,} rows are too many for {self.replicates} replicates of {len(columns)} columns. "
                "Fix: name fewer columns=, or ask for fewer rows"
            )
        places = Places(point.table[keys])
        draws = {c: np.full((len(point.table), self.replicates), np.nan) for c in columns}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what there is to warn about has been said once
            for r, table in enumerate(self._answers(sums, window) if columns else ()):
                row = places.of(table[keys])
                for c in columns:
                    draws[c][row[row >= 0], r] = table[c].to_numpy(np.float64)[row >= 0]
        n_groups = max((s.n_groups for s in sums.values()), default=0)
        table = _with_bounds(point.table, {c: _bounds(d, n_groups, c) for c, d in draws.items()})
        said = (
            note(
                "bounds of {columns} come from {replicates} replicates over {groups} groups of actors",
                columns=tuple(columns),
                replicates=self.replicates,
                groups=n_groups,
            )
            if columns
            else note("every column has bounds of its own; name columns= to bootstrap them")
        )
        return BootstrapResult(self, window, table, point.tables, (*point.notes, said), point, draws)

    def _answers(self, sums: Mapping[str, Sums], window: Window) -> Iterator[pd.DataFrame]:
        """Give the question's table of one replicate after another."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for first in range(0, self.replicates, AT_ONCE):
                weights = np.ones((GROUPS + 1, AT_ONCE), np.int64)  # the first row is that of the schema
                weights[1:] = poisson_weights(GROUPS, first, first + AT_ONCE, self.seed, _POISSON)
                added = {name: s.weighted(weights, pool) for name, s in sums.items()}
                parts = [
                    Counts({name: s.replicate(added[name], k) for name, s in sums.items()})
                    for k in range(min(AT_ONCE, self.replicates - first))
                ]
                yield from pool.map(lambda part: self.question.result(part, window).table, parts)

    def _bounded(self, table: pd.DataFrame) -> list[str]:
        """Return the columns that get bounds."""
        if self.columns is None:
            own = set(_own_keys(table))
            return [
                c
                for c in map(str, table.columns)
                if c not in own
                and (is_float_dtype(table[c]) or c == "rank")
                and not _is_bound(c)
                and not _has_bounds(table, c)
            ]
        for name in self.columns:
            if name not in table or not is_numeric_dtype(table[name]):
                near = nearest(name, list(map(str, table.columns)))
                hint = f"did you mean {near[0]!r}?" if near else f"one of {cut(list(table.columns))}"
                raise ConfigError(f"the answer has no column of numbers {name!r}. Fix: {hint}")
        return list(self.columns)


@dataclass(frozen=True, eq=False, repr=False)
class BootstrapResult(Result):
    """The question's answer with bounds from replicates; see :class:`Bootstrap`.

    Parameters
    ----------
    answer : Result
        The answer to the question itself.
    draws : mapping of str to ndarray of float64, shape (n_rows, n_replicates)
        For each column with bounds, what the replicates say, by the rows of the table.
    """

    answer: Result | None = None
    draws: Mapping[str, Floats] = field(default_factory=dict)

    def plot(self, **options: Any) -> Any:
        """Return the figure of the question's answer, with the bounds where it draws them."""
        assert self.answer is not None
        return replace(self.answer, table=self.table).plot(**options)


def _of_group(counts: Counts, group: int) -> Counts:
    tables = {}
    for name, t in counts.tables.items():
        keys = {
            **t.keys,
            GROUP: np.full(len(t), group, np.int64),
        }  # last: what is added up over it stands together
        tables[name] = Table(keys, t.values, t.smallest, t.largest, t.payload)
    return Counts(tables)


def _shown_paths(question: Any, counts: Counts) -> dict[str, Ints]:
    """Return the rows of the paths that are shown, and of their bins; both tables are sorted by the key of a path."""
    paths, bins = counts["paths"], counts["bins"]
    top = most_frequent(paths.values["n_cases"], paths.payload["path"], question.top)
    change = np.zeros(len(bins), dtype=bool)
    for key in paths.keys:
        change[1:] |= np.diff(bins.codes(key)) != 0
    return {"paths": top, "bins": np.flatnonzero(np.isin(np.cumsum(change), top))}


#: Questions that show the largest of many rows: replicates need no others.
_SHOWN: Final[Mapping[type[Stat], Callable[[Any, Counts], dict[str, Ints]]]] = {Variants: _shown_paths}


def _own_keys(table: pd.DataFrame) -> list[str]:
    """Return the columns that tell the rows apart: texts first, then whole numbers that are no counts."""
    texts = [c for c in table.columns if not is_numeric_dtype(table[c]) or is_bool_dtype(table[c])]
    numbers = [
        c
        for c in table.columns
        if is_integer_dtype(table[c]) and not _is_count(str(c)) and not _is_bound(str(c)) and c != "rank"
    ]
    found = list(texts)
    for c in numbers:
        if len(set(row_keys(table, found))) == len(table) and found:
            break
        found.append(c)
    return [str(c) for c in found]


def _keys(table: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    return [c for c in _own_keys(table) if c not in columns]


def _is_count(column: str) -> bool:
    return column == "n" or column.startswith("n_")


def _is_bound(column: str) -> bool:
    return column.removesuffix("_s").endswith(("_low", "_high"))


def _has_bounds(table: pd.DataFrame, column: str) -> bool:
    return _bound_names(column)[0] in table


def _bound_names(column: str) -> tuple[str, str]:
    stem, unit = (column[:-2], "_s") if column.endswith("_s") else (column, "")
    return f"{stem}_low{unit}", f"{stem}_high{unit}"


def _bounds(draws: Floats, n_groups: int, column: str) -> tuple[Floats, Floats]:
    """Return the bounds of each row; nan where the replicates cannot tell."""
    nothing = np.full(len(draws), np.nan)
    if n_groups < 10:
        return nothing, nothing.copy()
    t = special.stdtrit(n_groups - 1, 0.5 + LEVEL / 2) * np.sqrt(n_groups / (n_groups - 1))
    tail = float(special.ndtr(-t))
    told = np.isfinite(draws).sum(1)
    known = told >= 0.9 * draws.shape[1]
    if column.endswith(("rate", "share")):
        still = (np.nanmin(draws, 1, initial=np.inf) == np.nanmax(draws, 1, initial=-np.inf)) & np.isin(
            draws[:, 0], (0.0, 1.0)
        )
        known &= ~still
    low, high = nothing, nothing.copy()
    ordered = np.sort(draws[known], axis=1)  # nan comes last
    for out, p in ((low, tail), (high, 1 - tail)):
        spot = np.clip(p * (told[known] + 1) - 1, 0, told[known] - 1)
        below = np.floor(spot).astype(np.int64)
        above = np.minimum(below + 1, told[known] - 1)
        i = np.arange(len(ordered))
        out[known] = ordered[i, below] + (spot - below) * (ordered[i, above] - ordered[i, below])
    return low, high


def _with_bounds(table: pd.DataFrame, bounds: Mapping[str, tuple[Floats, Floats]]) -> pd.DataFrame:
    """Return the table with each pair of bounds behind its column."""
    gone = {name for column in bounds for name in _bound_names(column)}
    out: dict[str, Any] = {}
    for name in table.columns:
        if name in gone:
            continue
        out[name] = table[name]
        if name in bounds:
            out |= dict(zip(_bound_names(name), bounds[name], strict=True))
    frame = pd.DataFrame(out, index=table.index)
    frame.attrs = dict(table.attrs)
    return frame
