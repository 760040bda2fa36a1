"""The engine of formats: fields, takes, lists of pairs, paths, containers of JSON and Excel, what is said of them."""

from __future__ import annotations

import datetime as dt
import io
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.kernels import json_lines as kind
from journeylog.errors import ConfigError, LoadWarning, MissingColumnError, ParseError, SchemaError
from journeylog.ingest.formats.fields import (
    All,
    First,
    Given,
    Is,
    Join,
    KeyValue,
    Map,
    Minor,
    Minus,
    Negative,
    Not,
    Score,
    Stamp,
    StartsWith,
    Template,
    Times,
    When,
)
from journeylog.ingest.json_values import of_text
from journeylog.reporting.cli import run
from tests.formats.goldens import HERE

ROOT = Path(__file__).parent.parent.parent
#: Tables of anybody, and tables whose columns no page of the vendor lists.
NO_PAGE = {
    "nps", "csat", "ces", "stars", "reviews", "qualtrics_contacts", "zendesk_field_history", "zendesk_comments",
    "intercom_parts",
}  # fmt: skip
BASE = jl.Format(name="mine", actor="who", event="what", time="when", tz="UTC")


def named(raw: bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(raw)
    file.name = name
    return file


def lines(*rows):
    return named("\n".join(json.dumps(row) for row in rows).encode(), "rows.jsonl")


def read(data, form, **how):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LoadWarning)
        return jl.read(data, format=form, **how)


def values(row, **fields):
    """Return what fields are for one row, as an attribute each."""
    row = {"who": "u", "what": "a", "when": "2025-01-01", **row}
    found = []
    for data in (lines(row), pa.Table.from_pylist([row])):
        log = read(data, BASE.but(attributes=fields), columns="format")
        frame = log.to_pandas()
        found.append([None if frame[name].isna()[0] else str(frame[name][0]) for name in fields])
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("a.b", "x"),
        ("list.1.k", "two"),
        ("nowhere.at.all", None),
        (First("empty", "none", "a.b"), "x"),
        (First("none", "nowhere"), None),
        (Join("a.b", "n", sep=":"), "x:12"),
        (Join("a.b", "none", sep=":"), None),
        (Join("a.b", "empty", sep=":"), None),
        (Join("a.b", "none", sep=":", missing="-"), "x:-"),
        (Map("code", {"2": "moved"}), "moved"),
        (Map("n", {"2": "moved"}), "12"),
        (Map("n", {"2": "moved"}, default="other"), "other"),
        (Map("n", {"2": "moved"}, default=None), None),
        (KeyValue("pairs", "colour"), "red"),
        (KeyValue("named", "size", name="name"), "L"),
        (KeyValue("a", "b"), "x"),
        (When(Is("a.b", "x", "y"), "code"), "2"),
        (When(Is("a.b", "z"), "code"), None),
        (When(Not(Is("a.b", "z")), "code", "n"), "2"),
        (When(All(Given("a.b"), Given("empty")), "code", "n"), "12"),
        (When((Given("empty"), StartsWith("a.b", "x")), "code"), "2"),
        (Template("url"), "/item/{id}/edit/{id}"),
        (jl.constant("web"), "web"),
    ],
)
def test_fields(field, wanted):
    row = {
        "a": {"b": "x"}, "n": 12, "code": "2", "empty": "", "none": None,
        "list": [{"k": "one"}, {"k": "two"}],
        "pairs": [{"key": "size", "value": "L"}, {"key": "colour", "value": "red"}],
        "named": [{"name": "size", "value": "L"}],
        "url": "https://shop.example/item/123/edit/0b8f6a1e-1111-4222-8333-1234567890ab?x=1",
    }  # fmt: skip
    assert values(row, found=field) == [wanted]


