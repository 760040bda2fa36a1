"""Tables of results as the page shows them: people's heads, people's numbers, a stated end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from journeylog.reporting.names import short
from journeylog.reporting.wording import ENGLISH, Wording

__all__ = ["ARROW", "Cell", "Column", "Head", "Table", "heads_of", "make_table"]

#: Rows a table of the page has at most; it says how many there are.
MOST_ROWS: Final = 50
ARROW: Final = " → "
_WIDTH, _TITLE = 44, 400
_NAN: Final = float("nan")


@dataclass(frozen=True)
class Column:
    """One column of a shown table.

    Parameters
    ----------
    head : str
        Key of what people read above it.
    keys : tuple of str
        Columns of the frame it is made of.
    kind : str
        ``name``, ``node``, ``path``, ``count``, ``share``, ``interval``, ``time``, ``times``, ``code``, ``text``,
        ``moneys`` (bounds of money), ``most`` (a count, or what it is at most), ``rough`` (a share, or a rounded one),
        ``kind``, ``amount``, ``amounts``, ``money``, ``points`` and ``spread`` (a difference of shares, its bounds).
    help : str
        Key of what the column means.
    """

    head: str
    keys: tuple[str, ...]
    kind: str
    help: str = ""


@dataclass(frozen=True)
class Head:
    """The head of a column in a language."""

    head: str
    kind: str
    help: str = ""

    @property
    def numeric(self) -> bool:
        """Whether the column is set to the right."""
        return self.kind in (
            "count", "share", "interval", "time", "times", "most", "rough", "amount", "amounts", "money", "moneys",
            "points", "spread",
        )  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One cell: what is read, the whole of it when that was cut, and what it is sorted by (empty for its text)."""

    text: str
    title: str = ""
    numeric: bool = False
    value: str = ""


@dataclass(frozen=True)
class Table:
    """A table ready to be written.

    Parameters
    ----------
    caption : str
    columns : tuple of Head
    rows : list of list of Cell
    note : str
        What is not shown.
    """

    caption: str
    columns: tuple[Head, ...]
    rows: list[list[Cell]]
    note: str = ""

    @property
    def helps(self) -> list[Head]:
        """Columns that need a word of explanation, each head once."""
        return list({column.head: column for column in reversed(self.columns) if column.help}.values())[::-1]


def heads_of(columns: Sequence[Column], words: Wording = ENGLISH) -> tuple[Head, ...]:
    """Return the heads of columns in a language."""
    return tuple(Head(words.head(c.head), c.kind, words.help(c.help)) for c in columns)


def make_table(
    frame: pd.DataFrame,
    caption: str,
    columns: Sequence[Column],
    words: Wording = ENGLISH,
    most: int = MOST_ROWS,
) -> Table:
    """Return the first rows of a result's table as people read them."""
    records = frame.head(most).to_dict("records")
    rows = [[_cell(column, record, words) for column in columns] for record in records]
    more = len(frame) - len(records)
    note = words.plain("first_rows", shown=words.count(len(records)), total=words.count(len(frame)))
    return Table(caption, heads_of(columns, words), rows, note if more > 0 else "")


def _cell(column: Column, record: Mapping[Any, Any], words: Wording) -> Cell:
    values = [record.get(key, _NAN) for key in column.keys]
    whole = _WRITE[column.kind](words, *values)
    if Head("", column.kind).numeric:
        first = values[1] if column.kind in ("amount", "amounts", "money", "moneys") else values[0]
        return Cell(
            whole, numeric=True, value="" if first is None or first != first else f"{float(first):.9g}"
        )
    if not whole:
        return Cell("")
    cut = short(whole, _WIDTH if column.kind != "path" else 3 * _WIDTH)
    return Cell(cut, whole[:_TITLE] if cut != whole else "")


def _node(words: Wording, name: Any, kind: Any) -> str:
    """Return the name of a node, typed ones in round brackets as no event is marked."""
    return words.plain(str(kind)) if kind in ("start", "reached", "dropped", "open") else words.visible(name)


def _path(words: Wording, names: Sequence[str], truncated: bool) -> str:
    return ARROW.join(map(words.visible, names)) + (f"{ARROW}…" if truncated else "")


def _amount(words: Wording, kind: Any, amount: Any) -> str:
    return words.duration(amount) if kind == "wait" and amount == amount else words.counted(amount)


def _amounts(words: Wording, kind: Any, low: Any, high: Any) -> str:
    if low != low or high != high:
        return "–"
    return words.words.range(_amount(words, kind, low), _amount(words, kind, high))


_WRITE: Final[Mapping[str, Callable[..., str]]] = {
    "name": lambda words, name: "" if name is None or name != name else words.visible(name),
    "node": _node,
    "path": _path,
    "kind": lambda words, kind: words.plain(f"kind_{kind}"),
    "count": lambda words, n: words.counted(n),
    "most": lambda words, n, most: (
        words.counted(n) if n == n or most != most else f"≤\u00a0{words.count(most)}"
    ),
    "share": lambda words, part: words.share(part),
    "rough": lambda words, part, about: words.share(part) if about != about else words.rough(about),
    "interval": lambda words, low, high: words.interval(low, high),
    "points": lambda words, gap: words.points(gap, sign=True),
    "spread": lambda words, low, high: words.spread(low, high),
    "time": lambda words, seconds: words.duration(seconds),
    "times": lambda words, low, high: words.times(low, high),
    "amount": _amount,
    "amounts": _amounts,
    "money": lambda words, currency, amount: words.money(amount, currency),
    "moneys": lambda words, currency, low, high: words.moneys(low, high, currency),
    "text": lambda words, text: str(text),
}
