"""Amounts of lines: quantity times price in exact millionths, and their sums."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.ingest.amounts import read_money
from journeylog.ingest.rejects import Reason
from journeylog.ingest.reshape import column_of

__all__ = ["LineSum", "add_up", "amounts_of_lines", "money_text", "why_not"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_MILLION: Final = 1_000_000
_TOO_LARGE: Final = 2.0**62
_EXACT: Final = Context(prec=80, rounding=ROUND_HALF_EVEN)
#: Why an amount is none, the gravest last; 0 is an amount.
_FAULTS: Final = (Reason.VALUE_UNPARSEABLE, Reason.VALUE_INF, Reason.VALUE_OVERFLOW)


class LineSum(NamedTuple):
    """Sums of groups of lines.

    Parameters
    ----------
    micros : ndarray of int64
    missing : ndarray of bool
        Whether a line has no amount.
    fault : ndarray of int64
        0, or the place among the faults, from 1, of the gravest.
    """

    micros: Ints
    missing: Mask
    fault: Ints

    @staticmethod
    def joined(parts: Sequence[LineSum]) -> LineSum:
        """Return the parts one after the other."""
        if not parts:
            return LineSum(np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0, np.int64))
        return LineSum(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def amounts_of_lines(
    rows: pa.RecordBatch, given: str | tuple[str, str], decimal: str, thousands: str
) -> LineSum:
    """Return the amount of each line: a column, or the product of two."""
    names = (given,) if isinstance(given, str) else given
    factors = [read_money(column_of(rows, name), decimal, thousands) for name in names]
    missing = np.logical_or.reduce([~f.valid for f in factors])
    fault = np.zeros(rows.num_rows, np.int64)
    for factor in factors:
        for reason, mask in factor.faults.items():
            fault = np.where(mask, np.maximum(fault, 1 + _FAULTS.index(reason)), fault)
    fine = ~missing & (fault == 0)
    micros = np.where(fine, factors[0].values, 0)
    if len(factors) == 2:
        micros, overflow = _product(micros, np.where(fine, factors[1].values, 0))
        fault[overflow] = 1 + _FAULTS.index(Reason.VALUE_OVERFLOW)
    return LineSum(micros, missing & (fault == 0), fault)


def add_up(total: LineSum, order: Ints, starts: Ints) -> LineSum:
    """Return the sum of each group."""
    micros = np.add.reduceat(total.micros[order], starts)
    overflow = np.abs(np.add.reduceat(total.micros[order].astype(np.float64), starts)) >= _TOO_LARGE
    fault = np.maximum.reduceat(total.fault[order], starts)
    fault = np.where(overflow, 1 + _FAULTS.index(Reason.VALUE_OVERFLOW), fault)
    return LineSum(micros, np.logical_or.reduceat(total.missing[order], starts), fault)


def money_text(total: LineSum, decimal: str) -> pa.Array:
    """Return sums as text, exactly; missing where a line has no amount."""
    hollow = total.missing | (total.fault > 0)
    whole, rest = np.divmod(np.abs(total.micros), _MILLION)
    sign = pa.array(np.where(total.micros < 0, "-", ""))
    text = pc.binary_join_element_wise(
        sign,
        pc.binary_join_element_wise(
            pa.array(whole).cast(pa.string()), pc.utf8_lpad(pa.array(rest).cast(pa.string()), 6, "0"), decimal
        ),
        "",
    )
    return pc.if_else(pa.array(hollow), pa.scalar(None, pa.string()), text)


def why_not(total: LineSum) -> dict[int, tuple[Reason, str]]:
    """Return the groups whose sum is none, with the reason."""
    words = ("cannot be read", "is infinite", "is too large")
    return {
        at: (_FAULTS[code - 1], f"the amount of a line {words[code - 1]}")
        for at, code in zip(
            np.flatnonzero(total.fault).tolist(), total.fault[total.fault > 0].tolist(), strict=True
        )
    }


def _product(a: Ints, b: Ints) -> tuple[Ints, Mask]:
    """Return a times b, both in millionths, rounded half to even, and where that is too large."""
    overflow = np.abs(a.astype(np.float64) * b.astype(np.float64)) / _MILLION >= _TOO_LARGE
    a, b = np.where(overflow, 0, a), np.where(overflow, 0, b)
    whole = a % _MILLION == 0
    micros = np.where(whole, a // _MILLION, b // _MILLION) * np.where(whole, b, a)
    for at in np.flatnonzero(~whole & (b % _MILLION != 0)).tolist():  # parts of a unit at parts of a coin
        exact = _EXACT.divide(Decimal(int(a[at])) * int(b[at]), Decimal(_MILLION))
        micros[at] = int(exact.to_integral_value(ROUND_HALF_EVEN))
    return micros, overflow
