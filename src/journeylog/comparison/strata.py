"""Within segments: the difference in each, the one standardised over them, and where it contradicts the pooled one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.comparison.groups import Groups, case_values
from journeylog.comparison.result import SUPPORTED
from journeylog.comparison.table import Sides, difference_table, keys_of, points, spelled, with_q
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Stat, Step
from journeylog.core.differences import Estimates, benjamini_hochberg, p_value, weighted_sum
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT
from journeylog.core.notes import Note, note
from journeylog.core.select import keep_cases
from journeylog.core.window import Window
from journeylog.errors import ConfigError

__all__ = ["stratified"]

Floats = npt.NDArray[np.float64]

_PARTS: Final = ("difference", "difference_low", "difference_high")
#: Contradictions of a kind that are told one by one.
_TOLD: Final = 5


def stratified(
    log: EventLog,
    question: Stat,
    groups: Groups,
    within: str,
    pooled: pd.DataFrame,
    min_n: int,
    ask: Callable[[EventLog], Sides],
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return the pooled table with the adjusted differences beside it, the table by segment, and notes.

    The weight of a segment is ``n_a * n_b / (n_a + n_b)``, Mantel and Haenszel's for differences of shares: a segment
    in which one group hardly occurs says little about the difference.

    References
    ----------
    N. Mantel, W. Haenszel (1959), JNCI 22. S. Greenland, J. M. Robins (1985), Biometrics 41.
    """
    if within == groups.by:
        raise ConfigError(
            f"within={within!r} is what the groups are told apart by. Fix: name another attribute"
        )
    values = list(case_values(log, question, within))
    if not values:
        raise ConfigError(
            f"within={within!r} has no value at the first event of any case. Fix: another attribute"
        )
    keys = [name for name in keys_of(pooled) if name in _keys_only(pooled)]
    parts: list[pd.DataFrame] = []
    whole: list[pd.DataFrame] = []
    for value in values:
        source = log.source.then([_Segment(question, within, value)], log.window)
        sides = ask(replace(log, source=source))
        # what neither group does in a segment is no difference there, and weighs like any other
        for rows, tables in ((None, parts), (pooled, whole)):
            table = difference_table(sides, min_n, rows)[0]
            table.insert(0, "segment", pd.array([value] * len(table), dtype=TEXT))
            tables.append(table)
    segments = with_q(pd.concat(parts, ignore_index=True))
    table = _adjusted(pooled, pd.concat(whole, ignore_index=True), keys, len(values), min_n)
    return table, segments, _notes(with_q(table), segments, keys, within)


def _keys_only(table: pd.DataFrame) -> list[str]:
    """Return the columns before the numbers of both sides."""
    return [str(name) for name in table.columns[: list(table.columns).index("n_a")]]


