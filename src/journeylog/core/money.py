"""Amounts of a chunk: integer millionths, of one currency, each counted once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Category, Chunk, Number
from journeylog.core.counts import Coded, Table
from journeylog.core.schema import NONE
from journeylog.errors import ConfigError, MissingColumnError, ValueOverflowError, explain

__all__ = ["MICRO", "Amounts", "check_currencies", "find_amounts"]

Ints = npt.NDArray[np.int64]

#: Millionths in a unit of money.
MICRO = 1_000_000
_LARGEST = 2.0**62


@dataclass(frozen=True, eq=False)
class Amounts:
    """Which events have an amount, and how much.

    Parameters
    ----------
    event : ndarray of int64, shape (n_amounts,)
        Positions of events, ascending.
    micros : ndarray of int64, shape (n_amounts,)
    currencies : Table
        Amounts by currency, whether counted or not; the code -1 is none.
    n_outside : int
        Amounts of events that were not looked at.
    """

    event: Ints
    micros: Ints
    currencies: Table
    n_outside: int = 0


def find_amounts(
    chunk: Chunk, value: str, currency: str | None, among: npt.NDArray[np.bool_] | None = None
) -> Amounts:
    """Return the amounts of a column, only those in a currency when one is named.

    Parameters
    ----------
    chunk : Chunk
    value : str
    currency : str or None
    among : ndarray of bool, shape (n_events,), optional
        The events to look at; the amounts of others are only numbered.

    Raises
    ------
    MissingColumnError
        If there is no such column, or it holds no numbers.
    ConfigError
        If a currency is named and the log has none.
    ValueOverflowError
        If their sum leaves 64-bit millionths.
    """
    micros, given = _micros(chunk, value)
    event = np.flatnonzero(given if among is None else given & among)
    n_outside = int(np.count_nonzero(given)) - len(event)
    names, codes = _currencies(chunk, currency)
    mine = codes[event] if codes is not None else np.full(len(event), NONE, np.int64)
    found = np.bincount(mine + 1, minlength=len(names) + 1)
    used = np.flatnonzero(found)
    table = Table({"currency": Coded(used - 1, names)}, {"n": found[used].astype(np.int64)})
    if currency is not None:
        event = event[mine == (names.index(currency) if currency in names else -2)]
    micros = micros[event]
    if float(np.abs(micros.astype(np.float64)).sum()) > _LARGEST:
        raise ValueOverflowError(
            f"the sum of {value!r} leaves the range of 64-bit millionths. Fix: filter the values, or divide them"
        )
    return Amounts(event, micros, table, n_outside)


def check_currencies(table: Table, currency: str | None) -> str | None:
    """Return the currency of the amounts that were counted, None when none is named.

    Raises
    ------
    ConfigError
        If there are several: they are never added.
    """
    if currency is not None:
        return currency
    column = table.coded("currency")
    counts = dict(zip(column.names({}), table.values["n"].tolist(), strict=True))
    if len(counts) > 1:
        most = max((name for name in counts if name is not None), key=lambda name: counts[name])
        shown = [
            f"{name or 'no currency'} ({n:,})" for name, n in sorted(counts.items(), key=lambda c: -c[1])
        ]
        raise ConfigError(
            explain(
                f"amounts are in {len(counts)} currencies, which are never added",
                examples=shown,
                fix=f"ask for one, currency={most!r}, or convert them before reading",
            )
        )
    return next(iter(counts), None)


def _micros(chunk: Chunk, value: str) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return millionths by event, and where there are any."""
    column = chunk.column(value)
    if not isinstance(column, Number) or column.unit in ("time", "bool"):
        kind = column.unit if isinstance(column, Number) else type(column).__name__.lower()
        money = sorted(
            n for n, c in chunk.columns.items() if isinstance(c, Number) and c.unit in ("", "micros")
        )
        raise MissingColumnError(f"column {value!r} holds no amounts but {kind}. Fix: choose one of {money}")
    given = np.ones(len(column.values), bool) if column.valid is None else column.valid
    if column.unit == "micros":
        return column.values, given
    numbers = column.values.astype(np.float64)
    given = given & np.isfinite(numbers)
    if float(np.abs(numbers[given]).max(initial=0.0)) * MICRO > _LARGEST:
        raise ValueOverflowError(f"{value!r} is too large for 64-bit millionths. Fix: divide it")
    return np.rint(np.where(given, numbers, 0.0) * MICRO).astype(np.int64), given


def _currencies(chunk: Chunk, currency: str | None) -> tuple[tuple[str, ...], Ints | None]:
    column = chunk.columns.get("currency")
    if isinstance(column, Category):
        return column.names, column.codes.astype(np.int64)
    if currency is not None:
        raise ConfigError(
            f"currency={currency!r} cannot be told: the log has no currencies. Fix: leave it out, or jl.read(..., currency=)"
        )
    return (), None
