"""The simulated shop: same seed same bytes, its own truth recovered by simple counts, its dirt row by row."""

from __future__ import annotations

import gzip
import json
import math
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from journeylog.datasets import ROLES, Segment, ShopSpec, Simulation, Wait, simulate, simulate_chain
from journeylog.errors import ConfigError, OutputError

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
ORDER_TIMES = ROLES["orders"]["times"]


@pytest.fixture(scope="module")
def long_shop() -> Simulation:
    """A window so long against the waits that nothing to speak of is cut off."""
    return simulate(40_000, seed=11, days=20_000)


@pytest.fixture(scope="module")
def clean() -> Simulation:
    return simulate(3000, seed=5)


@pytest.fixture(scope="module")
def dirty() -> Simulation:
    return simulate(3000, seed=5, dirty=0.1)


def with_next(events: pd.DataFrame) -> pd.DataFrame:
    """Return the events with the event after each and the wait until it, of the same actor."""
    by_actor = events.groupby("actor", sort=False)
    wait = (by_actor["time"].shift(-1) - events["time"]).dt.total_seconds()
    return events.assign(next=by_actor["event"].shift(-1), wait=wait)


def far_off(count: int, n: int, p: float) -> float:
    """Return how many standard deviations `count` is from what `n` trials at `p` give."""
    return abs(count - n * p) / max(math.sqrt(n * p * (1 - p)), 1e-9)


# Same seed, same everything


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    written = [simulate(300, seed=3, dirty=0.1).write(tmp_path / name) for name in ("a", "b")]
    assert set(written[0]) == {"clicks", "crm", "orders", "feedback", "tickets", "truth", "dirt"}
    for name, path in written[0].items():
        assert path.read_bytes() == written[1][name].read_bytes(), name
    other = simulate(300, seed=4, dirty=0.1).write(tmp_path / "c")
    assert all(path.read_bytes() != other[name].read_bytes() for name, path in written[0].items())


def test_dirt_leaves_the_events_alone(clean: Simulation, dirty: Simulation) -> None:
    pd.testing.assert_frame_equal(clean.events, dirty.events)
    pd.testing.assert_frame_equal(clean.truth.outcomes, dirty.truth.outcomes)


def test_spec_survives_json() -> None:
    spec = ShopSpec(early=0.3, segment=Segment("acquisition", "social", "product_view", 0.5))
    back = ShopSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
    assert back == spec
    pd.testing.assert_frame_equal(simulate(50, spec=back).events, simulate(50, spec=spec).events)


# The truth is recovered by simple counts


def test_transition_shares_are_recovered(long_shop: Simulation) -> None:
    steps = with_next(long_shop.events)
    last = steps["next"].isna()
    state = steps["actor"].map(long_shop.truth.outcomes.set_index("actor")["state"])
    assert (state[last] != "open").mean() > 0.999
    steps["to"] = steps["next"].where(~last, "(" + state + ")")
    steps = steps[steps["to"] != "(open)"]
    segment = long_shop.truth.segment
    assert segment is not None
    bad = (steps[segment.attribute] == segment.value) & (steps["event"] == segment.node)
    checked = 0
    for rows, table in (
        (steps[~bad], long_shop.truth.transitions),
        (steps[bad], long_shop.truth.segment_transitions),
    ):
        counts = rows.groupby(["event", "to"]).size()
        for way in table.itertuples():
            label = way.next if way.outcome == "event" else f"({way.outcome})"
            n = int(counts[way.node].sum())
            assert n > 100
            assert far_off(int(counts.get((way.node, label), 0)), n, way.probability) < 4.5, way
            checked += 1
        known = table["next"].where(table["outcome"] == "event", "(" + table["outcome"] + ")")
        assert set(counts.index) == set(zip(table["node"], known, strict=True))
    assert checked == len(long_shop.truth.transitions) + len(long_shop.truth.segment_transitions)


def test_waits_are_recovered(long_shop: Simulation) -> None:
    steps = with_next(long_shop.events).dropna(subset=["next"])
    table = long_shop.truth.transitions.dropna(subset=["next"]).set_index(["node", "next"])
    for edge, wait in steps.groupby(["event", "next"])["wait"]:
        truth = table.loc[edge]
        error = float(wait.std()) / math.sqrt(len(wait))
        assert abs(float(wait.mean()) - truth["mean_wait_s"]) < 5 * error, edge
        assert far_off(int((wait < truth["median_wait_s"]).sum()), len(wait), 0.5) < 4.5, edge


def test_hazards_and_the_bad_segment(long_shop: Simulation) -> None:
    truth = long_shop.truth
    rows = truth.transitions.groupby("node")["probability"].sum()
    assert np.allclose(rows, 1)
    assert truth.hazard("checkout") == truth.spec.node("checkout").dropped == 0.20
    assert truth.hazard("paid") == 0
    events = with_next(long_shop.events).query("event == 'checkout'")
    gone = events["next"].isna().groupby(events["platform"]).mean()
    assert gone["android"] == pytest.approx(0.45, abs=0.02)
    assert gone.drop("android").to_numpy() == pytest.approx(0.20, abs=0.02)
    assert float(truth.segment_transitions["probability"].sum()) == pytest.approx(1)


