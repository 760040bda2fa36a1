"""A clean log of people's days, and every defect planted in it on purpose; each returns the log's frame and the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import journeylog as jl

START = pd.Timestamp("2025-03-03", tz="UTC")  # a Monday
NOW = "2025-06-01"
WEEKS = 5
EVENTS = ("home", "search", "product", "cart", "pay", "step 1", "step 2", "v2_banner")
ROLES: dict[str, Any] = {
    "actor": "who", "event": "what", "time": "when", "source": "src", "event_id": "id", "received": "got",
    "value": "amount", "currency": "cur", "text": "comment",
}  # fmt: skip
Planted = tuple[pd.DataFrame, int]


def clean(seed: int = 0, n: int = 6000, n_actors: int = 300) -> pd.DataFrame:
    """Return visits of a few events by people who are awake from 7 to 23 and do less on weekends."""
    rng = np.random.default_rng(seed)
    hours = np.arange(WEEKS * 168)
    of_day = np.exp(-(((hours % 24 - 14.5) / 4.5) ** 2)) + 0.01
    weight = of_day * np.where(hours // 24 % 7 >= 5, 0.6, 1.0)
    visits = n // 3
    hour = rng.choice(hours, size=visits, p=weight / weight.sum())
    begin = hour * 3_600_000 + rng.integers(0, 3_600_000, visits)
    ms = np.concatenate([begin, begin + rng.integers(20_000, 90_000, visits)])
    ms = np.concatenate([ms, ms[visits:] + rng.integers(20_000, 200_000, visits)])
    who = np.tile(rng.integers(0, n_actors, visits), 3)
    source = np.tile(rng.choice(["app", "web"], visits, p=[0.3, 0.7]), 3)
    when = START + pd.to_timedelta(ms, unit="ms")
    paid = rng.random(len(ms)) < 0.2
    frame = pd.DataFrame(
        {
            "who": [f"c{w:05d}" for w in who],
            "what": rng.choice(EVENTS, len(ms)),
            "when": when,
            "src": source,
            "id": [f"e{seed}-{i}" for i in range(len(ms))],
            "got": when + pd.to_timedelta(np.exp(rng.normal(6, 0.8, len(ms))).round() + 1, unit="ms"),
            "amount": np.where(paid, (rng.random(len(ms)) * 100).round(2), np.nan),
            "cur": np.where(paid, "EUR", None),
            "comment": np.where(rng.random(len(ms)) < 0.1, "very good, delivered in 2 days", None),
            "page": [f"/item/{i}?ref=mail" for i in rng.integers(1000, 2000, len(ms))],
        }
    )
    return frame.sort_values("when", ignore_index=True)


def check(frame: pd.DataFrame, **more: Any) -> jl.Check:
    """Check a frame with the roles of its columns, as of a fixed day."""
    roles = {role: column for role, column in ROLES.items() if column in frame}
    found: jl.Check = jl.check(frame, **{"now": NOW, **roles, **more})
    return found


def some(frame: pd.DataFrame, n: int, seed: int = 1) -> pd.Index:
    """Return the labels of `n` rows, chosen by chance."""
    return pd.Index(np.sort(np.random.default_rng(seed).permutation(len(frame))[:n]))


def duplicate_rows() -> Planted:
    frame = clean().drop(columns="id")
    twice = frame.loc[some(frame, 25)]
    late = twice.assign(got=twice["got"] + pd.Timedelta("3s"))  # sent again: only its arrival differs
    return pd.concat([frame, late.iloc[:20], late.iloc[:5]], ignore_index=True), 25


def same_id_same_content() -> Planted:
    frame = clean()
    return pd.concat([frame, frame.loc[some(frame, 30)]], ignore_index=True), 30


def same_id_other_content() -> Planted:
    frame = clean()
    other = frame.loc[some(frame, 12)].assign(what="other")
    return pd.concat([frame, other], ignore_index=True), 12


def ties() -> Planted:
    frame = clean()
    at = some(frame, 40)
    more = frame.loc[at].assign(what="banner", id=[f"t{i}" for i in range(40)])
    return pd.concat([frame, more], ignore_index=True), 40


def no_time_of_day() -> Planted:
    frame = clean()
    at = some(frame, 90)
    frame.loc[at, "when"] = frame.loc[at, "when"].dt.floor("D")
    frame.loc[at, "got"] = frame.loc[at, "when"] + pd.Timedelta("1s")
    return frame, 90


def late() -> Planted:
    frame = clean()
    at = some(frame, 70)
    frame.loc[at, "got"] = (
        frame.loc[at, "when"] + pd.Timedelta("1D") + pd.to_timedelta(np.arange(1, 71), unit="h")
    )
    return frame, 70


def clock_ahead() -> Planted:
    frame = clean()
    mine = frame["who"].isin([f"c{i:05d}" for i in range(8)])
    frame.loc[mine, "when"] += pd.Timedelta("7min")
    return frame, int(mine.sum())


def clock_behind() -> Planted:
    frame = clean()
    mine = frame["who"].isin([f"c{i:05d}" for i in range(8)])
    frame.loc[mine, "when"] -= pd.Timedelta("3h")
    return frame, int(mine.sum())


def future() -> Planted:
    frame = clean()
    at = some(frame, 9)
    frame.loc[at, ["when", "got"]] = pd.Timestamp("2025-06-03", tz="UTC") + pd.Timedelta("1s") * np.arange(
        18
    ).reshape(9, 2)
    return frame, 9


def rejected_future() -> Planted:
    frame = clean()
    frame.loc[some(frame, 6), "when"] = pd.Timestamp("2099-01-01", tz="UTC")
    return frame, 6


OUTAGE = (START + pd.Timedelta("16D 8h"), START + pd.Timedelta("17D 4h"))


def outage() -> Planted:
    frame = clean(n=24_000)
    frame = frame[~((frame["src"] == "web") & frame["when"].between(*OUTAGE, inclusive="left"))]
    return frame.reset_index(drop=True), 20


def gone_silent() -> Planted:
    frame = clean(n=24_000)
    return frame[~((frame["src"] == "app") & (frame["when"] >= START + pd.Timedelta("31D")))].reset_index(
        drop=True
    ), 96


def machine(times: pd.DatetimeIndex, who: str, event: str = "home") -> pd.DataFrame:
    """Return the events of a machine."""
    n = len(times)
    return pd.DataFrame(
        {
            "who": who, "what": event, "when": times, "src": "web", "id": [f"{who}-{i}" for i in range(n)],
            "got": times + pd.Timedelta("300ms"), "amount": np.nan, "cur": None, "comment": None, "page": "/item/1",
        }
    )  # fmt: skip


def bot_rate() -> Planted:
    rng = np.random.default_rng(5)
    gaps = pd.to_timedelta(np.cumsum(rng.integers(100, 600, 400)), unit="ms")
    return pd.concat([clean(), machine(START + pd.Timedelta("9h") + gaps, "fast")], ignore_index=True), 400


def bot_gaps() -> Planted:
    rng = np.random.default_rng(6)
    at = pd.to_timedelta(np.arange(120) * 3_600_000 + rng.integers(-60_000, 60_000, 120), unit="ms")
    return pd.concat([clean(), machine(START + pd.Timedelta("5h") + at, "clock")], ignore_index=True), 120


def bot_endless() -> Planted:
    rng = np.random.default_rng(7)
    at = pd.to_timedelta(np.cumsum(rng.integers(1_000, 1_500_000, 200)), unit="ms")
    return pd.concat([clean(), machine(START + pd.Timedelta("5h") + at, "endless")], ignore_index=True), 200


def heavy_actors() -> Planted:
    rng = np.random.default_rng(8)
    at = pd.to_timedelta(np.sort(rng.choice(WEEKS * 7 * 86_400_000, 3000, replace=False)), unit="ms")
    return pd.concat([clean(), machine(START + at, "kiosk")], ignore_index=True), 3000


def bot_agents() -> Planted:
    frame = clean()
    frame["user_agent"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0"
    frame.loc[some(frame, 33), "user_agent"] = (
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    )
    return frame, 33


def lookalike_actors() -> Planted:
    frame = clean()
    twins = ["C00001", "c00002 ", "c00003\u200b", "с00004", " c00005"]  # case, space, unseen, Cyrillic, space
    at = some(frame, 5)
    for row, twin in zip(at, twins, strict=True):
        frame.loc[row, "who"] = twin
    return frame, 10


def lookalike_events() -> Planted:
    frame = clean()
    names = ["Home", "home ", "caf\u00e9", "cafe\u0301", "\u0440\u0430y", "step\u00a01", "SEARCH"]
    at = some(frame, len(names))
    for row, name in zip(at, names, strict=True):
        frame.loc[row, "what"] = name
    return frame, 11  # home (3), café (2), pay (2), step 1 (2), search (2)


def ids_in_events() -> Planted:
    frame = clean()
    rng = np.random.default_rng(9)
    numbers = [f"/item/{4000 + 7 * i}/view" for i in range(60)]
    uuids = ["opened " + "-".join(rng.bytes(k).hex() for k in (4, 2, 2, 2, 6)) for _ in range(30)]
    hexes = [f"job_done:{rng.bytes(12).hex()}" for _ in range(20)]
    names = numbers + uuids + hexes
    for row, name in zip(some(frame, len(names)), names, strict=True):
        frame.loc[row, "what"] = name
    return frame, 110


def placeholder_actors() -> Planted:
    frame = clean()
    words = ["NULL", " undefined", "(not set)", "-1", "0000", "Anonymous", "xxxx", "--"]
    for row, word in zip(some(frame, 8), words, strict=True):
        frame.loc[row, "who"] = word
    return frame, 8


def rejected_placeholders() -> Planted:
    frame = clean()
    frame.loc[some(frame, 14), "who"] = "undefined"
    return frame, 14


def currencies() -> Planted:
    frame = clean()
    paid = frame.index[frame["amount"].notna()]
    frame.loc[paid[:17], "cur"] = "USD"
    frame.loc[paid[17:20], "cur"] = "eur"
    return frame, 20


def no_currency() -> Planted:
    frame = clean()
    frame.loc[frame.index[frame["amount"].notna()][:7], "cur"] = None
    return frame, 7


def night_peak() -> Planted:
    frame = clean()
    frame["when"] -= pd.Timedelta("12h")
    frame["got"] -= pd.Timedelta("12h")
    return frame, -1


def zone_shift() -> Planted:
    frame = clean(n=24_000)
    mine = frame["src"] == "app"
    frame.loc[mine, ["when", "got"]] += pd.Timedelta("3h")
    return frame, int(mine.sum())


SECRETS = {
    "email": "write to ann.lee@example.com please",
    "phone": "my number is +7 916 123-45-67",
    "card": "paid with 4111 1111 1111 1111 today",
    "token": "see /cb?access_token=abcdef1234567890&x=1",
    "ip": "came from 203.0.113.77 twice",
    "passport": "passport 45 10 123456",
}
CLEAR = (
    "ann.lee",
    "example.com",
    "123-45-67",
    "4111 1111",
    "1111 1111",
    "abcdef12",
    "113.77",
    "45 10",
    "123456",
)


def personal(kind: str, column: str) -> Planted:
    frame = clean()
    at = some(frame, 11)
    frame.loc[at, column] = (
        SECRETS[kind] if column == "comment" else f"/q?s={SECRETS[kind].replace(' ', '_')}"
    )
    return frame, 11


#: Planted defect: its maker, the check that must find it, and the place it must be found in.
DEFECTS: dict[str, tuple[Callable[[], Planted], str, str]] = {
    "duplicate_rows": (duplicate_rows, "duplicate_rows", ""),
    "same_id_same_content": (same_id_same_content, "repeated_ids", "dropped at the door"),
    "same_id_other_content": (same_id_other_content, "repeated_ids", "rejected: other content"),
    "ties": (ties, "ties", ""),
    "no_time_of_day": (no_time_of_day, "no_time_of_day", "UTC"),
    "bot_rate": (bot_rate, "bot_rate", ""),
    "bot_gaps": (bot_gaps, "bot_gaps", ""),
    "bot_endless": (bot_endless, "bot_endless", ""),
    "heavy_actors": (heavy_actors, "heavy_actors", ""),
    "bot_agents": (bot_agents, "bot_agents", "user_agent"),
    "future": (future, "future", "in the log"),
    "rejected_future": (rejected_future, "future", "rejected at the door"),
    "lookalike_actors": (lookalike_actors, "lookalike_actors", ""),
    "lookalike_events": (lookalike_events, "lookalike_events", ""),
    "ids_in_events": (ids_in_events, "ids_in_events", ""),
    "placeholder_actors": (placeholder_actors, "placeholder_actors", "in the log"),
    "rejected_placeholders": (rejected_placeholders, "placeholder_actors", "rejected at the door"),
    "currencies": (currencies, "currencies", ""),
    "no_currency": (no_currency, "currencies", "no currency"),
    "zone_shift": (zone_shift, "zone_shift", "app"),
}
#: Defects that are found source by source.
BY_SOURCE: dict[str, tuple[Callable[[], Planted], str]] = {
    "late": (late, "late"),
    "clock_ahead": (clock_ahead, "clock_ahead"),
    "clock_behind": (clock_behind, "clock_behind"),
}
