"""The stored map: the same links give the same bytes, later loads use it, and a bad file is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.errors import ConfigError, OutputError, ParseError
from tests.oracles import identity as oracle
from tests.test_identity import IDS, PAIRS, answers, click_log, clicks, links_of, rows_of

SUFFIXES = ("parquet", "json")


@pytest.fixture
def mapped() -> jl.IdentityMap:
    return jl.identity(click_log(), by="user", policy="back", lookback="5s").map


@settings(max_examples=30)
@given(st.lists(PAIRS, max_size=14), st.sampled_from(SUFFIXES), st.sampled_from(["forward", "back", "merge"]))
def test_a_map_is_read_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, pairs: Any, suffix: str, policy: str
) -> None:
    made = jl.identity(links_of(pairs), policy=policy).map
    back = jl.IdentityMap.load(made.save(tmp_path_factory.mktemp("map") / f"map.{suffix}"))
    assert back.to_arrow().equals(made.to_arrow())
    assert answers(back) == answers(made)
    assert (back.about, back.forgotten) == (made.about, made.forgotten)
    assert repr(back) == repr(made)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_links_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    frame = clicks()
    found = [jl.identity(click_log(f), by="user") for f in (frame, frame.iloc[::-1])]
    first, second = (i.save(tmp_path / f"{k}.{suffix}").read_bytes() for k, i in enumerate(found))
    assert first == second
    again = jl.IdentityMap.load(tmp_path / f"0.{suffix}").save(tmp_path / f"again.{suffix}")
    assert again.read_bytes() == first


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_later_load_is_stitched_by_the_stored_map(
    tmp_path: Path, mapped: jl.IdentityMap, suffix: str
) -> None:
    path = mapped.save(tmp_path / f"map.{suffix}")
    later = pd.DataFrame(
        {
            "device": ["d1", "d2", "d4", "new", "new"],
            "user": [None, None, None, None, "carla"],
            "event": ["home"] * 4 + ["login"],
            "t": [1000, 1001, 1002, 1003, 1004],
        }
    )
    log = jl.IdentityMap.load(path).apply(click_log(later))
    assert [actor for actor, _ in rows_of(log)] == ["anna", "anna", "d4", "new", "carla"]
    assert rows_of(jl.stitch(click_log(later), jl.IdentityMap.load(path))) == rows_of(log)
    without = click_log(later.drop(columns="user"))
    assert [actor for actor, _ in rows_of(mapped.apply(without))] == ["anna", "anna", "d4", "new", "new"]


def test_whoever_is_forgotten_is_not_brought_back(tmp_path: Path) -> None:
    made = jl.identity(click_log(), by="user", policy="merge").map
    forgot = made.forget("anna")
    assert [a for a, _ in rows_of(forgot.apply(click_log()))] == [
        "d1", "d1", "d1", "d2", "boris", "d3", "d3", "d4", "d5", "d6"
    ]  # fmt: skip
    for suffix in SUFFIXES:
        path = forgot.save(tmp_path / f"map.{suffix}")
        assert b"anna" not in path.read_bytes()
        assert rows_of(jl.IdentityMap.load(path).apply(click_log())) == rows_of(forgot.apply(click_log()))
    assert len(made.forget(["anna", "boris"])) == 0
    assert made.forget([]).to_arrow().equals(made.to_arrow())
    assert "anna" in made.table["actor"].tolist()


@given(st.lists(PAIRS, max_size=14), st.sets(st.sampled_from(IDS), max_size=3))
def test_who_was_a_forgotten_person_is_a_visitor_again(pairs: Any, some: set[str]) -> None:
    people = oracle.known_ids(pairs, None)
    gone = some & people
    made = jl.identity(links_of(pairs), policy="back", lookback="2us").map
    before, after = answers(made), answers(made.forget(gone))
    anonymous = [(a, b) for a, b, _ in pairs if a not in people and b not in people]
    visitor = oracle.joined(IDS, anonymous)
    for (i, t), actor in after.items():
        expected = before[i, t] if before[i, t] not in gone else visitor[i]
        assert actor == (i if i in gone else expected)


def test_a_visitor_whose_name_is_forgotten_is_named_by_its_next_id() -> None:
    pairs = [("d1", "d2", 1), ("d3", "d1", 2), ("d2", "anna", 5), ("d3", "ben", 8)]
    made = jl.identity(links_of(pairs), policy="forward", known=["anna", "ben"]).map
    assert made.table["actor"].tolist() == ["anna", "ben", "d1", "d1"]
    forgot = made.forget(["d1", "ben"])
    assert forgot.table[["id", "actor"]].values.tolist() == [["d2", "anna"], ["d2", "d2"], ["d3", "d2"]]
    assert [answers(forgot)["d3", t] for t in (4, 5, 7, 8)] == ["d2", "anna", "anna", "d2"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_newer_or_damaged_file_is_told(tmp_path: Path, mapped: jl.IdentityMap, suffix: str) -> None:
    path = mapped.save(tmp_path / f"map.{suffix}")
    good = path.read_bytes()
    bad = tmp_path / f"bad.{suffix}"
    for at in range(len(good)):
        bad.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(ParseError, match=r"damaged|no identity map|newer"):
            jl.IdentityMap.load(bad)
    for size in (0, 1, len(good) // 2, len(good) - 1):
        bad.write_bytes(good[:size])
        with pytest.raises(ParseError):
            jl.IdentityMap.load(bad)
    with pytest.raises(ParseError, match="no identity map"):
        jl.IdentityMap.load(tmp_path / f"none.{suffix}")


def test_a_newer_layout_and_other_files_are_told(tmp_path: Path, mapped: jl.IdentityMap) -> None:
    head = json.loads(mapped.save(tmp_path / "map.json").read_text())
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps({**head, "version": 2, "rows": "as they are then"}))
    with pytest.raises(ParseError, match=r"newer version \(layout 2\)"):
        jl.IdentityMap.load(newer)
    table = pa.table({"id": ["a"]}).replace_schema_metadata(
        {"journeylog.identity": json.dumps({"kind": "journeylog.identity", "version": 3})}
    )
    pq.write_table(table, tmp_path / "newer.parquet")
    with pytest.raises(ParseError, match="newer version"):
        jl.IdentityMap.load(tmp_path / "newer.parquet")
    for name, text in (
        ("list.json", "[1]"),
        ("other.json", "{}"),
        ("text.json", "map"),
        ("deep.json", "[" * 100_000),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(ParseError, match="no identity map"):
            jl.IdentityMap.load(tmp_path / name)
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "other.parquet")
    with pytest.raises(ParseError, match="no identity map"):
        jl.IdentityMap.load(tmp_path / "other.parquet")


def test_where_it_cannot_be_written_is_told(tmp_path: Path, mapped: jl.IdentityMap) -> None:
    with pytest.raises(ConfigError, match=r"\.parquet or \.json"):
        mapped.save(tmp_path / "map.csv")
    with pytest.raises(OutputError, match="the identity map"):
        mapped.save(tmp_path / "no such folder" / "map.json")
