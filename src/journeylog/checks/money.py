"""Money: amounts in several currencies, and amounts that say none."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.checks.finding import Finding, Severity, grade, passed, skipped
from journeylog.checks.folds import folded
from journeylog.checks.places import column_names
from journeylog.checks.rules import Rules
from journeylog.core.chunk import Category, Chunk, Number
from journeylog.core.kernels.quality import bounds_by_code
from journeylog.core.log import EventLog

__all__ = ["currencies"]

#: (number, first, last) by currency; None is no currency.
_Tally = dict[str | None, tuple[int, int, int]]


def currencies(log: EventLog, rules: Rules) -> list[Finding]:
    """Count amounts by currency: those in another than the most frequent cannot be added to it."""
    if "value" not in column_names(log):
        return [skipped("currencies", "No column is an amount of money (value=).")]
    tally: _Tally = {}
    for part in log.source.map(_tally):
        for name, (n, first, last) in part.items():
            before = tally.get(name, (0, first, last))
            tally[name] = (before[0] + n, min(before[1], first), max(before[2], last))
    total = sum(n for n, _, _ in tally.values())
    named = {name: row for name, row in tally.items() if name is not None}
    if not total:
        return [passed("currencies", "No event has an amount.", 0)]
    if not named:
        sentence = f"{total:,} events have an amount and none says its currency (currency=)."
        return [
            Finding(
                "currencies",
                Severity.INFO,
                sentence,
                total,
                total,
                fix="pass currency=, a column or jl.constant('EUR')",
            )
        ]
    order = sorted(named, key=lambda name: (-named[name][0], name))
    found = []
    others = order[1:]
    if others:
        rows = [named[name] for name in others]
        n = sum(row[0] for row in rows)
        spelled = len(set(folded(pa.array(order)).to_pylist())) < len(order)
        found.append(
            Finding(
                "currencies", grade("currencies", n, total),
                f"{n:,} of {total:,} amounts are in another currency than {order[0]}: {len(order):,} currencies "
                "in one column"
                f"{', some of them spelled differently' if spelled else ''}. Sums over all of them mean nothing.",
                n, total, "events", "", tuple(f"{name} ({named[name][0]:,} amounts)" for name in order[:3]),
                min(row[1] for row in rows), max(row[2] for row in rows),
                fix="convert before reading, or keep one with log.where(currency=...), or ask by='currency'",
                facts={"currencies": {str(name): named[name][0] for name in order[:50]}},
            )
        )  # fmt: skip
    if None in tally:
        n, first, last = tally[None]
        found.append(
            Finding(
                "currencies", grade("no_currency", n, total), f"{n:,} of {total:,} amounts say no currency while others do.",
                n, total, "events", "no currency", (), first, last, fix="complete the currency where the amounts come from",
            )
        )  # fmt: skip
    return found or [passed("currencies", f"All {total:,} amounts are in {order[0]}.", total)]


def _tally(chunk: Chunk) -> _Tally:
    value, currency = chunk.columns.get("value"), chunk.columns.get("currency")
    if not isinstance(value, Number):
        return {}
    valid = np.ones(chunk.n_events, dtype=bool) if value.valid is None else value.valid
    time = chunk.time[valid]
    if not isinstance(currency, Category):
        return {None: (len(time), int(time.min()), int(time.max()))} if len(time) else {}
    codes = _shifted(currency.codes[valid], len(currency.labels))
    size = len(currency.labels) + 1
    n = np.bincount(codes, minlength=size)
    first, last = np.full(size, np.iinfo(np.int64).max), np.full(size, np.iinfo(np.int64).min)
    bounds_by_code(codes, time, first, last)
    names: list[str | None] = [*currency.names, None]
    return {names[k]: (int(n[k]), int(first[k]), int(last[k])) for k in np.flatnonzero(n).tolist()}


def _shifted(codes: npt.NDArray[np.int32], missing: int) -> npt.NDArray[np.int32]:
    return np.where(codes < 0, np.int32(missing), codes).astype(np.int32)
