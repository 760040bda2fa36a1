"""Errors and warnings: what happened, how many, up to three examples, and the fix.

Every error derives from :class:`JourneylogError` and from the builtin a caller expects, so both
``except jl.JourneylogError`` and ``except ValueError`` work. Warnings are classes by meaning, so one kind
can be silenced or turned into an error without touching the others.
"""

from __future__ import annotations

import difflib
import inspect
import os
import warnings
from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "ConfigError",
    "DataQualityError",
    "DatabaseError",
    "EmptyResultWarning",
    "JourneylogError",
    "JourneylogWarning",
    "LoadWarning",
    "MemoryLimitError",
    "MissingColumnError",
    "MissingLevelError",
    "MissingPackageError",
    "OutputError",
    "ParseError",
    "SchemaError",
    "UnseenNameWarning",
    "ValueOverflowError",
    "WindowWarning",
    "cut",
    "explain",
    "nearest",
    "warn",
]

_PACKAGE = str(Path(__file__).parent) + os.sep


class JourneylogError(Exception):
    """Root of every error the library raises on purpose."""


class SchemaError(JourneylogError, ValueError):
    """The input does not have the columns or types that were declared."""


class MissingColumnError(SchemaError, KeyError):
    """A named column is not in the input or the log."""

    __str__ = Exception.__str__  # KeyError would print the repr of the message


class MissingLevelError(JourneylogError, LookupError):
    """A statistic asks for sessions, stages or journeys that no step has made yet."""


class ParseError(JourneylogError, ValueError):
    """A file cannot be read as what it was said to be."""


class DatabaseError(JourneylogError, RuntimeError):
    """A database refused a connection or a query, or stopped in the middle of its answer."""


class MemoryLimitError(JourneylogError, MemoryError):
    """What was asked for does not fit in the memory that the process may use."""


class DataQualityError(JourneylogError, ValueError):
    """Rows were rejected and the caller asked to be stopped (``on_error="raise"`` or a gate)."""


class ConfigError(JourneylogError, ValueError):
    """An argument or option has a value that means nothing here."""


class ValueOverflowError(JourneylogError, OverflowError):
    """A sum left the range of a 64-bit integer."""


class OutputError(JourneylogError, OSError):
    """An output could not be written; what was there before is untouched."""


class MissingPackageError(JourneylogError, ImportError):
    """An optional package is needed; the message names the extra to install."""


class JourneylogWarning(UserWarning):
    """Root of every warning of the library."""


class LoadWarning(JourneylogWarning):
    """Something about the input deserves a look: rejected rows, ties, look-alike ids."""


class UnseenNameWarning(JourneylogWarning):
    """A name in the question does not occur in the data; its count is zero."""


class EmptyResultWarning(JourneylogWarning):
    """There was nothing to count."""


class WindowWarning(JourneylogWarning):
    """The window is too short for the question (for example shorter than the patience)."""


def nearest(name: str, known: Iterable[str], n: int = 3) -> list[str]:
    """Return up to `n` known names that look like `name`, most similar first."""
    pool = list(dict.fromkeys(str(k) for k in known))
    folded: dict[str, str] = {}
    for k in pool:
        folded.setdefault(k.casefold().strip(), k)
    found = difflib.get_close_matches(name.casefold().strip(), list(folded), n=n, cutoff=0.6)
    return [folded[f] for f in found]


def explain(
    what: str,
    *,
    count: int | None = None,
    total: int | None = None,
    examples: Iterable[object] = (),
    fix: str | None = None,
) -> str:
    """Put an error text together: what, how many, up to three examples, the fix.

    Examples
    --------
    >>> print(explain("times could not be read", count=2, total=10, examples=["abc"], fix="pass time_format="))
    times could not be read: 2 of 10, for example 'abc'. Fix: pass time_format=
    """
    text = what
    if count is not None:
        text += f": {count:,}" + (f" of {total:,}" if total is not None else "")
    shown = [cut(e) for _, e in zip(range(3), examples, strict=False)]
    if shown:
        text += (", " if count is not None else ": ") + "for example " + ", ".join(shown)
    if fix:
        text += f". Fix: {fix}"
    return text


def cut(value: object, limit: int = 80) -> str:
    """Return ``repr(value)``, at most `limit` characters long."""
    shown = repr(value)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def warn(message: str, category: type[JourneylogWarning]) -> None:
    """Warn at the first line outside the library, which is the user's own."""
    level = 1
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level += 1
        frame = frame.f_back
    warnings.warn(message, category, stacklevel=level)
