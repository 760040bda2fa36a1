"""Amounts of a chunk: integer millionths, each counted once, never of two currencies together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Category, Chunk, Number
from journeylog.core.counts import Coded, Table
from journeylog.core.kernels.inside import codes_inside
from journeylog.core.notes import Note, note
from journeylog.core.schema import NONE
from journeylog.errors import ConfigError, MissingColumnError, ValueOverflowError, explain

__all__ = [
    "MICRO",
    "Amounts",
    "Money",
    "amounts_of_events",
    "check_currencies",
    "currencies_seen",
    "currency_of",
    "find_amounts",
    "money_of_events",
]

Ints = npt.NDArray[np.int64]

#: Millionths in a unit of money.
MICRO = 1_000_000
_LARGEST = 2.0**62
#: Currencies that a note names.
_TOLD = 6
#: A code of no currency at all.
_NOBODY = -9


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
        told = "n" not in table.largest  # else only that there are some
        shown = [
            (name or "no currency") + (f" ({n:,})" if told else "")
            for name, n in sorted(counts.items(), key=lambda c: -c[1])
        ]
        raise ConfigError(
            explain(
                f"amounts are in {len(counts)} currencies, which are never added",
                examples=shown,
                fix=f"ask for one, currency={most!r}, or convert them before reading",
            )
        )
    return next(iter(counts), None)


class Money(NamedTuple):
    """A money column as it is kept: which amounts count.

    Parameters
    ----------
    micros : ndarray of int64, shape (n_events,)
    given : ndarray of bool or None
        Whether an event has an amount; None: every one has.
    currency : ndarray of int32 or None
        Code of each event's currency; None: all count.
    wanted : int
        The code that counts.
    """

    micros: Ints
    given: npt.NDArray[np.bool_] | None
    currency: npt.NDArray[np.int32] | None
    wanted: int


def money_of_events(chunk: Chunk, value: str, currency: str | None) -> Money | None:
    """Return a money column, None without such a column.

    Parameters
    ----------
    currency : str or None
        Only amounts in it count. A log that names no currencies has but one.
    """
    money = chunk.columns.get(value)
    if not isinstance(money, Number) or money.unit != "micros":
        return None
    column = chunk.columns.get("currency")
    micros = money.values.astype(np.int64, copy=False)
    if currency is None or not isinstance(column, Category):
        return Money(micros, money.valid, None, _NOBODY)
    wanted = column.names.index(currency) if currency in column.names else _NOBODY
    return Money(micros, money.valid, column.codes, wanted)


def amounts_of_events(chunk: Chunk, value: str, currency: str | None) -> Ints | None:
    """Return by event the millionths of a money column, 0 where none count; None without such a column."""
    money = money_of_events(chunk, value, currency)
    if money is None:
        return None
    kept = np.ones(chunk.n_events, bool) if money.given is None else money.given
    if money.currency is not None:
        kept = kept & (money.currency == money.wanted)
    return np.where(kept, money.micros, 0)


def currencies_seen(chunk: Chunk, case: str, value: str = "value") -> Table:
    """Return the currencies of the cases' amounts (a code below zero: none is named); no row without amounts."""
    column, money = chunk.columns.get("currency"), chunk.columns.get(value)
    if not isinstance(money, Number) or money.unit != "micros":
        return _seen(np.zeros(0, np.int64), ())
    level = chunk.cases(case)  # what is outside of all cases is in no answer
    codes, names = (column.codes, column.names) if isinstance(column, Category) else (None, ())
    seen = codes_inside(codes, money.valid, level.order, level.begin, level.end, len(names))
    return _seen(np.flatnonzero(seen).astype(np.int64) - 1, names)


def currency_of(seen: Table, declared: str | None) -> tuple[str | None, Note | None]:
    """Return the one currency of all amounts (None: there is none, "" unnamed), and a note on why money is missing."""
    names = seen.coded("currency").names({})
    if declared is not None:
        there = declared in names
        return (declared, None) if there else (None, note("no amount is in {currency}", currency=declared))
    if not names:
        return None, note(
            "the log has no amounts, so no money is at risk in it: jl.read(..., value='amount')"
        )
    if len(names) > 1:
        return None, note(
            "amounts are in several currencies ({currencies!r:, }): declare one with currency=",
            currencies=tuple(name or note("none") for name in names[:_TOLD]),
        )
    return names[0] or "", None


def _seen(codes: Ints, names: tuple[str, ...]) -> Table:
    found = {"n": np.ones(len(codes), np.int64)}
    return Table({"currency": Coded(codes, names)}, found, largest=("n",))


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
