"""Languages of pages: words from one catalogue file each, and how numbers, times and dates are written."""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from journeylog.core.condition import Condition, spelled
from journeylog.core.window import Window, format_duration
from journeylog.errors import ConfigError
from journeylog.plots import labels
from journeylog.reporting import names
from journeylog.reporting.catalogue import code_of, read_catalogue
from journeylog.reporting.notewords import plural_form, tell
from journeylog.steps.presets import PRESETS

__all__ = ["Language", "language", "languages"]

_FOLDER = Path(__file__).parent / "words"
_UNIT = re.compile(r"(?<=\d) (d|h|min|s|ms)\b")
#: Shares closer to nothing are not told in digits.
_LEAST: Final = 1e-6
#: Measures of the map whose items are stages.
_LEADS_TO: Final = frozenset({"next", "wait", "wait_p90", "waiting", "waiting_cost"})


@dataclass(frozen=True)
class Language:
    """The words of one language; unknown keys are errors, so nothing stays untranslated by mistake.

    Parameters
    ----------
    name : str
    words : mapping
        The catalogue.
    stages : mapping of str to str
        What stages of a preset are called; see :meth:`of_stages`.
    """

    name: str
    words: Mapping[str, Any]
    stages: Mapping[str, str] = field(default_factory=dict)

    def text(self, key: str, n: float | None = None, **values: str) -> str:
        """Return a text by its key; with `n` the form that goes with the number."""
        found = self.words["text"][key]
        if isinstance(found, Mapping):
            assert n is not None
            found = found.get(self.form(n), found["other"])
        if n is not None:
            values["n"] = self.count(n)
        return str(found).format(**values) if values else str(found)

    def of(self, part: str, key: str, n: float | None = None) -> str:
        """Return a text of one of the catalogue's tables, in the form that goes with the number `n`."""
        found = self.words[part][key]
        if isinstance(found, Mapping):
            found = found["other"] if n is None else found.get(self.form(n), found["other"])
        return str(found)

    def item(self, row: str, item: str, measure: str = "") -> str:
        """Return an item of the map; stages and kinds of pain that the library named have a name in every language."""
        if measure in _LEADS_TO:
            return str(self.stage(item))
        if measure == "answer":
            return self.number(item)
        return str(self.words["usual_pains"].get(item, item)) if row == "pains" else item

    def of_stages(self, stages: Iterable[Any]) -> Language:
        """Return the language as it speaks of a log with these stages: those of a preset have names in it.

        Stages are a preset's when all of its stages are among them. One that a user named stays as it is, and so does
        any whose translation another one is called.

        Examples
        --------
        >>> shop = ["awareness", "consideration", "purchase", "returns", "after purchase"]
        >>> [language("ru").of_stages(shop).stage(name) for name in shop]
        ['знакомство', 'выбор', 'покупка', 'returns', 'после покупки']
        >>> language("ru").of_stages(["browse", "purchase"]).stage("purchase")
        'purchase'
        """
        own, known = set(stages), dict[str, str]()
        for rules in PRESETS.values():
            if own.issuperset(rules):
                known |= {name: str(self.words["stages"][name]) for name in rules}
        return replace(self, stages={name: said for name, said in known.items() if said not in own})

    def stage(self, name: Any) -> Any:
        """Return what a stage is called; a name of the data stays as it is."""
        return self.stages.get(name, name)

    def condition(self, asked: Condition) -> str:
        """Return a condition as people read it."""
        return spelled(asked, self.words["conditions"])

    def visible(self, text: object) -> str:
        """Return a name of the data in one line with every hidden sign written out; what is blank is said to be."""
        return names.visible(text, self.text("blank"))

    def short(self, text: object, width: int = 60) -> str:
        """Return a name of the data in one line, cut at the width."""
        return names.short(text, width, self.text("blank"))

    def form(self, n: float) -> str:
        """Return the plural form that goes with a number: one, few or other."""
        return plural_form(self.words["plural"], n)

    def note(self, said: str) -> str:
        """Return a note of a result or of a card in this language; one without an entry stays English.

        Examples
        --------
        >>> from journeylog.core.notes import note
        >>> language("ru").note(note("{n:,} cases visit no node", n=22))
        '22 пути не заходят ни в один узел'
        """
        return tell(self, said)

    def count(self, n: float) -> str:
        """Write a whole number."""
        return self.number(labels.count(n))

    def share(self, part: float) -> str:
        """Write a share as a percentage; one that is next to nothing is said to be so.

        Examples
        --------
        >>> language("en").share(0.1234), language("ru").share(0.1234), language("en").share(4e-7)
        ('12.3 %', '12,3 %', '< 0.0001 %')
        """
        if 0 < abs(part) < _LEAST:
            sign, part = ("< " if part > 0 else "> −"), _LEAST
            return sign + self.number(f"{100 * part:.4f}%")
        return self.number(labels.share(part).replace(" %", "%"))

    def money(self, amount: float, currency: str) -> str:
        """Write an amount of money, large ones with three digits."""
        for name, unit in (("billion", 1e9), ("million", 1e6)):
            if abs(amount) >= 0.9995 * unit:
                part = self.number(f"{amount / unit:#.3g}".rstrip("."))
                return f"{part} {self.words['large'][name]} {currency}".replace(" ", "\u00a0")
        return f"{self.count(amount)}\u00a0{currency}"

    def signed(self, score: float) -> str:
        """Write a score from -1 to 1 with its sign."""
        return self.number(f"{score:+.2f}" if abs(score) >= 0.005 else "0.00").replace("-", "−")

    def times(self, ratio: float) -> str:
        """Write a ratio: so many times."""
        return self.number(f"×{ratio:.2f}" if ratio < 9.995 else f"×{ratio:.0f}")

    def duration(self, seconds: float) -> str:
        """Write seconds as people do."""
        if not math.isfinite(seconds):
            return "–"
        units = self.words["units"]
        written = self.number(format_duration(seconds * 1e6))
        return _UNIT.sub(lambda found: f" {units[found[1]]}", written)

    def moment(self, micros: int) -> str:
        """Write a time in UTC: its day, and its hour and minute."""
        time = dt.datetime.fromtimestamp(micros // 1_000_000, dt.UTC)
        clock = time.strftime("%H:%M:%S") if time.second else time.strftime("%H:%M")
        return f"{self._day(time.date())}, {clock}"

    def range(self, low: str, high: str) -> str:
        """Write the bounds of an interval that are written already."""
        return self.text("range", low=low, high=high)

    def period(self, window: Window) -> str:
        """Write what was observed, as days."""
        days = (dt.datetime.fromtimestamp(t / 1e6, dt.UTC).date() for t in (window.start, window.end))
        first, last = map(self._day, days)
        return self.text("period", first=first, last=last)

    def span(self, window: Window) -> str:
        """Write what was observed, to the second."""
        first, last = (self.moment(time) for time in (window.start, window.end))
        return f"{self.text('period', first=first, last=last)} UTC"

    def number(self, written: str) -> str:
        """Return a number written in English with this language's signs."""
        signs = {",": self.words["thousands"], ".": self.words["decimal"], "%": self.words["percent"]}
        return "".join(signs.get(sign, sign) for sign in written)

    def _day(self, day: dt.date) -> str:
        return str(self.words["date"]).format(
            day=day.day, month=self.words["months"][day.month - 1], year=day.year
        )


def languages() -> tuple[str, ...]:
    """Return the short names of the languages that the library has a catalogue of."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))


def language(name: str) -> Language:
    """Return the language of a short name such as ``"en"`` or ``"ru"``, or of a catalogue: ``"words/de.toml"``.

    Raises
    ------
    ConfigError
        If there is no catalogue for it, or it is not whole; see :mod:`journeylog.reporting.catalogue`.
    """
    if name in languages():
        return _own(name)
    path = Path(name)
    if path.suffix != ".toml":
        raise ConfigError(
            f"lang={name!r} is not there. Fix: one of {list(languages())}, or the path of a catalogue such as 'de.toml'"
        )
    return Language(code_of(path), read_catalogue(path, {own: _own(own).words for own in languages()}))


@functools.cache
def _own(name: str) -> Language:
    with (_FOLDER / f"{name}.toml").open("rb") as file:
        return Language(name, tomllib.load(file))
