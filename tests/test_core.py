"""Window, counts, chunk and log: what the contracts promise."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.card import Card
from journeylog.core.chunk import Category, Number, Text
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.encode import encode
from journeylog.core.window import format_duration, parse_duration
from journeylog.errors import explain, nearest
from tests.strategies import Event, make_log, plain, rows, with_cases

# --- durations and windows


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("30min", 1_800_000_000),
        ("1h 30min", 5_400_000_000),
        ("7d", 604_800_000_000),
        ("250ms", 250_000),
        ("1.5s", 1_500_000),
    ],
)
def test_durations_are_read_exactly(text: str, micros: int) -> None:
    assert parse_duration(text) == micros
    assert parse_duration(dt.timedelta(microseconds=micros)) == micros
    assert parse_duration(np.timedelta64(micros, "us")) == micros


@pytest.mark.parametrize("bad", ["30", "", "min", "5 parsecs", "-1h", "0s", 30, 1.5, None])
def test_durations_without_a_unit_or_sense_are_refused(bad: Any) -> None:
    with pytest.raises(jl.errors.ConfigError, match="gap="):
        parse_duration(bad, name="gap")


@given(st.integers(0, 10**15))
def test_written_durations_are_close(micros: int) -> None:
    shown = format_duration(micros)
    if not micros:
        assert shown == "0 s"
        return
    parts = shown.replace(",", "").split()
    scale = {"ms": 1e3, "s": 1e6, "min": 6e7, "h": 3.6e9, "d": 8.64e10}
    back = sum(float(n) * scale[unit] for n, unit in zip(parts[::2], parts[1::2], strict=True))
    assert back == pytest.approx(micros, rel=0.02)


def test_a_window_does_not_end_before_it_starts() -> None:
    with pytest.raises(jl.errors.ConfigError, match="swap"):
        jl.Window(2, 1)


# --- counts


def table(names: list[str], n: list[int]) -> Counts:
    labels = tuple(dict.fromkeys(names))
    codes = np.array([labels.index(x) for x in names], np.int64)
    return Counts(
        {
            "t": Table(
                {"k": Coded(codes, labels)},
                {"n": np.array(n, np.int64), "low": np.array(n, np.int64)},
                smallest=("low",),
            )
        }
    )


@given(st.lists(st.tuples(st.sampled_from("abcxyz"), st.integers(-5, 5)), max_size=30), st.integers(0, 30))
def test_merging_is_a_grouped_sum_whatever_the_split(pairs: list[tuple[str, int]], cut: int) -> None:
    whole = table([a for a, _ in pairs], [n for _, n in pairs])
    left = table([a for a, _ in pairs[:cut]], [n for _, n in pairs[:cut]])
    right = table([a for a, _ in pairs[cut:]], [n for _, n in pairs[cut:]])
    assert (left + right).to_bytes() == (right + left).to_bytes() == whole.to_bytes()
    merged = whole.canonical()["t"]
    want = {a: (sum(n for b, n in pairs if b == a), min(n for b, n in pairs if b == a)) for a, _ in pairs}
    got = dict(
        zip(
            merged.coded("k").names({}),
            zip(merged.values["n"].tolist(), merged.values["low"].tolist(), strict=True),
            strict=True,
        )
    )
    assert got == want


def test_a_sum_that_leaves_64_bits_is_an_error_not_a_wrap() -> None:
    huge = table(["a"], [2**62])
    with pytest.raises(jl.errors.ValueOverflowError, match="64-bit"):
        Counts.merge([huge, huge, huge])


def test_counts_travel_as_arrow() -> None:
    found = (
        jl.Transitions().summarize(jl.datasets.tiny().chunk, jl.datasets.tiny().window)["edges"].to_arrow()
    )
    assert found.column_names[:4] == ["from", "from_label", "to", "to_label"]
    assert pa.types.is_integer(found.schema.field("n").type)


# --- building a chunk


@settings(deadline=None, max_examples=60)
@given(rows())
def test_events_lie_by_actor_in_time_order_and_ties_keep_the_input_order(events: list[Event]) -> None:
    log = make_log(events)
    want: list[Event] = []
    for actor in dict.fromkeys(e.actor for e in events):
        want += sorted((e for e in events if e.actor == actor), key=lambda e: e.time)
    assert sorted(plain(log.chunk), key=lambda e: [x.actor for x in want].index(e.actor)) == want
    assert log.card.ties == sum(a.actor == b.actor and a.time == b.time for a, b in itertools.pairwise(want))


def test_declared_tie_columns_decide_before_the_position() -> None:
    chunk, tied = build_chunk(
        pa.array(list("aaab")),
        np.array([5, 5, 5, 5]),
        {"event": encode(pa.array(["x", "y", "z", "w"]))},
        ties=(np.array([2, 1, 1, 0]),),
    )
    assert [chunk.event.names[c] for c in chunk.event.codes[:3]] == ["y", "z", "x"]
    assert tied == 2


def test_long_actors_are_sorted_stable_too() -> None:
    chance = np.random.default_rng(0)
    time = chance.integers(0, 20, 500)
    chunk, _ = build_chunk(
        pa.array(["a"] * 500), time, {"event": encode(pa.array([f"{i:03d}" for i in range(500)]))}
    )
    got = [chunk.event.names[c] for c in chunk.event.codes]
    assert got == [f"{i:03d}" for i in np.argsort(time, kind="stable")]


def test_missing_texts_are_code_minus_one_and_chunked_input_is_one_vocabulary() -> None:
    column = encode(pa.chunked_array([["b", None], [], ["a", "b"]], type=pa.string()))
    assert column.names == ("a", "b")
    assert column.codes.tolist() == [1, -1, 0, 1]
    parts = pa.chunked_array(
        [pa.array(["b", "a"]).dictionary_encode(), pa.array(["c", None, "b"]).dictionary_encode()]
    )
    again = encode(parts)
    assert [again.names[c] if c >= 0 else None for c in again.codes] == ["b", "a", "c", None, "b"]


def test_a_chunk_cannot_be_written_to() -> None:
    chunk = jl.datasets.tiny().chunk
    for array in (chunk.time, chunk.offsets, chunk.event.codes):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


# --- the log


def test_the_card_adds_up_and_says_so() -> None:
    with pytest.raises(AssertionError, match="rows were lost"):
        Card(10, 8, 1)
    card = Card(10, 7, 2, 1, {"TS_NULL": 2}, ties=1, notes=("one",))
    assert Card.from_dict(card.to_dict()) == card
    shown = repr(jl.datasets.tiny())
    for word in ("rows in", "kept", "rejected", "deduplicated", "actors", "events", "period", "ties"):
        assert word in shown


def test_names_with_markup_are_text_in_notebooks() -> None:
    log = make_log([Event("a", "<script>alert(1)</script>", 0, None, None)])
    assert "<script>" not in log.compute(jl.Transitions(node="event"))._repr_html_()
    assert "<script>" not in log.compute(jl.Transitions(node="event"), by="event")._repr_html_()
    assert "<script>" not in log._repr_html_()


@settings(deadline=None, max_examples=30)
@given(rows(), st.lists(st.integers(0, 50), max_size=3))
def test_a_saved_log_comes_back_the_same(tmp_path_factory: Any, events: list[Event], cuts: list[int]) -> None:
    log = make_log(events)
    chunk = with_cases(log.chunk, cuts, [0, 1, 2], 5)
    chunk = chunk.with_columns(
        note=Text(pa.array([None if i % 3 else f"n{i}" for i in range(chunk.n_events)], type=pa.string())),
        score=Number(np.arange(chunk.n_events) / 7, np.arange(chunk.n_events) % 2 == 0),
        seen=Number(chunk.time, None, "time"),
        flag=Number(np.arange(chunk.n_events) % 2, None, "bool"),
    )
    log = jl.EventLog.from_chunk(chunk, log.window)
    path = log.save(tmp_path_factory.mktemp("log") / "a.jlog")
    back = jl.load(path)
    assert back.window == log.window and back.card == log.card
    assert back.to_arrow().equals(log.to_arrow())
    assert back.columns == log.columns
    question = jl.Transitions(node="stage", case="journey")
    assert (
        question.summarize(back.chunk, back.window).to_bytes()
        == question.summarize(log.chunk, log.window).to_bytes()
    )


def test_a_saved_log_is_a_plain_table_for_other_programs(tmp_path: Any) -> None:
    import polars as pl

    path = jl.datasets.tiny().save(tmp_path / "tiny.arrow")
    frame = pl.read_ipc(path)
    assert frame.columns == ["actor", "time", "event", "channel", "value"]
    assert frame["event"].cast(pl.String).to_list()[:3] == ["home", "search", "cart"]


def test_opening_something_else_is_a_typed_error(tmp_path: Any) -> None:
    path = tmp_path / "x.jlog"
    path.write_bytes(b"not arrow")
    with pytest.raises(jl.errors.ParseError, match="not a saved log"):
        jl.load(path)
    with pytest.raises(jl.errors.OutputError, match="could not be written"):
        jl.datasets.tiny().save(tmp_path / "nowhere" / "x.jlog")


def test_where_between_and_sample_leave_the_log_alone() -> None:
    log = jl.datasets.tiny()
    before = log.to_arrow()
    assert log.where(channel="app").n_actors == 2
    assert log.where("pay", value={">": 30}).n_events == 1
    assert log.where({"value": None}).n_events == 10
    late = log.between("2025-01-06 10:00", "2025-01-06 11:59")
    assert late.n_events == 6 and late.window.declared
    assert log.sample(2, seed=1).to_arrow().equals(log.sample(2, seed=1).to_arrow())
    assert log.sample(99) is log
    assert log.to_arrow().equals(before)


def test_the_sample_does_not_depend_on_the_order_of_the_input() -> None:
    events = [Event(f"u{i}", "a", i, None, None) for i in range(50)]
    one, other = make_log(events), make_log(events[::-1])
    assert sorted(one.sample(10).chunk.actors.to_pylist()) == sorted(
        other.sample(10).chunk.actors.to_pylist()
    )


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda log: log.compute(), jl.errors.ConfigError, "nothing to compute"),
        (lambda log: log.compute("Transitions"), jl.errors.ConfigError, "not a statistic"),
        (lambda log: log.then(jl.Transitions()), jl.errors.ConfigError, "not a step"),
        (
            lambda log: log.compute(jl.Transitions(node="chanel")),
            jl.errors.MissingColumnError,
            "did you mean 'channel'",
        ),
        (
            lambda log: log.compute(jl.Transitions(node="value")),
            jl.errors.MissingColumnError,
            "not categorical",
        ),
        (lambda log: log.compute(jl.Touchpoints()), jl.errors.MissingColumnError, "log.then(jl.Stages("),
        (lambda log: log.compute(jl.Transitions(case="session")), jl.errors.MissingLevelError, "jl.Sessions"),
        (lambda log: log.compute(jl.Transitions(case="sesion")), jl.errors.MissingLevelError, "session"),
        (
            lambda log: log.compute(jl.DropOff(), by="chanel"),
            jl.errors.MissingColumnError,
            "did you mean 'channel'",
        ),
        (lambda log: log.where(), jl.errors.ConfigError, "condition"),
        (lambda log: log.where(value="much"), jl.errors.ConfigError, "holds numbers"),
        (lambda log: log.sample(-1), jl.errors.ConfigError, "negative"),
        (lambda log: log.between("yesterday", "2025"), jl.errors.ConfigError, "not a time"),
        (lambda log: jl.Transitions(time="fast"), jl.errors.ConfigError, "'wait', 'stay', 'dwell'"),
        (lambda log: jl.Bottlenecks(baseline="5"), jl.errors.ConfigError, "baseline"),
    ],
)
def test_wrong_calls_teach_the_fix(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match="Fix:") as caught:
        call(jl.datasets.tiny())
    assert text in str(caught.value)
    assert isinstance(caught.value, jl.errors.JourneylogError)


def test_by_takes_the_value_at_the_first_event_of_the_case() -> None:
    events = [
        Event("a", "x", 0, None, "web"), Event("a", "y", 1, None, "app"),
        Event("b", "x", 0, None, "app"), Event("b", "y", 1, None, None), Event("c", "x", 0, None, None),
    ]  # fmt: skip
    found = make_log(events).compute(jl.Transitions(node="event"), by="channel")
    assert list(found) == ["app", "web", None]
    assert {k: int(r.table.loc[r.table["from_kind"] == "start", "n"].sum()) for k, r in found.items()} == {
        "app": 1,
        "web": 1,
        None: 1,
    }
    assert found.table.columns[0] == "channel"
    assert found["web"].table["n"].sum() == 3


def test_results_are_json_and_arrow() -> None:
    import json

    graph, drop = jl.datasets.tiny().compute(jl.Transitions(), jl.DropOff())
    for result in (graph, drop):
        assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["question"]["kind"]
        assert result.to_arrow().num_rows == len(result.table)
        assert repr(result)


def test_a_warning_points_at_the_line_of_the_caller() -> None:
    with pytest.warns(jl.errors.UnseenNameWarning, match="no event matches 'hme'") as caught:
        jl.datasets.tiny().where("hme")
    assert caught[0].filename == __file__


def test_error_texts_have_four_parts() -> None:
    assert explain("times", count=2, total=5, examples=["a", "b", "c", "d"], fix="pass tz=") == (
        "times: 2 of 5, for example 'a', 'b', 'c'. Fix: pass tz="
    )
    assert nearest("Timestamp ", ["timestamp", "user"]) == ["timestamp"]


def test_columns_know_their_kinds() -> None:
    frame = jl.datasets.tiny().to_pandas()
    assert isinstance(frame, pd.DataFrame) and str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert jl.datasets.tiny().columns == {"event": "category", "channel": "category", "value": "money"}
    assert isinstance(jl.datasets.tiny().chunk.columns["channel"], Category)


@pytest.mark.parametrize("parts", [2, 3, 7])
def test_parts_of_a_chunk_have_as_much_to_do_be_it_few_long_actors_or_many_short_ones(parts: int) -> None:
    lengths = [90] * 20 + [1] * 400
    actors = [f"u{a:03}" for a, n in enumerate(lengths) for _ in range(n)]
    times = pd.date_range("2026-01-01", periods=len(actors), freq="s", tz="UTC")
    frame = pd.DataFrame({"actor": actors, "event": "seen", "time": times})
    chunk = jl.read(frame, actor="actor", event="event", time="time").chunk
    cut = chunk.split(parts)
    assert [name for part in cut for name in part.actors.to_pylist()] == chunk.actors.to_pylist()
    work = [part.n_events + 5 * part.n_actors for part in cut]
    assert len(cut) == parts
    assert max(work) - min(work) <= 2 * (90 + 5)
    assert cut[0].n_events > cut[-1].n_events


def test_columns_of_a_slice_are_taken_when_somebody_looks() -> None:
    chunk = jl.datasets.tiny().chunk
    part = chunk.slice(1, 3)
    first, last = chunk.offsets[1], chunk.offsets[3]
    assert "channel" in part.columns and list(part.columns) == list(chunk.columns)
    assert not part.columns._made  # type: ignore[attr-defined]
    assert part.category("channel").codes.tolist() == chunk.category("channel").codes[first:last].tolist()
    assert list(part.columns._made) == ["channel"]  # type: ignore[attr-defined]
    assert part.columns["channel"] is part.columns["channel"]
    with pytest.raises(jl.errors.MissingColumnError, match="channel"):
        part.column("chanel")


KEYED = st.lists(st.tuples(st.integers(-5, 2), st.integers(-3, 3), st.integers(-9, 9)), max_size=12)


@pytest.mark.parametrize("many", [-1, 1 << 16])  # column beside column from so many rows on
@given(KEYED, KEYED, st.sampled_from([("a", "b", "c"), ("c", "a", "b")]), st.booleans())
def test_two_sorted_tables_merge_as_their_rows_do(
    many: int, one: Any, other: Any, labels: Any, ordered: bool
) -> None:
    def table(given: Any) -> Table:
        node, step, n = (np.array([row[k] for row in given], np.int64) for k in range(3))
        return Table({"node": Coded(node, labels, ordered), "step": step}, {"n": n})

    def told(rows: Any) -> dict[Any, int]:
        names = dict(enumerate(labels))
        out: dict[Any, int] = {}
        for node, step, n in rows:
            out[names.get(node, node), step] = out.get((names.get(node, node), step), 0) + n
        return out

    with patch("journeylog.core.counts._MANY", many):
        merged = Table.merge([table(one).canonical(), table(other).canonical()])
    node = merged.coded("node")
    keys = zip(
        [node.labels[c] if c >= 0 else c for c in node.codes.tolist()],
        merged.codes("step").tolist(),
        strict=True,
    )
    assert dict(zip(keys, merged.values["n"].tolist(), strict=True)) == told([*one, *other])
    whole = Table.concat([table(one), table(other)]).canonical()
    assert Counts({"t": merged}).to_bytes() == Counts({"t": whole}).to_bytes()
