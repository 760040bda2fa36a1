"""Small groups of customers are not told, nor what would give them away."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from journeylog.persona.cards import Card

__all__ = ["mask_card", "masked_rows", "too_small"]


def too_small(sizes: Sequence[tuple[str | None, int]], k: int) -> frozenset[str | None]:
    """Return the groups of 1 to ``k - 1`` customers; where it is one alone, also the smallest of the others."""
    hidden = [name for name, n in sizes if 0 < n < k]
    others = [(n, i) for i, (name, n) in enumerate(sizes) if name not in hidden]
    if len(hidden) == 1 and others:
        hidden.append(sizes[min(others)[1]][0])
    return frozenset(hidden)


def masked_rows(table: pd.DataFrame, hidden: Collection[str | None], k: int) -> pd.DataFrame:
    """Return the rows that tell of at least `k` customers, or of none, on both sides and in both ways."""
    gone = table["group"].isin([name for name in hidden if name is not None])
    gone |= table["group"].isna() & (None in hidden)
    for n, value in (("n", "value"), ("n_rest", "value_rest")):
        of = table[n].to_numpy(np.float64)
        part = np.where(table["unit"] == "share", np.rint(table[value].fillna(0) * of), 0.0)
        for count in (of, part, np.where(table["unit"] == "share", of - part, 0.0)):
            gone |= (count > 0) & (count < k)
    return table[~gone].reset_index(drop=True)


def mask_card(card: Card, table: pd.DataFrame, hidden: Collection[str | None], k: int) -> Card:
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
    return replace(card, tells=masked_rows(card.tells, hidden, k), journey=journey, map=own)
