"""Journeys, one meaning at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import journeylog as jl
from journeylog.core.chunk import Chunk
from journeylog.core.schema import DAY, UNDECLARED
from journeylog.core.window import Window
from journeylog.errors import ConfigError, MissingColumnError, MissingLevelError
from tests.step_logs import MINUTE, cases, make_chunk

GIVEN = {"channel": None, "sid": None, "order": None, "value": None, "rate": None, "at": None, "note": None}
END = Window(0, 100 * MINUTE)
STRETCH = {"of": "stretch"}


def walk(path: str, **columns: Any) -> Chunk:
    """Return one actor's events, ``"home0 pay5"`` is home at minute 0 and pay at minute 5."""
    events = []
    for i, word in enumerate(path.split()):
        name = word.rstrip("0123456789")
        more = {key: values[i] for key, values in columns.items()}
        events.append({"actor": "u", "event": name, "time": int(word[len(name) :]) * MINUTE, **GIVEN, **more})
    return make_chunk(events)


def found(path: str, *options: Any, **switches: Any) -> list[tuple[list[int], str]]:
    return [
        (where, how)
        for _, where, how in cases(jl.Journeys(*options, **switches).apply(walk(path), END), "journey")
    ]


@pytest.mark.parametrize(
    ("path", "options", "switches", "expected"),
    [
        # the whole actor
        ("home0 cart1 pay2 home3", ("pay", "1h"), {}, [([0, 1, 2], "reached")]),
        ("home0 cart1 pay2 home3", ("pay", "1h"), {"goal_ends": False}, [([0, 1, 2, 3], "reached")]),
        ("home0 cart40", ("pay", "1h"), {}, [([0, 1], "open")]),
        ("home0 cart39", ("pay", "1h"), {}, [([0, 1], "dropped")]),
        ("home0 cart39", ("pay", None), {}, [([0, 1], "open")]),
        ("home0 cart39", (), {}, [([0, 1], "open")]),
        ("pay0", ("pay", "1h"), {}, [([0], "reached")]),
        # from a start
        ("pay0 home1 cart2 home3 pay4 pay5", ("pay", "1h", "home"), {}, [([1, 2, 3, 4], "reached")]),
        ("cart0 pay1", ("pay", "1h", "home"), {}, []),
        ("home0 pay0", ("pay", "1h", ["home", "pay"]), {}, [([0, 1], "reached")]),
        ("pay0 home0", ("pay", "1h", ["home", "pay"]), {}, [([0], "reached")]),
        # stretches
        ("home0 pay1 home2 pay3", ("pay", "1h"), STRETCH, [([0, 1], "reached"), ([2, 3], "reached")]),
        ("pay3 home4", ("pay", "1h"), STRETCH, [([0], "reached"), ([1], "dropped")]),
        ("home0 pay1 home2 pay3", ("pay", "1h"), {**STRETCH, "restart": False}, [([0, 1], "reached")]),
        ("home0 cart60 home61", ("pay", "1h"), STRETCH, [([0, 1, 2], "open")]),
        ("home0 cart61 home62", ("pay", "1h"), STRETCH, [([0], "dropped"), ([1, 2], "open")]),
        ("home0 cart61 home62", ("pay", "1h", "home"), STRETCH, [([0], "dropped"), ([2], "open")]),
        ("home0 pay1 cart2 home3", ("pay", "1h", "home"), STRETCH, [([0, 1], "reached"), ([3], "dropped")]),
        ("home0 pay1 cart2 home90", ("pay", "1h"), {**STRETCH, "goal_ends": False}, [([0, 1, 2], "reached"), ([3], "open")]),
        ("home0 pay1 home90", ("pay", "1h"), {**STRETCH, "goal_ends": False, "restart": False}, [([0, 1], "reached")]),
        ("home0 home70 pay71 home72", ("pay", "1h"), {**STRETCH, "restart": False}, [([0], "dropped"), ([1, 2], "reached")]),
    ],
)  # fmt: skip
def test_where_journeys_begin_and_end(path: str, options: Any, switches: Any, expected: Any) -> None:
    assert found(path, *options, **switches) == expected


