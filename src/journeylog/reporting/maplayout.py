"""What stands where on the map: which measures make the face of a cell, and which lie behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["LISTS", "SHOWN"]

#: How the measures of each row are shown. On the face of a cell: as its main number (big), as a list with bars, as a
#: list in one line (inline), as a list of what stands out (item), or as a line of text;
#: a spare line stands where nothing else does. Behind it only: more, and a list that has a heading.
SHOWN: Final[Mapping[str, Mapping[str, str]]] = {
    "volume": {"journeys": "big", "share": "line", "customers": "more"},
    "touchpoints": {"does": "bar", "channel": "inline", "channel_switches": "more"},
    "ways": {"next": "bar", "goal": "line"},
    "time": {
        "stay": "big",
        "stay_p90": "more",
        "dwell": "more",
        "wait": "line",
        "wait_p90": "more",
        "cycle": "big",
    },
    "emotion": {"score": "big", "answered": "more", "answer": "list"},
    "voice": {"worst": "quote", "best": "quote", "word": "inline", "reason": "bar"},
    "needs": {"asks": "bar"},
    "pains": {
        "hurts": "bar",
        "cost": "inline",
        "waiting": "spare",
        "hit": "list",
        "rank": "list",
    },
    "moments": {"helps": "item", "hinders": "item"},
    "loss": {
        "drop": "big",
        "beyond": "line",
        "at_risk": "line",
        "hit": "line",
        "excess": "more",
        "dropped": "more",
        "open": "more",
        "reached": "more",
        "brought": "big",
        "cost_actor": "line",
        "cost_reached": "line",
        "channel_reached": "line",
        "again": "line",
        "back": "line",
    },
    "opportunities": {"gain": "item", "gain_journeys": "more", "sample": "more"},
}
#: Kinds that list several things under one heading, and how many of them stand on the face.
LISTS: Final[Mapping[str, int]] = {"bar": 3, "inline": 3, "item": 2, "quote": 1, "list": 0}
