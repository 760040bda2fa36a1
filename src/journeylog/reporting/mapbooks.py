"""A report and the map above it in one system: the same number has to be told in both or in neither."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from journeylog.core.disclosure import FIXED, Books
from journeylog.journeymap.masking import enter_cells, mask_cells
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.answers import Answers
from journeylog.reporting.books import END, ENDS, books_of
from journeylog.reporting.masking import masked_by

__all__ = ["mask_both"]

_ONE = "one"


def mask_both(
    answers: Answers, filled: JourneyMapResult | None, k: int
) -> tuple[Answers, JourneyMapResult | None]:
    """Return a report and its map without the numbers of few customers.

    Parameters
    ----------
    answers : Answers
        Not masked yet.
    filled : JourneyMapResult or None
        Masked by itself or not.
    k : int
        Groups of 1 to ``k - 1`` customers are small; below 2 nothing is masked.
    """
    if k < 2:
        return answers, filled
    books = books_of(answers, k)
    if filled is None:
        return masked_by(answers, books.hide(k), k), None
    told = enter_cells(books, filled.cells)
    _link(books, told, k)
    hidden = books.hide(k)
    cells = mask_cells(filled.cells, told, hidden)
    return masked_by(answers, hidden, k), filled.with_cells(cells, k)


def _link(books: Books, told: Sequence[tuple[Hashable, ...]], k: int) -> None:
    """Enter which numbers of the map are numbers of the report.

    The map may follow journeys beyond the goal, which the report ends there. What then differs by less than `k` is taken as
    known, as if a reader knew by how much.
    """
    books.tell(_ONE, 1.0, rank=FIXED, group=False)
    for key in dict.fromkeys(key for keys in told for key in keys):
        for same in _same(key):
            if same in books and abs(books.value(key) - books.value(same)) < k:
                books.weighs(key, {same: 1.0, _ONE: books.value(key) - books.value(same)})


def _same(key: Any) -> Iterator[Hashable]:
    """Yield the keys that a number of the map has in the report."""
    if not isinstance(key, tuple) or len(key) < 3 or key[0] != "map":
        return
    what, stage, *more = key[1:]
    node = (str(stage), "node")
    if what == "end":
        yield ("end", stage)
    elif what in ("visits", "followed", "on watched", "cases"):
        yield (what, "stage", node)
    elif what in ("watched", "move", "timed") and more:
        to = END[more[1]] if len(more) > 1 and more[1] in ENDS else (str(more[0]), "node")
        yield (what, "stage", node, to)
    elif what in ("does", "asks") and more:
        yield ("cases", "event", (str(more[0]), "node"))