@dataclass(frozen=True)
class _Segment(Step):
    """Keep only the cases that have a value of an attribute at their first event."""

    question: Stat
    within: str
    value: str

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk with only these cases of the level that the question counts."""
        ready = self.question.prepare(chunk)
        name, column = self.question.case_level(ready), ready.category(self.within)
        code = column.names.index(self.value) if self.value in column.names else -2
        return keep_cases(ready, name, column.codes[ready.cases(name).first_event()] == code)


def _adjusted(
    pooled: pd.DataFrame, segments: pd.DataFrame, keys: list[str], n_segments: int, min_n: int
) -> pd.DataFrame:
    """Return the pooled table with the standardised difference of each row."""
    row = pd.Series(np.arange(len(pooled)), index=pd.MultiIndex.from_frame(pooled[keys]))
    place = row.reindex(pd.MultiIndex.from_frame(segments[keys])).to_numpy()
    known = np.flatnonzero(np.isfinite(place) & segments["difference_low"].notna().to_numpy())
    at = place[known].astype(np.int64)
    segment = pd.factorize(segments["segment"])[0][known]
    grid: dict[str, Floats] = {}
    for name in ("n_a", "n_b", *_PARTS):
        grid[name] = np.zeros((len(pooled), n_segments))
        grid[name][at, segment] = segments[name].to_numpy(np.float64)[known]
    a, b = grid["n_a"], grid["n_b"]
    weight = np.where((a > 0) & (b > 0), a * b / np.maximum(a + b, 1), 0.0)
    total = weight.sum(1, keepdims=True)
    found = weighted_sum(
        Estimates(*(grid[name] for name in _PARTS)), weight / np.where(total > 0, total, 1.0)
    )
    enough = (total[:, 0] > 0) & (np.minimum(a.sum(1), b.sum(1)) >= min_n)
    out = pooled.copy()
    for name, part in zip(("adjusted", "adjusted_low", "adjusted_high"), found, strict=True):
        out[name] = np.where(total[:, 0] > 0, part, np.nan)
    out["adjusted_p"] = np.where(enough, p_value(found), np.nan)
    out["adjusted_q"] = benjamini_hochberg(out["adjusted_p"].to_numpy(np.float64))
    return out


def _notes(table: pd.DataFrame, segments: pd.DataFrame, keys: list[str], within: str) -> list[str]:
    """Return where pooled and adjusted differences contradict each other, and where a segment goes the other way."""
    surely = np.nan_to_num(table["adjusted_q"], nan=1.0) < SUPPORTED
    pooled, adjusted = table["difference"], table["adjusted"]
    other_sign = np.sign(pooled) * np.sign(adjusted) < 0
    away = (pooled < table["adjusted_low"]) | (pooled > table["adjusted_high"])
    kinds = (
        (note("reverses"), table["supported"] & surely & other_sign),
        (note("is not there"), table["supported"] & ~surely & away),
        (note("is only there"), ~table["supported"] & surely & away),
        (note("reverses"), ~table["supported"] & surely & other_sign & ~away),
    )
    notes: list[str] = []
    for word, hit in kinds:
        rows = [_contradiction(row, word, within) for row in table[hit].to_dict("records")]
        notes += _first(
            rows,
            lambda n: note(
                "and {n:,} more differences that contradict the pooled ones at equal {within!r}",
                n=n,
                within=within,
            ),
        )
    lone = segments[segments["supported"]].merge(table[table["supported"]], on=keys, suffixes=("", "_pooled"))
    lone = lone[np.sign(lone["difference"]) * np.sign(lone["difference_pooled"]) < 0]
    rows = [_other_way(row, within) for row in lone.to_dict("records")]
    notes += _first(
        rows,
        lambda n: note(
            "and {n:,} more differences in segments that go the other way than the pooled ones", n=n
        ),
    )
    return notes


def _first(rows: list[Note], more: Callable[[int], Note]) -> list[Note]:
    """Return the first notes, and one on how many more there are."""
    left = len(rows) - _TOLD
    return [*rows[:_TOLD], *([more(left)] if left > 0 else [])]


def _contradiction(row: dict[Any, Any], word: Note, within: str) -> Note:
    return note(
        "{what}: the difference {word} at equal {within!r}: {pooled} pooled, {adjusted} ({low} to {high}) within "
        "segments: the groups differ in who is in them",
        what=spelled(row),
        word=word,
        within=within,
        pooled=points(row["difference"], row["unit"]),
        adjusted=points(row["adjusted"], row["unit"]),
        low=points(row["adjusted_low"], row["unit"]),
        high=points(row["adjusted_high"], row["unit"]),
    )


def _other_way(row: dict[Any, Any], within: str) -> Note:
    return note(
        "{what}: {pooled} pooled, but {inside} where {within!r} is {segment!r}",
        what=spelled(row),
        pooled=points(row["difference_pooled"], row["unit"]),
        inside=points(row["difference"], row["unit"]),
        within=within,
        segment=row["segment"],
    )
