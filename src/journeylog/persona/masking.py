"""Small groups of customers are not told, nor what would give them away."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
import pandas as pd

from journeylog.core.disclosure import FIXED, Books
from journeylog.persona.cards import Card

__all__ = ["mask_card", "masked_rows", "small_shares", "too_small"]

Share: TypeAlias = tuple[str | None, str, str]
#: All groups together are hidden last: with them a share goes from all groups.
_WHOLE: Final = 5


def too_small(sizes: Sequence[tuple[str | None, int]], k: int) -> frozenset[str | None]:
    """Return the groups of 1 to ``k - 1`` customers, and those that would give them away as all are told together."""
    books = Books()
    for name, n in sizes:
        books.tell(("size", name), n)
    books.tell("customers", sum(n for _, n in sizes), rank=FIXED)
    books.sums("customers", [("size", name) for name, _ in sizes])
    hidden = books.hide(k)
    return frozenset(name for name, _ in sizes if ("size", name) in hidden)


def small_shares(table: pd.DataFrame, hidden: Collection[str | None], k: int) -> frozenset[Share]:
    """Return the shares (group, part and name) that are not told.

    A share of a group is told beside that of all others. So both tell how many customers all groups together are, and
    what is left of them when the other groups are taken away.
    """
    books = Books()
    told: dict[tuple[str, str], list[Share]] = {}
    for row in table[table["unit"] == "share"].to_dict("records"):
        group = None if pd.isna(row["group"]) else str(row["group"])
        share: Share = (group, str(row["part"]), str(row["name"]))
        told.setdefault(share[1:], []).append(share)
        mine = round(row["value"] * row["n"]) if row["value"] == row["value"] else 0
        rest = round(row["value_rest"] * row["n_rest"]) if row["value_rest"] == row["value_rest"] else 0
        if group in hidden:
            books.know(("did", share), mine)
            continue
        books.tell(("did", share), mine)
        books.know(("not", share), row["n"] - mine)
        books.know(("others", share), rest)
        books.know(("not others", share), row["n_rest"] - rest)
        for whole, parts in (
            (("of", share), ("did", "not")),
            (("of others", share), ("others", "not others")),
        ):
            books.tell(whole, sum(books.value((part, share)) for part in parts), rank=FIXED)
            books.sums(whole, [(part, share) for part in parts])
    for shares in told.values():
        _enter_all(books, shares)
    gone = books.hide(k).gone
    return frozenset(
        share
        for shares in told.values()
        for share in shares
        if ("did", share) in gone or ("whole", share) in gone
    )


def _enter_all(books: Books, shares: Sequence[Share]) -> None:
    """Enter that a group and all others make the same whole: all groups, or all but the one that is held apart."""
    did: list[Hashable] = [("did", share) for share in shares]
    for share in shares:
        if ("others", share) not in books:
            continue
        mine, others, whole = ("did", share), ("others", share), ("whole", share)
        books.tell(whole, books.value(mine) + books.value(others), rank=_WHOLE)
        books.sums(whole, [mine, others])
        books.sums(whole, did)
        for apart in did:
            if apart != mine:
                books.sums(whole, [one for one in did if one != apart])


def masked_rows(
    table: pd.DataFrame, hidden: Collection[str | None], shares: Collection[Share], k: int
) -> pd.DataFrame:
    """Return the rows of groups that are told, without these shares and without means over fewer than `k` customers."""
    names = table["group"].astype(object).where(table["group"].notna(), None)
    keys = zip(names, table["part"], table["name"], strict=True)
    gone = names.isin([name for name in hidden if name is not None]) | (names.isna() & (None in hidden))
    gone |= np.array([key in shares for key in keys], dtype=bool)
    for n in ("n", "n_rest"):
        of = table[n].to_numpy(np.float64)
        gone |= (of > 0) & (of < k)
    return table[~gone].reset_index(drop=True)


def mask_card(
    card: Card, table: pd.DataFrame, hidden: Collection[str | None], shares: Collection[Share], k: int
) -> Card:
    """Return a card that tells of no fewer than `k` customers."""
    if card.name in hidden:
        nothing = math.nan
        return replace(
            card, n=0, share=nothing, low=nothing, high=nothing, tells=card.tells.iloc[:0], journey=None, map=None,
            stability=None, masked=True,
        )  # fmt: skip
    journey = card.journey
    if journey is not None:
        mine = table[table["group"].isna() if card.name is None else table["group"] == card.name]
        mine = mine[mine["part"] == "touchpoint"]
        rare = mine["name"][np.rint(mine["value"] * mine["n"]) < k]
        steps = journey.steps.assign(event=journey.steps["event"].where(~journey.steps["event"].isin(rare)))
        journey = replace(journey, steps=steps)
    own = None if card.map is None else card.map.masked(k)
    return replace(card, tells=masked_rows(card.tells, hidden, shares, k), journey=journey, map=own)
