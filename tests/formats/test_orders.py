"""Orders and payments: the tables they must become, in every container, and their traps."""

from __future__ import annotations

import csv
import json
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.errors import ConfigError, LoadWarning, MissingColumnError
from journeylog.ingest.formats.orders import FORMATS as ORDERS
from journeylog.ingest.formats.payments import FORMATS as PAYMENTS
from tests.formats import goldens
from tests.formats.goldens import as_golden, containers, fixture, golden, records

BY_NAME = {form.name: form for form in (*ORDERS, *PAYMENTS)}
#: Zones that the data do not tell.
MORE: dict[str, dict[str, str]] = {
    "olist": {"tz": "America/Sao_Paulo"},
    "online_retail": {"tz": "Europe/London"},
    "online_retail_ii": {"tz": "Europe/London"},
}
REASONS: dict[str, dict[str, int]] = {
    "stripe_events": {"NOT_AN_EVENT": 1},
    "woocommerce": {"NOT_AN_EVENT": 1},
    "online_retail": {"ACTOR_NULL": 1, "VALUE_UNPARSEABLE": 1},
}


def read(source: Any, format: Any, **more: Any) -> jl.EventLog:
    """Read a fixture in its zone."""
    known = MORE.get(format, {}) if isinstance(format, str) else {}
    return goldens.read(source, format, **{**known, **more})


def total(log: jl.EventLog, **columns: str) -> Decimal:
    """Return the sum of the values of some events."""
    frame = log.where(**columns).to_pandas() if columns else log.to_pandas()
    return sum((Decimal(v) for v in frame["value"].dropna()), Decimal(0))


@pytest.mark.parametrize("name", BY_NAME)
def test_a_fixture_becomes_its_golden_table_in_every_container(name: str, tmp_path: Path) -> None:
    columns, wanted = golden(name)
    for label, source in containers(name, tmp_path):
        log = read(source, name)
        assert as_golden(log, columns) == wanted, label
        card = log.card
        assert card.rows_in == card.kept + card.rejected + card.deduplicated, label
        assert dict(card.reasons) == REASONS.get(name, {}), label


def test_what_was_taken_back_leaves_nothing() -> None:
    shopify = read(fixture("shopify"), "shopify")
    assert total(shopify, order="450789470") == 0  # voided, then cancelled: no money moved
    assert total(shopify, order="450789469") == Decimal("389.94")  # 209.00 of 598.94 went back
    woo = read(fixture("woocommerce"), "woocommerce")
    assert total(woo, order="728") == total(woo, order="729") == total(woo, order="731") == 0
    stripe = read(fixture("stripe_events"), "stripe_events")
    assert total(stripe, object="ch_1") == 0  # two part refunds, each told as the sum so far
    magento = read(fixture("magento"), "magento")
    assert total(magento, order="000000001") == total(magento, order="000000014") == 0


def test_what_is_taken_back_is_an_event_and_the_order_stays_as_it_was() -> None:
    frame = read(fixture("shopify"), "shopify").to_pandas()
    placed = frame[frame["event"] == "order_placed"]
    assert sorted(map(Decimal, placed["value"])) == [Decimal(t) for t in ("7.005", "10", "50", "598.94")]
    assert (frame[frame["event"] == "refund"]["value"] < 0).all()


def test_orders_for_trying_are_marked_and_not_left_out() -> None:
    shopify = read(fixture("shopify"), "shopify")
    assert set(shopify.where(is_test="true").to_pandas()["order"]) == {"450789470"}
    stripe = read(fixture("stripe_events"), "stripe_events")
    assert stripe.where(is_test="true").to_pandas()["event_id"].tolist() == ["evt_6"]


def test_guests_are_not_one_customer() -> None:
    log = read(fixture("woocommerce"), "woocommerce")
    assert "0" not in set(log.to_pandas()["actor"])
    assert {"guest:728", "guest:731"} <= set(log.to_pandas()["actor"])


def test_minor_units_by_currency() -> None:
    frame = read(fixture("stripe_events"), "stripe_events").to_pandas().dropna(subset="value")
    values = dict(zip(frame["event_id"].astype(str), map(Decimal, frame["value"]), strict=True))
    assert values["evt_6"] == 500  # yen have no parts
    assert values["evt_8"] == 4  # krónur have none either, and are told in hundredths
    assert values["evt_9"] == Decimal("5.12")  # dinars have a thousand