def test_the_bottleneck_stands_out(clean: Simulation) -> None:
    steps = with_next(clean.events)
    edges = steps.groupby(["event", "next"])["wait"].agg(["count", "mean", "sum"])
    slowest = edges["sum"].sort_values(ascending=False)
    assert slowest.index[0] == clean.truth.bottleneck
    assert slowest.iloc[0] > 3 * slowest.iloc[1]
    means = clean.truth.transitions.set_index(["node", "next"])["mean_wait_s"].sort_values(ascending=False)
    assert means.index[0] == clean.truth.bottleneck
    assert means.iloc[0] > 3 * means.iloc[1]


def test_the_unhappy_stage_has_the_low_scores(long_shop: Simulation) -> None:
    scores = long_shop.events.groupby("stage")["score"].mean()
    assert scores.idxmin() == long_shop.truth.unhappy_stage
    by_event = long_shop.events.groupby("event")["score"].agg(["mean", "sem"]).dropna()
    truth = long_shop.truth.nodes.set_index("node")["mean_score"].dropna()
    assert set(by_event.index) == set(truth.index)
    assert ((by_event["mean"] - truth).abs() < 4 * by_event["sem"]).all()


# The window


def test_everything_after_the_window_is_cut_off(clean: Simulation) -> None:
    truth, events = clean.truth, clean.events
    assert truth.start == pd.Timestamp("2025-01-06", tz="UTC")
    assert events["time"].between(truth.start, truth.end).all()
    last = events.groupby("actor").agg(
        last_node=("event", "last"), last_time=("time", "last"), n_events=("event", "size")
    )
    told = truth.outcomes.set_index("actor")[["last_node", "last_time", "n_events"]]
    pd.testing.assert_frame_equal(last, told, check_names=False)
    still = truth.outcomes[truth.outcomes["state"] == "open"]
    assert len(still) > 30
    # nobody drops out after paying, so everybody whose last event it is still waits for the goods
    paid = truth.outcomes[truth.outcomes["last_node"] == "paid"]
    assert (paid["state"] == "open").all()
    assert len(paid) > 10
    goal = events[events["event"] == truth.spec.goal].groupby("actor")["time"].min()
    told_goal = truth.outcomes.set_index("actor")["goal_time"].dropna()
    pd.testing.assert_series_equal(goal, told_goal, check_names=False)


def test_early_arrivals_are_cut_on_the_left() -> None:
    shop = simulate(3000, seed=1, days=60, spec=ShopSpec(early=0.5, early_days=20))
    assert shop.events["time"].min() >= shop.truth.start
    first = shop.events.drop_duplicates("actor")["event"]
    assert not set(first) <= {name for name, _ in shop.truth.spec.entry}
    unseen = shop.truth.outcomes[shop.truth.outcomes["n_events"] == 0]
    assert len(unseen) > 500
    assert unseen["last_node"].isna().all()
    assert shop.events["object"].notna().all()


# Tables


def canonical(tables: dict[str, pd.DataFrame], truth_ids: dict[str, str]) -> pd.DataFrame:
    """Rebuild (actor, event, time) from clean raw tables, knowing who is behind each device."""
    clicks, crm, orders = tables["clicks"], tables["crm"], tables["orders"]
    crm = crm[crm["field"] == "stage"]
    wide = orders.melt("customer_id", list(ORDER_TIMES), "status", "at").dropna(subset=["at"])
    moscow = pd.to_datetime(wide["at"]).dt.tz_localize("Europe/Moscow").dt.tz_convert("UTC")
    feedback, tickets = tables["feedback"], tables["tickets"]
    who = feedback["respondent"].map(lambda r: truth_ids.get(r, r))
    epoch = pd.to_datetime(clicks["ts_ms"].astype("int64"), unit="ms", utc=True)
    parts = [
        (clicks["device_id"].map(truth_ids), clicks["action"], epoch),
        (crm["contact"], crm["new_value"], pd.to_datetime(crm["changed_at"], utc=True, format="ISO8601")),
        (wide["customer_id"], wide["status"].map(ORDER_TIMES), moscow),
        (who, feedback["survey"], pd.to_datetime(feedback["answered_at"], utc=True)),
        (tickets["requester"], tickets["status"], tickets["at"]),
    ]
    frames = [
        pd.DataFrame({"actor": a.astype(str), "event": e.astype(str), "time": t.dt.as_unit("us")})
        for a, e, t in parts
    ]
    return pd.concat(frames).sort_values(["actor", "time"], ignore_index=True)


def test_raw_tables_hold_exactly_the_canonical_events(clean: Simulation) -> None:
    devices = clean.truth.identity.query("source == 'device'").set_index("id")["actor"].to_dict()
    rebuilt = canonical(clean.tables, devices)
    told = clean.events[["actor", "event", "time"]].astype({"actor": str, "event": str})
    pd.testing.assert_frame_equal(rebuilt, told)
    step = told.groupby("actor")["time"].diff().dropna()
    assert (step > pd.Timedelta(0)).all()


