"""``python -m benchmarks.ga4``: JSON lines of GA4 shape into a log, beside Python's json module and pandas.

Rows are written as BigQuery's JSON export writes them: 64-bit integers as texts, parameters as a list of pairs with
typed values, nulls present. Both sides build the same flat table; the answers are compared before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import journeylog as jl
from benchmarks.logs import CACHE

VERSION = 1
TARGET = 8.0
START_US = 1_704_067_200_000_000
PAGES = ("/", "/shop", "/item/17", "/item/42", "/cart", "/checkout", "/thanks", "/help")
EVENTS = ("page_view", "scroll", "view_item", "add_to_cart", "begin_checkout", "purchase", "user_engagement")
PARAMS = {
    "page_location": "page_location",
    "page_title": "page_title",
    "session_number": "ga_session_number",
    "engagement_ms": "engagement_time_msec",
}


def main() -> int:
    options = parser().parse_args()
    small = make(2_000)
    compare(ours(small), theirs(small))
    path = make(options.rows)
    print(f"{options.rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB")
    mine = best(lambda: ours(path), options.rounds)
    if options.only:
        print(f"journeylog {mine:.2f} s")
        return 0
    other = best(lambda: theirs(path), 1)
    ratio = other / mine
    print(
        f"journeylog {mine:.2f} s, json and pandas {other:.2f} s: {ratio:.1f} times as fast (target {TARGET:g})"
    )
    return 0 if ratio >= TARGET or options.rows < 1_000_000 else 1


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks.ga4", description=__doc__)
    made.add_argument("--rows", type=int, default=1_000_000)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--only", action="store_true", help="journeylog alone")
    return made


def best(task: Callable[[], Any], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return min(times)


def ours(path: Path) -> jl.EventLog:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jl.errors.LoadWarning)
        return jl.read(path, format="ga4", columns="format")


def theirs(path: Path) -> pd.DataFrame:
    """The flat table as most write it: one dict a line, the parameters by their keys."""
    rows = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            params = {p["key"]: value_of(p["value"]) for p in row["event_params"]}
            user = {p["key"]: value_of(p["value"]) for p in row["user_properties"]}
            commerce = row["ecommerce"] or {}
            traffic = row["traffic_source"] or {}
            rows.append(
                {
                    "actor": row["user_id"] or row["user_pseudo_id"],
                    "event": row["event_name"],
                    "time": int(row["event_timestamp"]),
                    "channel": params.get("medium"),
                    "value": commerce.get("purchase_revenue") if row["event_name"] == "purchase" else None,
                    "currency": params.get("currency"),
                    "user_pseudo_id": row["user_pseudo_id"],
                    "session_id": f"{row['user_pseudo_id']}.{params['ga_session_id']}",
                    **{name: params.get(key) for name, key in PARAMS.items()},
                    "campaign": params.get("campaign"),
                    "source_of_visit": params.get("source"),
                    "first_touch_source": traffic.get("source"),
                    "first_touch_medium": traffic.get("medium"),
                    "first_touch_time": row["user_first_touch_timestamp"],
                    "first_open_time": user.get("first_open_time"),
                    "transaction_id": commerce.get("transaction_id"),
                    "device": row["device"]["category"],
                    "country": row["geo"]["country"],
                }
            )
    frame = pd.DataFrame(rows)
    for name in ("time", "first_touch_time"):
        frame[name] = pd.to_datetime(pd.to_numeric(frame[name]), unit="us", utc=True)
    frame["first_open_time"] = pd.to_datetime(pd.to_numeric(frame["first_open_time"]), unit="ms", utc=True)
    for name in ("value", "session_number", "engagement_ms"):
        frame[name] = pd.to_numeric(frame[name])
    return frame.sort_values(["actor", "time"], kind="stable")


def value_of(value: dict[str, Any]) -> Any:
    return next((v for v in value.values() if v is not None), None)


def compare(log: jl.EventLog, frame: pd.DataFrame) -> None:
    """Refuse to time two different answers."""
    if log.n_events != len(frame) or log.n_actors != frame["actor"].nunique():
        raise AssertionError(f"{log.n_events} events of {log.n_actors} actors, {len(frame)} rows")
    mine = log.to_pandas()
    keys = ["actor", "time", "event", "page_location", "session_id"]
    mine, other = (f.sort_values(keys).reset_index(drop=True) for f in (mine, frame))
    for name in frame.columns:
        left, right = (f[name].astype("string").fillna("") for f in (mine, other))
        if name == "value":
            left, right = (pd.to_numeric(f[name]).fillna(0).astype(float) for f in (mine, other))
        if name in ("session_number", "engagement_ms"):
            left, right = (f[name].fillna(-1).astype(int) for f in (mine, other))
        wrong = np.flatnonzero((left != right).to_numpy())
        if len(wrong):
            raise AssertionError(f"{name}: {left.iloc[wrong[0]]!r} and {right.iloc[wrong[0]]!r}")


def make(rows: int) -> Path:
    """Write the rows unless they are there."""
    path = CACHE / f"v{VERSION}-ga4-{rows}.jsonl"
    if path.exists():
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([VERSION, rows])
    users = max(rows // 20, 1)
    user = rng.integers(0, users, rows)
    shape = rng.integers(0, len(EVENTS) * len(PAGES), rows)
    stamp = START_US + np.sort(rng.integers(0, 30 * 86_400_000_000, rows))
    bodies = [body(EVENTS[k // len(PAGES)], PAGES[k % len(PAGES)]) for k in range(len(EVENTS) * len(PAGES))]
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as out:
        for i in range(rows):
            u, t = int(user[i]), int(stamp[i])
            text = (
                bodies[shape[i]]
                .replace("@TIME", str(t))
                .replace("@SESSION", str(t // 10**6 - t // 10**6 % 1800))
            )
            text = text.replace("@USER", f'"u{u:07d}"' if u % 3 == 0 else "null").replace(
                "@PSEUDO", f"{u * 7919}.{u + 10**9}"
            )
            out.write(text.replace("@NUMBER", str(i)) + "\n")
    part.rename(path)
    return path


def body(event: str, page: str) -> str:
    """Return a row with places for what differs from row to row."""
    params = [
        param("ga_session_id", integer="@SESSION"),
        param("ga_session_number", integer="3"),
        param("page_location", text=f"https://shop.example{page}"),
        param("page_title", text=f"Shop – {page}"),
        param("page_referrer", text="https://search.example/"),
        param("engagement_time_msec", integer="1250"),
        param("session_engaged", text="1"),
        param("source", text="newsletter"),
        param("medium", text="email"),
        param("campaign", text="spring \"sale\""),
        param("firebase_event_origin", text="auto"),
    ]  # fmt: skip
    bought = event == "purchase"
    if bought:
        params += [param("currency", text="EUR"), param("value", double=59.9)]
    item = {"item_id": "42", "item_name": "Lamp", "price": "59.9", "quantity": "1", "coupon": "(not set)"}
    row = {
        "event_date": "20240101", "event_timestamp": "@TIME", "event_name": event, "event_params": params,
        "event_previous_timestamp": None, "event_value_in_usd": None, "event_bundle_sequence_id": "@NUMBER",
        "event_server_timestamp_offset": "-15321", "user_id": "@USER", "user_pseudo_id": "@PSEUDO",
        "privacy_info": {"analytics_storage": "Yes", "ads_storage": "Yes", "uses_transient_token": "No"},
        "user_properties": [param("first_open_time", integer="1703980800000")],
        "user_first_touch_timestamp": "1703977018672000", "user_ltv": {"revenue": 0.0, "currency": "EUR"},
        "device": {
            "category": "mobile", "mobile_brand_name": "Fairphone", "operating_system": "Android",
            "operating_system_version": "Android 14", "language": "de-de", "is_limited_ad_tracking": "No",
            "time_zone_offset_seconds": "3600", "web_info": {"browser": "Chrome", "browser_version": "120.0"},
        },
        "geo": {"continent": "Europe", "country": "Germany", "region": "Berlin", "city": "Berlin", "metro": "(not set)"},
        "traffic_source": {"name": "brand", "medium": "cpc", "source": "search"}, "stream_id": "3607414280",
        "platform": "WEB", "ecommerce": {"transaction_id": "T@NUMBER", "purchase_revenue": 59.9} if bought else None,
        "items": [item] if bought else [],
    }  # fmt: skip
    return json.dumps(row).replace('"@USER"', "@USER")


def param(
    key: str, text: str | None = None, integer: str | None = None, double: float | None = None
) -> dict[str, Any]:
    value = {"string_value": text, "int_value": integer, "float_value": None, "double_value": double}
    return {"key": key, "value": value}


if __name__ == "__main__":
    sys.exit(main())
