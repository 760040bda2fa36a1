"""Languages of pages: words from one catalogue file each, and how numbers, times and dates are written."""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeylog.core.window import Window, format_duration
from journeylog.errors import ConfigError
from journeylog.plots import labels

__all__ = ["Language", "language"]

_FOLDER = Path(__file__).parent / "words"
_UNIT = re.compile(r"(?<=\d) (d|h|min|s|ms)\b")


@dataclass(frozen=True)
class Language:
    """The words of one language; unknown keys are errors, so nothing stays untranslated by mistake."""

    name: str
    words: Mapping[str, Any]

    def text(self, key: str, n: float | None = None, **values: str) -> str:
        """Return a text by its key; with `n` the form that goes with the number."""
        found = self.words["text"][key]
        if isinstance(found, Mapping):
            assert n is not None
            found = found.get(_form(self.name, round(n)), found["other"])
        if n is not None:
            values["n"] = self.count(n)
        return str(found).format(**values) if values else str(found)

    def of(self, part: str, key: str, n: float | None = None) -> str:
        """Return a text of one of the catalogue's tables, in the form that goes with the number `n`."""
        found = self.words[part][key]
        if isinstance(found, Mapping):
            found = found["other"] if n is None else found.get(_form(self.name, round(n)), found["other"])
        return str(found)

    def form(self, n: float) -> str:
        """Return the plural form that goes with a number: one, few or other."""
        return _form(self.name, round(n))

    def count(self, n: float) -> str:
        """Write a whole number."""
        return self._number(labels.count(n))

    def share(self, part: float) -> str:
        """Write a share as a percentage."""
        return self._number(labels.share(part)).replace(" %", self.words["percent"])

    def money(self, amount: float, currency: str) -> str:
        """Write an amount of money, large ones with three digits."""
        for name, unit in (("billion", 1e9), ("million", 1e6)):
            if abs(amount) >= 0.9995 * unit:
                part = self._number(f"{amount / unit:#.3g}".rstrip("."))
                return f"{part} {self.words['large'][name]} {currency}".replace(" ", "\u00a0")
        return f"{self.count(amount)}\u00a0{currency}"

    def signed(self, score: float) -> str:
        """Write a score from -1 to 1 with its sign."""
        return self._number(f"{score:+.2f}").replace("-", "−")

    def times(self, ratio: float) -> str:
        """Write a ratio: so many times."""
        return self._number(f"×{ratio:.2f}" if ratio < 9.995 else f"×{ratio:.0f}")

    def duration(self, seconds: float) -> str:
        """Write seconds as people do."""
        if not math.isfinite(seconds):
            return "–"
        units = self.words["units"]
        written = _UNIT.sub(lambda found: f" {units[found[1]]}", format_duration(seconds * 1e6))
        return written.replace(".", self.words["decimal"])

    def range(self, low: str, high: str) -> str:
        """Write the bounds of an interval that are written already."""
        return self.text("range", low=low, high=high)

    def period(self, window: Window) -> str:
        """Write what was observed, as days."""
        days = (dt.datetime.fromtimestamp(t / 1e6, dt.UTC).date() for t in (window.start, window.end))
        first, last = (
            str(self.words["date"]).format(day=d.day, month=self.words["months"][d.month - 1], year=d.year)
            for d in days
        )
        return self.text("period", first=first, last=last)

    def _number(self, written: str) -> str:
        """Return a number written in English with this language's signs."""
        signs = {",": self.words["thousands"], ".": self.words["decimal"]}
        return "".join(signs.get(sign, sign) for sign in written)


def language(name: str) -> Language:
    """Return the language of a short name such as ``"en"`` or ``"ru"``.

    Raises
    ------
    ConfigError
        If there is no catalogue for it.
    """
    known = sorted(file.stem for file in _FOLDER.glob("*.toml"))
    if name not in known:
        raise ConfigError(f"lang={name!r} is not there. Fix: one of {known}")
    return _read(name)


@functools.cache
def _read(name: str) -> Language:
    with (_FOLDER / f"{name}.toml").open("rb") as file:
        return Language(name, tomllib.load(file))


def _form(name: str, n: int) -> str:
    """Return the plural form: one, few or other."""
    n = abs(n)
    if name == "ru":
        if n % 10 == 1 and n % 100 != 11:
            return "one"
        return "few" if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14 else "other"
    return "one" if n == 1 else "other"
