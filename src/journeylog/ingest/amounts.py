"""Numbers of a row: money as integer millionths, scores on one scale, plain numbers."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.core.epochs import read_exponents, times
from journeylog.core.kernels import numbers
from journeylog.core.scales import SCALES
from journeylog.errors import ConfigError, SchemaError
from journeylog.ingest.rejects import Reason

__all__ = [
    "Amounts",
    "check_marks",
    "doubles_are_exact",
    "numbers_of_text",
    "read_money",
    "read_score",
    "score_bounds",
    "unreadable_numbers",
]

Mask = npt.NDArray[np.bool_]

#: A plain number, the way JSON and most programs write it.
_NUMBER: Final = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
#: Below this a double tells millionths apart.
#: A text of this many digits may not be told apart as a double.
_MANY_DIGITS: Final = r"\d{16}"
_FINE: Final = 2.0**31


class Amounts(NamedTuple):
    """What was read from one piece of a column.

    Parameters
    ----------
    values : ndarray of int64 or float64
    valid : ndarray of bool
        False where nothing is given.
    faults : dict of Reason to mask
        Rows to reject.
    n_nan : int
        Values that were not a number (NaN) and count as missing.
    """

    values: npt.NDArray[Any]
    valid: Mask
    faults: dict[Reason, Mask]
    n_nan: int = 0


def check_marks(decimal: str, thousands: str) -> None:
    """Refuse marks in amounts that no amount has.

    Raises
    ------
    ConfigError
        If a mark is no sign, or both are the same.
    """
    if len(decimal) != 1 or decimal.isalnum() or decimal in "+-":
        raise ConfigError(f"decimal={decimal!r} is no decimal mark. Fix: '.' or ','")
    if len(thousands) > 1 or thousands.isalnum() or thousands == decimal:
        raise ConfigError(
            f"thousands={thousands!r} is no mark of thousands beside decimal={decimal!r}. Fix: for example ' ' or '.'"
        )


def read_money(column: pa.Array, decimal: str = ".", thousands: str = "") -> Amounts:
    """Return amounts as integer millionths, rounded half to even.

    Text must be plain digits in the declared marks; a currency sign is not one.
    """
    kind = column.type
    if pa.types.is_integer(kind) and kind != pa.uint64():
        whole = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        values, fits = times(whole, 1_000_000, 2**63 - 1)
        return Amounts(values, _present(column), {Reason.VALUE_OVERFLOW: ~fits})
    if pa.types.is_floating(kind):
        return _money_of_floats(column)
    if pa.types.is_dictionary(kind):
        return read_money(column.dictionary_decode(), decimal, thousands)
    if pa.types.is_null(kind) or pa.types.is_decimal(kind) or kind == pa.uint64():
        return read_money(column.cast(pa.string()), decimal, thousands)
    if not arrow_text.is_text(kind):
        raise SchemaError(f"value= names a column of {kind}, which is no amount. Fix: numbers or text")
    return _money_of_text(arrow_text.plain(column), decimal, thousands)


def read_score(column: pa.Array, low: float, high: float) -> Amounts:
    """Return scores scaled from [low, high] to [-1, 1]."""
    if pa.types.is_dictionary(column.type):
        return read_score(column.dictionary_decode(), low, high)
    if arrow_text.is_text(column.type):
        text = arrow_text.plain(column).cast(pa.string())
        wrong = unreadable_numbers(text)
        values = numbers_of_text(text, wrong)
    elif (
        pa.types.is_integer(column.type)
        or pa.types.is_floating(column.type)
        or pa.types.is_decimal(column.type)
    ):
        values, wrong = column.cast(pa.float64(), safe=False), np.zeros(len(column), dtype=bool)
    elif pa.types.is_null(column.type):
        values, wrong = column.cast(pa.float64()), np.zeros(len(column), dtype=bool)
    else:
        raise SchemaError(f"score= names a column of {column.type}, which is no score. Fix: numbers or text")
    floats = values.fill_null(np.nan).to_numpy(zero_copy_only=False)
    valid = ~np.isnan(floats)
    scaled = floats if (low, high) == (-1, 1) else (floats - low) / (high - low) * 2 - 1
    scaled = np.where(valid, scaled, 0.0)
    wrong = wrong | (np.abs(scaled) > 1)
    return Amounts(scaled, valid, {Reason.SCORE_INVALID: wrong})


def score_bounds(scale: Any) -> tuple[float, float]:
    """Return the lowest and highest answer of a declared scale.

    Raises
    ------
    ConfigError
        If it is neither a known name nor a pair.
    """
    if isinstance(scale, str) and scale in SCALES:
        return SCALES[scale]
    if isinstance(scale, tuple | list) and len(scale) == 2 and all(isinstance(b, int | float) for b in scale):
        low, high = float(scale[0]), float(scale[1])
        if low < high and np.isfinite(low) and np.isfinite(high):
            return low, high
    raise ConfigError(
        f"score_scale={scale!r} is no scale. Fix: one of {list(SCALES)}, or (lowest, highest), for example (1, 5)"
    )


def unreadable_numbers(text: pa.Array) -> Mask:
    """Return which texts are neither blank nor a number."""
    blank = pc.equal(pc.utf8_trim_whitespace(text), "")
    special = pc.match_substring_regex(text, r"(?i)^\s*([+-]?inf(inity)?|nan)\s*$")
    fine = pc.or_(pc.or_(pc.match_substring_regex(text, _NUMBER), blank), special).fill_null(True)
    return np.asarray(~fine.to_numpy(zero_copy_only=False))


def numbers_of_text(text: pa.Array, skip: Mask | None = None) -> pa.Array:
    """Return texts as float64; blanks, and the rows in `skip`, are missing."""
    trimmed = pc.utf8_trim_whitespace(text)
    hollow = pc.equal(trimmed, "").fill_null(True)
    if skip is not None:
        hollow = pc.or_(hollow, pa.array(skip))
    return pc.if_else(hollow, pa.scalar(None, pa.string()), trimmed).cast(pa.float64())


def doubles_are_exact(text: Any) -> bool:
    """Return whether doubles lose no digit of these numbers: those of many digits are the shortest spelling of theirs."""
    long = pc.filter(text, pc.match_substring_regex(text, _MANY_DIGITS)).to_pylist()
    return all(t is None or _shortest(float(t)) == _bare(t) for t in long)


def _shortest(number: float) -> str:
    return _bare(repr(number))


def _bare(text: str) -> str:
    """Return a number as its digits and its power of ten, however it is written."""
    digits, _, power = text.strip().lower().lstrip("+-").partition("e")
    whole, _, fraction = digits.partition(".")
    shift = int(power or 0) - len(fraction)
    bare = (whole + fraction).lstrip("0")
    kept = bare.rstrip("0")
    return f"{kept}e{shift + len(bare) - len(kept)}" if kept else "0"


def _money_of_text(text: pa.Array, decimal: str, thousands: str) -> Amounts:
    if thousands:
        text = pc.replace_substring(text, thousands, "")
        if thousands == " ":
            text = pc.replace_substring(pc.replace_substring(text, "\u00a0", ""), "\u202f", "")
    if decimal != ".":
        text = pc.replace_substring(pc.replace_substring(text, ".", "?"), decimal, ".")
    data, offsets = arrow_text.buffers(text)
    values, verdict = np.empty(len(text), np.int64), np.empty(len(text), np.uint8)
    numbers.read_decimal(data, offsets, 6, values, verdict)
    read_exponents(text, verdict, values, 6)
    verdict[text.is_null().to_numpy(zero_copy_only=False)] = numbers.MISSING
    nan = verdict == numbers.NOT_A_NUMBER
    faults = {
        Reason.VALUE_UNPARSEABLE: verdict == numbers.UNREADABLE,
        Reason.VALUE_INF: verdict == numbers.INFINITE,
        Reason.VALUE_OVERFLOW: verdict == numbers.TOO_LARGE,
    }
    return Amounts(values, verdict == numbers.FINE, faults, int(nan.sum()))


def _money_of_floats(column: pa.Array) -> Amounts:
    """Round to the nearest millionth; large ones by their shortest decimal, which is what was meant."""
    floats = column.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
    present = _present(column)
    infinite, nan = np.isinf(floats), np.isnan(floats)
    finite = np.where(infinite | nan, 0.0, floats)
    too_large = np.abs(finite) >= 2.0**63 / 1e6
    values = np.rint(np.where(too_large, 0.0, finite) * 1e6).astype(np.int64)
    coarse = np.flatnonzero((np.abs(finite) >= _FINE) & ~too_large)
    if len(coarse):
        exact = _money_of_text(pa.array([repr(float(v)) for v in finite[coarse]]), ".", "")
        values[coarse] = exact.values
        too_large[coarse] = ~exact.valid
    faults = {Reason.VALUE_INF: infinite, Reason.VALUE_OVERFLOW: too_large}
    return Amounts(values, ~nan & ~infinite, faults, int((nan & present).sum()))


def _present(column: pa.Array) -> Mask:
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False))
