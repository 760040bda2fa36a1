"""Cases that interleave: the values of a column inside each actor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylog.core.objects import object_level
from journeylog.core.schema import UNDECLARED
from journeylog.errors import MissingColumnError
from tests.oracles import steps as oracle
from tests.step_logs import Row, cases, everything, make_chunk, plain, rows

quick = settings(max_examples=40, deadline=None)
columns = st.sampled_from(["sid", "order", "channel", "note", "rate", "value", "event"])


@quick
@given(events=rows(), column=columns, alone=st.booleans())
def test_one_case_for_each_actor_and_value(events: list[Row], column: str, alone: bool) -> None:
    chunk = make_chunk(events)
    level = object_level(chunk, column, missing_alone=alone)
    found = cases(chunk.with_level("object", level), "object")
    assert found == oracle.objects(plain(chunk), column, missing_alone=alone)
    assert level.patience == UNDECLARED


@quick
@given(events=rows(), column=columns, alone=st.booleans(), parts=st.integers(1, 4))
def test_parts_make_the_same_cases(events: list[Row], column: str, alone: bool, parts: int) -> None:
    chunk = make_chunk(events)
    whole = chunk.with_level("object", object_level(chunk, column, missing_alone=alone))
    together: dict[str, object] = {}
    for part in chunk.split(parts):
        together |= everything(part.with_level("object", object_level(part, column, missing_alone=alone)))
    assert together == everything(whole)
    assert together == {k: v for part in whole.split(parts) for k, v in everything(part).items()}


@quick
@given(events=rows(), column=columns, alone=st.booleans())
def test_each_event_knows_its_case(events: list[Row], column: str, alone: bool) -> None:
    chunk = make_chunk(events)
    level = object_level(chunk, column, missing_alone=alone)
    owner = np.full(chunk.n_events, -1)
    for case, (_, where, _) in enumerate(cases(chunk.with_level("object", level), "object")):
        owner[where] = case
    assert level.case_of_event(chunk.n_events).tolist() == owner.tolist()
    assert chunk.time[level.first_event()].tolist() == [chunk.time[owner == c][0] for c in range(len(level))]


def test_the_order_is_left_out_where_nothing_interleaves() -> None:
    apart, mixed = make_chunk(given_ids("aabb")), make_chunk(given_ids("abab"))
    assert object_level(apart, "sid").order is None
    order = object_level(mixed, "sid").order
    assert order is not None and order.tolist() == [0, 2, 1, 3]


def test_an_event_without_a_value_is_in_no_case() -> None:
    level = object_level(make_chunk(given_ids("a-a-b")), "sid")
    assert level.case_of_event(5).tolist() == [0, -1, 0, -1, 1]


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(MissingColumnError, match=r"no column 'sidd'.*did you mean 'sid'"):
        object_level(make_chunk([]), "sidd")


def given_ids(ids: str) -> list[Row]:
    rest = dict.fromkeys(("channel", "order", "value", "rate", "at", "note"))
    return [
        {"actor": "ada", "event": "x", "time": i, "sid": None if c == "-" else c, **rest}
        for i, c in enumerate(ids)
    ]