def test_events_that_come_twice_and_late() -> None:
    log = read(fixture("stripe_events"), "stripe_events")
    assert log.card.deduplicated == 1
    mine = log.to_pandas().query("actor == 'cus_1'")["event"].tolist()
    assert mine[1:4] == ["charge.succeeded", "charge.refunded", "charge.refunded"]


def test_a_promised_date_is_no_event() -> None:
    frame = read(fixture("olist"), "olist").to_pandas()
    assert not frame["time"].dt.strftime("%Y-%m-%d").isin(["2017-10-18", "2018-08-13", "2017-05-09"]).any()


def test_a_table_without_the_customer_says_so() -> None:
    alone = pd.DataFrame(records("olist")).drop(columns="customer_unique_id")
    with pytest.raises(MissingColumnError, match="customer_unique_id"):
        jl.read(alone, format="olist", tz="America/Sao_Paulo")


def test_a_shop_without_a_zone_is_refused() -> None:
    with pytest.raises(ConfigError, match="tz="):
        jl.read(fixture("olist"), format="olist")


def test_a_vendors_format_with_two_lines_changed() -> None:
    mine = jl.formats()["olist"].but(
        actor="customer",
        takes=(jl.Take("ordered", time="at"), jl.Take("paid", time="paid_at")),
        event_id=None,
    )
    frame = pd.DataFrame({"customer": ["ada"], "at": ["2025-01-01"], "paid_at": [None], "order_id": ["7"]})
    assert read(frame, mine, tz="UTC").to_pandas()["event"].tolist() == ["ordered"]


def test_one_order_alone_on_many_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(records("woocommerce")[0], indent=2), encoding="utf-8")
    assert read(path, "woocommerce").to_pandas()["event"].tolist() == ["order_placed", "order_paid"]