@pytest.mark.parametrize(
    ("row", "field", "wanted"),
    [
        ({"v": "12.50"}, Negative("v"), "-12.5"),
        ({"v": "-12.50"}, Negative("v"), "-12.5"),
        ({"v": 1234, "c": "eur"}, Minor("v", currency="c"), "12.34"),
        ({"v": 1234, "c": "JPY"}, Minor("v", currency="c"), "1234"),
        ({"v": 1234, "c": "KWD"}, Minor("v", currency="c"), "1.234"),
        ({"v": 1234, "c": "UGX"}, Minor("v", currency="c", other_digits={"UGX": 2}), "12.34"),
        ({"v": "0.1", "n": 3}, Times("v", "n"), "0.3"),
        ({"v": "999999.999999", "n": "1000.000001"}, Times("v", "n"), "1000000000.999"),
        ({"v": "5", "w": "2"}, Minus("w", "v"), "3"),
        ({"v": "5", "w": None}, Minus("w", "v"), "5"),
    ],
)
def test_money(row, field, wanted):
    row = {"who": "u", "what": "a", "when": "2025-01-01", **row}
    for data in (lines(row), pa.Table.from_pylist([row])):
        found = read(data, BASE.but(value=field)).to_pandas()["value"]
        assert [f"{value.normalize():f}" for value in found] == [wanted]


@pytest.mark.parametrize("field", [Negative("v"), Minor("v"), Times("v", "n"), Minus("n", "v")])
def test_money_that_cannot_be_read_is_a_reject_with_the_row_as_it_was(field):
    row = {"who": "u", "what": "a", "when": "2025-01-01", "v": "12,50 €", "n": 1}
    log = read(lines(row), BASE.but(value=field))
    rejected = jl.Rejects(log.rejects).table
    assert rejected[["reason", "column"]].to_numpy().tolist() in (
        [["VALUE_UNPARSEABLE", "v"]],
        [["VALUE_UNPARSEABLE", "n"]],
    )
    assert json.loads(rejected["raw"][0]) == row


def test_score_keeps_what_was_answered_and_its_scale():
    rows = [{"who": "u", "what": "a", "when": "2025-01-01", "s": s} for s in ("9", "11", "", "x")]
    log = read(lines(*rows), BASE.but(score=Score("s", "nps")))
    frame = log.to_pandas()
    assert frame[["score_original", "score_scale"]].to_numpy().tolist()[0] == ["9", "nps"]
    assert frame["score"].tolist()[0] == pytest.approx(0.8) and np.isnan(frame["score"][1])
    assert log.card.reasons == {"SCORE_INVALID": 2}


ORDERS = jl.Format(
    name="orders", actor=First("customer.id", "email"), currency="currency", event_id="id", tz="UTC",
    attributes={"order": "id"},
    takes=(
        jl.Take("placed", time="created_at", value="total"),
        jl.Take("cancelled", time="cancelled_at", value=Negative("total")),
        jl.Take("refund", each="refunds", time="refunds.at", value=Negative("refunds.amount"),
                when=Is("refunds.status", "done"), attributes={"refund": "refunds.id"}),
    ),
    not_events=Is("kind", "draft"),
)  # fmt: skip
ORDER_ROWS = [
    {"id": "1", "customer": {"id": "07"}, "email": "a@example.com", "total": "10.50", "currency": "EUR", "kind": "order",
     "created_at": "2025-01-01", "cancelled_at": None, "refunds": [
         {"id": "r1", "at": "2025-01-03T10:00:00+01:00", "amount": "2.5", "status": "done"},
         {"id": "r2", "at": "2025-01-04", "amount": "3", "status": "failed"},
         {"id": "r3", "at": None, "amount": "3", "status": "done"},
     ]},
    {"id": "2", "customer": None, "email": "b@example.com", "total": "7", "currency": "EUR", "kind": "order",
     "created_at": "2025-01-02", "cancelled_at": "2025-01-05", "refunds": []},
    {"id": "3", "customer": None, "email": "b@example.com", "total": None, "currency": None, "kind": "order",
     "created_at": None, "cancelled_at": None, "refunds": []},
    {"id": "4", "customer": None, "email": None, "total": None, "currency": None, "kind": "draft",
     "created_at": "2025-01-01", "cancelled_at": None, "refunds": []},
]  # fmt: skip


