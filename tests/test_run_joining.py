"""A run of several sources: one clock, one copy of what is told twice, one customer; and the truth comes out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.reporting.cli import run

CONFIG = """\
goal = "ordered"
start = "checkout"
patience = "30d"
precedence = ["orders", "clicks"]

[stages]
look = ["landing", "search", "product_view"]
buy = ["checkout", "purchase", "ordered"]
after = ["paid", "delivered"]

[[same]]
events = { clicks = "purchase", orders = "ordered" }
on = "order_id"
within = "1min"

[offsets.orders]
against = "clicks"
on = "order_id"
events = { clicks = "purchase", orders = "ordered" }

[identity]
by = "user_id"
policy = "back"
lookback = "30d"

[output]
files = ["map.json"]
mask = 0

[[source]]
name = "clicks"
path = "clicks.csv"
actor = "device_id"
event = "action"
time = "ts_ms"
time_unit = "ms"

[[source]]
name = "orders"
path = "orders.csv"
actor = "customer_id"
tz = "Europe/Moscow"

[source.stamps]
ordered = "ordered_at"
paid = "paid_at"
delivered = "delivered_at"
"""


@pytest.fixture(scope="module")
def shop() -> jl.datasets.Simulation:
    return jl.datasets.simulate(400, seed=3, days=60)


@pytest.fixture
def folder(shop: jl.datasets.Simulation, tmp_path: Path) -> Path:
    """Return the files of a shop whose clicks tell purchases, too, and whose clock of orders is seven minutes ahead."""
    clicks, orders = shop.tables["clicks"], shop.tables["orders"].copy()
    bought = purchases(shop)
    pd.concat([clicks, bought]).to_csv(tmp_path / "clicks.csv", index=False)
    for name in [one for one in orders.columns if one.endswith("_at")]:
        late = pd.to_datetime(orders[name]) + pd.Timedelta("7min")
        orders[name] = late.dt.strftime("%Y-%m-%d %H:%M:%S.%f")
    orders.to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "shop.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def purchases(shop: jl.datasets.Simulation) -> pd.DataFrame:
    """Return a click for each order of somebody who came by the web before, two seconds after it was written."""
    events = shop.events
    seen = events["device"].where(events["source"] == "clicks").groupby(events["actor"]).ffill()
    told = events[(events["event"] == "ordered") & seen.notna()]
    at = (told["time"] + pd.Timedelta("2s") - pd.Timestamp(0, tz="UTC")) // pd.Timedelta("1ms")
    rows = {"ts_ms": at, "device_id": seen[told.index], "action": "purchase", "order_id": told["object"]}
    return pd.DataFrame(rows)


def facts(capsys: pytest.CaptureFixture[str], *arguments: Any) -> Mapping[str, Any]:
    capsys.readouterr()
    assert run(["run", *map(str, arguments), "--json"]) == 0
    told: Mapping[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_the_stitched_shop_converts_as_its_truth_says_and_each_purchase_counts_once(
    shop: jl.datasets.Simulation, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = facts(capsys, folder / "shop.toml")
    truth = shop.truth.conversion.query("start == 'checkout' and goal == 'ordered'").iloc[0]
    started, converted = int(truth["n_started"]), int(truth["n_converted"])
    who, n_twice = told["identity"], len(purchases(shop))
    assert n_twice > 30
    assert (who["n_started_after"], who["n_converted_after"]) == (started, converted)
    assert who["n_converted_before"] == 0 and who["n_started_before"] > started
    assert who["actors_before"] > who["actors_after"] >= len(set(shop.events["actor"]))
    assert told["told_twice"] == told["duplicates"] == n_twice == told["card"]["deduplicated"]
    assert told["card"]["sources"]["clicks"]["deduplicated"] == n_twice
    assert told["offsets"]["orders"]["offset_s"] == 7 * 60 - 2 and told["offsets"]["orders"]["n"] == n_twice
    log = jl.read_config(folder / "shop.toml")
    events = log.to_pandas()["event"]
    n_orders = int((shop.events["event"] == "ordered").sum())
    assert (events == "ordered").sum() == len(shop.tables["orders"]) == n_orders
    assert (events == "purchase").sum() == 0
    assert [note for note in log.card.notes if "was compared with that of 'clicks'" in note]
    cells = pd.DataFrame(json.loads((folder / "out" / "latest" / "map.json").read_text("utf-8"))["table"])
    reached = cells.query("stage == 'buy' and row == 'ways' and measure == 'goal'")
    assert len(reached) and reached["n"].iloc[0] <= started


def test_without_the_rule_each_purchase_counts_twice(
    shop: jl.datasets.Simulation, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = re.sub(r"\[\[same\]\].*?\n\n", "", CONFIG, flags=re.DOTALL)
    (folder / "shop.toml").write_text(text, encoding="utf-8")
    told = facts(capsys, folder / "shop.toml")
    assert told["duplicates"] == told["told_twice"] == 0
    log = jl.read_config(folder / "shop.toml")
    twice = log.to_pandas()["event"].isin(["ordered", "purchase"]).sum()
    assert twice == len(shop.tables["orders"]) + len(purchases(shop))