def test_a_refund_names_its_order_by_a_link(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    order = [{"href": "https://example.com/wp-json/wc/v3/orders/723"}]
    refund = {
        "id": 726,
        "date_created_gmt": "2017-03-21T20:07:11",
        "amount": "10.00",
        "_links": {"up": order},
    }
    path.write_text(json.dumps(refund) + "\n", encoding="utf-8")
    frame = read(path, "woocommerce_refunds").to_pandas()
    assert frame["actor"].tolist() == ["order:723"] and frame["order"].tolist() == ["723"]


def test_a_warehouse_has_the_orders_of_a_shop_as_a_flat_table() -> None:
    flat = pd.DataFrame(
        {
            "id": ["1"], "customer_id": ["207"], "email": ["ada@example.com"], "created_timestamp": ["2024-01-10 11:00:00"],
            "processed_timestamp": ["2024-01-10 11:00:00"], "cancelled_timestamp": [None], "total_price": ["5.10"],
            "currency": ["USD"], "test": ["TRUE"], "financial_status": ["paid"],
        }
    )  # fmt: skip
    frame = read(flat, jl.formats()["shopify"].but(tz="UTC")).to_pandas()
    assert frame[["actor", "event", "is_test"]].values.tolist() == [["207", "order_placed", "true"]]


def test_refunds_and_disputes_find_their_customer_by_the_links_of_the_orders() -> None:
    def pairs(name: str) -> set[tuple[str, str]]:
        table = jl.links(fixture(name), format=name).table
        return set(zip(table["start"], table["end"], strict=True))

    assert ("pi_4", "cus_2") in pairs("stripe_events") and ("ada@example.com", "cus_1") in pairs(
        "stripe_events"
    )
    assert pairs("stripe_charges") == {
        ("pi_1", "cus_1"),
        ("ch_1", "cus_1"),
        ("pi_3", "cus_1"),
        ("ch_3", "cus_1"),
    }
    assert ("order:1", "1") in pairs("magento") and ("order:2", "guest@example.com") in pairs("magento")
    assert ("order:723", "26") in pairs("woocommerce") and ("john.doe@example.com", "26") in pairs(
        "woocommerce"
    )
    assert pairs("shopify") == {("ada@example.com", "207119551")}


# lines that become orders


def lines(name: str) -> pd.DataFrame:
    """Return the lines of a fixture as a frame of texts."""
    return pd.DataFrame(records(name))


@pytest.mark.parametrize("name", ["shopify_csv", "online_retail"])
def test_neither_the_order_of_lines_nor_cuts_between_them_change_an_order(name: str, tmp_path: Path) -> None:
    columns, wanted = golden(name)
    whole = lines(name)
    for seed in range(3):
        mixed = whole.sample(frac=1, random_state=seed)
        paths = []
        for k, part in enumerate(np.array_split(np.arange(len(mixed)), 1 + 2 * seed)):
            paths.append(tmp_path / f"{seed}-{k}.csv")
            mixed.iloc[part].to_csv(paths[-1], index=False, quoting=csv.QUOTE_MINIMAL)
        log = read(paths, name)
        assert as_golden(log, columns) == wanted, seed


def test_every_line_is_accounted_for() -> None:
    for name in ("shopify_csv", "online_retail"):
        log = read(fixture(name), name)
        assert log.card.notes[0].startswith(f"{len(lines(name))} lines of the input are ")
    log = read(fixture("shopify_csv"), "shopify_csv")
    placed = log.where(event="order_placed").to_pandas()
    assert placed["lines"].sum() == len(lines("shopify_csv"))


def test_equal_lines_count_and_are_told() -> None:
    log = read(fixture("online_retail"), "online_retail")
    assert "1 lines are equal to another one; lines have no id, so all of them count" in log.card.notes


def test_lines_of_several_times_are_one_order_at_the_earliest() -> None:
    log = read(fixture("online_retail"), "online_retail")
    assert "1 records have lines that differ in 'InvoiceDate'; the earliest counts" in log.card.notes


def test_an_amount_that_cannot_be_read_rejects_its_order_and_a_missing_one_leaves_no_value() -> None:
    with pytest.warns(LoadWarning):
        log = jl.read(fixture("online_retail"), format="online_retail", tz="Europe/London")
    reject = jl.Rejects(log.rejects).table.query("reason == 'VALUE_UNPARSEABLE'").iloc[0]
    assert json.loads(reject["raw"])["InvoiceNo"] == "536369" and reject["line"] == 11
    assert "1 records have a line without an amount; their 'line_total' is missing" in log.card.notes


def test_two_orders_of_one_number_are_not_one_order() -> None:
    shop = lines("shopify_csv")
    other = shop.iloc[[2]].assign(Id="999", Email="carl@example.com")
    log = read(pd.concat([shop, other]), "shopify_csv")
    rejects = jl.Rejects(log.rejects).table
    assert rejects["reason"].tolist() == ["DUP_ID_CONFLICT"]
    assert "differ in" in rejects["detail"][0] and "#1002" not in set(log.to_pandas()["order"])


def test_ids_that_came_as_floats_are_the_integers_they_stand_for() -> None:
    table = pa.table(
        {
            "InvoiceNo": ["1", "1"], "Quantity": [2, 3], "UnitPrice": [0.1, 0.2], "CustomerID": [17850.0, 17850.0],
            "InvoiceDate": pa.array([1_700_000_000_000_000] * 2, pa.timestamp("us")), "StockCode": ["a", "b"],
        }
    )  # fmt: skip
    frame = read(table, "online_retail", tz="UTC").to_pandas()
    assert frame["actor"].tolist() == ["17850"] and Decimal(frame["value"][0]) == Decimal("0.8")


def test_lines_without_a_key_are_records_of_their_own() -> None:
    table = lines("online_retail").iloc[:4].assign(InvoiceNo=None)
    log = read(table, BY_NAME["online_retail"].but(event_id=None, event=jl.constant("line")), tz="UTC")
    assert log.n_events == 4
    assert "4 lines have no 'InvoiceNo'; each is a record of its own" in log.card.notes


def test_amounts_in_other_marks() -> None:
    table = lines("online_retail").iloc[:1].assign(UnitPrice="1.002,55")
    log = read(table, BY_NAME["online_retail"].but(decimal=",", thousands="."), tz="UTC")
    assert Decimal(log.to_pandas()["value"][0]) == Decimal("6015.30")


def test_sums_that_are_too_large_are_rejected() -> None:
    table = lines("online_retail").iloc[[2, 3]].assign(Quantity="4000000", UnitPrice="1000000")
    log = read(table, "online_retail")
    assert dict(log.card.reasons) == {"VALUE_OVERFLOW": 1}


def test_lines_that_are_no_text_are_rejected_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        b"InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n"
        b"1,a,2,2010-12-01 08:26:00,1.5,7\n1,\xff\xfe,2,2010-12-01 08:26:00,1.5,7\n1,c,1,2010-12-01 08:26:00,1.5\n"
    )
    log = read(path, "online_retail")
    assert dict(log.card.reasons) == {"ENCODING": 1, "ROW_SHAPE": 1}
    assert log.card.rows_in == 3 and Decimal(log.to_pandas()["value"][0]) == 3