@pytest.mark.parametrize("container", ["lines", "array", "envelope", "frame", "pandas"])
def test_takes_make_events_and_every_candidate_is_accounted_for(container):
    whole = pa.Table.from_pylist(ORDER_ROWS)
    data = {
        "lines": lambda: lines(*ORDER_ROWS),
        "array": lambda: named(json.dumps(ORDER_ROWS, indent=2).encode(), "a.json"),
        "envelope": lambda: named(
            json.dumps({"next": None, "orders": ORDER_ROWS, "n": 4}).encode(), "a.json"
        ),
        "frame": lambda: whole,
        "pandas": lambda: whole.to_pandas(),
    }[container]()
    log = read(data, ORDERS)
    found = log.to_pandas()[["actor", "event", "value", "order", "refund"]].astype(object)
    assert found.where(found.notna(), None).to_numpy().tolist() == [
        ["07", "placed", found["value"][0], "1", None],
        ["07", "refund", found["value"][1], "1", "r1"],
        ["b@example.com", "placed", found["value"][2], "2", None],
        ["b@example.com", "cancelled", found["value"][3], "2", None],
    ]
    assert [str(v.normalize()) for v in found["value"]] == ["10.5", "-2.5", "7", "-7"]
    assert log.card.reasons == {"TS_NULL": 2, "NOT_AN_EVENT": 1}
    rejected = jl.Rejects(log.rejects).table
    assert rejected["column"].tolist() == ["refunds.at", "created_at", ""]
    assert [json.loads(raw)["id"] for raw in rejected["raw"]] == ["1", "3", "4"]


def test_a_row_delivered_twice_counts_once():
    log = read(lines(*ORDER_ROWS, ORDER_ROWS[1]), ORDERS)
    assert (log.card.deduplicated, log.card.rows_in) == (2, 9)
    changed = dict(ORDER_ROWS[1], total="8")
    assert read(lines(ORDER_ROWS[1], changed), ORDERS).card.reasons == {"DUP_ID_CONFLICT": 2}
    assert read(lines(ORDER_ROWS[1], changed), ORDERS.but(same_id="first")).card.deduplicated == 2
    assert read(lines(ORDER_ROWS[1], changed), ORDERS.but(same_id="keep")).card.kept == 4


def test_times_that_are_written_otherwise():
    form = jl.Format(
        name="mine", actor="who", received=Stamp("ms", unit="ms"),
        takes=(
            jl.Take("a", time=Stamp("s", unit="s")),
            jl.Take("b", time=Stamp("day", format="%d.%m.%Y", tz="Europe/Berlin")),
        ),
    )  # fmt: skip
    log = read(lines({"who": "u", "s": 1735732800, "ms": 1735732800123, "day": "02.01.2025"}), form)
    assert log.to_pandas()["time"].astype(str).tolist() == [
        "2025-01-01 12:00:00+00:00",
        "2025-01-01 23:00:00+00:00",
    ]
    assert log.to_pandas()["received"].astype(str).tolist()[0].startswith("2025-01-01 12:00:00.123")


def test_what_the_caller_says_holds_for_every_take():
    log = read(lines(*ORDER_ROWS), ORDERS, value="id", actor="email", tz="America/New_York")
    assert {str(v.normalize()) for v in log.to_pandas()["value"]} == {"1", "2"}
    assert "a@example.com" in set(log.to_pandas()["actor"])
    with pytest.raises(ConfigError, match="takes several events from a row"):
        jl.read(lines(*ORDER_ROWS), format=ORDERS, time="created_at")


def test_columns_of_choice():
    log = read(lines(*ORDER_ROWS), ORDERS, columns=["order", "customer.id", "kind"])
    assert set(log.columns) >= {"order", "customer.id", "kind"}
    assert not {"refund", "refunds", "email"} & set(log.columns)
    with pytest.raises(MissingColumnError, match="did you mean 'order'"):
        jl.read(lines(*ORDER_ROWS), format=ORDERS, columns=["ordr"])


