"""The door on the raw files of the simulated shop: every dirty row gets the verdict it was made for, and no other row."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import journeylog as jl
from journeylog.errors import LoadWarning

EPOCH_COLUMNS = {"clicks"}
SOURCES = {
    "clicks": {
        "actor": "device_id", "event": "action", "time": "ts_ms", "time_unit": "ms", "event_id": "event_id",
        "received": "received_ms", "channel": "channel",
    },
    "crm": {
        "actor": "contact", "event_id": "history_id", "channel": "channel",
        "history": jl.History("object_id", field="field", only="stage", old="old_value", new="new_value", time="changed_at"),
    },
    "orders": {
        "actor": "customer_id", "tz": "Europe/Moscow", "value": "amount", "currency": "currency", "channel": "sales_channel",
        "stamps": {
            "ordered": "ordered_at", "paid": "paid_at", "shipped": "shipped_at", "delivered": "delivered_at",
            "returned": "returned_at", "refunded": "refunded_at",
        },
    },
    "feedback": {
        "actor": "respondent", "event": "survey", "time": "answered_at", "event_id": "response_id", "channel": "channel",
        "score": "score", "score_scale": "nps", "text": "comment",
    },
    "tickets": {
        "actor": "requester", "event": "status", "time": "at", "event_id": "event_id", "received": "synced_at",
        "channel": "via",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    return jl.datasets.simulate(800, seed=5, dirty=0.1).write(tmp_path_factory.mktemp("shop"))


@pytest.mark.parametrize("name", SOURCES)
def test_every_dirty_row_gets_its_verdict_and_no_other_row_one(name, files):
    dirt = pd.read_csv(files["dirt"], keep_default_na=False).query("table == @name")
    expected = {}
    for row, kind, code in zip(dirt["row"], dirt["kind"], dirt["code"], strict=True):
        if kind == "out_of_range" and name in EPOCH_COLUMNS:
            code = "TS_UNIT_SUSPECT"  # seconds among milliseconds are known for what they are
        if code not in ("", "DUP_EXACT"):
            expected[row + 1] = code
    with pytest.warns(LoadWarning):
        log = jl.read(files[name], **SOURCES[name])
    found = dict(zip(log.rejects["row"].to_pylist(), log.rejects["reason"].to_pylist(), strict=True))
    assert found == expected
    card = log.card
    assert card.rows_in == card.kept + card.rejected + card.deduplicated
    assert card.deduplicated == dirt.loc[dirt["code"] == "DUP_EXACT", "n_events"].sum()


def test_all_sources_of_the_shop_are_one_log(files):
    logs = []
    for name, how in SOURCES.items():
        with pytest.warns(LoadWarning):
            logs.append(jl.read(files[name], source=jl.constant(name), **how))
    log = jl.combine(*logs, precedence=list(SOURCES))
    assert log.n_events == sum(part.n_events for part in logs)
    assert set(log.card.sources) == set(SOURCES)
    assert log.rejects.num_rows == log.card.rejected