@pytest.mark.parametrize(("beyond", "how"), [(-1, "open"), (0, "open"), (1, "dropped")])
@pytest.mark.parametrize("of", ["actor", "stretch", "sid"])
def test_dropped_only_after_more_than_the_patience(of: str, beyond: int, how: str) -> None:
    chunk = walk("home0 cart10", sid=["a", "a"])
    level = jl.Journeys("pay", "1h", of=of).apply(chunk, Window(0, 70 * MINUTE + beyond))
    assert [o for _, _, o in cases(level, "journey")] == [how]


def test_orders_that_interleave_are_journeys_of_their_own() -> None:
    chunk = walk("new0 new1 paid2 sent3 login4 paid5", sid=["a", "b", "a", "a", None, "b"])
    level = jl.Journeys("sent", "1h", of="sid").apply(chunk, END)
    assert cases(level, "journey") == [("u", [0, 2, 3], "reached"), ("u", [1, 5], "dropped")]
    edges = jl.EventLog.from_chunk(level, END).compute(jl.Transitions(case="journey"))
    moves = {(r["from"], r["to"]): r["n"] for r in edges.table.to_dict("records")}
    assert moves["new", "paid"] == 2 and ("new", "new") not in moves


def test_sessions_lend_their_patience_and_their_ends() -> None:
    step = jl.Journeys("pay", of="session")
    assert step.patience is None
    chunk = jl.Sessions("30min").apply(walk("home0 pay1 cart2 home60 cart99"), END)
    level = step.apply(chunk, END)
    expected = [([0, 1], "reached"), ([3], "dropped"), ([4], "open")]
    assert [(where, how) for _, where, how in cases(level, "journey")] == expected
    assert level.cases("journey").patience == 30 * MINUTE
    patient = jl.Journeys("pay", "2h", of="session").apply(chunk, END)
    assert [how for _, _, how in cases(patient, "journey")] == ["reached", "open", "open"]
    assert patient.cases("journey").patience == 120 * MINUTE


def test_the_patience_is_written_out_and_handed_on() -> None:
    assert jl.Journeys().patience == "30d" and jl.Journeys(of="sid").patience == "30d"
    chunk = walk("home0 cart1")
    assert jl.Journeys().apply(chunk, END).cases("journey").patience == 30 * DAY
    for of in ("actor", "stretch", "event"):
        assert jl.Journeys(patience=None, of=of).apply(chunk, END).cases("journey").patience == UNDECLARED


def test_a_level_called_actor_does_not_narrow_the_actors() -> None:
    chunk = walk("home0 cart1 pay2")
    narrowed = chunk.with_level("actor", jl.Journeys(start="cart").apply(chunk, END).cases("journey"))
    assert [where for _, where, _ in cases(jl.Journeys().apply(narrowed, END), "journey")] == [[0, 1, 2]]


def test_journeys_survive_saving(tmp_path: Any) -> None:
    chunk = walk("new0 new1 paid2 paid5", sid=["a", "b", "a", "b"])
    log = jl.EventLog.from_chunk(chunk, END).then(jl.Journeys("paid", "1h", of="sid"))
    again = jl.load(log.save(tmp_path / "log.arrow"))
    assert cases(again.chunk, "journey") == cases(log.chunk, "journey")
    assert again.chunk.cases("journey").patience == 60 * MINUTE


def test_following_sessions_needs_sessions() -> None:
    with pytest.raises(MissingLevelError, match=r"no level 'session'.*jl\.Sessions\(gap="):
        jl.Journeys(of="session").apply(walk("home0"), END)


def test_following_an_unknown_object_names_it() -> None:
    with pytest.raises(MissingColumnError, match="did you mean 'order'"):
        jl.Journeys(of="ordr").apply(walk("home0"), END)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"patience": 30}, "patience=30 has no unit"),
        ({"patience": "soon"}, "patience='soon' is not a duration"),
        ({"goal": {}}, "empty condition"),
        ({"start": 3}, "3 is no condition"),
        ({"of": None}, "of=None cannot be followed"),
        ({"goal_ends": "yes"}, "goal_ends='yes' is neither True nor False"),
        ({"restart": np.True_}, "restart="),
    ],
)
def test_wrong_choices_are_refused_at_once(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        jl.Journeys(**options)
    assert "Fix: " in str(caught.value)