def test_a_column_in_the_way_is_told() -> None:
    with pytest.raises(ConfigError, match="lines"):
        jl.read(lines("online_retail").assign(lines=1), format="online_retail", tz="UTC")


def test_lines_without_their_key_say_so() -> None:
    with pytest.raises(MissingColumnError, match="InvoiceNo"):
        jl.read(lines("online_retail").drop(columns="InvoiceNo"), format="online_retail", tz="UTC")


def test_files_of_lines_may_have_other_columns(tmp_path: Path) -> None:
    table = lines("shopify_csv")
    table.iloc[:2].to_csv(tmp_path / "a.csv", index=False)
    table.iloc[2:].drop(columns=["Tags", "Lineitem name"]).to_csv(tmp_path / "b.csv", index=False)
    log = read([tmp_path / "a.csv", tmp_path / "b.csv"], "shopify_csv", schema_drift="null")
    frame = log.where(event="order_placed").to_pandas().set_index("order")
    assert json.loads(frame["Lineitem name"]["#1001"]) == ["Masque A", "Masque B"]
    assert json.loads(frame["Lineitem name"]["#1002"]) == [] and frame["lines"].sum() == len(table)


def test_only_some_columns_of_lines() -> None:
    log = read(fixture("online_retail"), "online_retail", columns=["Country"])
    frame = log.to_pandas()
    assert frame["Country"].unique().tolist() == ["United Kingdom"] and "StockCode" not in frame
    assert total(log) == total(read(fixture("online_retail"), "online_retail"))


@pytest.mark.parametrize("name", ["olist", "online_retail", "shopify_csv"])
def test_a_query_of_a_database_is_a_container_too(name: str) -> None:
    columns, wanted = golden(name)
    table = pa.Table.from_pylist(records(name))
    with duckdb.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore", LoadWarning)
        connection.register("orders", table)
        log = jl.read_sql(connection, "SELECT * FROM orders", format=name, **MORE.get(name, {}))
    assert as_golden(log, columns) == wanted


def test_times_of_lines_as_a_spreadsheet_writes_them() -> None:
    table = lines("online_retail").iloc[[0, 2]].assign(InvoiceDate=["12/1/2010 8:26", "2/1/2010 9:00"])
    log = read(table, "online_retail", time_format="%m/%d/%Y %H:%M")
    assert str(log.to_pandas()["time"][0]) == "2010-02-01 09:00:00+00:00"


def test_lines_of_ones_own() -> None:
    slips = jl.Format(
        name="till", actor="who", event=jl.constant("bought"), time="at", value="paid", tz="UTC",
        group=jl.Rollup(by="slip", sums={"paid": ("n", "each")}, count="items", leave=["n", "each"]),
    )  # fmt: skip
    table = pd.DataFrame(
        {
            "slip": ["s2", "s1", "s2"],
            "who": ["bob", "ada", "bob"],
            "at": "2025-01-01",
            "n": [1, 2, 3],
            "each": [0.1, 5, 0.2],
        }
    )
    frame = read(table, slips).to_pandas().sort_values("actor")
    assert frame[["actor", "items"]].values.tolist() == [["ada", 1], ["bob", 2]]
    assert [Decimal(v) for v in frame["value"]] == [10, Decimal("0.7")]


def test_an_empty_table_of_lines_is_an_empty_log() -> None:
    log = jl.read(lines("online_retail").iloc[:0], format="online_retail", tz="UTC")
    assert log.n_events == 0 and log.card.rows_in == 0