def test_a_key_that_stands_twice_in_a_nested_object_is_a_reject():
    raw = b'{"who": {"id": "a", "id": "b"}, "what": "x", "when": "2025-01-01"}'
    log = read(named(raw, "a.jsonl"), BASE.but(actor="who.id"))
    assert log.card.reasons == {"ROW_SHAPE": 1}
    assert jl.Rejects(log.rejects).table["raw"][0] == raw.decode()


def test_names_of_formats():
    known = jl.formats()
    assert len(known) == len(set(known)) >= 40
    with pytest.raises(ConfigError, match="did you mean 'ga4'"):
        known["ga44"]
    with pytest.raises(ConfigError, match="did you mean 'time_unit'"):
        known["ga4"].but(time_units="s")
    assert list(known.table.columns) == ["format", "about", "actor", "event", "time"]
    assert known.table[["about", "actor", "event", "time"]].ne("").all(axis=None)


def test_each_format_has_a_fixture_a_golden_table_and_a_word_on_what_to_beware_of():
    for name, form in jl.formats().items():
        assert len(list((HERE / "fixtures").glob(f"{name}.*"))) == 1, name
        assert (HERE / "golden" / f"{name}.csv").exists(), name
        assert form.about and form.traps, name
        assert form.docs.startswith("https://") != (name in NO_PAGE), name


def test_a_format_is_told_in_a_few_lines():
    form = BASE.but(about="mine alone", takes=(jl.Take("made", attributes={"page": "url"}),), event=None)
    said = [
        "Format 'mine': mine alone",
        "  actor 'who'",
        "  event always 'made'",
        "  time  'when'",
        "  also  page",
    ]
    assert repr(form).splitlines() == said
    assert max(len(repr(form)) for form in jl.formats().values()) < 1000


@pytest.mark.parametrize(
    "changes", [{"actor": 5}, {"takes": (jl.Take("a", time=b"at"),)}, {"attributes": {"x": 1.5}}]
)
def test_what_is_no_field_is_refused_when_it_is_declared(changes):
    with pytest.raises(ConfigError, match="is no field"):
        BASE.but(**changes)


def test_rows_in_an_envelope_are_named():
    raw = b'{"body": {"id": 1, "created_at": "2025-01-01T00:00:00Z"}}\n'
    with pytest.raises(MissingColumnError, match="if the records are inside 'body', write what is inside"):
        jl.read(named(raw, "a.jsonl"), format="shopify")


def test_an_input_without_any_event_is_told():
    rows = pd.DataFrame({"who": ["a", "b"], "what": ["draft"] * 2, "when": ["2025-01-01"] * 2})
    with pytest.warns(LoadWarning, match="no event in 2 rows.*NOT_AN_EVENT"):
        log = jl.read(rows, format=BASE.but(not_events=Is("what", "draft")))
    assert (log.n_events, log.card.rejected) == (0, 2)


def test_the_page_of_the_formats_is_what_the_declarations_say():
    assert (ROOT / "docs" / "formats.md").read_text(encoding="utf-8") == jl.formats().page(), (
        "run python scripts/formats_page.py"
    )


