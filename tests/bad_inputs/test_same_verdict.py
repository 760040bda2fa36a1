"""Any table out of bad values has one verdict in every container: the same rows kept, the same reasons for the others."""

from __future__ import annotations

import datetime as dt
import math
import random
import warnings
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.errors import LoadWarning
from tests.bad_inputs.boxes import BOXES, ROLES, TYPED, put

NOW = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
USERS = [
    "u1",
    "u2",
    "U1",
    "u1 ",
    "00123",
    "123",
    "null",
    "0",
    "",
    None,
    "n/a",
    "жук",
    "a,b",
    'a"b',
    "a\nb",
    "é",
    "e\u0301",
    "x" * 300,
]
EVENTS = ["a", "b", "a > b", "", None, "\t", "=1", "🛒", "start", "null", "long" * 40]
TIMES = [
    "2024-01-01", "2024-01-01 10:00:00", "2024-01-01T10:00:00+03:00", "2024-01-01 10:00:00.1234567", "2024-02-30", "", None,
    "2024-03-31 02:30:00", "2023-10-29 02:30:00", "9999-12-31", "2030-01-01", "01.02.2024", "1704110400", "infinity", "now",
]  # fmt: skip
PRICES = [
    "1",
    "-2.50",
    "0.0000005",
    "1e3",
    "1e400",
    "inf",
    "NaN",
    "",
    None,
    "1,5",
    "$5",
    "9223372036854.775807",
    "9223372036855",
    "٣",
]
MARKS = ["1", "2", "3", "", None]
NUMBERS = [1.0, -2.5, 0.1, 1e300, math.inf, -math.inf, math.nan, None, 9.3e12, -9.2e12, 5e-7, 1e-30]
STAMPS = [1_704_110_400, 1_704_110_400_000, -1, 0, None, 2**53, 2**62, -(2**62), 2_000_000_000]


def rows(**columns: list[Any]) -> Any:
    return st.lists(
        st.fixed_dictionaries({name: st.sampled_from(pool) for name, pool in columns.items()}),
        min_size=1,
        max_size=9,
    )


def verdict(given: Any, **how: Any) -> Any:
    """Return what is kept and what is not, however it is ordered; or the class of the error.

    That a value is NaN is noted where it can be told: pandas writes what is missing like this.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LoadWarning)
            log = jl.read(given, now=NOW, **{**ROLES, **how})
    except jl.errors.JourneylogError as error:
        return type(error).__name__
    frame = log.to_arrow().to_pylist()
    roles = [name for name in ("actor", "event", "time", "value", "event_id") if frame and name in frame[0]]
    kept = sorted(tuple(str(row[name]) for name in roles) for row in frame)
    rejects = sorted((r["row"], r["reason"], r["column"]) for r in log.rejects.to_pylist())
    card = log.card
    assert card.rows_in == card.kept + card.rejected + card.deduplicated
    return (
        kept,
        rejects,
        card.deduplicated,
        card.ties,
        [n for n in card.notes if "NaN" not in n],
    )


def disagreeing(table: pa.Table, boxes: Any, folder: Path, **how: Any) -> dict[str, Any]:
    """Return the verdicts of the first container and of those that say otherwise; none where all say the same."""
    first, *others = boxes
    if not others:
        raise ValueError(f"{first} alone agrees with itself")
    found = {box: verdict(put(table, box, folder), **how) for box in boxes}
    otherwise = {box: found[box] for box in others if found[box] != found[first]}
    return {first: found[first], **otherwise} if otherwise else {}


def test_one_container_is_nothing_to_hold_against(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="alone"):
        disagreeing(pa.table({"user_id": ["u"], "event": ["a"], "ts": ["2024-01-01"]}), ["csv"], tmp_path)


every: Any = settings.default
quick = settings(
    max_examples=12 if every.derandomize else every.max_examples,  # each example is written ten times
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@quick
@given(
    listed=rows(user_id=USERS, event=EVENTS, ts=TIMES, price=PRICES, mark=MARKS),
    tz=st.sampled_from(["UTC", "Europe/Berlin", None]),
)
def test_texts(listed: list[dict[str, Any]], tz: str | None, tmp_path: Path) -> None:
    schema = pa.schema([(name, pa.string()) for name in ("user_id", "event", "ts", "price", "mark")])
    table = pa.Table.from_pylist(listed, schema)
    assert disagreeing(table, BOXES, tmp_path, tz=tz, value="price", event_id="mark") == {}


@quick
@given(
    listed=rows(user_id=[1, 2, 0, None, 2**53 + 1], event=["a"], ts=STAMPS, price=NUMBERS),
    unit=st.sampled_from(["s", "ms"]),
)
def test_numbers(listed: list[dict[str, Any]], unit: str, tmp_path: Path) -> None:
    kinds = {"user_id": pa.int64(), "event": pa.string(), "ts": pa.int64(), "price": pa.float64()}
    table = pa.Table.from_pylist(listed, pa.schema(kinds.items()))
    whole = all(row["user_id"] is not None and row["ts"] is not None for row in listed)
    # pandas makes floats of integers where one is missing, and those it has bent are refused
    boxes = [box for box in TYPED if whole or box != "pandas"]
    assert disagreeing(table, boxes, tmp_path, time_unit=unit, value="price") == {}


@pytest.mark.parametrize("seed", range(3))
def test_a_large_table(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    listed = [
        {
            "user_id": dice.choice(USERS),
            "event": dice.choice(EVENTS),
            "ts": dice.choice(TIMES),
            "price": dice.choice(PRICES),
            "mark": str(i),
        }
        for i in range(400)
    ]
    table = pa.Table.from_pylist(listed)
    assert disagreeing(table, BOXES, tmp_path, value="price", event_id="mark") == {}
