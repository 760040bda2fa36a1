"""Collapse, Rename, Drop and Where, one meaning at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

import journeylog as jl
from journeylog.core.window import Window
from journeylog.errors import ConfigError, MissingColumnError
from tests.step_logs import cases, make_chunk, plain

NOW = Window(0, 10)


def chunk_of(path: str, channels: str = "") -> Any:
    """Return one actor's events a second apart, one letter each."""
    rest = dict.fromkeys(("sid", "order", "value", "rate", "at", "note"))
    return make_chunk(
        [
            {
                "actor": "u",
                "event": name,
                "time": i * 1_000_000,
                "channel": channels[i : i + 1] or None,
                **rest,
            }
            for i, name in enumerate(path)
        ]
    )


def path_of(chunk: Any) -> str:
    return "".join(row["event"] for row in plain(chunk))


def test_repeats_become_the_first_of_them() -> None:
    collapsed = jl.Collapse().apply(chunk_of("aabba", "12345"), NOW)
    assert [(row["event"], row["channel"]) for row in plain(collapsed)] == [
        ("a", "1"),
        ("b", "3"),
        ("a", "5"),
    ]


@pytest.mark.parametrize(("within", "left"), [("999ms", "aaab"), ("1s", "ab"), (None, "ab")])
def test_repeats_are_measured_from_the_event_directly_before(within: str | None, left: str) -> None:
    assert path_of(jl.Collapse(within).apply(chunk_of("aaab"), NOW)) == left


def test_repeats_of_two_sessions_stay_apart() -> None:
    chunk = jl.Sessions("1min", change_of="channel").apply(chunk_of("aaaa", "1122"), NOW)
    collapsed = jl.Collapse().apply(chunk, NOW)
    assert path_of(collapsed) == "aa"
    assert [where for _, where, _ in cases(collapsed, "session")] == [[0], [1]]


def test_the_last_event_of_one_actor_is_no_repeat_for_the_next() -> None:
    rest = dict.fromkeys(("channel", "sid", "order", "value", "rate", "at", "note"))
    chunk = make_chunk([{"actor": a, "event": "home", "time": 0, **rest} for a in ("ada", "bob", "cy")])
    assert jl.Collapse().apply(chunk, NOW).n_events == 3


def test_names_swap_at_once_and_merge_into_one_vocabulary() -> None:
    renamed = jl.Rename({"a": "b", "b": "a", "c*": "b"}).apply(chunk_of("abcd"), NOW)
    assert path_of(renamed) == "babd"
    assert renamed.event.names == ("a", "b", "d")


def test_the_first_pattern_that_matches_decides() -> None:
    assert path_of(jl.Rename({"a": "x", "?": "y"}).apply(chunk_of("ab"), NOW)) == "xy"
    assert path_of(jl.Rename({"?": "y", "a": "x"}).apply(chunk_of("ab"), NOW)) == "yy"


def test_other_columns_are_renamed_and_missing_values_stay_missing() -> None:
    renamed = jl.Rename({"1": "web", "2": "web"}, column="channel").apply(chunk_of("abc", "12"), NOW)
    assert [row["channel"] for row in plain(renamed)] == ["web", "web", None]
    assert path_of(renamed) == "abc"


def test_stages_that_are_merged_keep_their_order() -> None:
    staged = jl.Stages({"z": "a", "m": "b", "k": "c"}).apply(chunk_of("abc"), NOW)
    column = jl.Rename({"k": "z"}, column="stage").apply(staged, NOW).category("stage")
    assert (column.names, column.ordered, column.codes.tolist()) == (("z", "m"), True, [0, 1, 0])


def test_sessions_shrink_and_keep_their_outcome() -> None:
    chunk = jl.Sessions("1min", change_of="channel").apply(chunk_of("abab", "1122"), NOW)
    for step in (jl.Drop("b"), jl.Where("a")):
        assert cases(step.apply(chunk, NOW), "session") == [("u", [0], "dropped"), ("u", [1], "open")]
    assert cases(jl.Where({"channel": "2"}).apply(chunk, NOW), "session") == [("u", [0, 1], "open")]


def test_where_is_what_the_log_itself_does() -> None:
    log = jl.datasets.tiny()
    condition = {"channel": "web", "value": None}
    assert log.then(jl.Where(condition)).to_arrow() == log.where(condition).to_arrow()


def test_a_duration_is_kept_as_written() -> None:
    assert jl.Collapse("90s").within == "90s"
    assert jl.Collapse(dt.timedelta(seconds=90)).within == "90s"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: jl.Collapse(5), "within=5 has no unit"),
        (lambda: jl.Rename({}), "renames nothing"),
        (lambda: jl.Rename([("a", "b")]), "renames nothing"),
        (lambda: jl.Rename({"a": ""}), "'' is not a name"),
        (lambda: jl.Rename({"a": None}), "None is not a name"),
        (lambda: jl.Drop([]), "empty list of conditions"),
        (lambda: jl.Where(None), "None is no condition"),
    ],
)
def test_wrong_choices_are_refused_at_once(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        make()
    assert "Fix: " in str(caught.value)


def test_renaming_needs_a_categorical_column() -> None:
    with pytest.raises(MissingColumnError, match="'value' is not categorical"):
        jl.Rename({"1": "one"}, column="value").apply(chunk_of("a"), NOW)