def test_command_line(capsys):
    assert run(["formats"]) == 0
    listed = capsys.readouterr().out.splitlines()
    ga4 = listed.index("ga4: Google Analytics 4, export to BigQuery (JSON, Parquet or a query's result)")
    assert listed[ga4 + 1 : ga4 + 5] == [
        "    actor user_id or user_pseudo_id", "    event event_name", "    time  event_timestamp", "",
    ]  # fmt: skip
    assert "    event event or (type and name) or type" in listed
    assert run(["formats", "stripe_charges"]) == 0
    lines = capsys.readouterr().out.splitlines()
    roles = lines[2 : lines.index("", 2)]
    assert len({len(line) - len(line[18:].lstrip()) for line in roles}) == 1, "the words stand in one column"
    assert run(["formats", "stripe_charges", "--json"]) == 0
    mapping = json.loads(capsys.readouterr().out)["mapping"]
    assert mapping["currency"] == "currency, by name"
    assert mapping["link (payment)"].count(" is customer.id") == 2, "two links of one kind are both told"
    assert run(["formats", "ga5"]) == 2
    file = Path(__file__).parent / "fixtures" / "posthog.jsonl"
    assert run(["describe", str(file), "--format", "posthog"]) == 0
    assert "6 in = 3 kept + 2 rejected + 1 duplicates" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'[{"who": "a"}, {"who": ', "cut off"),
        (b'[{"who": "a"}] x', "something follows"),
        (b'{"a": [{"who": "a"}], "b": [{"who": "b"}]}', "several lists of objects: ['a', 'b']"),
        (b"[]", "empty"),
    ],
)
def test_json_that_is_no_list_of_rows(raw, said):
    with pytest.raises((ParseError, SchemaError)) as caught:
        jl.read(named(raw, "a.json"), format=BASE)
    assert said in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from('ab"\\é'), json_values, max_size=4), min_size=1, max_size=12
    ),
    indent=st.sampled_from([None, 1]),
)
def test_arrays_are_laid_out_as_lines(rows, indent):
    rows = [{"who": "u", "what": str(k), "when": "2025-01-01", **row} for k, row in enumerate(rows)]
    as_array = read(named(json.dumps(rows, indent=indent).encode(), "a.json"), BASE).to_pandas()
    as_lines = read(lines(*rows), BASE).to_pandas()
    assert as_array["event"].tolist() == as_lines["event"].tolist()
    if indent is None:
        assert as_array.equals(as_lines)


pair_values = st.none() | st.text(max_size=5) | st.integers(-9, 9) | st.fixed_dictionaries(
    {}, optional={"string_value": st.none() | st.text(max_size=5), "int_value": st.none() | st.integers(-99, 99).map(str)}
)  # fmt: skip
pairs = st.lists(
    st.fixed_dictionaries({"key": st.sampled_from(["k", "l", "other", '"k"']), "value": pair_values}),
    max_size=5,
)


@settings(max_examples=80, deadline=None)
@given(
    rows=st.lists(
        pairs | st.just("text") | st.just({"k": "in an object"}) | st.none(), min_size=1, max_size=10
    )
)
def test_lists_of_pairs_are_read_as_python_reads_them(rows):
    texts = pa.array([json.dumps(row) for row in rows])
    for found, key in zip(of_text(texts).pairs(["k", "l"], "key", "value"), ("k", "l"), strict=True):
        got = [
            None if k <= kind.MISSING else v
            for k, v in zip(found.kinds, found.to_arrow()[0].to_pylist(), strict=True)
        ]
        assert got == [plain_pair(row, key) for row in rows]


def plain_pair(row, key):
    if not isinstance(row, list):
        return None
    value = next((p["value"] for p in row if p["key"] == key), None)
    if isinstance(value, dict) and value:
        value = next((v for v in value.values() if v is not None), None)
    if isinstance(value, dict):
        return "{}"
    return None if value is None else str(value)


