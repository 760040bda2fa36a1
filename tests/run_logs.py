"""Runs for tests: a configuration beside its events, and what lies in the folder of a run."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from tests.test_personas import frame_of

#: One source of a configuration, whose events :func:`written` puts beside it.
SOURCE = """
[[source]]
name = "clicks"
path = "events.csv"
actor = "actor"
event = "event"
time = "time"
"""
UTC = 'tz = "UTC"\n'
MONEY = 'value = "value"\ncurrency = { constant = "EUR" }\n'
CHANNEL = 'channel = "channel"\n'

#: What a report of :func:`buyers` is asked.
STAGES = {"look": ["home", "search", "product"], "buy": ["cart", "pay"], "ask": "help"}
ASKED = """
goal = "pay"
patience = "{patience}"
stages = {{ look = ["home", "search", "product"], buy = ["cart", "pay"], ask = "help" }}
"""


@cache
def _buyers(n: int) -> pd.DataFrame:
    return frame_of(("buyers", "lookers", "askers"), 1, n)


def buyers(n: int) -> pd.DataFrame:
    """Return events of customers of three kinds, with what they paid."""
    return _buyers(n).copy()


def written(folder: Path, text: str, events: pd.DataFrame, name: str = "shop.toml") -> Path:
    """Write a configuration and its events."""
    events.to_csv(folder / "events.csv", index=False)
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def tree(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder by their paths, but for links."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.is_symlink()
    }
