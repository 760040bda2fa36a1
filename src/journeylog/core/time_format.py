"""Declared formats of stamps: the letters of ``strptime``, compiled for the kernel."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core import arrow_text
from journeylog.core.kernels import time as kernel
from journeylog.errors import ConfigError

__all__ = ["compile_format", "fitting_formats"]

_LETTERS: Final = {
    "Y": kernel.YEAR,
    "y": kernel.YEAR2,
    "m": kernel.MONTH,
    "d": kernel.DAY,
    "e": kernel.DAY,
    "H": kernel.HOUR,
    "I": kernel.CLOCK12,
    "M": kernel.MINUTE,
    "S": kernel.SECOND,
    "f": kernel.FRACTION,
    "p": kernel.HALF,
    "z": kernel.ZONE,
    "Z": kernel.ZONE,
    "b": kernel.MONTH_NAME,
    "B": kernel.MONTH_NAME,
    "h": kernel.MONTH_NAME,
    "a": kernel.WEEKDAY,
    "A": kernel.WEEKDAY,
    "j": kernel.DAY_OF_YEAR,
}
_USUAL_DAYS: Final = (
    "%d.%m.%Y", "%m.%d.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%d", "%Y%m%d",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%b %d, %Y", "%a, %d %b %Y",
)  # fmt: skip
_USUAL_CLOCKS: Final = (
    "", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S %z", "T%H:%M:%S", ":%H:%M:%S %z",
    "%H%M%S", ", %H:%M:%S", ", %H:%M",
)  # fmt: skip
_SHORT: Final = {"T": "%H:%M:%S", "R": "%H:%M", "F": "%Y-%m-%d", "D": "%m/%d/%y"}


@lru_cache(maxsize=64)
def compile_format(format: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the format as parts for the kernel: what each is, and its byte where it is a literal.

    Raises
    ------
    ConfigError
        If a letter is unknown, or the format does not name a whole date.
    """
    spelled = format
    for letter, longer in _SHORT.items():
        spelled = spelled.replace(f"%{letter}", longer)
    ops: list[int] = []
    letters: list[int] = []
    position = 0
    while position < len(spelled):
        c = spelled[position]
        position += 1
        if c == "%":
            c = spelled[position : position + 1]
            position += 1
            if c in _LETTERS:
                ops.append(_LETTERS[c])
                letters.append(0)
                continue
            if c != "%":
                known = " ".join("%" + k for k in [*_LETTERS, *_SHORT])
                raise ConfigError(f"time_format={format!r}: %{c} is unknown. Fix: use {known}")
        elif c == " ":
            if not ops or ops[-1] != kernel.SPACE:
                ops.append(kernel.SPACE)
                letters.append(0)
            continue
        for byte in c.encode():
            ops.append(kernel.LITERAL)
            letters.append(byte)
    has_year = kernel.YEAR in ops or kernel.YEAR2 in ops
    has_day = kernel.DAY_OF_YEAR in ops or (
        kernel.DAY in ops and (kernel.MONTH in ops or kernel.MONTH_NAME in ops)
    )
    if not (has_year and has_day):
        raise ConfigError(f"time_format={format!r} names no whole date. Fix: for example '%d.%m.%Y %H:%M:%S'")
    if kernel.CLOCK12 in ops and kernel.HALF not in ops:
        raise ConfigError(
            f"time_format={format!r}: %I needs %p (AM or PM). Fix: use %H for 24 hours, or add %p"
        )
    return np.array(ops, dtype=np.int64), np.array(letters, dtype=np.int64)


def fitting_formats(texts: pa.Array) -> list[str]:
    """Return the usual formats in which most of these texts can be read, for a hint; nothing is read by them.

    More texts are read in none of the other formats, and at least half are read: among dates stands the word "unknown".

    Examples
    --------
    >>> fitting_formats(pa.array(["10/20/2017", "2/1/2018"]))
    ['%m/%d/%Y']
    >>> fitting_formats(pa.array(["01.02.2024 10:00"]))
    ['%d.%m.%Y %H:%M', '%m.%d.%Y %H:%M']
    >>> fitting_formats(pa.array(["unknown", "01.02.2024", "31.12.2024"]))
    ['%d.%m.%Y']
    """
    data, offsets = arrow_text.buffers(texts)
    micros, verdict = np.empty(len(texts), np.int64), np.empty(len(texts), np.uint8)
    fits: dict[str, int] = {}
    for day in _USUAL_DAYS:
        for clock in _USUAL_CLOCKS:
            ops, letters = compile_format(day + clock)
            kernel.read_format(data, offsets, ops, letters, micros, verdict)
            fits[day + clock] = int(np.count_nonzero(verdict <= kernel.WALL))
    most = max(fits.values())
    return [form for form, n in fits.items() if n == most] if most and 2 * most >= len(texts) else []