def test_identity_is_consistent(clean: Simulation) -> None:
    identity = clean.truth.identity
    assert not identity.duplicated(["source", "id"]).any()
    owner = identity.set_index(["source", "id"])["actor"]
    clicks = clean.tables["clicks"]
    devices = identity[identity["source"] == "device"]
    assert set(devices["id"]) == set(clicks["device_id"])
    known = clicks.dropna(subset=["user_id"])
    assert 0.02 < len(known) / len(clicks) < 0.3
    assert (known["device_id"].map(owner["device"]) == known["user_id"]).all()
    assert (clicks["user_id"].notna() | (clicks["action"] != "checkout")).all()
    assert devices.groupby("actor").size().max() > 1
    orders, tickets, crm = (clean.tables[name] for name in ("orders", "tickets", "crm"))
    assert (orders["order_id"].map(owner["orders"]) == orders["customer_id"]).all()
    assert (tickets["ticket_no"].map(owner["tickets"]) == tickets["requester"]).all()
    assert (crm["object_id"].map(owner["crm"]) == crm["contact"]).all()
    for name, column in (
        ("clicks", "event_id"),
        ("crm", "history_id"),
        ("orders", "order_id"),
        ("feedback", "response_id"),
    ):
        assert clean.tables[name][column].is_unique


def test_events_carry_the_story(clean: Simulation) -> None:
    events = clean.events
    assert set(events["channel"]) == {"web", "app", "e-mail", "ads", "phone", "shop"}
    assert set(events["source"]) == set(clean.tables)
    stages = clean.truth.nodes.set_index("node")["stage"]
    assert (events["event"].map(stages) == events["stage"]).all()
    money = events.dropna(subset=["value"])
    assert set(money["event"]) == {"paid", "refunded"}
    assert ((money["value"] > 0) == (money["event"] == "paid")).all()
    per_order = money.groupby("object")["value"].sum().round(2)
    given_back = set(money.loc[money["event"] == "refunded", "object"])
    assert (per_order[list(given_back)] == 0).all()
    amounts = clean.tables["orders"].set_index("order_id")["amount"]
    paid = money[money["event"] == "paid"].set_index("object")["value"]
    assert (amounts[paid.index] == paid).all()
    text = events["text"].dropna()
    assert text.str.contains("[а-я]").any()
    assert not text.str.contains("[а-я]").all()


# What is refused


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: simulate(-1), "n_customers"),
        (lambda: simulate(10, dirty=0.9), "dirty"),
        (lambda: simulate(10, start="soon"), "soon"),
        (lambda: ShopSpec(goal="deliverd"), "did you mean 'delivered'"),
        (lambda: ShopSpec(entry=(("landing", 0.5),)), "sum to 1"),
        (lambda: ShopSpec(bottleneck=("paid", "landing")), "not an edge"),
        (lambda: ShopSpec(early=2), "early"),
        (lambda: Wait.lognormal(10, 5), "median"),
        (lambda: Wait(-1, 1), "positive"),
        (lambda: simulate_chain(5, ["a"], [[0.5, 0.5]]), "one row and one column"),
        (lambda: simulate_chain(5, ["a", "b"], [[0, 0.9], [0.9, 0]], heterogeneity=0.1), "cycles"),
        (lambda: simulate_chain(5, ["a", "b"], [[0, 1], [1, 0]]), "never end"),
        (lambda: simulate_chain(5, ["a", "b"], [[0, 1], [0, 0]], {}), "without a wait"),
        (lambda: simulate_chain(5, ["a", "b"], [[0, 1.5], [0, 0]]), "sum to 1"),
        (lambda: simulate_chain(5, ["a", "b"], [[0, 1], [0, 0]], visits=0.5), "visits"),
    ],
)
def test_nonsense_is_refused(call: object, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        call()  # type: ignore[operator]


def test_write_says_where_it_failed(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="could not be written"):
        simulate(5).write(tmp_path / "taken")


# The committed samples


def content(path: Path) -> object:
    """Return what a file says, whatever the version of the packer."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".parquet":
        return pq.read_table(path)
    return path.read_bytes()


def test_samples_are_what_the_script_makes(tmp_path: Path) -> None:
    made = runpy.run_path(str(SAMPLES / "make.py"))["make"](tmp_path)
    assert {path.name for path in made.values()} | {"README.md", "make.py", "shop.toml"} == {
        path.name for path in SAMPLES.iterdir() if path.is_file()
    }
    for path in made.values():
        assert content(path) == content(SAMPLES / path.name), path.name


def test_samples_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir() if path.is_file()) < 3_000_000


def test_the_samples_readme_names_every_file_and_column() -> None:
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    for name, table in simulate(200, dirty=0.5).tables.items():
        assert f"## {name}." in text
        section = text.split(f"## {name}.")[1].split("\n## ")[0]
        missing = [column for column in table.columns if f"`{column}`" not in section]
        assert not missing, name
    told = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))
    assert f"{told['n_customers']:,} customers" in text
