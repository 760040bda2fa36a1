"""Actors and names of events; rows A01 to A07 and E01 to E07."""

from __future__ import annotations

import itertools
import re
import uuid
from pathlib import Path
from typing import Any

import duckdb
import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journeylog as jl
from journeylog.errors import ConfigError, DataQualityError, LoadWarning, SchemaError, UnseenNameWarning
from tests.bad_inputs.boxes import (
    DAY,
    HEAD,
    OPTIONS,
    ROLES,
    actors,
    boxes,
    command,
    kept,
    put,
    read,
    rejected,
    table,
)


def found(log: Any, check: str) -> Any:
    """Return what a check says of a log."""
    return next(finding for finding in jl.check(log).findings if finding.check == check)


# Actors


@boxes()
def test_a01_no_actor_at_all(box: str, tmp_path: Path) -> None:
    data = table(pa.nulls(3, pa.string()))
    with pytest.warns(LoadWarning, match="ACTOR_NULL 3"):
        log = read(data, box, tmp_path)
    assert (log.n_events, log.n_actors, log.card.reasons) == (0, 0, {"ACTOR_NULL": 3})
    with pytest.raises(DataQualityError, match=r"3 of 3 .*more than max_rejected=0\.01"):
        read(data, box, tmp_path, max_rejected=0.01)


def test_a01_no_actor_at_all_in_a_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.csv").write_text(f"{HEAD},a,{DAY}\n,b,{DAY}\n")
    assert command("report", tmp_path / "t.csv", *OPTIONS, "--out", tmp_path / "r.html") == 4
    assert "2 of 2 rows (100 %) were rejected" in capsys.readouterr().err
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "ACTOR_NULL" in page or "no actor id" in page


NOBODY = [
    "undefined", "null", "None", "NaN", "0", "true", "false", "anonymous", "guest", "id", "email", "distinct_id",
    "not_authenticated", "[object Object]", "nil", "n/a", "unknown", "00000000-0000-0000-0000-000000000000", "'null'",
    '"undefined"', "d41d8cd98f00b204e9800998ecf8427e",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
]  # fmt: skip
SOMEBODY = ["Null", "NULL", "Unknown", "00", "undefined ", "ID", "nullable"]


@boxes()
def test_a02_placeholders(box: str, tmp_path: Path) -> None:
    with pytest.warns(LoadWarning, match=f"ACTOR_PLACEHOLDER {len(NOBODY)}"):
        log = read(table(NOBODY + SOMEBODY), box, tmp_path)
    assert actors(log) == sorted(SOMEBODY)
    assert rejected(log) == [(i + 1, "ACTOR_PLACEHOLDER") for i in range(len(NOBODY))]
    assert read(table(NOBODY), box, tmp_path, placeholders=()).n_actors == len(NOBODY)
    with pytest.warns(LoadWarning, match="ACTOR_PLACEHOLDER 1"):
        assert actors(read(table(["me", "null"]), box, tmp_path, placeholders=["me"])) == ["null"]


@boxes()
def test_a02_a_zero_that_is_a_number(box: str, tmp_path: Path) -> None:
    with pytest.warns(LoadWarning, match="ACTOR_PLACEHOLDER 1"):
        assert actors(read(table(pa.array([0, 7])), box, tmp_path)) == ["7"]


ALIKE = ["u1", "U1", "u1 ", "u1\u200b", "café", "cafe\u0301", "İ", "i", "i\u0307"]


@boxes()
def test_a03_ids_that_look_alike(box: str, tmp_path: Path) -> None:
    log = read(table(ALIKE), box, tmp_path)
    assert actors(log) == sorted(ALIKE)
    alike = found(log, "lookalike_actors")
    assert alike.severity == "warning"
    assert alike.n == len(ALIKE)


