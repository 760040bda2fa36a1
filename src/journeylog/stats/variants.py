"""Variants: the paths cases take, how often, and how much of all cases the most frequent ones cover."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.cases import NO_PATIENCE, PathStat, under_way_note
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Counts, Paths, Table
from journeylog.core.durations import BIN_NOTE, DurationBins
from journeylog.core.intervals import cluster_share
from journeylog.core.kernels import variants as kernel
from journeylog.core.kernels.bins import BIN_BITS
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.kernels.moments import case_moments
from journeylog.core.kernels.names import used_codes
from journeylog.core.nodes import ratio
from journeylog.core.notes import note
from journeylog.core.visits import Visits
from journeylog.core.window import Window
from journeylog.errors import ConfigError

__all__ = ["Variants", "VariantsResult", "most_frequent"]

Ints = npt.NDArray[np.int64]
_KEY = ("truncated", "high", "low")
_COUNTS = ("n_cases", "n_actors", "kk", "kn")
_SUMS = ("n_reached", "n_dropped", "n_open", "time_ms")
_WHOLE = ("n_cases", "n_actors", "nn")


@dataclass(frozen=True)
class Variants(PathStat):
    """Count the paths: the sequences of nodes that cases go through.

    Parameters
    ----------
    node, case, merge
        See :class:`journeylog.core.cases.PathStat`.
    max_length : int
        Visits of a path that are told apart. Longer paths are cut there, count by their beginning, and are
        marked ``truncated``; a cut path is never the same as a whole one.
    top : int or None
        Rows of the table, the most frequent paths. None is all of them. Shares are of all cases either way.

    Notes
    -----
    Table, most frequent first (then shorter ones, then by name): ``path, length, truncated, n_cases, n_actors,
    n_reached, n_dropped, n_open, n_total, share, share_low, share_high, cum_share, time_mean_s, time_median_s``.

    ``path`` is a tuple of names, so a name may hold any character. ``share`` is ``n_cases / n_total``, with
    ``n_total`` the cases that visit a node; ``cum_share`` is the coverage of this row and all above. Times run
    from a case's first event to its last one seen. Intervals are Wilson's; when an actor has several cases they
    know that these go together.

    Counts merge by addition, keyed by a 128-bit hash of the names; memory grows with the distinct paths.

    Examples
    --------
    >>> import journeylog as jl
    >>> variants = jl.datasets.tiny().compute(jl.Variants())
    >>> variants.table[["path", "n_cases", "share", "cum_share"]].head(2)
                     path  n_cases  share  cum_share
    0      (home, search)        1   0.25       0.25
    1  (home, cart, home)        1   0.25       0.50
    """

    max_length: int = 50
    top: int | None = 1000

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 1 <= self.max_length <= 10_000:
            raise ConfigError(f"max_length={self.max_length} is not possible. Fix: a number from 1 to 10000")
        if self.top is not None and self.top < 1:
            raise ConfigError(f"top={self.top} shows nothing. Fix: a number of at least 1, or None for all")

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of each path, its duration bins, and the cases in all."""
        visits = self.visits(chunk, window)
        cases = visits.cases
        length = cases.end - cases.begin
        cut, counted = length > self.max_length, length > 0
        hashes = kernel.path_hashes(visits.node, cases.begin, cases.end, _words(visits), self.max_length)
        path, first = kernel.number_paths(*hashes, cut, counted)
        lasted_ms = _lasted_ms(visits)
        counts, whole = case_moments(path, cases.actor_offsets, len(first))
        sums = kernel.path_sums(path, cases.outcome, lasted_ms, len(first))
        keys = dict(zip(_KEY, (cut.astype(np.int64), *hashes), strict=True))
        _, joined, n = number_keys(kernel.path_bins(path, lasted_ms))
        row = first[joined >> BIN_BITS]
        columns = {**_named(counts, _COUNTS), **_named(sums, _SUMS)}
        total = {**_named(whole.reshape(1, 3), _WHOLE), "n_without": np.array([np.sum(~counted)], np.int64)}
        total["n_under_way"] = np.array([cases.n_under_way], np.int64)
        return Counts(
            {
                "paths": Table(_at(keys, first), columns, payload={"path": self._paths(visits, first)}),
                "bins": Table({**_at(keys, row), "bin": joined & ((1 << BIN_BITS) - 1)}, {"n": n}),
                "cases": Table({}, total),
            }
        ).canonical()

    def result(self, counts: Counts, window: Window) -> VariantsResult:
        """Return shares, intervals, coverage and times of the most frequent paths."""
        paths = counts["paths"]
        total = {
            name: int(values[0]) if len(values) else 0 for name, values in counts["cases"].values.items()
        }
        n = paths.values["n_cases"]
        order = most_frequent(n, paths.payload["path"], self.top)
        rows = paths.take(order)
        low, high = cluster_share(
            rows.values["n_cases"],
            np.full(len(order), total["n_cases"]),
            rows.values["kk"],
            rows.values["kn"],
            np.full(len(order), total["nn"]),
        )
        names = rows.payload["path"].to_lists()
        table = pd.DataFrame(
            {
                "path": pd.Series([tuple(p) for p in names], dtype=object),
                "length": np.diff(rows.payload["path"].offsets),
                "truncated": rows.codes("truncated").astype(bool),
                **{k: rows.values[k] for k in ("n_cases", "n_actors", "n_reached", "n_dropped", "n_open")},
                "n_total": np.full(len(order), total["n_cases"]),
                "share": ratio(rows.values["n_cases"], total["n_cases"]),
                "share_low": low,
                "share_high": high,
                "cum_share": ratio(np.cumsum(rows.values["n_cases"]), total["n_cases"]),
                "time_mean_s": ratio(rows.values["time_ms"], rows.values["n_cases"]) / 1000,
                "time_median_s": _medians(counts["bins"], order, len(paths)),
            }
        )
        return VariantsResult(self, window, table, {}, self._notes(table, paths, total))

    def _paths(self, visits: Visits, first: Ints) -> Paths:
        """Return the visits of these cases, cut."""
        begin = visits.cases.begin[first]
        length = np.minimum(visits.cases.end[first] - begin, self.max_length)
        offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(length)))
        spot = np.repeat(begin - offsets[:-1], length) + np.arange(offsets[-1])
        return Paths(offsets, visits.node[spot].astype(np.int64), visits.labels)

    def _notes(self, table: pd.DataFrame, paths: Table, total: dict[str, int]) -> tuple[str, ...]:
        notes, n = [BIN_NOTE], paths.values["n_cases"]
        shown = int(table["n_cases"].sum())
        if len(n) > len(table):
            notes.append(
                note(
                    "{n:,} further paths cover the other {rest:,} of {total:,} cases; top=None shows all",
                    n=len(n) - len(table),
                    rest=total["n_cases"] - shown,
                    total=total["n_cases"],
                )
            )
        cut = int(n[paths.codes("truncated") > 0].sum())
        if cut:
            notes.append(
                note(
                    "paths of {n:,} cases are cut after {most} visits (max_length=)",
                    n=cut,
                    most=self.max_length,
                )
            )
        notes += under_way_note(total["n_under_way"])
        if total["n_without"]:
            notes.append(
                note(
                    "{n:,} of {total:,} cases visit no node",
                    n=total["n_without"],
                    total=total["n_without"] + total["n_cases"],
                )
            )
        if n.any() and not (paths.values["n_dropped"].any() or paths.values["n_reached"].any()):
            notes.append(NO_PATIENCE)
        unfinished = int(paths.values["n_open"].sum())
        if unfinished and unfinished < total["n_cases"]:
            notes.append(
                note(
                    "{n:,} of {total:,} cases are still open: their paths may go on, so shares of short paths are too high "
                    "by those",
                    n=unfinished,
                    total=total["n_cases"],
                )
            )
        return tuple(notes)


