"""The README's examples run: on files as it supposes them, block after block, in its order."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_examples_run_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _clicks_of_a_shop().to_parquet("events.parquet")
    _orders().to_csv("orders.csv", index=False)
    with gzip.open("ga4.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in _ga4())
    _history().to_excel("history.xlsx", engine="xlsxwriter", index=False)
    with duckdb.connect("shop.duckdb") as database:
        database.execute(
            "create table events as select 'anna' customer, 'home' as name, timestamptz '2025-01-06 09:00Z' as at, "
            "date '2025-01-06' as day"
        )
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = text.replace("postgresql://reader@host/shop", "duckdb:///shop.duckdb")
    told: dict[str, Any] = {}
    for block in _BLOCK.findall(text):
        exec(block, told)
    assert {"report.html", "log.xes.gz", "check.html"} <= {p.name for p in tmp_path.iterdir()}
    # the device of before the login is anna's, and the purchase that both sources tell is told once
    rows = told["again"].to_pandas()
    assert rows[["actor", "event"]].values.tolist() == [
        ["anna", "page_view"], ["anna", "login"], ["anna", "ordered"], ["anna", "paid"], ["anna", "shipped"],
    ]  # fmt: skip
    assert told["deals"].n_events == 2
    assert told["events"].n_events == 1


def _clicks_of_a_shop() -> pd.DataFrame:
    """Return visitors half of whom come from landing to paid, in two channels."""
    names = np.array(["landing", "product", "add_to_cart", "checkout", "paid"])
    who = np.repeat(np.arange(40), len(names))
    step = np.tile(np.arange(len(names)), 40)
    frame = pd.DataFrame({"user_id": who, "event": names[step], "channel": np.where(who % 3, "ads", "mail")})
    start = pd.Timestamp("2025-01-01", tz="UTC")
    frame["timestamp"] = start + pd.to_timedelta(who * 1440 + step * (3 + who % 7), unit="min")
    frame["user_id"] = "u" + frame["user_id"].astype(str)
    return frame.loc[(step < 3) | (who % 2 == 0)]


def _orders() -> pd.DataFrame:
    stamps = {
        "ordered_at": "2025-01-06 12:03",
        "paid_at": "2025-01-06 12:05",
        "shipped_at": "2025-01-07 12:00",
    }
    return pd.DataFrame(
        [{"customer_id": "anna", "order_id": "o1", "amount": 20, "currency": "EUR", **stamps}]
    )


def _ga4() -> list[dict[str, Any]]:
    """Return a device that shows itself to be anna's, and her purchase, which the shop's orders tell too."""
    rows: list[dict[str, Any]] = [
        {
            "event_name": name,
            "event_timestamp": 1_736_154_000_000_000 + k * 60_000_000,
            "user_pseudo_id": "d1",
        }
        for k, name in enumerate(["page_view", "login", "purchase"])
    ]
    for row in rows[1:]:
        row["user_id"] = "anna"
    rows[2]["ecommerce"] = {"transaction_id": "o1", "purchase_revenue": 20.0}
    return rows


def _history() -> pd.DataFrame:
    times = ["2025-01-01 10:00:00", "2025-01-02 10:00:00"]
    stages = ["open", "won"]
    return pd.DataFrame({"deal_id": "1", "name": "dealstage", "value": stages, "timestamp": times})