def workbook(*sheets: tuple[str, list[list]]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"})
    for name, rows in sheets:
        sheet = book.add_worksheet(name)
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                if value is not None:
                    sheet.write(i, j, value)
    book.close()
    return out.getvalue()


HEAD = ["who", "what", "when", "n"]


def test_excel_keeps_ids_and_times():
    at = dt.datetime(2025, 1, 2, 3, 4, 5)
    rows = [HEAD, ["00123", "a", at, 1], [None] * 4, ["123", "b", at, 2.5], ["x", "c", None, None]]
    log = read(named(workbook(("one", rows)), "a.xlsx"), BASE)
    assert log.to_pandas()[["actor", "event", "n"]].to_numpy().tolist() == [
        ["00123", "a", 1.0],
        ["123", "b", 2.5],
    ]
    assert log.to_pandas()["time"].astype(str).tolist() == ["2025-01-02 03:04:05+00:00"] * 2
    assert jl.Rejects(log.rejects).table["row"].tolist() == [4]


def test_excel_number_ids_are_the_integers_they_stand_for():
    log = read(named(workbook(("one", [HEAD, [17850, "a", "2025-01-02", 1]])), "a.xlsx"), BASE)
    assert log.to_pandas()["actor"].tolist() == ["17850"]
    with pytest.raises(SchemaError, match="neighbours have merged"):
        read(named(workbook(("one", [HEAD, [9007199254740993, "a", "2025-01-02", 1]])), "a.xlsx"), BASE)


def test_excel_sheets_are_named():
    raw = workbook(("notes", [["x"]]), ("events", [HEAD, ["u", "a", "2025-01-02", 1]]))
    with pytest.raises(ConfigError, match="has the sheets"):
        jl.read(named(raw, "a.xlsx"), format=BASE)
    assert jl.read(named(raw, "a.xlsx"), format=BASE, container="xlsx:events").n_events == 1
    assert jl.read(named(raw, "a.xlsx"), format=BASE, sheet="events").n_events == 1
    for how in ({"container": "xlsx:event"}, {"sheet": "event"}):
        with pytest.raises(ConfigError, match="did you mean 'events'"):
            jl.read(named(raw, "a.xlsx"), format=BASE, **how)
    with pytest.raises(ConfigError, match="sheet='x' and container='csv' do not go together"):
        jl.read(named(raw, "a.xlsx"), format=BASE, sheet="x", container="csv")


def test_excel_that_is_none():
    with pytest.raises(ParseError, match="damaged or is none"):
        jl.read(named(b"PK\x03\x04 nothing", "a.xlsx"), format=BASE)
    with pytest.raises(ParseError, match="max_decompressed_bytes"):
        jl.read(named(workbook(("one", [HEAD])), "a.xlsx"), format=BASE, max_decompressed_bytes=100)


OTHERS = [
    ("magento_creditmemos.jsonl", "magento"), ("magento.jsonl", "magento_creditmemos"),
    ("stripe_charges.jsonl", "stripe_refunds"), ("stripe_refunds.jsonl", "stripe_charges"),
    ("woocommerce.jsonl", "woocommerce_refunds"), ("woocommerce_refunds.jsonl", "woocommerce"),
    ("zendesk_audits.jsonl", "zendesk_comments"), ("salesforce_task.csv", "salesforce_lead"),
    ("salesforce_task.csv", "salesforce_case"), ("salesforce_case.csv", "salesforce_task"),
    ("salesforce_case.csv", "salesforce_campaign_member"), ("salesforce_opportunity_history.csv", "salesforce_lead"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "name"), OTHERS, ids=lambda one: str(one))
def test_another_export_of_the_same_vendor_is_refused(file: str, name: str) -> None:
    with pytest.raises(jl.errors.MissingColumnError, match=f"{name}' needs what is not there.*Fix: "):
        jl.read(HERE / "fixtures" / file, format=jl.formats()[name].but(tz="UTC"))


def test_what_an_export_is_known_by_may_stand_in_a_later_row_and_may_be_waived(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "date_created_gmt": "2025-01-01T10:00:00"},
        {"id": 2, "date_created_gmt": "2025-01-02T10:00:00"},
    ]
    file = tmp_path / "orders.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(
        jl.errors.MissingColumnError, match=r"known by: 'total' or .*Fix: check .*known_by=None\)"
    ):
        jl.read(file, format="woocommerce")
    form = jl.formats()["woocommerce"].but(known_by=None)
    assert jl.read(file, format=form).card.kept == 2
    rows[1]["total"] = "10.00"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert jl.read(file, format="woocommerce").card.kept == 2
