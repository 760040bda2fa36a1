"""The 12-event log of the examples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from journeylog.core.build import build_chunk
from journeylog.core.chunk import Number
from journeylog.core.encode import encode
from journeylog.core.log import EventLog

__all__ = ["tiny", "tiny_frame"]

_DAY = "2025-01-06"
_EVENTS = (
    ("ada", "home", "09:00", "web", None),
    ("ada", "search", "09:02", "web", None),
    ("ada", "cart", "09:12", "web", None),
    ("ada", "pay", "09:17", "web", 20.0),
    ("bob", "home", "10:00", "app", None),
    ("bob", "cart", "10:05", "app", None),
    ("bob", "pay", "10:19", "app", 35.5),
    ("cy", "home", "11:00", "web", None),
    ("cy", "cart", "11:03", "web", None),
    ("cy", "home", "11:05", "web", None),
    ("dee", "home", "12:00", "app", None),
    ("dee", "search", "12:10", "app", None),
)


def tiny_frame() -> pd.DataFrame:
    """Return the 12 events as a frame: actor, event, time, channel, value.

    Examples
    --------
    >>> from journeylog.datasets import tiny_frame
    >>> tiny_frame().shape
    (12, 5)
    """
    frame = pd.DataFrame(list(_EVENTS), columns=["actor", "event", "time", "channel", "value"])
    frame["time"] = pd.to_datetime(_DAY + " " + frame["time"]).dt.tz_localize("UTC").dt.as_unit("us")
    return frame


def tiny() -> EventLog:
    """Return a log of 4 actors and 12 events on one morning: two buy, one leaves, one has only just begun.

    Examples
    --------
    >>> import journeylog as jl
    >>> jl.datasets.tiny().n_events
    12
    """
    frame = tiny_frame()
    time = np.array([np.datetime64(f"{_DAY}T{e[2]}", "us") for e in _EVENTS]).view(np.int64)
    money = frame["value"].to_numpy()
    paid = ~np.isnan(money)
    chunk, _ = build_chunk(
        pa.array(frame["actor"].tolist()),
        time,
        {
            "event": encode(pa.array(frame["event"].tolist())),
            "channel": encode(pa.array(frame["channel"].tolist())),
            "value": Number((np.where(paid, money, 0) * 1_000_000).astype(np.int64), paid, "micros"),
        },
    )
    return EventLog.from_chunk(chunk)
