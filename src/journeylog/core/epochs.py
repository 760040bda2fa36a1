"""Stamps that are numbers since 1970: in a declared unit, rounded half to even to the microsecond."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.core.kernels import numbers
from journeylog.core.kernels.time import INSTANT, NULL, OUT_OF_RANGE, UNPARSEABLE
from journeylog.core.time_rule import PLACES, UNIT_SUSPECT, UNIT_WORDS, Stamps, TimeRule
from journeylog.errors import ConfigError, explain

__all__ = [
    "note_bare_numbers",
    "read_exponents",
    "read_number_text",
    "read_numbers",
    "refuse_bare_numbers",
    "times",
]

Ints = npt.NDArray[np.int64]
Verdicts = npt.NDArray[np.uint8]

#: So many numbers in a row leave no doubt that the others are numbers too.
_SURE: Final = 1000
#: What a verdict on a number means for a stamp.
_MEANING: Final = np.array(
    [INSTANT, NULL, UNPARSEABLE, NULL, OUT_OF_RANGE, OUT_OF_RANGE, UNPARSEABLE], dtype=np.uint8
)


def read_numbers(column: pa.Array, rule: TimeRule) -> Stamps:
    """Read a column of integers, floats or decimals."""
    if rule.unit is None:
        values = column.cast(pa.float64(), safe=False).drop_null().to_numpy(zero_copy_only=False)
        raise _unit_missing(values, rule)
    places = PLACES[rule.unit]
    missing = column.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_integer(column.type) and column.type != pa.uint64():
        values = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        if places >= 0:
            micros, fits = times(values, 10**places)
        else:
            whole, cut = np.divmod(values, 1000)
            micros = whole + ((cut > 500) | ((cut == 500) & (whole % 2 == 1)))
            fits = np.ones(len(values), dtype=bool)
    else:
        floats = column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False)
        missing = missing | np.isnan(floats)
        bounded = np.clip(np.nan_to_num(floats, posinf=1e300, neginf=-1e300), -1e300, 1e300)
        scaled = np.rint(bounded * 10.0**places)
        fits = np.abs(scaled) < 2.0**62
        micros = np.where(fits, scaled, 0.0).astype(np.int64)
    verdict = np.full(len(column), INSTANT, np.uint8)
    verdict[~fits] = OUT_OF_RANGE
    verdict[missing] = NULL
    stamps = Stamps(np.asarray(micros, dtype=np.int64), verdict)
    _suspect_unit(stamps, rule)
    return stamps


def read_number_text(column: pa.Array, rule: TimeRule) -> Stamps:
    """Read a column of numbers written as text, digit by digit."""
    assert rule.unit is not None
    data, offsets = arrow_text.buffers(column)
    micros, verdict = np.empty(len(column), np.int64), np.empty(len(column), np.uint8)
    numbers.read_decimal(data, offsets, PLACES[rule.unit], micros, verdict)
    read_exponents(column, verdict, micros, PLACES[rule.unit])
    stamps = Stamps(micros, _MEANING[verdict])
    _suspect_unit(stamps, rule)
    return stamps


def note_bare_numbers(column: pa.Array, stamps: Stamps, rule: TimeRule) -> None:
    """Note, in place, whether the stamps that could not be read are numbers: then the unit was forgotten.

    Whether it was, is decided by the whole column (:func:`refuse_bare_numbers`), except where a piece is so long
    that it speaks for all.
    """
    unread = stamps.verdict == UNPARSEABLE
    stamps.others = bool((~unread & (stamps.verdict != NULL)).any())
    if not unread.any():
        return
    texts = column.filter(pa.array(unread))
    if pc.all(pc.match_substring_regex(texts, r"^\s*-?\d{9,}(\.\d*)?(e[+-]?\d+)?\s*$")).as_py():
        values = pc.cast(pc.utf8_trim_whitespace(texts), pa.float64())
        stamps.bare = values.to_numpy(zero_copy_only=False)
        if len(texts) >= _SURE:
            refuse_bare_numbers([stamps], rule)
    else:
        stamps.others = True


def refuse_bare_numbers(parts: Sequence[Stamps], rule: TimeRule) -> None:
    """Raise when no stamp of a column could be read and they are numbers."""
    bare = [part.bare for part in parts if part.bare is not None]
    if bare and not any(part.others for part in parts):
        raise _unit_missing(np.concatenate(bare), rule)


def times(values: Ints, factor: int, largest: int = 2**62) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Multiply where the product is at most `largest`; say where it was."""
    bound = largest // factor
    fits = (values <= bound) & (values >= -bound)
    return (values * factor if fits.all() else np.where(fits, values, 0) * factor), fits


def read_exponents(column: pa.Array, verdict: Verdicts, out: Ints, places: int) -> None:
    """Read the few numbers written with an exponent, exactly, in place."""
    for row in np.flatnonzero(verdict == numbers.EXPONENT).tolist():
        try:
            exact = Decimal(column[row].as_py().strip())
        except InvalidOperation:
            verdict[row] = numbers.UNREADABLE
            continue
        if exact.adjusted() + places > 19:
            verdict[row] = numbers.TOO_LARGE
            continue
        number = round(exact.scaleb(places)) if exact.adjusted() + places >= -2 else 0
        fits = abs(number) < 2**63
        out[row], verdict[row] = (number, numbers.FINE) if fits else (0, numbers.TOO_LARGE)


def _suspect_unit(stamps: Stamps, rule: TimeRule) -> None:
    """Mark numbers that are out of range in the declared unit but plausible in another."""
    assert rule.unit is not None
    outside = (stamps.micros < rule.earliest) | (stamps.micros > rule.latest)
    outside &= stamps.verdict == INSTANT
    if not outside.any():
        return
    values = stamps.micros.astype(np.float64) / 10.0 ** PLACES[rule.unit]
    for unit, places in PLACES.items():
        fits = values * 10.0**places
        suspect = outside & (fits >= rule.earliest) & (fits <= rule.latest)
        if unit != rule.unit and suspect.any():
            stamps.verdict[suspect] = UNIT_SUSPECT
            stamps.looks_like = stamps.looks_like or UNIT_WORDS[unit]


def _unit_missing(values: npt.NDArray[np.float64], rule: TimeRule) -> ConfigError:
    finite = values[np.isfinite(values)]
    fix = "pass time_unit=, one of 's', 'ms', 'us', 'ns'"
    for unit, places in PLACES.items():
        micros = finite * 10.0**places
        if finite.size and (micros >= rule.earliest).all() and (micros <= rule.latest).all():
            fix = f"pass time_unit={unit!r}; as {UNIT_WORDS[unit]} all of them are plausible"
    examples = [int(v) if float(v).is_integer() else float(v) for v in finite[:3]]
    return ConfigError(explain("the times are numbers without a unit", examples=examples, fix=fix))
