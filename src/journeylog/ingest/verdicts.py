"""Verdicts on rows, and the rule for actor ids that stand for nobody."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.core.kernels.ids import suspects
from journeylog.ingest.rejects import Reason

__all__ = ["PLACEHOLDERS", "Verdicts", "blank", "nobody", "too_long"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_WORDS: Final = (
    "undefined", "null", "None", "NaN", "0", "true", "false", "anonymous", "guest", "id", "email", "distinct_id",
    "not_authenticated", "[object Object]", "nil", "n/a", "unknown", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
#: Actor ids that stand for nobody: words that programs write for a missing id, also in quotes, and the MD5,
#: SHA-1 and SHA-256 of nothing. Compared exactly, capitals included.
PLACEHOLDERS: Final = (
    *_WORDS,
    *(f"'{word}'" for word in _WORDS),
    *(f'"{word}"' for word in _WORDS),
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
)


class Verdicts:
    """For each row the first reason to reject it, and the column that gave it."""

    def __init__(self, n: int) -> None:
        self.reason = np.zeros(n, np.uint8)
        self.column = np.zeros(n, np.uint8)
        self.reasons: list[Reason] = []
        self.columns: list[str] = []

    def reject(self, mask: Any, reason: Reason, column: str) -> None:
        """Reject the rows in `mask` that are not rejected yet."""
        if mask is None or not mask.any():
            return
        new = mask & (self.reason == 0)
        self.reason[new] = 1 + _place(self.reasons, reason)
        self.column[new] = _place(self.columns, column)

    def reject_by(self, mask: Mask, reason: Reason, column: str | pa.DictionaryArray) -> None:
        """Reject rows whose columns may differ from row to row."""
        if isinstance(column, str):
            self.reject(mask, reason, column)
        elif mask.any():
            which = column.indices.to_numpy()
            for k, name in enumerate(column.dictionary.to_pylist()):
                self.reject(mask & (which == k), reason, name)

    @property
    def kept(self) -> Mask:
        """Which rows have no reason against them."""
        return np.asarray(self.reason == 0)

    def codes(self, at: Ints) -> pa.DictionaryArray:
        """Return the reasons of some rejected rows."""
        words = pa.array([r.value for r in self.reasons], pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(self.reason[at].astype(np.int32) - 1), words)

    def names(self, at: Ints) -> pa.Array:
        """Return the columns that gave the reasons."""
        return pa.array(self.columns, pa.string()).take(pa.array(self.column[at].astype(np.int32)))


def blank(names: pa.Array) -> Mask | None:
    """Return which names are missing or empty; white space is a name. None: no row is."""
    if pa.types.is_dictionary(names.type):
        words = blank(names.dictionary)
        if words is None and not names.null_count:
            return None
        empty = np.append(np.zeros(len(names.dictionary), bool) if words is None else words, True)
        return np.asarray(empty[names.indices.fill_null(-1).to_numpy(zero_copy_only=False)])
    _, offsets = arrow_text.buffers(names)
    hollow = offsets[1:] == offsets[:-1]
    if names.null_count:
        hollow |= names.is_null().to_numpy(zero_copy_only=False)
    return hollow if hollow.any() else None


def nobody(names: pa.Array, placeholders: tuple[str, ...]) -> Mask | None:
    """Return which actor ids are placeholders. None: no row is."""
    if not placeholders or not len(names):
        return None
    if pa.types.is_dictionary(names.type):
        words = nobody(names.dictionary, placeholders)
        if words is None:
            return None
        return np.asarray(np.append(words, False)[names.indices.fill_null(-1).to_numpy(zero_copy_only=False)])
    data, offsets = arrow_text.buffers(names)
    found = np.zeros(len(names), np.uint8)
    if not suspects(data, offsets, _likely(placeholders), found):
        return None
    at = np.flatnonzero(found)
    listed = pc.is_in(names.take(pa.array(at)), pa.array(placeholders, pa.string()))
    mask = np.zeros(len(names), dtype=bool)
    mask[at[listed.to_numpy(zero_copy_only=False)]] = True
    return mask


def too_long(names: pa.Array, limit: int) -> Mask | None:
    """Return which texts are longer than `limit` bytes. None: no row is."""
    if pa.types.is_dictionary(names.type):
        words = too_long(names.dictionary, limit)
        if words is None:
            return None
        return np.asarray(np.append(words, False)[names.indices.fill_null(-1).to_numpy(zero_copy_only=False)])
    _, offsets = arrow_text.buffers(names)
    if len(offsets) < 2 or offsets[-1] - offsets[0] <= limit:
        return None
    mask = np.diff(offsets) > limit
    return mask if mask.any() else None


@lru_cache(maxsize=8)
def _likely(placeholders: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Return the table of lengths, first and last bytes that a placeholder can have."""
    raw = [word.encode() for word in placeholders if word]
    table = np.zeros((max(map(len, raw), default=0) + 1, 256), np.uint8)
    for word in raw:
        table[len(word), word[0]] |= 1
        table[len(word), word[-1]] |= 2
    return table


def _place(names: list[Any], name: Any) -> int:
    if name not in names:
        names.append(name)
    return names.index(name)
