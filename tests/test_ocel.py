"""OCEL: the same log of objects in three writings gives the same journeys; version 1.0 by its keys; nothing runs."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import journeylog as jl
from journeylog.errors import ConfigError, LoadWarning, ParseError, SchemaError

BEGINNING = "1970-01-01T00:00:00Z"
ATTRIBUTES = [{"name": "price", "type": "float"}, {"name": "late", "type": "boolean"}]
LOG: dict[str, Any] = {
    "objectTypes": [{"name": "order", "attributes": ATTRIBUTES}, {"name": "item", "attributes": []}],
    "eventTypes": [{"name": "place order", "attributes": [{"name": "by", "type": "string"}]},
                   {"name": "send", "attributes": []}, {"name": "audit", "attributes": []}],
    "events": [
        {"id": "e1", "type": "place order", "time": "2024-01-01T10:00:00+01:00",
         "attributes": [{"name": "by", "value": "Ann"}],
         "relationships": [{"objectId": "007", "qualifier": "the order"}, {"objectId": "i1", "qualifier": ""}]},
        {"id": "e2", "type": "send", "time": "2024-01-03T10:00:00Z", "attributes": [],
         "relationships": [{"objectId": "007", "qualifier": "first"}, {"objectId": "7", "qualifier": "second"},
                           {"objectId": "007", "qualifier": "again"}, {"objectId": "i1", "qualifier": ""},
                           {"objectId": "i2", "qualifier": ""}]},
        {"id": "e3", "type": "audit", "time": "2024-01-04T10:00:00Z", "attributes": [], "relationships": []},
        {"id": "e4", "type": "send", "time": "2024-01-05T10:00:00Z", "attributes": [],
         "relationships": [{"objectId": "nobody", "qualifier": ""}]},
    ],
    "objects": [
        {"id": "007", "type": "order", "attributes": [
            {"name": "price", "time": BEGINNING, "value": 12.5}, {"name": "late", "time": BEGINNING, "value": False},
            {"name": "price", "time": "2024-01-02T00:00:00Z", "value": 10.25}]},
        {"id": "7", "type": "order", "attributes": []},
        {"id": "i1", "type": "item", "attributes": []}, {"id": "i2", "type": "item", "attributes": []},
    ],
}  # fmt: skip


def as_json(path: Path) -> Path:
    path.write_text(json.dumps(LOG, indent=1))
    return path


def as_xml(path: Path) -> Path:
    def cells(one: dict[str, Any]) -> str:
        def value(a: dict[str, Any]) -> str:
            since = f' time="{a["time"]}"' if "time" in a else ""
            return f'<attribute name="{a["name"]}"{since}>{str(a["value"]).replace("False", "false")}</attribute>'

        return f"<attributes>{''.join(map(value, one['attributes']))}</attributes>"

    def touched(one: dict[str, Any]) -> str:
        listed = [
            f'<relationship object-id="{r["objectId"]}" qualifier="{r["qualifier"]}"/>'
            for r in one["relationships"]
        ]
        return f"<objects>{''.join(listed)}</objects>"

    def types(word: str) -> str:
        listed = []
        for t in LOG[f"{word}Types"]:
            inner = "".join(f'<attribute name="{a["name"]}" type="{a["type"]}"/>' for a in t["attributes"])
            listed.append(f'<{word}-type name="{t["name"]}"><attributes>{inner}</attributes></{word}-type>')
        return f"<{word}-types>{''.join(listed)}</{word}-types>\n"

    objects = [f'<object id="{o["id"]}" type="{o["type"]}">{cells(o)}</object>' for o in LOG["objects"]]
    events = [
        f'<event id="{e["id"]}" type="{e["type"]}" time="{e["time"]}">{cells(e)}{touched(e)}</event>'
        for e in LOG["events"]
    ]
    path.write_text(
        f"<?xml version='1.0' encoding='UTF-8'?>\n<log>{types('object')}{types('event')}"
        f"<objects>{''.join(objects)}</objects>\n<events>{''.join(events)}</events></log>"
    )
    return path


def as_sqlite(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as c:
        c.executescript("""
            CREATE TABLE event_map_type (ocel_type TEXT, ocel_type_map TEXT);
            CREATE TABLE object_map_type (ocel_type TEXT, ocel_type_map TEXT);
            INSERT INTO event_map_type VALUES ('place order', 'PlaceOrder'), ('send', 'Send'), ('audit', 'Audit');
            INSERT INTO object_map_type VALUES ('order', 'Order'), ('item', 'Item');
            CREATE TABLE event (ocel_id TEXT, ocel_type TEXT);
            CREATE TABLE object (ocel_id TEXT, ocel_type TEXT);
            CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT);
            CREATE TABLE event_PlaceOrder (ocel_id TEXT, ocel_time TIMESTAMP, "by" TEXT);
            CREATE TABLE event_Send (ocel_id TEXT, ocel_time TIMESTAMP);
            CREATE TABLE event_Audit (ocel_id TEXT, ocel_time TIMESTAMP);
            CREATE TABLE object_Order (ocel_id TEXT, ocel_time TIMESTAMP, ocel_changed_field TEXT,
                                       "price" REAL, "late" BOOLEAN);
            CREATE TABLE object_Item (ocel_id INTEGER, ocel_time TIMESTAMP);
            INSERT INTO object_Order VALUES ('007', '1970-01-01 01:00:00', NULL, 12.5, 'false'),
                                            ('007', '2024-01-02T00:00:00Z', 'price', 10.25, NULL);
        """)
        table = {"place order": "PlaceOrder", "send": "Send", "audit": "Audit"}
        for e in LOG["events"]:
            c.execute("INSERT INTO event VALUES (?, ?)", (e["id"], e["type"]))
            cells = [e["id"], e["time"], *(a["value"] for a in e["attributes"])]
            c.execute(f"INSERT INTO event_{table[e['type']]} VALUES ({', '.join('?' * len(cells))})", cells)
            for r in e["relationships"]:
                c.execute(
                    "INSERT INTO event_object VALUES (?, ?, ?)", (e["id"], r["objectId"], r["qualifier"])
                )
        c.executemany("INSERT INTO object VALUES (?, ?)", [(o["id"], o["type"]) for o in LOG["objects"]])
        c.commit()
    return path


WRITINGS = {".jsonocel": as_json, ".xmlocel": as_xml, ".sqlite": as_sqlite}
#: By hand: object, event, time, id, qualifier, items, who, late, price.
JOURNEYS = [
    ("007", "place order", "2024-01-01T09:00:00+00:00", "e1", "the order", '["i1"]', "Ann", False, 12.5),
    ("007", "send", "2024-01-03T10:00:00+00:00", "e2", "first; again", '["i1", "i2"]', None, False, 10.25),
    ("7", "send", "2024-01-03T10:00:00+00:00", "e2", "second", '["i1", "i2"]', None, None, None),
]
COLUMNS = ["event", "ocel:eid", "ocel:qualifier", "ocel:type:item", "by", "case:late", "case:price"]


@pytest.fixture(params=WRITINGS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return WRITINGS[request.param](tmp_path / f"log{request.param}")


def test_the_three_writings_give_the_same_journeys(path: Path) -> None:
    log = jl.read(path, object_type="order")
    found = [
        (r["actor"], r["event"], r["time"].isoformat(), *(r[c] for c in COLUMNS[1:]))
        for r in log.to_arrow().to_pylist()
    ]
    assert found == JOURNEYS
    assert sorted(log.columns) == sorted(COLUMNS)
    assert (log.columns["case:price"], log.columns["case:late"]) == ("number", "bool")
    assert log.card.rows_in == 5 and log.card.reasons == {"NOT_AN_EVENT": 2}
    assert log.rejects.column("detail").to_pylist() == ["it touches no object of type 'order'"] * 2
    assert log.card.notes == (
        "4 events of the input, as the journeys of its objects of type 'order'",
        "1 events touch several of these objects and count for each of them",
        "1 times an event touches an object that the input does not describe",
    )


def test_whose_journeys_are_meant_must_be_said(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'item' \(2\), 'order' \(2\).*Fix: say whose.*object_type='item'"):
        jl.read(path)
    with pytest.raises(ConfigError, match=r"no object is of type 'orders'.*did you mean 'order'"):
        jl.read(path, object_type="orders")


def test_one_type_needs_no_word() -> None:
    only = {**LOG, "objects": [o for o in LOG["objects"] if o["type"] == "item"]}
    log = jl.read(io.BytesIO(json.dumps(only).encode()), format="ocel")
    assert log.chunk.actors.to_pylist() == ["i1", "i2"]


@pytest.mark.parametrize("suffix", [".jsonocel", ".json", ".data"])
def test_version_1_is_known_by_its_keys_whatever_the_suffix(tmp_path: Path, suffix: str) -> None:
    old = {
        "ocel:global-log": {"ocel:version": "1.0", "ocel:object-types": ["order"]},
        "ocel:objects": {"o1": {"ocel:type": "order", "ocel:ovmap": {"price": 5}}, "i1": {"ocel:type": "item"}},
        "ocel:events": {
            "e1": {"ocel:activity": "pay", "ocel:timestamp": "2024-01-01T00:00:00Z", "ocel:omap": ["o1", "i1"],
                   "ocel:vmap": {"by": "Ann", "n": 4}},
        },
    }  # fmt: skip
    path = tmp_path / f"log{suffix}"
    path.write_text(json.dumps(old))
    row = jl.read(path, container="ocel", object_type="order").to_arrow().to_pylist()[0]
    assert (row["actor"], row["event"], row["by"], row["n"], row["case:price"]) == ("o1", "pay", "Ann", 4, 5)


def test_packed_and_from_open_files(path: Path, tmp_path: Path) -> None:
    plain = jl.read(path, object_type="order").to_arrow()
    packed = tmp_path / f"packed{path.suffix}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert jl.read(packed, object_type="order").to_arrow().equals(plain)
    with path.open("rb") as handle:
        assert jl.read(handle, container="ocel", object_type="order").to_arrow().equals(plain)


def test_xml_is_told_apart_by_its_elements(tmp_path: Path) -> None:
    assert jl.read(as_xml(tmp_path / "log.xml"), object_type="item").n_actors == 2
    (tmp_path / "xes.xml").write_text('<log><trace><string key="concept:name" value="c"/></trace></log>')
    with pytest.warns(LoadWarning, match="no event in 1 rows"):
        assert jl.read(tmp_path / "xes.xml").card.reasons == {"NOT_AN_EVENT": 1}


def test_json_is_read_in_pieces_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from journeylog.ingest.containers import ocel_json

    plain = jl.read(as_json(tmp_path / "log.jsonocel"), object_type="order").to_arrow()
    for size in (1, 7, 50):
        monkeypatch.setattr(ocel_json, "_BLOCK", size)
        assert jl.read(tmp_path / "log.jsonocel", object_type="order").to_arrow().equals(plain)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "no JSON"),
        ('{"events": [', "no JSON"),
        ('{"events": [}]}', "no JSON"),
        ('{"events": {}}', "no JSON"),
        ('{"events": []} x', "no JSON"),
        ('{"a": 1}', "without 'events'"),
        ('{"events": ' + "[" * 200_000, "no JSON|too deeply"),
        ("a,b", "no log of objects"),
        ("<log><events><event/></events></log>", "version 1.0 as XML"),
        ("<log><objects/></log>", "without <events>"),
        ('<!DOCTYPE log [<!ENTITY a "b">]><log/>', "never followed"),
        ("SQLite format 3\0" + "x" * 2000, "damaged"),
    ],
)
def test_what_is_no_log_of_objects_is_a_typed_error(text: str, why: str) -> None:
    with pytest.raises(ParseError, match=why):
        jl.read(io.BytesIO(text.encode()), format="ocel", object_type="x")


def test_a_type_of_objects_for_what_is_no_log_of_objects_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("who,what,when\na,b,2025-01-01\n", encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"object_type='order' is for logs of objects \(OCEL\), and .*t\.csv is none"
    ):
        jl.read(tmp_path / "t.csv", actor="who", event="what", time="when", tz="UTC", object_type="order")


def test_an_empty_file_is_none() -> None:
    with pytest.raises(SchemaError, match="empty"):
        jl.read(io.BytesIO(b""), format="ocel")


def test_an_event_that_is_none_and_a_time_that_is_none_are_rejects() -> None:
    wrong = {
        **LOG,
        "events": [*LOG["events"], "no event", {**LOG["events"][0], "id": "e9", "time": "yesterday"}],
    }
    with pytest.warns(LoadWarning):
        log = jl.read(io.BytesIO(json.dumps(wrong).encode()), format="ocel", object_type="order")
    assert log.card.reasons == {"NOT_AN_EVENT": 2, "ROW_SHAPE": 1, "TS_UNPARSEABLE": 1} and log.n_events == 3


def test_texts_that_are_none_cost_their_row() -> None:
    text = json.dumps(LOG).replace('"Ann"', '"\\ud800"')
    with pytest.warns(LoadWarning, match="ENCODING 1"):
        log = jl.read(io.BytesIO(text.encode()), format="ocel", object_type="order")
    assert log.n_events == 2


def test_a_database_that_wants_to_run_something_is_refused(tmp_path: Path) -> None:
    path = as_sqlite(tmp_path / "log.sqlite")
    with closing(sqlite3.connect(path)) as c:
        c.executescript("""
            DROP TABLE event_Send;
            CREATE TABLE event_Send (ocel_id TEXT, ocel_time TEXT AS (hex(zeroblob(1000))));
            INSERT INTO event_Send (ocel_id) VALUES ('e2');
        """)
    with pytest.raises(ParseError, match="not allowed"):
        jl.read(path, object_type="order")
    with closing(sqlite3.connect(path)) as c:
        c.executescript("""
            DROP TABLE event_Send;
            DROP TABLE event_object;
            CREATE VIEW event_object AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;
        """)
    with pytest.raises(ParseError, match="without the table 'event_object'"):
        jl.read(path, object_type="order")


def test_the_database_is_left_as_it_was(tmp_path: Path) -> None:
    path = as_sqlite(tmp_path / "log.sqlite")
    before = path.read_bytes()
    jl.read(path, object_type="item")
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["log.sqlite"]


def test_the_id_of_an_event_that_counts_twice_is_no_event_id() -> None:
    log = jl.read(io.BytesIO(json.dumps(LOG).encode()), format="ocel", object_type="order")
    assert log.card.deduplicated == 0 and log.to_arrow().column("ocel:eid").to_pylist() == ["e1", "e2", "e2"]


@pytest.mark.parametrize("suffix", WRITINGS)
def test_journeys_are_written_back_as_the_events_of_all_their_objects(tmp_path: Path, suffix: str) -> None:
    log = jl.read(as_json(tmp_path / "log.jsonocel"), object_type="order")
    written = jl.write(log, tmp_path / f"out{suffix}", object_type="order")
    assert written.read().to_arrow().to_pylist() == log.to_arrow().to_pylist()
    assert jl.read(written, object_type="item").to_arrow().column("event").to_pylist() == [
        "place order",
        "send",
        "send",
    ]
