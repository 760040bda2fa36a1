"""What stands where on the map: which measures make the face of a cell, and which lie behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["ICONS", "LISTS", "SHOWN"]

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

#: The sign of each row: strokes on a square of 16.
ICONS: Final[Mapping[str, str]] = {
    "volume": "M5.6 7.2a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM1.4 13.6c0-2.6 1.7-4.2 4.2-4.2s4.2 1.6 4.2 4.2"
    "M10.4 7.1a2.1 2.1 0 1 0-.5-4.1M11.6 9.6c1.9.3 3 1.8 3 4",
    "touchpoints": "M3.6 2.4l9.2 4.5-4 1.5-1.5 4zM9.4 9.4l3.6 3.8",
    "ways": "M1.6 8h12.4M9.6 3.6L14 8l-4.4 4.4",
    "time": "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4zM8 4.6V8l2.5 1.7",
    "emotion": "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4zM5.2 9.4c.7 1.2 1.6 1.7 2.8 1.7s2.1-.5 2.8-1.7"
    "M5.8 6v.5M10.2 6v.5",
    "voice": "M2 2.8h12v7.6H7.3l-3 2.9v-2.9H2z",
    "needs": "M7 11.7A4.7 4.7 0 1 0 7 2.3a4.7 4.7 0 0 0 0 9.4zM10.5 10.5l3.7 3.7",
    "pains": "M9.2 1.4L3.2 9h4.2l-.8 5.6 6.2-7.8H8.6z",
    "moments": "M8 1.6l1.9 4 4.4.6-3.2 3.1.8 4.4L8 11.6l-3.9 2.1.8-4.4-3.2-3.1 4.4-.6z",
    "loss": "M6.4 2H2.6v12h3.8M6.2 8H14M10.8 4.6L14.2 8l-3.4 3.4",
    "opportunities": "M5.8 11.4C4.4 10.5 3.5 9 3.5 7.3a4.5 4.5 0 0 1 9 0c0 1.7-.9 3.2-2.3 4.1zM6 14.2h4",
}