@boxes("csv", "jsonl", "parquet", "pyarrow")
def test_a04_one_actor_with_very_many_events(box: str, tmp_path: Path) -> None:
    n = 200_000
    stamps = pa.array(1_704_067_200_000_000 + np.arange(n) * 7_000_000)
    events = pa.array(["a", "b", "c"]).take(pa.array(np.arange(n) % 3))
    log = read(table(pa.array(["bot"] * n), events, stamps), box, tmp_path, time_unit="us").then(
        jl.Sessions(gap="30min")
    )
    assert (log.n_actors, log.n_events) == (1, n)
    graph, variants, steps = log.compute(
        jl.Transitions(node="event"), jl.Variants(case="actor"), jl.StepMatrix()
    )
    assert graph.table["n"].sum() == n + 1  # between events, into the first, and open at the last
    assert variants.table["truncated"].tolist() == [True]
    assert variants.table["length"].max() <= 50
    assert len(steps.table) < 1000
    assert found(log, "bot_gaps").severity in ("warning", "error")  # like clockwork


@boxes("csv", "jsonl", "parquet", "pyarrow")
def test_a05_very_many_actors_with_one_event(box: str, tmp_path: Path) -> None:
    n = 100_000
    users = pa.array(np.arange(1, n + 1)).cast(pa.string())
    log = read(table(users, pa.array(["a"] * n), pa.array(["2024-01-01"] * n)), box, tmp_path)
    assert (log.n_actors, log.n_events, log.card.ties) == (n, n, 0)
    graph, variants = log.then(jl.Sessions(gap="30min")).compute(
        jl.Transitions(node="event"), jl.Variants(case="actor")
    )
    assert graph.table["n"].sum() == 2 * n  # in, and out
    assert variants.table["n_cases"].tolist() == [n]


ONE = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
FORMS = [
    pa.array([str(ONE)]),
    pa.array([str(ONE)], pa.large_string()),
    pa.array([str(ONE)], pa.string_view()),
    pa.array([str(ONE)]).dictionary_encode(),
    pa.array([str(ONE).encode()]),
    pa.array([ONE.bytes], pa.binary(16)),
    pa.ExtensionArray.from_storage(pa.uuid(), pa.array([ONE.bytes], pa.binary(16))),
]


@boxes("parquet", "arrow", "pyarrow")
def test_a06_one_id_in_many_types(box: str, tmp_path: Path) -> None:
    for form in FORMS:
        assert actors(read(table(form), box, tmp_path)) == [str(ONE)], form.type
    seven = [
        pa.array([7]),
        pa.array([7], pa.uint8()),
        pa.array([7.0]),
        pa.array(["7"]),
        pa.array([b"7"]),
        pa.array([7]).cast(pa.decimal128(20, 0)),
    ]
    for form in seven:
        assert actors(read(table(form), box, tmp_path)) == ["7"], form.type


def test_a06_files_with_different_types_join(tmp_path: Path) -> None:
    put(table(["7"]), "csv", tmp_path).rename(tmp_path / "1.csv")
    put(table(pa.array([7])), "jsonl", tmp_path).rename(tmp_path / "2.jsonl")
    put(table(pa.array([7.0]), times="2024-01-02"), "parquet", tmp_path).rename(tmp_path / "3.parquet")
    files = [tmp_path / name for name in ("1.csv", "2.jsonl", "3.parquet")]
    assert actors(jl.read(files, **ROLES)) == ["7"]


def test_a06_mixed_objects_in_one_column_of_pandas() -> None:
    ids = [7, "7", 7.0, b"7", np.int64(7), ONE, str(ONE), True, None, float("nan"), 10**30]
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object), "event": "a", "ts": "2024-01-01"})
    with pytest.warns(LoadWarning, match=r"ACTOR_NULL 2: .*ACTOR_PLACEHOLDER 1: "):
        log = jl.read(frame, **ROLES)
    assert actors(log) == sorted(["7", str(ONE), str(10**30)])


def test_a07_cycles_chains_and_ids_that_were_merged_already() -> None:
    pairs = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("x", "y"), ("y", "x"), ("d", "b"), ("d", "b")]
    outcomes = set()
    for order in itertools.islice(itertools.permutations(pairs), 0, 40_320, 997):
        frame = pd.DataFrame(order, columns=["start", "end"])
        given = jl.links(frame, start="start", end="end", time=None)
        joined = jl.identity(given, policy="merge", shared="apart", merge_known=True)
        log = jl.read(table(["a", "b", "c", "d", "x", "y", "z"]), **ROLES)
        outcomes.add(tuple(joined.apply(log).to_pandas().groupby("actor").size().sort_index().items()))
    assert len(outcomes) == 1
    assert sorted(n for _, n in outcomes.pop()) == [1, 2, 4]


