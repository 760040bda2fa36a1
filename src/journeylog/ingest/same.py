"""The same thing told by several sources: declared by a key and a tolerance, counted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.chunk import Category, Chunk, Number
from journeylog.core.condition import Condition, freeze, matches, warn_unseen
from journeylog.core.encode import encode
from journeylog.core.kernels.same import told_before
from journeylog.core.window import parse_duration
from journeylog.errors import ConfigError
from journeylog.ingest.precedence import check_sources, source_of
from journeylog.ingest.texts import as_text

__all__ = ["Same", "copies", "key_codes"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Columns = str | Sequence[str]


@dataclass(frozen=True)
class Same:
    """Events of several sources that tell the same thing, for :func:`journeylog.combine`.

    An event is a **copy** when an event of a source with higher precedence has the same key, at most `within` earlier
    or later. Copies are left out and counted as deduplicated. Events of one source are never copies of each other.

    Parameters
    ----------
    events : mapping of str to condition
        For each source the events that tell it, for example ``{"clicks": "purchase", "orders": "ordered"}``.
    on : str, sequence of str, or mapping of source to these
        The columns that must be equal, ``"actor"`` among them if wanted. A missing value is equal to nothing. The
        same number of columns for each source, if they are called differently.
    within : str or timedelta, optional
        The tolerance between the two times; by default any.

    Raises
    ------
    ConfigError
        If fewer than two sources are named, no key is given, or the tolerance has no unit.

    Examples
    --------
    >>> Same({"clicks": "purchase", "orders": "ordered"}, on="order_id", within="10min").within
    '10min'
    """

    events: Mapping[str, Condition]
    _: KW_ONLY
    on: Columns | Mapping[str, Columns]
    within: Any = None

    def __post_init__(self) -> None:
        """Check the declaration."""
        if not isinstance(self.events, Mapping) or len(self.events) < 2:
            raise ConfigError(
                f"events={self.events!r} does not name two sources. "
                "Fix: for example {'clicks': 'purchase', 'orders': 'ordered'}"
            )
        object.__setattr__(self, "events", {name: freeze(asked) for name, asked in self.events.items()})
        widths = {len(self.key(name)) for name in self.events}
        if len(widths) > 1 or 0 in widths:
            raise ConfigError(f"on={self.on!r} is no key. Fix: the same number of columns for each source")
        if self.within is not None:
            parse_duration(self.within, name="within")

    def key(self, source: str) -> tuple[str, ...]:
        """Return the key columns of a source."""
        on = self.on
        if isinstance(on, Mapping):
            if source not in on:
                raise ConfigError(
                    f"on= names no key for {source!r}. Fix: one for each of {list(self.events)}"
                )
            on = on[source]
        return (on,) if isinstance(on, str) else tuple(on)

    @property
    def micros(self) -> int:
        """The tolerance in microseconds, -1 for any."""
        return -1 if self.within is None else parse_duration(self.within, name="within")

    def __str__(self) -> str:
        """Return the key and the tolerance in words."""
        keys = list(dict.fromkeys(", ".join(self.key(name)) for name in self.events))
        near = "" if self.within is None else f" within {self.within}"
        return f"same {' = '.join(keys)}{near}"


def copies(chunks: Sequence[Chunk], times: Sequence[Ints], rule: Same, precedence: Sequence[str]) -> Mask:
    """Return which events of all chunks are copies under a rule.

    Raises
    ------
    ConfigError
        If a source of the rule is not in `precedence`, or no event has it.
    """
    missing = [name for name in rule.events if name not in precedence]
    if missing:
        raise ConfigError(
            f"whose copy is kept is not declared: {missing} is not in precedence={list(precedence)}. "
            f"Fix: precedence={[*precedence, *missing]}"
        )
    check_sources("same", rule.events, [source_of(chunk) for chunk in chunks])
    at, rank, keys = _told(chunks, rule, precedence)
    found = np.zeros(sum(chunk.n_events for chunk in chunks), dtype=bool)
    code = _joined_key(keys)
    known = code >= 0
    at, rank, code = at[known], rank[known], code[known]
    time = np.concatenate([np.zeros(0, np.int64), *times])[at]
    order = np.lexsort((time, code))
    told = told_before(code[order], time[order], rank[order], rule.micros, len(precedence))
    found[at[order]] = told
    return found


def key_codes(chunk: Chunk, name: str) -> tuple[Ints, pa.Array]:
    """Return a key column as codes and the texts they stand for, -1 is missing.

    Numbers are written as the door writes ids: an order is 17 whether its column holds texts, integers, or floats because
    of gaps.
    """
    column: Any = Category(chunk.actor_of_event().astype(np.int32), chunk.actors) if name == "actor" else None
    if column is None:
        column = chunk.column(name)
    if isinstance(column, Category):
        return column.codes.astype(np.int64), column.labels.cast(pa.string())
    coded = encode(as_text(column.to_arrow() if isinstance(column, Number) else column.values, name))
    return coded.codes.astype(np.int64), coded.labels


def _told(
    chunks: Sequence[Chunk], rule: Same, precedence: Sequence[str]
) -> tuple[Ints, Ints, list[list[pa.Array]]]:
    """Return the places of the events that tell it, the rank of their sources, and their keys column by column."""
    at: list[Ints] = []
    rank: list[Ints] = []
    keys: list[list[pa.Array]] = [[] for _ in rule.key(next(iter(rule.events)))]
    start = 0
    for chunk in chunks:
        source = source_of(chunk)
        for name, asked in rule.events.items():
            if source is not None and name in source.names:
                warn_unseen(chunk, asked)
                mask = (source.codes == source.names.index(name)) & matches(chunk, asked)
                rows = np.flatnonzero(mask)
                at.append(rows + start)
                rank.append(np.full(len(rows), precedence.index(name), np.int64))
                for column, texts in zip(rule.key(name), keys, strict=True):
                    codes, labels = key_codes(chunk, column)
                    texts.append(labels.take(pa.array(codes[rows], mask=codes[rows] < 0)))
        start += chunk.n_events
    return np.concatenate(at), np.concatenate(rank), keys


def _joined_key(keys: Sequence[Sequence[pa.Array]]) -> Ints:
    """Return one code for each combination of key values, -1 where one is missing."""
    code: Ints = np.zeros(sum(len(part) for part in keys[0]), np.int64)
    missing = np.zeros(len(code), dtype=bool)
    for parts in keys:
        coded = encode(pa.chunked_array(parts, pa.string()))
        missing |= coded.codes < 0
        # numbered anew after each column, so that many columns do not leave 64 bits
        code = np.unique(code * (len(coded.labels) + 1) + coded.codes, return_inverse=True)[1].astype(
            np.int64
        )
    return np.where(missing, -1, code)
