"""Records in an object of their own, as ``{"order": {...}}``, are read as what is inside."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import journeylog as jl
from journeylog.errors import LoadWarning, MissingColumnError
from journeylog.ingest.containers.envelopes import Inside

ORDER: dict[str, Any] = {
    "id": 450789469,
    "email": "bob@mail.example",
    "created_at": "2025-01-10T11:00:00-05:00",
    "currency": "USD",
    "financial_status": "partially_refunded",
    "note": 'a "}" in a text, and {"order": {}}',
    "total_price": "598.94",
    "customer": {"id": 207119551},
    "refunds": [
        {
            "id": 509562969,
            "created_at": "2025-02-11T13:15:00-04:00",
            "transactions": [{"id": 1, "amount": "209.00", "kind": "refund", "status": "success"}],
        }
    ],
}


def rows(path: Path) -> list[list[Any]]:
    frame = jl.read(path, format="shopify").to_pandas()
    assert frame["note"].tolist() == [ORDER["note"]] * len(frame)
    return [[a, e, str(t), float(v)] for a, e, t, v in frame[["actor", "event", "time", "value"]].to_numpy()]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("one.json", json.dumps({"order": ORDER})),
        ("pretty.json", "\n" + json.dumps({"order": ORDER}, indent=2).replace("\n", "\r\n") + "\r\n"),
        ("array.json", json.dumps([{"order": ORDER}], indent=1)),
        ("lines.jsonl", json.dumps({"order": ORDER}) + "\n"),
        ("bare.jsonl", json.dumps(ORDER) + "\n"),
        ("list.json", json.dumps({"orders": [ORDER]})),
    ],
)
def test_an_order_is_the_same_in_an_envelope_and_without(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_bytes(text.encode())
    assert rows(file) == [
        ["207119551", "order_placed", "2025-01-10 16:00:00+00:00", 598.94],
        ["207119551", "refund", "2025-02-11 17:15:00+00:00", -209.0],
    ]


def test_a_line_that_is_no_envelope_stays_as_it_is(tmp_path: Path) -> None:
    plain = {**ORDER, "refunds": []}
    lines = [{"order": plain}, {**plain, "id": 5}, {"order": plain, "shop": {"id": 1}}]
    file = tmp_path / "mixed.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    with pytest.warns(LoadWarning, match="1 of 3 rows were rejected"):
        log = jl.read(file, format="shopify")
    assert sorted(log.to_pandas()["order"]) == ["450789469", "5"]


def test_another_word_is_no_envelope(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text(json.dumps({"checkout": ORDER}), encoding="utf-8")
    with pytest.raises(MissingColumnError, match="if the records are inside 'checkout'"):
        jl.read(file, format="shopify")


@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_lines_are_opened_whatever_is_read_at_once(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("journeylog.ingest.containers.envelopes._BLOCK", size)
    text = b'{"order": {"a": 1}}\n\n {"order" : {"b": "}"} } \r\n{"order": {"c": 1}, "d": 2}\n{"order": {"e"'
    stream = Inside(io.BytesIO(text), "order")
    taken = []
    while data := stream.read(size):
        taken.append(data)
    assert b"".join(taken) == (b'{"a": 1}\n\n{"b": "}"}\n{"order": {"c": 1}, "d": 2}\n{"order": {"e"')
