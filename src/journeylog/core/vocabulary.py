"""A vocabulary that grows while texts arrive, so that a column is coded as it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.core.chunk import Category, read_only
from journeylog.core.kernels import vocabulary as kernel

__all__ = ["SORTED_UP_TO", "Vocabulary", "tidy"]

Codes = npt.NDArray[np.int32]

#: Vocabularies up to this size are sorted: counts keyed by them come out sorted, which makes merging cheap.
SORTED_UP_TO = 1 << 16


class Vocabulary:
    """Numbers texts in order of first appearance.

    Examples
    --------
    >>> import pyarrow as pa
    >>> known = Vocabulary()
    >>> known.codes(pa.array(["b", "a", None])).tolist(), known.codes(pa.array(["a", "c"])).tolist()
    ([0, 1, -1], [1, 2])
    >>> known.labels().to_pylist()
    ['b', 'a', 'c']
    """

    def __init__(self) -> None:
        self._n = 0
        self._table = np.zeros(1 << 10, np.uint64)
        self._texts = np.empty(1 << 14, np.uint8)
        self._ends = np.zeros((1 << 9) + 2, np.int64)

    def __len__(self) -> int:
        """Return how many different texts there were."""
        return self._n

    def codes(self, texts: pa.Array, out: Codes | None = None) -> Codes:
        """Return the number of each text, -1 where it is missing.

        Parameters
        ----------
        texts : Arrow array of string, large_string or a dictionary of these
        out : ndarray of int32, one for each text, optional
            Where to write them.
        """
        out = np.empty(len(texts), np.int32) if out is None else out
        if pa.types.is_dictionary(texts.type):
            places = (texts.indices.fill_null(-1) if texts.null_count else texts.indices).cast(pa.int32())
            kernel.move(read_only(places.to_numpy()), read_only(self.codes(texts.dictionary)), out)
            return out
        texts = arrow_text.plain(texts) if arrow_text.is_text(texts.type) else texts.cast(pa.string())
        if len(texts) == 0:
            return out
        if texts.null_count:
            there = texts.is_valid().to_numpy(zero_copy_only=False)
            out[there] = self.codes(texts.drop_null())
            out[~there] = -1
            return out
        data, offsets = (read_only(part) for part in arrow_text.buffers(texts))
        row = 0
        while True:
            row, self._n = kernel.number_texts(
                data, offsets, row, self._table, self._texts, self._ends, self._n, out
            )
            if row == len(out):
                return out
            self._grow(int(offsets[row + 1] - offsets[row]))

    def labels(self) -> pa.Array:
        """Return the texts by their numbers."""
        ends = self._ends[: self._n + 1]
        kind = pa.string() if ends[-1] < 2**31 else pa.large_string()
        width = np.int32 if kind == pa.string() else np.int64
        parts: list[Any] = [
            None,
            pa.py_buffer(ends.astype(width)),
            pa.py_buffer(self._texts[: ends[-1]].copy()),
        ]
        return pa.Array.from_buffers(kind, self._n, parts)

    def _grow(self, length: int) -> None:
        """Make room for a text of this length."""
        if 2 * (self._n + 1) > self._table.size:
            wider = np.empty(4 * self._table.size, np.uint64)  # not zeros: those come in small pages
            wider.fill(0)
            kernel.spread(self._table, wider)
            self._table = wider
            ends = np.empty(len(wider) // 2 + 2, np.int64)
            ends[: len(self._ends)] = self._ends
            self._ends = ends
        if self._ends[self._n] + length > self._texts.size:
            self._texts = np.concatenate(
                (self._texts, np.empty(max(2 * self._texts.size, 2 * length), np.uint8))
            )


def tidy(
    parts: Sequence[Codes], labels: pa.Array, blank_is_missing: bool = False, into: Codes | None = None
) -> Category:
    """Return pieces of codes as one column over the labels that occur, sorted unless there are very many.

    Parameters
    ----------
    blank_is_missing : bool
        Whether an empty text is a missing value.
    into : ndarray of int32, as long as all parts together, optional
        Where codes that change are written; the only part itself will do.
    """
    used = np.zeros(len(labels), np.bool_)
    parts = [read_only(part) for part in parts]
    for part in parts:
        kernel.mark_used(part, used)
    if blank_is_missing:
        used &= ~pc.equal(labels, "").to_numpy(zero_copy_only=False)
    kept = np.flatnonzero(used)
    if len(kept) <= SORTED_UP_TO:
        kept = kept[pc.array_sort_indices(labels.take(pa.array(kept))).to_numpy()]
    if len(kept) == len(labels) and (np.diff(kept) > 0).all():
        whole = parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, np.int32), *parts])
        return Category(whole, labels)
    moved = np.full(len(labels), -1, np.int32)
    moved[kept] = np.arange(len(kept), dtype=np.int32)
    codes, stop = np.empty(sum(map(len, parts)), np.int32) if into is None else into, 0
    for part in parts:
        stop += len(part)
        kernel.move(part, moved, codes[stop - len(part) : stop])
    return Category(codes, labels.take(pa.array(kept)))
