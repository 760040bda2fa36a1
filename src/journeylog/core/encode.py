"""Text to integer codes: one vocabulary over all chunks of a column, in order of first appearance."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.chunk import Category

__all__ = ["encode"]


def encode(values: pa.Array | pa.ChunkedArray) -> Category:
    """Return a text column as a :class:`Category`; missing values get the code -1.

    Parameters
    ----------
    values : Arrow array or chunked array of string, large_string or dictionary
    """
    chunked = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
    if pa.types.is_dictionary(chunked.type):
        chunked = chunked.unify_dictionaries()
        parts = chunked.chunks
    else:
        parts = pc.dictionary_encode(chunked).unify_dictionaries().chunks
    if not parts:
        return Category(np.zeros(0, np.int32), pa.array([], type=pa.string()))
    codes = [p.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32) for p in parts]
    labels = parts[-1].dictionary.cast(pa.string())
    return Category(codes[0] if len(codes) == 1 else np.concatenate(codes), labels)
