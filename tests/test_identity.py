"""Identity: who is behind an id at a time, by every policy, and the map that is kept."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.chunk import Category
from journeylog.core.encode import encode
from journeylog.errors import ConfigError, LoadWarning, MissingColumnError, UnseenNameWarning
from journeylog.ingest.identity.links import Links
from journeylog.ingest.identity.policy import POLICIES, SHARED
from tests.oracles import identity as oracle
from tests.strategies import SECOND, Event, make_log

CASES = json.loads((Path(__file__).parent / "cases" / "identity.json").read_text(encoding="utf-8"))["cases"]
SESSIONS = json.loads((Path(__file__).parent / "cases" / "sessions.json").read_text(encoding="utf-8"))[
    "cases"
]

IDS = ["d1", "d2", "d3", "d4", "anna", "boris", "чя", "D1"]
PAIRS = st.tuples(st.sampled_from(IDS), st.sampled_from(IDS), st.integers(0, 12))
KNOWN = st.one_of(st.none(), st.sets(st.sampled_from(IDS), max_size=4))


def links_of(pairs: list[oracle.Link], timed: bool = True, told: bool = True) -> Links:
    start = encode(pa.array([a for a, _, _ in pairs], pa.string()))
    end = encode(pa.array([b for _, b, _ in pairs], pa.string()))
    time = np.array([t for _, _, t in pairs], np.int64)
    return Links.between(start, end, time if timed else None, told=told)


def answers(mapped: jl.IdentityMap, times: range = range(-4, 16)) -> dict[tuple[str, int], str]:
    """Who every id is at every time, as the map says of a log in which each id has an event at each time."""
    log = make_log([Event(i, "a", t, None, None) for i in IDS for t in times])
    chunk = log.chunk
    who = mapped.actors_of(chunk)
    asked = zip(
        chunk.actors.take(pa.array(chunk.actor_of_event())).to_pylist(), chunk.time.tolist(), strict=True
    )
    return {pair: who.names[code] for pair, code in zip(asked, who.codes.tolist(), strict=True)}


@settings(max_examples=300)
@given(
    st.lists(PAIRS, max_size=14),
    st.sampled_from(POLICIES),
    st.sampled_from(SHARED),
    st.sampled_from([None, 1, 3]),
    KNOWN,
    st.sampled_from([None, True, False]),
    st.booleans(),
)
def test_it_is_what_the_plain_loops_say(
    pairs: list[oracle.Link],
    policy: str,
    shared: str,
    lookback: int | None,
    known: Any,
    merge_known: Any,
    told: bool,
) -> None:
    found = jl.identity(
        links_of(pairs, told=told),
        policy=policy,
        shared=shared,
        lookback=None if lookback is None else f"{lookback}us",
        known=known,
        merge_known=merge_known,
    )
    merge_known = (told and known is None) if merge_known is None else merge_known
    for (i, t), actor in answers(found.map).items():
        expected = oracle.who(
            pairs, i, t, policy=policy, shared=shared, lookback=lookback, known=known, merge_known=merge_known
        )
        assert actor == expected, (i, t)
    listed = oracle.conflicts(pairs, known=known, merge_known=merge_known)
    table = found.report.conflicts
    assert dict(zip(table["id"], table["known"].str.split(", "), strict=True)) == listed
    assert table["n_known"].tolist() == [len(listed[i]) for i in table["id"]]


@given(st.lists(PAIRS, max_size=14), st.sampled_from(POLICIES), st.sampled_from(SHARED), st.randoms())
def test_the_order_of_links_and_their_repetition_change_no_byte(
    pairs: list[oracle.Link], policy: str, shared: str, order: random.Random
) -> None:
    other = pairs + pairs[:3]
    order.shuffle(other)
    a, b = (jl.identity(links_of(p), policy=policy, shared=shared).map for p in (pairs, other))
    assert a.to_arrow().equals(b.to_arrow())
    part = links_of(other[: len(other) // 2]), links_of(other[len(other) // 2 :])
    assert jl.identity(part, policy=policy, shared=shared).map.to_arrow().equals(a.to_arrow())


@given(st.lists(PAIRS, max_size=14), st.sampled_from(POLICIES))
def test_ids_by_actor_add_up(pairs: list[oracle.Link], policy: str) -> None:
    """Every id is somebody, so sizes over ids at one time are the ids; before and after agree with the oracle."""
    found = jl.identity(links_of(pairs), policy=policy, shared="first", lookback=None)
    ids = {i for a, b, _ in pairs if a != b for i in (a, b)} | {a for a, b, _ in pairs if a == b}
    seen: dict[str, set[str]] = {}
    for i in ids:
        for t in range(-1, 14):
            actor = oracle.who(pairs, i, t, policy=policy, shared="first", lookback=None, merge_known=True)
            seen.setdefault(actor, set()).add(i)
    assert found.report.table["n_actors"].tolist() == [len(ids), len(seen)]
    sizes = pd.Series([len(s) for s in seen.values()], dtype="int64").value_counts().sort_index()
    assert found.report.sizes.values.tolist() == [list(pair) for pair in sizes.items()]


def test_cycles_and_chains_end_in_one_actor_whatever_their_order() -> None:
    cycle = [("a", "b", 1), ("b", "a", 2)]
    chain = [("a", "b", 1), ("b", "c", 2), ("b", "c", 3)]
    for pairs, last in ((cycle, "a"), (chain, "c")):
        for order in itertools.permutations(pairs):
            found = jl.identity(links_of(list(order)), policy="merge").map
            to = dict(zip(found.table["id"], found.table["actor"], strict=True))
            assert {to.get(to.get(i, i), to.get(i, i)) for i in "abc" if i in "ab" or last == "c"} == {last}


def test_a_visitor_with_many_ids_and_people_takes_room_for_each_once() -> None:
    chain = [(f"d{k:04d}", f"d{k + 1:04d}", k) for k in range(2_000)]
    logins = [(f"d{k:04d}", f"p{k:04d}", k) for k in range(2_000)]
    found = jl.identity(links_of(chain + logins), policy="merge", known=[p for _, p, _ in logins])
    assert len(found.map.since) == 2_000 + 2_000
    assert found.report.sizes.values.tolist() == [[2_002, 2_000]]


def test_without_times_only_what_needs_none_is_answered() -> None:
    untimed = links_of(
        [("d1", "anna", 0), ("d2", "anna", 0), ("d3", "anna", 0), ("d3", "boris", 0)], timed=False
    )
    found = jl.identity(untimed, policy="merge", shared="apart")
    assert found.map.table["id"].tolist() == ["d1", "d2"]
    assert found.report.conflicts["id"].tolist() == ["d3"]
    with pytest.raises(ConfigError, match="no times"):
        jl.identity(untimed, policy="back")
    with pytest.raises(ConfigError, match="policy='merge', shared='apart'"):
        jl.identity(untimed, policy="merge", shared="last")
    with pytest.raises(ConfigError, match="some have none"):
        jl.identity([untimed, links_of([("x", "y", 1)])])


def test_a_visitor_with_many_people_is_sorted_too() -> None:
    pairs = [("kiosk", f"p{k % 7}", (k * 37) % 100) for k in range(100)]
    found = jl.identity(links_of(pairs), policy="forward")
    assert {t: oracle.who(pairs, "kiosk", t, policy="forward") for t in range(101)} == {
        t: who for (i, t), who in kiosk(found.map).items()
    }
    assert found.report.conflicts["n_known"].tolist() == [7]


def kiosk(mapped: jl.IdentityMap) -> dict[tuple[str, int], str]:
    chunk = make_log([Event("kiosk", "a", t, None, None) for t in range(101)]).chunk
    who = mapped.actors_of(chunk)
    return {("kiosk", t): who.names[c] for t, c in zip(chunk.time.tolist(), who.codes.tolist(), strict=True)}


# ----------------------------------------------------------------------------------------------- published cases


def frame_of(events: list[list[Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(events, columns=["device", "user", "t"])
    return frame.assign(event="e", row=range(len(frame)), user=frame["user"].astype("str"))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_published_answers(case: dict[str, Any]) -> None:
    log = jl.read(
        frame_of(case["events"]), actor="device", event="event", time="t", time_unit="s",
        time_range=("1970-01-01", None), columns=["user", "row"],
    )  # fmt: skip
    asked = dict(case["asked"])
    forget = asked.pop("forget", None)
    mapped = jl.identity(log, by="user", **asked).map
    if forget:
        mapped = mapped.forget(forget)
    found = mapped.apply(log).to_pandas().sort_values("row")["actor"].tolist()
    assert len(set(found)) == case["people"]
    if case["id"].startswith("amp"):  # the source numbers its people
        assert (
            pd.factorize(pd.Series(found))[0].tolist() == pd.factorize(pd.Series(case["person"]))[0].tolist()
        )
    else:
        assert found == case["person"]


@pytest.mark.parametrize("case", SESSIONS, ids=lambda c: c["id"])
def test_published_sessions(case: dict[str, Any]) -> None:
    asked = dict(case["asked"])
    step = getattr(jl, asked.pop("step", "Sessions"))(**asked)
    events = [Event(actor, name, t * SECOND, None, None) for actor, name, t in case["events"]]
    chunk = make_log(events, jl.Window(0, 2_000_000_000 * SECOND)).then(step).chunk
    level = chunk.cases(type(step).__name__.removesuffix("s").lower())
    owner = level.case_of_event(chunk.n_events)
    assert [None if c < 0 else c + 1 for c in owner.tolist()] == case["session"]
    if "durations_s" in case:
        lasted = (chunk.time[level.end - 1] - chunk.time[level.begin]) // SECOND
        assert lasted.tolist() == case["durations_s"]


# ------------------------------------------------------------------------------------------------ links and logs


def clicks() -> pd.DataFrame:
    rows = [
        ("d1", None, "home", 10), ("d1", "anna", "login", 20), ("d1", None, "pay", 30), ("d2", "anna", "pay", 40),
        ("d3", "boris", "login", 50), ("d3", "anna", "login", 60), ("d3", None, "pay", 70), ("d4", None, "home", 80),
        ("d5", "undefined", "pay", 90), ("d6", "undefined", "home", 95),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["device", "user", "event", "t"])


def click_log(frame: pd.DataFrame | None = None, **more: Any) -> jl.EventLog:
    frame = clicks() if frame is None else frame
    how = {
        "actor": "device",
        "event": "event",
        "time": "t",
        "time_unit": "s",
        "time_range": ("1970-01-01", None),
    }
    return jl.read(frame, **{**how, **more})  # type: ignore[arg-type]


def rows_of(log: jl.EventLog) -> list[tuple[str, str]]:
    frame = log.to_pandas().sort_values("time", kind="stable")
    return list(zip(frame["actor"], frame["event"], strict=True))


def test_links_come_from_columns_and_from_tables_alike() -> None:
    log = click_log()
    of_log = jl.links(log, end="user")
    table = clicks()[["device", "user", "t"]].dropna()
    of_table = jl.links(
        table, start="device", end="user", time="t", time_unit="s", time_range=("1970-01-01", None)
    )
    of_columns = jl.links(click_log(actor="event", event=jl.constant("e")), start="device", end="user")
    assert of_log.table.sort_values(["start", "time"]).values.tolist() == (
        of_table.table.sort_values(["start", "time"]).values.tolist()
    )
    assert of_columns.table.shape == of_log.table.shape
    assert of_log.left_out == {"placeholder": 2}
    assert of_log.by == "user" and of_table.by is None
    assert "anna" not in repr(of_log)


def test_of_a_run_of_logins_only_the_ends_are_links() -> None:
    frame = pd.DataFrame(
        {"device": "d1", "user": ["a"] * 5 + ["b"] + ["a"] * 4, "event": "e", "t": range(10)}
    )
    table = jl.links(click_log(frame), end="user").table
    assert table["end"].tolist() == ["a", "a", "b", "a", "a"]


def test_an_event_that_names_a_person_is_that_persons_under_every_policy() -> None:
    log = click_log()
    for policy, shared in itertools.product(("forward", "back", "merge"), SHARED):
        done = rows_of(jl.identity(log, by="user", policy=policy, shared=shared).apply(log))
        assert [done[i][0] for i in (1, 3, 4, 5)] == ["anna", "anna", "boris", "anna"]
        assert [done[i][0] for i in (7, 8, 9)] == ["d4", "d5", "d6"]  # "undefined" is nobody
    assert rows_of(jl.identity(log, by="user", policy="none").apply(log)) == rows_of(log)
    kept = {shared: rows_of(jl.stitch(log, "user", shared=shared))[6][0] for shared in SHARED}
    assert kept == {"split": "anna", "first": "boris", "last": "anna", "apart": "d3"}


def test_the_report_tells_the_effect_on_conversion() -> None:
    log = click_log()
    found = jl.identity(log, by="user", policy="merge", shared="split", goal="pay", start="login")
    table = found.report.table
    assert table["n_actors"].tolist() == [6, 5]
    assert table["n_started"].tolist() == [2, 2]
    assert table["n_converted"].tolist() == [2, 1]
    assert table["conversion_rate"].tolist() == [1.0, 0.5]
    assert (table["conversion_low"] < table["conversion_rate"]).all()
    assert found.effect(log, "pay").table["n_converted"].tolist() == [4, 2]
    assert found.report.sizes.values.tolist() == [[1, 4], [3, 1]]  # boris: d3; anna: d1, d2, d3
    with pytest.warns(UnseenNameWarning):
        assert found.effect(log, "refund").table["n_converted"].tolist() == [0, 0]
    shown = found.report
    assert "placeholder 2" in repr(shown) and "conversion: actors with 'login'" in shown._repr_html_()
    assert json.loads(json.dumps(shown.to_dict()))["tables"]["conflicts"][0]["known"] == "anna, boris"
    assert repr(found) == repr(shown) and found._repr_html_() == shown._repr_html_()
    assert shown.to_arrow().num_rows == 2


def test_a_long_list_of_people_is_cut_and_html_is_escaped() -> None:
    pairs = [("<b>", f"p{k:02d}", k) for k in range(12)]
    report = jl.identity(links_of(pairs)).report
    assert report.conflicts["n_known"].tolist() == [12]
    assert report.conflicts["known"].item() == ", ".join(f"p{k:02d}" for k in range(10))
    assert "<b>p" not in report._repr_html_() and "&lt;b&gt;" in report._repr_html_()


def test_known_ids_that_are_linked_stay_apart_unless_told_to() -> None:
    pairs = [("d1", "anna", 1), ("d2", "anna-2", 2), ("anna-2", "anna", 3)]
    apart = jl.identity(links_of(pairs), known={"anna", "anna-2"}, policy="merge")
    assert dict(zip(apart.map.table["id"], apart.map.table["actor"], strict=True)) == {
        "d1": "anna",
        "d2": "anna-2",
    }
    assert apart.report.conflicts[["id", "kind", "known"]].values.tolist() == [
        ["anna", "linked known ids", "anna-2"]
    ]
    told = jl.identity(links_of(pairs), known={"anna", "anna-2"}, policy="merge", merge_known=True)
    assert set(told.map.table["actor"]) == {"anna"}
    assert len(told.report.conflicts) == 0


def test_two_kinds_of_ids_with_the_same_numbers_are_told() -> None:
    frame = pd.DataFrame(
        {"session": ["7", "7", "8"], "user": ["8", None, "9"], "event": "home", "t": [1, 2, 3]}
    )
    with pytest.warns(LoadWarning, match=r"'user' are also ids of actors who are somebody else.*1\. Fix"):
        found = jl.identity(click_log(frame, actor="session"), by="user")
    assert found.report.conflicts[["id", "kind"]].values.tolist() == [["8", "linked known ids"]]
    form = jl.Format(
        name="visits", actor=jl.fields.Join(jl.constant("session"), "session", sep=" "), event="event", time="t",
        time_unit="s", attributes={"user": "user"},
    )  # fmt: skip
    log = jl.read(frame, format=form, columns="format", time_range=("1970-01-01", None))
    assert rows_of(jl.stitch(log, by="user")) == [("8", "home"), ("8", "home"), ("9", "home")]


def test_partitions_of_a_log_are_relabelled_as_the_whole() -> None:
    log = click_log()
    mapped = jl.identity(log, by="user").map
    whole = mapped.actors_of(log.chunk)
    parts = [mapped.actors_of(part) for part in log.chunk.split(4)]
    assert len(parts) > 1
    names = [part.names[code] for part in parts for code in part.codes.tolist()]
    assert names == [whole.names[code] for code in whole.codes.tolist()]
    logs = [jl.EventLog.from_chunk(part) for part in log.chunk.split(4)]
    again = jl.identity([jl.links(part, end="user") for part in reversed(logs)]).map
    assert again.to_arrow().equals(mapped.to_arrow())
    assert again.about == mapped.about


def test_links_of_logs_and_of_tables_are_used_together() -> None:
    log = click_log()
    merged = pd.DataFrame(
        {"old": ["anna", "d4"], "new": ["anna@shop", "anna@shop"], "at": ["1970-01-01", "1970-01-02"]}
    )
    table = jl.links(merged, start="old", end="new", time="at", tz="UTC", time_range=("1970-01-01", None))
    who = jl.identity([jl.links(log, end="user"), table], policy="merge")
    assert [a for a, _ in rows_of(who.apply(log))] == [
        "anna@shop", "anna@shop", "anna@shop", "anna@shop", "boris", "anna@shop", "anna@shop", "anna@shop", "d5", "d6"
    ]  # fmt: skip


def test_equal_times_follow_precedence_then_the_id_they_came_with() -> None:
    frame = pd.DataFrame(
        {
            "who": ["z-device", "z-device", "z-device", "anna", "anna"],
            "user": ["anna", None, None, None, None],
            "what": ["b", "a", "c", "order", "paid"],
            "from": ["web", "web", "web", "shop", "shop"],
            "t": ["2025-01-06T10:00Z"] * 5,
        }
    )
    log = jl.read(frame, actor="who", event="what", time="t", source="from")
    plain = jl.stitch(log, by="user").to_pandas()["event"].tolist()
    assert plain == ["order", "paid", "b", "a", "c"]
    first = jl.stitch(log, by="user", precedence=["web", "shop"])
    assert first.to_pandas()["event"].tolist() == ["b", "a", "c", "order", "paid"]
    assert first.card.ties == 4 and first.card.order.startswith("web, shop by source")
    with pytest.raises(ConfigError, match="did you mean 'web'"):
        jl.stitch(log, by="user", precedence=["webb"])


def test_mistakes_are_told() -> None:
    log = click_log()
    found = jl.links(log, end="user")
    for wrong, says in (
        (lambda: jl.identity(found, policy="backwards"), "did you mean 'back'"),
        (lambda: jl.identity(found, shared="both"), "one of"),
        (lambda: jl.identity(found, known="some"), "a list or a column"),
        (lambda: jl.identity(found, lookback="30"), "unit"),
        (lambda: jl.identity(found, by="user"), "leave it out for links"),
        (lambda: jl.identity(log), "by='user_id'"),
        (lambda: jl.identity(found, goal="pay"), "effect"),
        (lambda: jl.identity([]), "no links"),
        (lambda: jl.identity([log]), "holds no links"),
        (lambda: jl.identity("user"), "holds no links"),
        (lambda: jl.links(log, end="user", tz="UTC"), "this is a log"),
        (lambda: jl.stitch(log, by=3), "says nothing about ids"),
        (
            lambda: jl.stitch(log, by="user", lookbak="3d"),
            "no option 'lookbak'. Fix: did you mean 'lookback'",
        ),
        (lambda: jl.stitch(log, by=jl.identity(found), policy="back"), "says already"),
        (lambda: jl.identity(found).apply(log.then(jl.Sessions())), "stitch first"),
    ):
        with pytest.raises(ConfigError, match=says):
            wrong()  # type: ignore[no-untyped-call]
    with pytest.raises(MissingColumnError, match="did you mean 'user'"):
        jl.links(log, end="usr")


def test_ids_that_were_read_as_numbers_are_texts_again() -> None:
    frame = clicks().assign(user=[None, 7, None, 7, 8, 7, None, None, None, None])
    for kind in ("Int64", "float64"):  # a column with gaps often comes as floats
        log = click_log(frame.assign(user=frame["user"].astype(kind), amount=1.5))
        assert set(jl.links(log, end="user").table["end"]) == {"7", "8"}
        assert jl.stitch(log, by="user").n_actors == 6
    with pytest.raises(MissingColumnError, match="holds no ids"):
        jl.links(log, end="amount")


def test_nothing_to_link_is_no_error() -> None:
    log = click_log(clicks().assign(user=None))
    found = jl.identity(log, by="user", goal="pay")
    assert len(found.map) == 0
    assert found.report.table["n_actors"].tolist() == [6, 6]
    assert found.report.conflicts.shape == (0, 5)
    assert rows_of(found.apply(log)) == rows_of(log)
    assert jl.stitch(make_log([]), by="channel").n_events == 0
    nobody = Category(np.zeros(0, np.int32), pa.array([], pa.string()))
    assert len(jl.identity(Links.between(nobody, nobody, np.zeros(0, np.int64))).report.sizes) == 0


def test_ids_that_are_the_actor_already_link_nothing_and_that_is_told() -> None:
    frame = pd.DataFrame(
        {"device": ["d1", "d1"], "user": [None, "anna"], "event": ["home", "pay"], "t": [1, 2]}
    )
    form = jl.Format(
        name="visits", actor=jl.fields.First("user", "device"), event="event", time="t", time_unit="s",
        attributes={"device": "device", "user": "user"},
    )  # fmt: skip
    log = jl.read(frame, format=form, columns="format", time_range=("1970-01-01", None))
    says = r"where 'user' has an id, that is the actor already: 1\. Fix: .*jl\.links\(log, start='device_id', end='user'\)"
    with pytest.warns(LoadWarning, match=says):
        assert jl.identity(log, by="user").apply(log).n_actors == 2
    who = jl.identity(jl.links(log, start="device", end="user"))
    assert rows_of(who.apply(log)) == [("anna", "home"), ("anna", "pay")]


def test_the_stitched_shop_converts_as_its_truth_says_and_the_unstitched_does_not() -> None:
    shop = jl.datasets.simulate(400, seed=3, days=60)
    clicks, orders = shop.tables["clicks"], shop.tables["orders"]
    web = jl.read(
        clicks, actor="device_id", event="action", time="ts_ms", time_unit="ms", source=jl.constant("clicks")
    )
    shopped = jl.read(
        orders, actor="customer_id", stamps={"ordered": "ordered_at", "delivered": "delivered_at"},
        tz="Europe/Moscow", source=jl.constant("orders"),
    )  # fmt: skip
    log = jl.combine(web, shopped)
    truth = shop.truth.conversion.set_index(["start", "goal"])
    for goal in ("ordered", "delivered"):
        started, converted = truth.loc[("checkout", goal)]
        who = jl.identity(log, by="user_id", policy="back", goal=goal, start="checkout")
        before, after = who.report.table[["n_started", "n_converted"]].to_numpy().tolist()
        assert after == [started, converted]
        assert before[1] == 0 and before[0] > started


def test_links_without_a_time_come_from_files_and_frames_alike(tmp_path: Path) -> None:
    seen = pd.DataFrame({"device": ["d1", "d2", "d3"], "user": ["007", "007", None]})
    seen.to_csv(tmp_path / "links.csv", index=False)
    read = [jl.links(data, start="device", end="user", time=None) for data in (seen, tmp_path / "links.csv")]
    assert [found.table.to_numpy().tolist() for found in read] == [[["d1", "007"], ["d2", "007"]]] * 2
    assert all(found.time is None for found in read)
    assert len(jl.identity(read[1], policy="merge", shared="apart").map) == 2


def test_a_report_of_links_says_that_they_know_no_events() -> None:
    seen = pd.DataFrame({"device": ["d1"], "user": ["anna"], "at": ["2025-01-06"]})
    found = jl.links(seen, start="device", end="user", time="at", tz="UTC")
    who = jl.identity(found, policy="back", lookback="30d")
    assert who.report.table["n_actors"].tolist() == [2, 2]
    assert any(".effect(log)" in note for note in who.report.notes)
    log = jl.read(seen.assign(event="x"), actor="device", event="event", time="at", tz="UTC")
    told = who.effect(log)
    assert told.table["n_actors"].tolist() == [1, 1] and not any(".effect" in note for note in told.notes)
    assert not any(".effect" in note for note in jl.identity(found, policy="merge").report.notes)
