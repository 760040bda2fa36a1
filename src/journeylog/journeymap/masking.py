"""Small cells of a map are not told, nor what would give them away."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from journeylog.core.disclosure import Books, Hidden
from journeylog.core.notes import note
from journeylog.journeymap.cells import Cell
from journeylog.journeymap.foremost import FINDINGS, foremost

__all__ = ["enter_cells", "mask_cells", "mask_small", "sayable"]

Keys = tuple[Hashable, ...]
_ENDS: Final = ("reached", "dropped", "open")
#: Cells whose item is what customers wrote.
_WORDS: Final = ("best", "worst", "word")
#: What is hidden in company first, and what last: single numbers and what is open, what stands in several cells, ways on,
#: the largest way on, journeys of a stage, who drops off and what findings rest on, those these are out of, outcomes.
_PART, _SOME, _WAY, _LARGEST, _ENTRIES, _MAIN, _BASE, _OUTCOME, _ALL = 0, 1, 2, 4, 5, 6, 7, 8, 9


def mask_small(cells: Sequence[Cell], k: int) -> tuple[Cell, ...]:
    """Return the cells with those of fewer than `k` customers masked.

    A cell is small when what it counts, what it is out of, or the rest of that is from 1 to ``k - 1``. Others are masked
    with it until nothing that is told gives it back (:mod:`journeylog.core.disclosure`).
    """
    if k < 2:
        return tuple(cells)
    books = Books()
    told = enter_cells(books, cells)
    return mask_cells(cells, told, books.hide(k))


def mask_cells(cells: Sequence[Cell], told: Sequence[Keys], hidden: Hidden) -> tuple[Cell, ...]:
    """Return the cells without those that tell a hidden number."""
    return tuple(
        _masked(cell) if any(key in hidden.gone for key in keys) else cell
        for cell, keys in zip(cells, told, strict=True)
    )


def sayable(notes: Iterable[Any], cells: Iterable[Cell], k: int) -> tuple[Any, ...]:
    """Return the notes that tell no number of 1 to ``k - 1``, and, where cells are masked, one that says why."""

    def few(one: Any) -> bool:
        values: Mapping[str, Any] = getattr(one, "values", {})
        return isinstance(values.get("n"), int) and 0 < values["n"] < k

    said = note(
        "numbers are hidden so that no group of fewer than {k} customers can be worked out; a hidden one may be large",
        k=k,
    )
    told = tuple(one for one in notes if not few(one))
    return (*told, said) if any(cell.masked for cell in cells) and said not in told else told


def enter_cells(books: Books, cells: Sequence[Cell]) -> list[Keys]:
    """Enter the numbers of a map, and return for each cell which of them it tells.

    Notes
    -----
    Keys are ``("map", what, stage, ...)``; what is left over of a sum is entered, though nobody tells it.
    """
    told = [_enter(books, cell) for cell in cells]
    stages = list(dict.fromkeys(cell.stage for cell in cells if cell.stage is not None))
    for stage in stages:
        _enter_stage(books, stage, [cell for cell in cells if cell.stage == stage])
    _prefer(books, cells, told)
    _rest(books, "journeys", [("map", "end", end) for end in _ENDS], None)
    for end in _ENDS:
        moves = [("map", "move", stage, "", end) for stage in stages]
        _rest(books, ("map", "end", end), moves, ("map", "apart", end))
    for who in ("came", "came to the goal"):
        channels = [cell.item for cell in cells if cell.measure in ("channel_actor", "channel_reached")]
        parts = [("map", who, name) for name in dict.fromkeys(channels)]
        if parts:
            _rest(books, ("map", who, None), parts, ("map", who, "elsewhere", None))
    return told


def _masked(cell: Cell) -> Cell:
    """Return the cell without its numbers; of what few customers wrote, without the words."""
    nothing = math.nan
    bare = replace(cell, value=nothing, low=nothing, high=nothing, n=0, masked=True)
    return replace(bare, item=None, where=()) if cell.measure in _WORDS else bare


_Place = Callable[[Cell], Hashable]


def _of(what: str, item: bool = False) -> _Place:
    return lambda cell: ("map", what, cell.stage, cell.item) if item else ("map", what, cell.stage)


def _to(what: str, end: str) -> _Place:
    return lambda cell: ("map", what, cell.stage, "", end)


def _whole(cell: Cell) -> Hashable:
    return "journeys"


def _scaled(cell: Cell) -> Hashable:
    return ("map", "answer", cell.stage, *(value for _, value in cell.where[1:]))


#: What a cell is out of, and the numbers it tells besides: those of its value, and those that stand beside it.
_TELLS: Final[Mapping[str, tuple[_Place, tuple[_Place, ...]]]] = {
    "volume.journeys": (_whole, (_of("cases"),)),
    "volume.customers": (_whole, (_of("actors"),)),
    "volume.share": (_whole, (_of("cases"),)),
    "touchpoints.does": (_of("cases"), (_of("does", True),)),
    "touchpoints.channel": (_of("cases"), (_of("channel", True),)),
    "touchpoints.channel_switches": (_of("switching"), (_of("switches"),)),
    "ways.next": (_of("followed"), (_of("watched", True),)),
    "ways.continue": (_of("followed"), (_of("on watched"),)),
    "ways.goal": (_of("cases"), (_of("reach"),)),
    "time.stay": (_of("stays timed"), ()),
    "time.stay_p90": (_of("stays timed"), ()),
    "time.wait": (_of("timed", True), ()),
    "time.wait_p90": (_of("timed", True), ()),
    "emotion.score": (_of("scores"), ()),
    "emotion.answered": (_of("heard"), (_of("answered"),)),
    "emotion.answer": (_of("answers"), (_scaled,)),
    "voice.reason": (_of("cases"), (_of("reason", True),)),
    "needs.asks": (_of("cases"), (_of("asks", True),)),
    "pains.hurts": (_of("cases"), (_of("hurts", True),)),
    "pains.hit": (_whole, (_of("hurts", True),)),
    "pains.rank": (_of("hurts", True), ()),
    "pains.cost": (_of("hurts", True), ()),
    "pains.waiting": (_of("timed", True), ()),
    "loss.drop": (_of("followed"), (_to("watched", "dropped"),)),
    "loss.beyond": (_of("followed"), (_to("watched", "dropped"),)),
    "loss.at_risk": (_of("followed"), (_to("watched", "dropped"),)),
    "loss.hit": (_of("followed of", True), (_of("hit", True),)),
    "loss.excess": (_of("followed of", True), (_of("hit", True),)),
    "loss.brought": (lambda cell: ("map", "end", "reached"), ()),
    "loss.cost_actor": (lambda cell: ("map", "came", None), ()),
    "loss.cost_reached": (lambda cell: ("map", "came to the goal", None), ()),
    "loss.channel_actor": (lambda cell: ("map", "came", cell.item), ()),
    "loss.channel_reached": (lambda cell: ("map", "came to the goal", cell.item), ()),
    "opportunities.gain": (_of("followed of", True), ()),
    "opportunities.gain_journeys": (_of("followed of", True), ()),
    "opportunities.sample": (_of("followed of", True), ()),
}  # fmt: skip
#: Cells that tell no number of their own by their value, only that of another cell.
_SAME: Final = ("loss.beyond", "loss.at_risk", "loss.excess", "pains.rank", "pains.cost", "loss.brought")
_RANKS: Final[Mapping[str, int]] = {
    "journeys": _ALL, "followed": _BASE, "visits": _BASE, "cases": _ENTRIES, "actors": _ENTRIES, "on watched": _SOME,
    "end": _OUTCOME, "came": _SOME, "watched": _WAY, "reach": _MAIN,
}  # fmt: skip


def _enter(books: Books, cell: Cell) -> Keys:
    """Enter what one cell tells, and return the keys."""
    if not cell.known:
        return ()
    name = f"{cell.row}.{cell.measure}"
    whole, parts = _TELLS.get(name, (_of(name, True), ()))
    if cell.row == "loss" and cell.measure in _ENDS:
        whole, parts = _ending(cell)
    elif cell.stage is None and cell.row == "volume":
        parts = ()
        if cell.measure == "customers":
            whole = _of("customers")
    counted, keys = _counted(cell), [_tell(books, whole(cell), cell.n)]
    if name in _SAME:
        keys += [key for place in (whole, *parts) if (key := place(cell)) in books]
        parts = ()
    if counted is not None and (parts or cell.n):
        own: Hashable = ("map", name, cell.stage, cell.item, "value")
        keys += [_tell(books, part(cell), counted) for part in parts] or [_tell(books, own, counted)]
    if counted is not None and cell.unit == "share" and name not in _SAME and len(keys) > 1:
        _rest(books, keys[0], [keys[1]], ("not", keys[1]))
    return tuple(keys)


def _ending(cell: Cell) -> tuple[_Place, tuple[_Place, ...]]:
    """Return what a cell on ends tells: of all journeys, or of the visits of a stage."""
    if cell.stage is None:
        return _whole, (lambda cell: ("map", "end", cell.measure),)
    return _of("visits"), (_to("move", cell.measure),)


def _counted(cell: Cell) -> float | None:
    """Return how many a cell tells of by its value; None when it is no count and no part of one."""
    if cell.unit == "count":
        return float(round(abs(cell.value)))
    no_part = (cell.row, cell.measure) in (("pains", "waiting"), ("opportunities", "gain"))
    return float(round(cell.value * cell.n)) if cell.unit == "share" and not no_part else None


def _tell(books: Books, key: Hashable, n: float) -> Hashable:
    """Enter a number that is told; one that differs from what is known by this key has its own."""
    if key in books and abs(books.value(key) - n) > 0.5:
        key = (key, n)
    what = key[1] if isinstance(key, tuple) and len(key) > 1 else key
    ends = isinstance(key, tuple) and key[-1] in ("dropped", "reached") and what in ("move", "watched")
    books.tell(key, n, rank=_MAIN if ends else _RANKS.get(str(what), _PART))
    return key


def _prefer(books: Books, cells: Sequence[Cell], told: Sequence[Keys]) -> None:
    """Enter that what findings rest on, and the largest way on from each stage, is what readers look for."""
    main = {foremost(cells, finding) for finding in FINDINGS} - {None}
    ranked = foremost(cells, "pain")
    if ranked is not None:
        pain = ("pains", cells[ranked].stage, cells[ranked].item)
        main |= {i for i, cell in enumerate(cells) if (cell.row, cell.stage, cell.item) == pain}
    largest: dict[str | None, int] = {}
    for i, cell in enumerate(cells):
        if (cell.row, cell.measure) == ("ways", "next") and cell.known:
            first = largest.setdefault(cell.stage, i)
            largest[cell.stage] = max(first, i, key=lambda at: (cells[at].value, -at))
    for places, rank in ((set(largest.values()), _LARGEST), (main, _MAIN)):
        for key in (key for i in sorted(i for i in places if i is not None) for key in told[i]):
            books.tell(key, books.value(key), rank=rank)


def _rest(books: Books, total: Hashable, parts: Sequence[Hashable], rest: Hashable) -> None:
    """Enter that parts make up a total, and what is left over."""
    parts = [part for part in parts if part in books]
    if total not in books or not parts:
        return
    left = books.value(total) - sum(books.value(part) for part in parts)
    if rest is not None and left > 0:
        books.know(rest, left)
        parts.append(rest)
    books.sums(total, parts)


def _enter_stage(books: Books, stage: str, cells: Sequence[Cell]) -> None:
    def at(what: str, *more: Any) -> Hashable:
        return ("map", what, stage, *more)

    nexts = [at("watched", cell.item) for cell in cells if cell.measure == "next" and cell.row == "ways"]
    _rest(books, at("on watched"), nexts, at("watched", "elsewhere", None))
    _rest(
        books, at("followed"), [at("on watched"), at("watched", "", "dropped")], at("watched", "", "reached")
    )
    _rest(books, at("visits"), [at("move", "", end) for end in _ENDS], at("on"))
    _rest(books, at("answers"), [_scaled(cell) for cell in cells if cell.measure == "answer"], None)
    books.sums(at("scores"), [at("answers")])
    for less, more in (
        (at("cases"), at("visits")), (at("actors"), at("cases")), (at("followed"), at("visits")),
        (at("move", "", "dropped"), at("watched", "", "dropped")), (at("reach"), at("cases")),
    ):  # fmt: skip
        if less in books and more in books:
            books.holds({less: 1.0}, [more])