# Events


SYNTHETIC = [
    "START", "END", "__start__", "(start)", "path_end", "conversion", "null", "(drop)", "Other", "ВСЕ", "start", "dropped",
    "open", "reached", "goal", "end",
]  # fmt: skip


@boxes()
def test_e01_names_of_synthetic_nodes(box: str, tmp_path: Path) -> None:
    log = read(table(["u1"] * len(SYNTHETIC), SYNTHETIC), box, tmp_path)
    assert set(log.events) == set(SYNTHETIC)
    graph = log.compute(jl.Transitions())
    inner = graph.table.query("from_kind == 'node' and to_kind == 'node'")
    assert (inner["n"].tolist(), len(inner)) == ([1] * (len(SYNTHETIC) - 1), len(SYNTHETIC) - 1)
    assert len(graph.table) == len(inner) + 2  # the true start, and the true end
    drawn = graph.to_networkx()
    assert len(drawn.nodes) == len(SYNTHETIC) + 2
    assert nx.number_of_selfloops(drawn) == 0


SEPARATORS = [
    "a > b",
    "a→b",
    "a->b",
    ",",
    "|",
    "\n",
    "\t",
    "\u2028",
    '"',
    "a",
    "b",
    "a,b",
    "a|b",
    "a b",
    "('a', 'b')",
]


@boxes()
def test_e02_names_with_separators(box: str, tmp_path: Path) -> None:
    log = read(
        table([f"u{i}" for i in range(len(SEPARATORS))] + ["w", "w"], [*SEPARATORS, "a", "b"]), box, tmp_path
    )
    assert set(log.events) == set(SEPARATORS)
    paths = log.compute(jl.Variants()).table
    assert len(paths) == len(SEPARATORS) + 1
    assert sorted(paths["path"]) == sorted([*((name,) for name in SEPARATORS), ("a", "b")])


ANY = [
    "🛒", "👩‍👩‍👧", "\u202eabc", "e\u0301", "x" * 1000, "   ", "007", "1e5", "true", "2024-01-01", "null", "nan", "-0",
    "\ufeff", "é",
]  # fmt: skip


@boxes()
def test_e03_any_text_is_a_name(box: str, tmp_path: Path) -> None:
    with pytest.warns(LoadWarning, match="EVENT_NULL 1"):
        log = read(table([f"u{i}" for i in range(len(ANY) + 1)], [*ANY, ""]), box, tmp_path)
    assert set(log.events) == set(ANY)
    assert rejected(log) == [(len(ANY) + 1, "EVENT_NULL")]
    again = jl.load(log.save(tmp_path / "log.arrow"))
    assert set(again.events) == set(ANY)


def test_e03_names_on_the_page(tmp_path: Path) -> None:
    log = read(table(["u1"] * 3, ["\u202eabc", "x" * 1000, "🛒"]), "pyarrow", tmp_path)
    page = jl.report(log, tmp_path / "r.html").read_text(encoding="utf-8")
    shown = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "\u202e" not in shown  # what turns the line around is shown as a sign
    assert "🛒" in page and "x" * 400 in page and "x" * 1000 not in page  # a hover text of a stated length


@boxes("csv", "jsonl", "parquet", "pyarrow")
def test_e04_very_many_names(box: str, tmp_path: Path) -> None:
    n = 100_000
    names = pa.array([f"/item/{i}" for i in range(n)])
    log = read(
        table(pa.array(["u1"] * n), names, pa.array(1_704_067_200 + np.arange(n))),
        box,
        tmp_path,
        time_unit="s",
    )
    assert len(log.events) == n
    assert len(log.compute(jl.Transitions()).table) == n + 1  # as many as there are, no square of names
    told = found(log, "ids_in_events")
    assert (told.severity.value, told.n) == ("warning", n)
    assert told.examples[0].startswith("/item/{id} (100,000 names")


