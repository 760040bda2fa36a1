"""Reading counted ends as tables: the ways on that compete, their curves, and the waiting itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.counts import Coded
from journeylog.core.nodes import TEXT
from journeylog.core.schema import DROPPED, KIND_OF_CODE, REACHED, SECOND
from journeylog.core.survival import Ends, Watched, curve_band, first_time

__all__ = ["Way", "curve_frame", "waiting_frame", "way_frame", "ways_of"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Way:
    """One way on: at which times how many went it, and the curve of their share."""

    name: str
    kind: str
    at: Ints
    n: Ints
    share: Floats
    low: Floats
    high: Floats

    @staticmethod
    def of(name: str, kind: str, place: int, cases: Watched) -> Way:
        """Read one way out of all shares."""
        mine = cases.shares.of(place)
        low, high = curve_band(mine.share, mine.error, cases.reach)
        return Way(name, kind, mine.at, mine.n, mine.share, low, high)

    def curve(self, ends: Ends) -> pd.DataFrame:
        """Return the times at which some went this way."""
        same = np.zeros(len(self.at), np.intp)
        return pd.DataFrame(
            {
                "to": pd.array([self.name], dtype=TEXT).take(same),
                "to_kind": pd.array([self.kind], dtype=TEXT).take(same),
                "time_s": ends.time[self.at] / SECOND,
                "n_at_risk": ends.n_at_risk[self.at],
                "n": self.n,
                "share": self.share,
                "share_low": self.low,
                "share_high": self.high,
            }
        )


def ways_of(names: tuple[str, ...], column: Coded) -> list[tuple[str, int]]:
    """Return the ways on in the order of the table, with their codes: asked for first, or as they occur."""
    place = {name: code for code, name in enumerate(column.labels)}
    seen = set(column.codes.tolist())
    asked = [(name, place.get(name, len(place))) for name in names]
    found = [(name, code) for name, code in place.items() if code in seen]
    return (asked if names else found) + [
        (KIND_OF_CODE[code], code) for code in (REACHED, DROPPED) if code in seen
    ]


def way_frame(ways: Sequence[Way], total: Mapping[str, int], ends: Ends) -> pd.DataFrame:
    """Return one row a way on: how many, which share by the end of what was watched, and the median time."""
    nothing = 0.0 if len(ends.time) else np.nan
    columns: dict[str, Any] = {
        "to": pd.array([way.name for way in ways], dtype=TEXT),
        "to_kind": pd.array([way.kind for way in ways], dtype=TEXT),
        "n": np.array([way.n.sum() for way in ways], np.int64),
    }
    n_open = int(ends.n_censored.sum())
    for name, number in (("n_cases", total["n"]), ("n_actors", total["n_actors"]), ("n_open", n_open)):
        columns[name] = np.full(len(ways), number, np.int64)
    for part, empty in (("share", nothing), ("low", np.nan), ("high", np.nan)):
        name = "share" if part == "share" else f"share_{part}"
        last = [(getattr(way, part)[-1] if len(way.at) else empty) for way in ways]
        columns[name] = np.array(last, np.float64)
    for part, name in (("share", "median_s"), ("high", "median_low_s"), ("low", "median_high_s")):
        halves = [first_time(ends.time[way.at], getattr(way, part), 0.5) for way in ways]
        columns[name] = np.array(halves, np.float64) / SECOND
    return pd.DataFrame(columns)


def curve_frame(ways: Iterable[Way], ends: Ends) -> pd.DataFrame:
    """Return the curves of all ways on below each other, a row for each time at which a case went that way."""
    parts = [way.curve(ends) for way in ways]
    empty = Way("", "", *(np.zeros(0, np.int64),) * 2, *(np.zeros(0),) * 3).curve(ends)
    return pd.concat([part for part in parts if len(part)] or [empty], ignore_index=True)


def waiting_frame(cases: Watched) -> pd.DataFrame:
    """Return the share to which nothing has happened yet, at each time at which something is known to happen."""
    ends, any_way = cases.ends, cases.shares.of(cases.n_ways)
    band = curve_band(any_way.share, any_way.error, cases.reach)
    since = np.cumsum(ends.n_ended > 0)  # 0: nothing so far
    share = np.append(0.0, any_way.share)[since]
    low, high = (np.append(np.nan, bound)[since] for bound in band)
    return pd.DataFrame(
        {
            "time_s": ends.time / SECOND,
            "n_at_risk": ends.n_at_risk,
            "n_ended": ends.n_ended,
            "n_censored": ends.n_censored,
            "waiting": 1 - share,
            "waiting_low": 1 - high,
            "waiting_high": 1 - low,
        }
    )
