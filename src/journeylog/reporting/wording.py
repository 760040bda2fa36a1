"""The report's words in one language: sentences with plurals, numbers and names in their places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from journeylog.core.condition import Condition
from journeylog.reporting.language import Language, language
from journeylog.reporting.names import short

__all__ = ["ENGLISH", "Wording", "wording"]

_NAME = 48


@dataclass(frozen=True)
class Wording:
    """Texts of the report by their keys; what is put in is escaped, unknown keys are errors.

    Parameters
    ----------
    words : Language
    """

    words: Language

    @property
    def lang(self) -> str:
        """The short name of the language."""
        return self.words.name

    def __call__(self, key: str, **values: Any) -> Markup:
        """Return a sentence; markup that is put in stays markup."""
        return Markup(self.words.words["report"][key]).format(**values)

    def plain(self, key: str, **values: str) -> str:
        """Return a text for an attribute or a label, in which nothing is escaped yet."""
        text: str = self.words.words["report"][key]
        return text.format(**values)

    def several(self, key: str, n: Any, **values: Any) -> Markup:
        """Return a text with a number in the form that goes with it; for one that is masked stands that it is hidden."""
        forms: Mapping[str, str] = self.words.words["report_n"][key]
        form = "other" if n != n else self.words.form(n)
        return Markup(forms.get(form, forms["other"])).format(n=self.count(n), **values)

    def form(self, key: str, n: Any) -> str:
        """Return a word in the form that goes with a number that is not told with it."""
        forms: Mapping[str, str] = self.words.words["report_n"][key]
        return forms.get("other" if n != n else self.words.form(n), forms["other"])

    def table(self, key: str) -> str:
        """Return the caption of a table."""
        return self.words.of("report_tables", key)

    def head(self, key: str) -> str:
        """Return the head of a column."""
        return self.words.of("report_heads", key)

    def help(self, key: str) -> str:
        """Return what a column means; empty for an empty key."""
        return self.words.of("report_helps", key) if key else ""

    def condition(self, asked: Condition) -> str:
        """Return a condition as people read it."""
        return self.words.condition(asked)

    def visible(self, text: object) -> str:
        """Return a name of the data in one line with every hidden sign written out."""
        return self.words.visible(text)

    def short(self, text: object, width: int = 60) -> str:
        """Return a name of the data in one line, cut at the width."""
        return self.words.short(text, width)

    def count(self, n: Any) -> str:
        """Write a whole number in a sentence; for a masked one stands in brackets that it is hidden."""
        return f"[{self.words.text('hidden')}]" if n is None or n != n else self.words.count(n)

    def counted(self, n: Any) -> str:
        """Write a whole number that stands by itself."""
        return self.words.text("hidden") if n is None or n != n else self.words.count(n)

    def number(self, written: str) -> str:
        """Write a number that is written in English with this language's signs."""
        signs = {",": self.words.words["thousands"], ".": self.words.words["decimal"]}
        return "".join(signs.get(sign, sign) for sign in written)

    def share(self, part: Any) -> str:
        """Write a share; what cannot be told is a dash."""
        return "–" if part is None or part != part else self.words.share(part)

    def rough(self, part: float) -> str:
        """Write a share that is rounded."""
        return f"≈\u00a0{100 * part:.0f}{self.words.words['percent']}"

    def duration(self, seconds: Any) -> str:
        """Write seconds as people do; what cannot be told is a dash."""
        return "–" if seconds is None or seconds != seconds else self.words.duration(seconds)

    def points(self, gap: Any, *, sign: bool = False) -> str:
        """Write a difference of shares; what cannot be told is a dash."""
        if gap is None or gap != gap:
            return "–"
        return self.plain(
            "points", n=self.number(f"{100 * gap:{'+' if sign else ''}.1f}".replace("-", "\u2212"))
        )

    def spread(self, low: Any, high: Any) -> str:
        """Write the bounds of a difference of shares."""
        if low != low or high != high:
            return "–"
        first = self.number(f"{100 * low:.1f}".replace("-", "\u2212"))
        return self.words.range(first, self.points(high))

    def interval(self, low: Any, high: Any) -> str:
        """Write the bounds of a share."""
        return "–" if low != low or high != high else self.words.range(self.share(low), self.share(high))

    def times(self, low: Any, high: Any) -> str:
        """Write the bounds of a time."""
        return (
            "–" if low != low or high != high else self.words.range(self.duration(low), self.duration(high))
        )

    def money(self, amount: Any, currency: Any) -> str:
        """Write an amount of money."""
        if amount is None or amount != amount:
            return "–"
        if 0 < abs(amount) < 9.995 and amount != round(amount):
            return self.price(round(amount, 2), currency)
        name = self.short(currency, 8) if isinstance(currency, str) and currency else ""
        return self.words.money(amount, name).rstrip("\u00a0")

    def price(self, amount: float, currency: Any) -> str:
        """Write a price, with all that was declared of it."""
        whole = self.number(f"{amount:,.10f}".rstrip("0").rstrip("."))
        name = self.short(currency, 8) if isinstance(currency, str) and currency else ""
        return f"{whole}\u00a0{name}".rstrip("\u00a0")

    def moneys(self, low: Any, high: Any, currency: Any) -> str:
        """Write the bounds of an amount of money, its currency once."""
        if low != low or high != high:
            return "–"
        return self.words.range(self.money(low, None), self.money(high, currency))

    def rate(self, row: Mapping[Any, Any], name: str, of: Any) -> Markup:
        """Return a share with what it is a share of and its interval."""
        if row[name] != row[name]:
            return self("rate_none")
        low, high = row[f"{name}_low"], row[f"{name}_high"]
        if low != low:
            return self("rate_bare", share=self.share(row[name]), of=of)
        return self("rate", share=self.share(row[name]), of=of, range=self.interval(low, high))

    def named(self, name: object) -> Markup:
        """Return a name of the data in quotation marks, cut when it is long."""
        whole, cut = self.visible(name), self.short(name, _NAME)
        title = Markup(' title="{}"').format(whole[:400]) if cut != whole else ""
        left, right = self.words.words["quotes"]
        return Markup('<span class="name"{}>{}{}{}</span>').format(title, left, cut, right)

    def order(self, text: str) -> str:
        """Return in words how events of one time were put in order, as the card of a load says it."""
        for known, said in self.words.words["report_orders"].items():
            text = text.replace(known, said)
        return text

    def note(self, note: str) -> Markup:
        """Return a note of a result as a sentence; one that cannot be translated is marked as English."""
        told = self.words.note(note)
        said = short(told[:1].upper() + told[1:], 600) + "."
        english = self.lang != "en" and told == str(note)
        return Markup('<span lang="en">{}</span>' if english else "{}").format(said)


def wording(lang: str) -> Wording:
    """Return the words of the report in a language.

    Raises
    ------
    ConfigError
        If there is no catalogue for it.
    """
    return Wording(language(lang))


ENGLISH: Final = wording("en")