@dataclass(frozen=True, eq=False, repr=False)
class VariantsResult(Result):
    """The paths; see :class:`Variants` for the table."""


def _words(visits: Visits) -> Ints:
    """Return four 32-bit words of each name that occurs, from a digest of its text."""
    words = np.zeros((len(visits.labels), 4), np.int64)
    used = np.flatnonzero(used_codes(visits.node, len(visits.labels)))
    texts = [visits.labels[k].encode("utf-8", "surrogatepass") for k in used]
    digests = b"".join(hashlib.blake2b(text, digest_size=16).digest() for text in texts)
    words[used] = np.frombuffer(digests, dtype="<u4").reshape(-1, 4)
    return words


def _lasted_ms(visits: Visits) -> Ints:
    """Return each case's time from its first visit's enter to its last visit's leave, 0 without a visit."""
    cases = visits.cases
    out = np.zeros(len(cases), np.int64)
    some = np.flatnonzero(cases.end > cases.begin)
    out[some] = (visits.leave[cases.end[some] - 1] - visits.enter[cases.begin[some]] + 500) // 1000
    return out


def most_frequent(n: Ints, paths: Paths, top: int | None) -> Ints:
    """Return the rows by falling count, then length, then names; at most `top` of them."""
    length = np.diff(paths.offsets)
    order = np.lexsort((length, -n))
    if top is not None and top < len(order):
        last = order[top - 1]
        order = order[(n[order] > n[last]) | ((n[order] == n[last]) & (length[order] <= length[last]))]
    codes = paths.take(order)
    lists = np.split(codes.codes, codes.offsets[1:-1])
    ranked = sorted(range(len(order)), key=lambda i: (-n[order[i]], length[order[i]], lists[i].tolist()))
    return order[np.array(ranked[:top], dtype=np.int64)]


def _medians(bins: Table, order: Ints, n_paths: int) -> npt.NDArray[np.float64]:
    """Return the median seconds of the chosen paths; both tables are sorted by the key of a path."""
    change = np.zeros(len(bins), dtype=bool)
    for key in _KEY:
        change[1:] |= np.diff(bins.codes(key)) != 0
    row = np.full(n_paths, -1, np.int64)
    row[order] = np.arange(len(order))
    group = row[np.cumsum(change)]
    kept = group >= 0
    cells, n = bins.codes("bin")[kept], bins.values["n"][kept]
    return DurationBins.of(group[kept], cells, n, len(order)).quantile(0.5)


def _named(grid: Ints, names: tuple[str, ...]) -> dict[str, Ints]:
    return dict(zip(names, grid.T.copy(), strict=True))


def _at(keys: dict[str, Ints], case: Ints) -> dict[str, Ints]:
    return {name: values[case] for name, values in keys.items()}
