"""Cards: what is told of one group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from journeylog.core.contracts import Step
from journeylog.core.nodes import TEXT
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.persona.medoid import Journey

__all__ = ["Card", "card_of", "card_tables"]

#: Shares that are told of a group.
_SHOWN: Final = 6


@dataclass(frozen=True, eq=False)
class Card:
    """One persona.

    Parameters
    ----------
    name : str or None
        The value of the group; None are those without one.
    n : int
        Its customers; 0 where `masked`.
    share, low, high : float
        Of all customers, with its 95 % interval.
    tells : DataFrame
        What tells it from the rest, the surest first: rows of the table of :func:`journeylog.personas`.
    journey : Journey or None
        The real journey that is nearest to all others of the group.
    map : JourneyMapResult or None
        The group's own journey map.
    stability : float or None
        Of a cluster: how much of it is found again in resamples, from 0 to 1.
    masked : bool
        Whether it is not told because it has too few customers, or would give away one that has.
    """

    name: str | None
    n: int
    share: float
    low: float
    high: float
    tells: pd.DataFrame
    journey: Journey | None = None
    map: JourneyMapResult | None = None
    stability: float | None = None
    masked: bool = False


def card_of(
    name: str | None,
    groups: pd.DataFrame,
    table: pd.DataFrame,
    journeys: Mapping[str | None, Journey],
    maps: Mapping[str | None, Any],
    step: Step | None,
) -> Card:
    """Return the card of a group."""
    of_group = groups["group"].isna() if name is None else groups["group"] == name
    row = groups[of_group].iloc[0]
    mine = table[table["group"].isna() if name is None else table["group"] == name]
    stability = getattr(step, "stability", {}).get(name)
    return Card(
        name, int(row["n"]), float(row["share"]), float(row["share_low"]), float(row["share_high"]),
        _tells(mine, made=step is not None), journeys.get(name), maps.get(name), stability,
    )  # fmt: skip


def _tells(rows: pd.DataFrame, made: bool) -> pd.DataFrame:
    """Return what tells a group from the rest: differences of shares, the surest first, and then all others."""
    low, high = rows["difference_low"].to_numpy(np.float64), rows["difference_high"].to_numpy(np.float64)
    sure = np.where(low > 0, low, np.where(high < 0, -high, 0.0))
    rows = rows.assign(sure=sure)  # that a channel's customers come through that channel goes without saying
    kept = rows[rows["supported"] | (rows["defining"] & (sure > 0) & made)]
    of_whom = kept["part"].isin(["touchpoint", "channel", "stage"])
    shares = kept[of_whom].sort_values("sure", ascending=False, kind="stable").head(_SHOWN)
    return pd.concat([shares, kept[~of_whom]]).drop(columns="sure").reset_index(drop=True)


def card_tables(cards: tuple[Card, ...]) -> dict[str, pd.DataFrame]:
    """Return the tables ``groups`` and ``journeys`` of the cards that are told."""
    told = [card for card in cards if not card.masked]
    total = [round(card.n / card.share) if card.share > 0 else 0 for card in told]
    groups = pd.DataFrame(
        {
            "group": pd.array([card.name for card in told], dtype=TEXT),
            "n": np.array([card.n for card in told], np.int64),
            "n_total": np.array(total, np.int64),
            "share": np.array([card.share for card in told], np.float64),
            "share_low": np.array([card.low for card in told], np.float64),
            "share_high": np.array([card.high for card in told], np.float64),
            "stability": np.array([_or_nan(card.stability) for card in told], np.float64),
            "distance": np.array(
                [_or_nan(card.journey.distance if card.journey else None) for card in told], np.float64
            ),
        }
    )
    steps = [card.journey.steps.assign(group=card.name) for card in told if card.journey is not None]
    names = ["group", "step", "stage", "event", "n", "time_s"]
    journeys = pd.concat(steps, ignore_index=True)[names] if steps else pd.DataFrame(columns=names)
    journeys["group"] = journeys["group"].astype(TEXT)
    return {"groups": groups, "journeys": journeys}


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
