"""Links of vendors' own records: identify, alias, merge, and ids that occur together; read as their formats declare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.errors import ConfigError

T = [f"2025-01-06T09:0{k}:00Z" for k in range(6)]
SECONDS = [int(pd.Timestamp(t).timestamp()) for t in T]


def segment() -> list[dict[str, Any]]:
    def call(kind: str, k: int, **ids: Any) -> dict[str, Any]:
        named = {"event": "page seen"} if kind == "track" else {}
        return {"type": kind, "messageId": f"m{k}", "timestamp": T[k], **named, **ids}

    return [
        call("track", 0, anonymousId="web-1", userId=None),
        call("identify", 1, anonymousId="web-1", userId="anna"),
        call("track", 2, anonymousId="app-1", userId="anna"),
        call("alias", 3, previousId="anna", userId="anna@shop"),
        call("track", 4, anonymousId="web-2", userId=None),
    ]


def amplitude() -> list[dict[str, Any]]:
    def event(kind: str, k: int, device: str, user: str | None) -> dict[str, Any]:
        return {
            "event_type": kind, "event_time": T[k][:-1].replace("T", " "), "device_id": device, "user_id": user,
            "$insert_id": f"i{k}", "uuid": f"u{k}",
        }  # fmt: skip

    return [
        event("page seen", 0, "web-1", None),
        event("$identify", 1, "web-1", "anna@shop"),
        event("page seen", 2, "app-1", "anna@shop"),
        event("page seen", 4, "web-2", None),
    ]


def mixpanel() -> list[dict[str, Any]]:
    def event(name: str, k: int, **more: Any) -> dict[str, Any]:
        return {"event": name, "properties": {"time": SECONDS[k], "$insert_id": f"i{k}", **more}}

    return [
        event("page seen", 0, distinct_id="web-1"),
        event("$identify", 1, distinct_id="anna", **{"$anon_id": "web-1", "$identified_id": "anna"}),
        event("$merge", 2, distinct_id="app-1", **{"$distinct_ids": ["app-1", "anna"]}),
        event("page seen", 2, distinct_id="app-1"),
        event("$create_alias", 3, distinct_id="anna@shop", alias="anna"),
        event("page seen", 4, distinct_id="web-2"),
    ]


def posthog() -> list[dict[str, Any]]:
    def event(name: str, k: int, distinct_id: str, **more: Any) -> dict[str, Any]:
        return {
            "uuid": f"u{k}{name}", "event": name, "timestamp": T[k], "distinct_id": distinct_id,
            "properties": json.dumps(more),
        }  # fmt: skip

    return [
        event("page seen", 0, "web-1"),
        event("$identify", 1, "anna@shop", **{"$anon_distinct_id": "web-1"}),
        event("$create_alias", 2, "anna@shop", alias="app-1"),
        event("page seen", 2, "app-1"),
        event("page seen", 4, "web-2"),
    ]


def ga4() -> list[dict[str, Any]]:
    def event(k: int, device: str, user: str | None) -> dict[str, Any]:
        stamp = str(SECONDS[k] * 1_000_000)
        return {
            "event_name": "page seen",
            "event_timestamp": stamp,
            "user_pseudo_id": device,
            "user_id": user,
        }

    return [
        event(0, "web-1", None),
        event(1, "web-1", "anna@shop"),
        event(2, "app-1", "anna@shop"),
        event(4, "web-2", None),
    ]


VENDORS = {f.__name__: f for f in (segment, amplitude, mixpanel, posthog, ga4)}


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendors_records_make_one_actor_of_its_ids(tmp_path: Path, vendor: str) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in VENDORS[vendor]()))
    links = jl.links(path, format=vendor)
    who = jl.identity(links, policy="merge")
    assert set(who.map.table["id"]) >= {"web-1", "app-1"}
    to = dict(zip(who.map.table["id"], who.map.table["actor"], strict=True))
    assert {to.get(actor, actor) for actor in to.values()} == {"anna@shop"}
    assert "rejected" not in links.left_out
    log = who.apply(jl.read(path, format=vendor))
    seen = log.to_pandas().query("event == 'page seen'")
    assert set(seen["actor"]) == {"anna@shop", "web-2"}
    again = jl.links(path, format=jl.formats()[vendor])
    assert again.table.equals(links.table)


def test_a_format_without_links_and_double_declarations_are_told(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(json.dumps(segment()[0]) + "\n")
    with pytest.raises(ConfigError, match="has no links"):
        jl.links(path, format="nps")
    with pytest.raises(ConfigError, match="says which ids are linked"):
        jl.links(path, format="segment", end="userId")
    with pytest.raises(ConfigError, match="start='device', end='user_id'"):
        jl.links(path, start="anonymousId")
    with pytest.raises(ConfigError, match="end='user_id'"):
        jl.links(jl.read(path, format="segment"))
    plain = jl.links(path, start="anonymousId", end="messageId", time="timestamp", format="jsonl")
    assert plain.table[["start", "end"]].values.tolist() == [["web-1", "m0"]]
