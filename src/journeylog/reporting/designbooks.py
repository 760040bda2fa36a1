"""The numbers of a designed journey in the books of a report, and its tables without those that are hidden."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from journeylog.core.conformance import rules_of
from journeylog.core.disclosure import Books, Hidden
from journeylog.stats.conformance import ConformanceResult

__all__ = ["enter_design", "mask_design"]

_SIDES: Final = ("kept", "broken")
_PART, _MORE, _CASES = 0, 1, 3
_COLUMNS: Final[Mapping[str, str]] = {
    "n": "n",
    "cases": "n_cases",
    "ended": "n_followed",
    "reached": "n_reached",
}
_NUMBERS: Final[Mapping[str, str]] = {
    "cases": "n_cases", "kept": "n_kept", "broken": "n_broken", "untold": "n_untold", "over": "n_followed",
}  # fmt: skip
_EFFECT: Final = ("reach_difference", "reach_difference_low", "reach_difference_high")


def enter_design(books: Books, result: ConformanceResult, k: int) -> None:
    """Enter what a design says of journeys.

    Notes
    -----
    Keys: ``("rule", i, "cases" | "kept" | "broken" | "untold" | "over" | "conform" | "deviate")``, ``("rule", i, side,
    "reached")``, and ``("way", i, from, to, "n" | "cases" | "ended" | "reached")``. A way that is a move of the report is
    linked to it.
    """
    rows = result.table.to_dict("records")
    for i, row in enumerate(rows):
        _enter_rule(books, ("rule", i), row, k)
    last = ("rule", len(rows) - 1)
    for side in ("broken", "deviate"):
        parts = [("rule", i, side) for i in range(len(rows) - 1)]
        for part in parts:
            books.holds({part: 1.0}, [(*last, side)])
        books.holds({(*last, side): 1.0}, parts)
    for i, rule in enumerate(rules_of(result.question.rules)):  # type: ignore[attr-defined]
        if rule.kind == "never" and rule.parts[1] is None and isinstance(rule.parts[0], str):
            books.sums(("rule", i, "broken"), [("cases", "event", (rule.parts[0], "node"))])
        for what in ("cases", "kept", "broken", "untold", "over", "conform", "deviate"):
            if len(rows) == 2:  # all rules are this one
                books.sums((*last, what), [("rule", i, what)])
    _enter_ways(books, result, k)


def _enter_rule(books: Books, at: tuple[Any, ...], row: Mapping[Any, Any], k: int) -> None:
    for what, name, rank in (
        ("cases", "n_cases", _CASES), ("kept", "n_kept", _MORE), ("broken", "n_broken", _PART),
        ("untold", "n_untold", _PART), ("over", "n_followed", _CASES), ("conform", "n_conform", _MORE),
    ):  # fmt: skip
        books.tell((*at, what), row[name], rank=rank)
    books.tell((*at, "deviate"), row["n_followed"] - row["n_conform"])
    books.know((*at, "not meant"), books.value("journeys") - row["n_cases"])
    books.sums("journeys", [(*at, "cases"), (*at, "not meant")])
    books.sums((*at, "cases"), [(*at, what) for what in ("kept", "broken", "untold")])
    books.sums((*at, "over"), [(*at, "conform"), (*at, "deviate")])
    books.holds({(*at, "conform"): 1.0}, [(*at, "kept")])
    books.holds({(*at, "deviate"): 1.0}, [(*at, "broken")])
    for side, over in zip(_SIDES, ("conform", "deviate"), strict=True):
        rate, n = row[f"reach_rate_{side}"], books.value((*at, over))
        reached = round(rate * n) if rate == rate else 0
        books.tell((*at, side, "reached"), reached)
        books.know((*at, side, "missed"), n - reached)
        books.sums((*at, over), [(*at, side, "reached"), (*at, side, "missed")])
    for side, parts in (("kept", ["conform"]), ("broken", ["deviate"]), ("untold", [])):
        if 0 < row[f"n_actors_{side}"] < k:
            for what in (side, *parts):
                if books.value((*at, what)) > 0:
                    books.few((*at, what))


def _enter_ways(books: Books, result: ConformanceResult, k: int) -> None:
    names = result.table["rule"].tolist()
    nodes = {r.name: r.parts[0] for r in rules_of(result.question.rules) if r.kind == "ways"}  # type: ignore[attr-defined]
    of: dict[int, list[Hashable]] = {}
    for row in result.deviations.to_dict("records"):
        at = _way(row, names)
        for what, name in _COLUMNS.items():
            books.tell((*at, what), row[name])
        books.know((*at, "missed"), row["n_followed"] - row["n_reached"])
        books.sums((*at, "ended"), [(*at, "reached"), (*at, "missed")])
        books.holds({(*at, "ended"): 1.0}, [(*at, "cases")])
        books.holds({(*at, "cases"): 1.0}, [(*at, "n")])
        move = ("move", nodes.get(row["rule"]), *at[2:])
        books.sums((*at, "n"), [move])
        books.sums((*at, "n"), [(*at, "cases")])
        if 0 < row["n_actors"] < k or (move in books and books.is_few(move)):
            for what in _COLUMNS:
                if books.value((*at, what)) > 0:
                    books.few((*at, what))
        of.setdefault(at[1], []).append((*at, "cases"))
    for i, ways in of.items():
        for way in ways:
            books.holds({way: 1.0}, [("rule", i, "broken")])
        books.holds({("rule", i, "broken"): 1.0}, ways)


def mask_design(result: ConformanceResult, hidden: Hidden) -> ConformanceResult:
    """Return the answer without the numbers that are hidden, and what is made of them."""
    table, ways = result.table.copy(), result.deviations.copy()
    names = table["rule"].tolist()
    for i in range(len(table)):
        gone = {key[2:] for key in hidden.gone if isinstance(key, tuple) and key[:2] == ("rule", i)}
        _take(table, i, _of_rule(gone))
    for what, name in _NUMBERS.items():
        table[f"{name}_most"] = [hidden.most.get(("rule", i, what), np.nan) for i in range(len(table))]
    most = []
    kept = dict(zip(names, table["reach_rate_kept"].notna().tolist(), strict=True))
    for i, row in enumerate(result.deviations.to_dict("records")):
        at = _way(row, names)
        columns = [name for what, name in _COLUMNS.items() if (*at, what) in hidden]
        if {"n", "n_cases"} & {*columns}:  # as in the table of moves, they are told together
            columns += ["n", "n_cases", "n_actors"]
        if {"n_followed", "n_reached"} & {*columns}:
            columns.append("reach_rate")
        if "reach_rate" in columns or not kept[row["rule"]]:
            columns += _EFFECT
        _take(ways, i, columns)
        most.append(hidden.most.get((*at, "n"), np.nan))
    ways["n_most"] = np.array(most, np.float64)
    for frame, whole in ((table, result.table), (ways, result.deviations)):
        frame.attrs.update(whole.attrs)
    return replace(result, table=table, tables={**result.tables, "deviations": ways})


def _of_rule(gone: Collection[tuple[Any, ...]]) -> list[str]:
    """Return the columns that tell a hidden number of a rule."""
    told = {
        "cases": ["n_cases"], "kept": ["n_kept", "n_actors_kept"], "broken": ["n_broken", "n_actors_broken"],
        "untold": ["n_untold", "n_actors_untold"], "over": ["n_followed"], "conform": ["n_conform"], "deviate": [],
    }  # fmt: skip
    found = [column for what, columns in told.items() if (what,) in gone for column in columns]
    rate = ["conform_rate", "conform_rate_low", "conform_rate_high"]
    found += rate if {("over",), ("conform",), ("deviate",)} & set(gone) else []
    for side, over in zip(_SIDES, ("conform", "deviate"), strict=True):
        if {(over,), (side, "reached")} & set(gone):
            found += [f"reach_rate_{side}", *_EFFECT]
    return found


def _take(table: pd.DataFrame, row: int, columns: Collection[str]) -> None:
    for name in columns:
        if pd.api.types.is_integer_dtype(table[name]):
            table[name] = table[name].astype("float64")
        table.loc[row, name] = np.nan


def _way(row: Mapping[Any, Any], names: list[str]) -> tuple[Any, ...]:
    start = ("", "start") if pd.isna(row["from"]) else (str(row["from"]), "node")
    return ("way", names.index(row["rule"]), start, (str(row["to"]), "node"))
