"""Which row of one table is that of another, by the columns that tell rows apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Places", "row_keys"]

Ints = npt.NDArray[np.int64]


def row_keys(table: pd.DataFrame, keys: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the key of each row; what is missing equals itself."""
    if not keys:
        return [()] * len(table)
    return list(zip(*(_listed(table[k]) for k in keys), strict=True))


@dataclass(frozen=True, eq=False)
class Places:
    """Where the rows of other tables stand in one table; all hold nothing but keys."""

    table: pd.DataFrame

    def of(self, table: pd.DataFrame) -> Ints:
        """Return the place of each row, -1 where it has none."""
        if not self._by_text or list(table.dtypes) != list(self.table.dtypes):
            keys = list(map(str, table.columns))
            return np.array([self._place.get(key, -1) for key in row_keys(table, keys)], dtype=np.int64)
        order, known = self._sorted
        key = self._joined(table)
        spot = np.minimum(np.searchsorted(known, key), len(known) - 1)
        return np.where(known[spot] == key, order[spot], -1)

    @cached_property
    def _place(self) -> dict[tuple[Any, ...], int]:
        return {key: i for i, key in enumerate(row_keys(self.table, list(map(str, self.table.columns))))}

    @cached_property
    def _by_text(self) -> bool:
        """Whether all keys are texts and fit into one number, which is found several times sooner than a tuple."""
        texts = all(isinstance(kind, pd.StringDtype) for kind in self.table.dtypes)
        return texts and len(self.table) > 0 and math.prod(len(values) + 1 for values in self._values) < 2**62

    @cached_property
    def _values(self) -> list[pa.Array]:
        return [pa.array(self.table[name]).unique() for name in self.table]

    @cached_property
    def _sorted(self) -> tuple[Ints, Ints]:
        key = self._joined(self.table)
        order = np.argsort(key, kind="stable")
        return order, key[order]

    def _joined(self, table: pd.DataFrame) -> Ints:
        """Return one number a row, another one for other keys."""
        key = np.zeros(len(table), np.int64)
        for name, values in zip(table, self._values, strict=True):
            code = pc.index_in(pa.array(table[name]), value_set=values).fill_null(len(values))
            key = key * (len(values) + 1) + code.to_numpy().astype(np.int64)
        return key


def _listed(column: pd.Series[Any]) -> list[Any]:
    """Return the values of a column, None where one is missing."""
    if isinstance(column.dtype, pd.StringDtype):  # the same, and several times sooner
        return list(pa.array(column).to_pylist())
    return list(column.astype(object).where(column.notna(), None))
