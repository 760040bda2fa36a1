"""Tables of results as the page shows them: people's heads, people's numbers, a stated end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from journeylog.plots.labels import count, duration, interval, share
from journeylog.reporting.names import short, visible

__all__ = ["ARROW", "Cell", "Column", "Table", "ends_word", "make_table"]

#: Rows a table of the page has at most; it says how many there are.
MOST_ROWS: Final = 50
ARROW: Final = " → "
_WIDTH, _TITLE = 44, 400


@dataclass(frozen=True)
class Column:
    """One column of a shown table.

    Parameters
    ----------
    head : str
        What people read above it.
    keys : tuple of str
        Columns of the frame it is made of.
    kind : str
        ``name``, ``node``, ``path``, ``count``, ``share``, ``interval``, ``time``, ``times``, ``code``, ``text``.
    help : str
        What the column means, shown on hover and in the definitions.
    """

    head: str
    keys: tuple[str, ...]
    kind: str
    help: str = ""

    @property
    def numeric(self) -> bool:
        """Whether the column is set to the right."""
        return self.kind in ("count", "share", "interval", "time", "times")


@dataclass(frozen=True)
class Cell:
    """One cell: what is read, the whole of it when that was cut, and its value in the result (none for text)."""

    text: str
    title: str = ""
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """A table ready to be written.

    Parameters
    ----------
    caption : str
    columns : tuple of Column
    rows : list of list of Cell
    note : str
        What is not shown.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    note: str = ""

    @property
    def helps(self) -> list[Column]:
        """Columns that need a word of explanation, each head once."""
        return list({column.head: column for column in reversed(self.columns) if column.help}.values())[::-1]


def make_table(frame: pd.DataFrame, caption: str, columns: Sequence[Column], most: int = MOST_ROWS) -> Table:
    """Return the first rows of a result's table as people read them."""
    records = frame.head(most).to_dict("records")
    rows = [[_cell(column, record) for column in columns] for record in records]
    more = len(frame) - len(records)
    note = f"The first {len(records):,} of {len(frame):,} rows." if more > 0 else ""
    return Table(caption, tuple(columns), rows, note)


def ends_word(name: Any, kind: Any) -> str:
    """Return the name of a node, typed ones in round brackets as no event is marked."""
    words = {
        "start": "(start)",
        "reached": "(goal reached)",
        "dropped": "(dropped off)",
        "open": "(still open)",
    }
    return words.get(str(kind), visible(name))


def _cell(column: Column, record: Mapping[Any, Any]) -> Cell:
    values = [record[key] for key in column.keys]
    whole = _WRITE[column.kind](*values)
    if column.numeric:
        return Cell(whole, numeric=True)
    cut = short(whole, _WIDTH if column.kind != "path" else 3 * _WIDTH)
    return Cell(cut, whole[:_TITLE] if cut != whole else "")


def _path(names: Sequence[str], truncated: bool) -> str:
    return ARROW.join(map(visible, names)) + (f"{ARROW}…" if truncated else "")


def _times(low: Any, high: Any) -> str:
    return "–" if low != low or high != high else f"{duration(low)} to {duration(high)}"


_WRITE: Final[Mapping[str, Callable[..., str]]] = {
    "name": visible,
    "node": ends_word,
    "path": _path,
    "count": count,
    "share": share,
    "interval": interval,
    "time": duration,
    "times": _times,
    "text": str,
}