@boxes("pyarrow", "pandas", "polars", "parquet", "arrow", "duckdb")
def test_e05_levels_that_do_not_occur(box: str, tmp_path: Path) -> None:
    if box == "duckdb":
        with duckdb.connect() as db:
            db.execute("create type kind as enum ('z', 'b', 'a', 'unused')")
            log = jl.read(
                db.sql(
                    "select 'u1' as user_id, unnest(['b', 'a'])::kind as event, unnest(['2024-01-01', '2024-01-02']) as ts"
                ),
                **ROLES,
            )
    else:
        codes = pa.array([1, 2], pa.int32())
        events = pa.DictionaryArray.from_arrays(codes, pa.array(["z", "b", "a", "unused"]), ordered=True)
        data = table(["u1", "u1"], events)
        given = (
            pl.from_arrow(data).with_columns(pl.col("event").cast(pl.Enum(["z", "b", "a", "unused"])))
            if box == "polars"
            else put(data, box, tmp_path)
        )
        log = jl.read(given, **ROLES)
    assert log.events == ("a", "b")
    assert [event for _, event in kept(log)] == ["b", "a"]
    assert sorted(log.compute(jl.Describe()).table["event"]) == ["a", "b"]


@boxes("pyarrow", "parquet", "arrow")
def test_e05_parts_with_different_levels(box: str, tmp_path: Path) -> None:
    first, second = (pa.array(v).dictionary_encode() for v in (["x", "y"], ["y", "z"]))
    data = pa.concat_tables(
        [table(["u1"] * 2, first), table(["u1"] * 2, second, ["2024-01-02", "2024-01-03"])]
    )
    if box == "arrow":
        data = data.unify_dictionaries()
    log = read(data, box, tmp_path)
    assert (kept(log), log.events) == ([("u1", e) for e in "xyyz"], ("x", "y", "z"))


def test_e05_files_with_different_levels(tmp_path: Path) -> None:
    for name, values in (("1", ["x", "y"]), ("2", ["y", "z"])):
        pq.write_table(
            table(["u1"] * 2, pa.array(values).dictionary_encode(), [f"2024-01-0{name}"] * 2),
            tmp_path / f"{name}.parquet",
        )
    assert jl.read(tmp_path, **ROLES).events == ("x", "y", "z")


@pytest.mark.parametrize("path", ["a", "aaaaa", "ababab", "aab", "abca"])
def test_e06_loops_and_graphs_without_an_end(path: str, tmp_path: Path) -> None:
    log = read(table(["u1"] * len(path), list(path)), "pyarrow", tmp_path)
    asked = (jl.Transitions(), jl.DropOff(), jl.Variants(), jl.StepMatrix(), jl.Describe())
    for result in log.compute(*asked):
        numbers = result.table.select_dtypes("number").to_numpy(dtype=float)
        assert not np.isinf(numbers).any()
    graph = log.compute(jl.Transitions()).table
    loops = graph[graph["from_kind"].eq("node") & (graph["from"] == graph["to"])]
    assert loops["n"].sum() == sum(a == b for a, b in itertools.pairwise(path))
    assert graph["n"].sum() == len(path) + 1
    jl.report(log, tmp_path / "r.html")


def steps_of(*names: str, events: str = "aab") -> list[int]:
    log = jl.read(table(["u1"] * len(events), list(events)), **ROLES)
    return log.compute(jl.Funnel(list(names))).table["n_cases"].tolist()


def test_e07_steps_that_repeat_and_their_number() -> None:
    assert steps_of("a", "a", "b") == [1, 1, 1]  # each step needs an event of its own
    assert steps_of("a", "a", "a") == [1, 1, 0]
    assert steps_of("a") == [1]
    assert steps_of(*["a"] * 60, events="a" * 60) == [1] * 60
    for nonsense in ([], ["a"] * 63):
        with pytest.raises(ConfigError, match="Fix"):
            jl.Funnel(nonsense)


def test_e07_a_step_that_does_not_occur_is_a_zero_and_a_warning() -> None:
    with pytest.warns(UnseenNameWarning, match="'checkuot'.*'checkout'"):
        log = jl.read(table(["u1", "u1"], ["a", "checkout"]), **ROLES)
        assert log.compute(jl.Funnel(["a", "checkuot"])).table["n_cases"].tolist() == [1, 0]


def test_names_that_are_no_text_are_refused() -> None:
    for odd in ([[1], [2]], [{"a": 1}, {"b": 2}]):
        with pytest.raises(SchemaError, match="no name"):
            jl.read(table(pa.array(odd)), **ROLES)
