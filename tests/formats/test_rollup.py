"""Lines put together: any order and any cuts give the records that a plain loop gives."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeylog.core.time import time_rule
from journeylog.errors import ConfigError
from journeylog.ingest.containers.base import Piece
from journeylog.ingest.formats.rollup import Records, Rollup, lines_of, records_of

RULE = time_rule(unit=None, format=None, tz="UTC", ambiguous="reject", time_range=None, now=None)
GROUP = Rollup(
    by="order", sums={"total": ("n", "price")}, earliest=("at",), lists=("item",), one=("who",), leave=("n", "price")
)  # fmt: skip
MICRO = Decimal("0.000001")

LINE = st.fixed_dictionaries(
    {
        "order": st.sampled_from(["1", "2", "3", None, ""]),
        "n": st.one_of(st.none(), st.decimals(-50, 50, places=3).map(str)),
        "price": st.one_of(st.none(), st.just("?"), st.decimals(0, 1000, places=4).map(str)),
        "at": st.sampled_from(["2024-01-01T00:00:00Z", "2024-01-01T00:30:00+01:00", "2024-01-02", None]),
        "item": st.sampled_from(["a", "b", 'ü"', None]),
        "who": st.sampled_from(["x", "x", "x", "y", None]),
        "where": st.sampled_from(["N", "S", None]),
    }
)
KINDS = pa.schema([(name, pa.string()) for name in ("order", "n", "price", "at", "item", "who", "where")])


def put_together(lines: list[dict[str, Any]], order: list[int], cuts: list[int]) -> Records:
    """Return the records of lines that are read in an order and in parts."""
    parts = []
    for places in np.split(np.array(order, dtype=np.int64), sorted(c % (len(order) + 1) for c in cuts)):
        batch = pa.RecordBatch.from_pylist([lines[i] for i in places], KINDS)
        parts.append(lines_of(GROUP, Piece(batch, places + 1), 0, RULE))
    return records_of(GROUP, parts, RULE)


def expected(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the records of lines are, line by line: the specification."""
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for i, line in enumerate(lines):
        groups[line["order"] or i].append(line)
    found = []
    for mine in groups.values():
        people = {line["who"] for line in mine} - {None}
        # A line without a quantity has no amount whatever its price says, unless that cannot be read.
        if len(people) > 1 or any(line["price"] == "?" for line in mine):
            continue
        amounts = [
            None
            if line["n"] is None or line["price"] is None
            else Decimal(line["n"]) * Decimal(line["price"])
            for line in mine
        ]
        places = {line["where"] for line in mine} - {None}
        found.append(
            {
                "order": mine[0]["order"] or None,
                "total": None
                if None in amounts
                else sum((a.quantize(MICRO, ROUND_HALF_EVEN) for a in amounts if a is not None), Decimal(0)),
                "lines": len(mine),
                "at": min((line["at"] for line in mine if line["at"]), key=moment, default=None),
                "item": sorted(line["item"] for line in mine if line["item"]),
                "who": next(iter(people), None),
                "where": places.pop() if len(places) == 1 else None,
            }
        )
    return found


def moment(stamp: str) -> str:
    """Return what puts the times used here in order; of two equal ones the least text counts."""
    return {"2024-01-01T00:30:00+01:00": "0", "2024-01-01T00:00:00Z": "1", "2024-01-02": "2"}[stamp]


def by_content(record: dict[str, Any]) -> str:
    """Return what puts records in order, whatever the order of their columns."""
    return repr(sorted(record.items()))


def plain(records: Records) -> list[dict[str, Any]]:
    """Return records in the form of :func:`expected`."""
    rows = records.pieces[0].rows.to_pylist() if records.pieces else []
    return [
        {
            **row,
            "item": json.loads(row["item"]),
            "total": None if row["total"] is None else Decimal(row["total"]),
        }
        for row in rows
    ]


@given(
    st.lists(LINE, max_size=12), st.randoms(use_true_random=False), st.lists(st.integers(0, 20), max_size=3)
)
def test_any_order_and_any_cuts_are_the_plain_loop(
    lines: list[dict[str, Any]], random: Any, cuts: list[int]
) -> None:
    order = list(range(len(lines)))
    straight = put_together(lines, order, [])
    random.shuffle(order)
    mixed = put_together(lines, order, cuts)
    assert sorted(plain(straight), key=by_content) == sorted(expected(lines), key=by_content)
    assert plain(mixed) == plain(straight)
    assert mixed.notes == straight.notes
    bad = [piece.bad for piece in straight.pieces.values()]
    assert [piece.bad for piece in mixed.pieces.values()] == bad
    n = sum(len(piece.row) + len(piece.bad) for piece in straight.pieces.values())
    assert n == len({line["order"] or i for i, line in enumerate(lines)})


def test_the_columns_it_needs_and_the_ones_it_leaves() -> None:
    assert GROUP.needs == ("order", "n", "price", "at")
    assert GROUP.kept(["order", "n", "where"]) == ["order", "where"]
    with pytest.raises(ConfigError, match="total"):
        GROUP.kept(["order", "total"])


def test_a_record_stands_where_its_first_line_stands() -> None:
    batch = pa.RecordBatch.from_pylist(
        [{"order": "1", "n": "1", "price": "2"}, {"order": "1", "n": "1", "price": "3"}], KINDS
    )
    second = lines_of(GROUP, Piece(batch, np.array([5, 6]), np.array([6, 7])), 1, RULE)
    first = lines_of(GROUP, Piece(batch.slice(1), np.array([9]), np.array([10])), 0, RULE)
    found = records_of(GROUP, [second, first], RULE)
    assert list(found.pieces) == [0]
    piece = found.pieces[0]
    assert (piece.row.tolist(), piece.line.tolist()) == ([9], [10])  # type: ignore[union-attr]
    assert piece.rows.column("total").to_pylist() == ["8.000000"]
