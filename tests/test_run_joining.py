"""A run of several sources: one clock, one copy of what is told twice, one customer; and the truth comes out."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.errors import EmptyResultWarning
from journeylog.reporting.cli import run
from journeylog.reporting.joinkeys import JOINING
from journeylog.reporting.schema import check_config

CONFIG = """\
goal = "ordered"
start = "checkout"
patience = "30d"
precedence = ["orders", "clicks"]

[stages]
look = ["landing", "search", "product_view"]
buy = ["checkout", "purchase", "ordered"]
after = ["paid", "delivered"]

[[same]]
events = { clicks = "purchase", orders = "ordered" }
on = "order_id"
within = "1min"

[offsets.orders]
against = "clicks"
on = "order_id"
events = { clicks = "purchase", orders = "ordered" }

[identity]
by = "user_id"
policy = "back"
lookback = "30d"

[output]
files = ["map.json"]
mask = 0

[[source]]
name = "clicks"
path = "clicks.csv"
actor = "device_id"
event = "action"
time = "ts_ms"
time_unit = "ms"

[[source]]
name = "orders"
path = "orders.csv"
actor = "customer_id"
tz = "Europe/Moscow"

[source.stamps]
ordered = "ordered_at"
paid = "paid_at"
delivered = "delivered_at"
"""


@pytest.fixture(scope="module")
def shop() -> jl.datasets.Simulation:
    return jl.datasets.simulate(400, seed=3, days=60)


@pytest.fixture
def folder(shop: jl.datasets.Simulation, tmp_path: Path) -> Path:
    """Return the files of a shop whose clicks tell purchases, too, and whose clock of orders is seven minutes ahead."""
    clicks, orders = shop.tables["clicks"], shop.tables["orders"].copy()
    bought = purchases(shop)
    pd.concat([clicks, bought]).to_csv(tmp_path / "clicks.csv", index=False)
    for name in [one for one in orders.columns if one.endswith("_at")]:
        late = pd.to_datetime(orders[name]) + pd.Timedelta("7min")
        orders[name] = late.dt.strftime("%Y-%m-%d %H:%M:%S.%f")
    orders.to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "shop.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def purchases(shop: jl.datasets.Simulation) -> pd.DataFrame:
    """Return a click for each order of somebody who came by the web before, two seconds after it was written."""
    events = shop.events
    seen = events["device"].where(events["source"] == "clicks").groupby(events["actor"]).ffill()
    told = events[(events["event"] == "ordered") & seen.notna()]
    at = (told["time"] + pd.Timedelta("2s") - pd.Timestamp(0, tz="UTC")) // pd.Timedelta("1ms")
    rows = {"ts_ms": at, "device_id": seen[told.index], "action": "purchase", "order_id": told["object"]}
    return pd.DataFrame(rows)


def facts(capsys: pytest.CaptureFixture[str], *arguments: Any) -> Mapping[str, Any]:
    capsys.readouterr()
    assert run(["run", *map(str, arguments), "--json"]) == 0
    told: Mapping[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_the_stitched_shop_converts_as_its_truth_says_and_each_purchase_counts_once(
    shop: jl.datasets.Simulation, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = facts(capsys, folder / "shop.toml")
    truth = shop.truth.conversion.query("start == 'checkout' and goal == 'ordered'").iloc[0]
    started, converted = int(truth["n_started"]), int(truth["n_converted"])
    who, n_twice = told["identity"], len(purchases(shop))
    assert n_twice > 30
    assert (who["n_started_after"], who["n_converted_after"]) == (started, converted)
    assert who["n_converted_before"] == 0 and who["n_started_before"] > started
    assert who["actors_before"] > who["actors_after"] >= len(set(shop.events["actor"]))
    assert told["told_twice"] == told["duplicates"] == n_twice == told["card"]["deduplicated"]
    assert told["card"]["sources"]["clicks"]["deduplicated"] == n_twice
    assert told["offsets"]["orders"]["offset_s"] == 7 * 60 - 2 and told["offsets"]["orders"]["n"] == n_twice
    log = jl.read_config(folder / "shop.toml")
    events = log.to_pandas()["event"]
    n_orders = int((shop.events["event"] == "ordered").sum())
    assert (events == "ordered").sum() == len(shop.tables["orders"]) == n_orders
    assert (events == "purchase").sum() == 0
    assert [note for note in log.card.notes if "was compared with that of 'clicks'" in note]
    cells = pd.DataFrame(json.loads((folder / "out" / "latest" / "map.json").read_text("utf-8"))["table"])
    reached = cells.query("stage == 'buy' and row == 'ways' and measure == 'goal'")
    assert len(reached) and reached["n"].iloc[0] <= started


def test_without_the_rule_each_purchase_counts_twice(
    shop: jl.datasets.Simulation, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = re.sub(r"\[\[same\]\].*?\n\n", "", CONFIG, flags=re.DOTALL)
    (folder / "shop.toml").write_text(text, encoding="utf-8")
    told = facts(capsys, folder / "shop.toml")
    assert told["duplicates"] == told["told_twice"] == 0
    log = jl.read_config(folder / "shop.toml")
    twice = log.to_pandas()["event"].isin(["ordered", "purchase"]).sum()
    assert twice == len(shop.tables["orders"]) + len(purchases(shop))


CLICKS = """\
who,user,what,when,order_id
d1,,home,2025-01-06T09:00:00Z,
d1,anna,login,2025-01-06T09:05:00Z,
d2,,home,2025-01-06T10:00:00Z,
d2,,purchase,2025-01-06T10:20:00Z,o1
"""
ORDERS = "customer,when,order_id\nanna,2025-01-06T10:20:05Z,o1\n"
SMALL: dict[str, Any] = {
    "source": [
        {"name": "clicks", "path": "c.csv", "actor": "who", "event": "what", "time": "when"},
        {
            "name": "orders",
            "path": "o.csv",
            "actor": "customer",
            "event": {"constant": "ordered"},
            "time": "when",
        },
    ]
}
LINK = {"path": "links.csv", "start": "device", "end": "person", "time": "at"}
TOLD = {"events": {"clicks": "purchase", "orders": "ordered"}, "on": "order_id"}


def small(folder: Path, orders: str = ORDERS, **more: Any) -> jl.EventLog:
    """Return the log of two small files, joined as asked."""
    (folder / "c.csv").write_text(CLICKS, encoding="utf-8")
    (folder / "o.csv").write_text(orders, encoding="utf-8")
    (folder / "links.csv").write_text("device,person,at\nd2,anna,2025-01-06T10:10:00Z\n", encoding="utf-8")
    (folder / "small.yaml").write_text(json.dumps({**more, **SMALL}), encoding="utf-8")  # JSON is YAML, too
    log: jl.EventLog = jl.read_config(folder / "small.yaml")
    return log


def named(log: jl.EventLog) -> list[tuple[str, str]]:
    frame = log.to_pandas()
    return list(zip(frame["actor"], frame["event"], strict=True))


def test_policies_of_a_configuration_are_those_of_python(tmp_path: Path) -> None:
    plain = small(tmp_path)
    for policy in ("none", "forward", "back", "merge"):
        for shared in ("split", "first", "last", "apart"):
            said = {"by": "user", "policy": policy, "shared": shared}
            asked = small(tmp_path, identity=said)
            assert named(asked) == named(
                jl.identity(plain, by="user", policy=policy, shared=shared).apply(plain)
            )
    reach = small(tmp_path, identity={"by": "user", "lookback": "1min"})
    assert ("d1", "home") in named(reach) and ("anna", "login") in named(reach)
    assert named(small(tmp_path, stitch="user")) == named(jl.stitch(plain, by="user"))


def test_links_come_from_a_table_beside_those_of_a_column(tmp_path: Path) -> None:
    log = small(tmp_path, identity={"by": "user", "links": [LINK]})
    assert {actor for actor, _ in named(log)} == {"anna"}
    alone = small(tmp_path, identity={"policy": "forward", "links": [LINK]})
    assert named(alone) == [
        ("anna", "purchase"),
        ("anna", "ordered"),
        ("d1", "home"),
        ("d1", "login"),
        ("d2", "home"),
    ]
    columns = {"source": "clicks", "start": "who", "end": "user"}
    with pytest.raises(jl.errors.MissingColumnError, match="identity: links 1: "):
        small(tmp_path, identity={"links": [columns]})


def test_a_table_of_links_may_know_no_times(tmp_path: Path) -> None:
    untimed = {key: value for key, value in LINK.items() if key != "time"}
    said = {"by": "user", "policy": "merge", "shared": "apart", "links": [untimed]}
    assert {actor for actor, _ in named(small(tmp_path, identity=said))} == {"anna"}
    with pytest.raises(jl.errors.ConfigError, match=r"policy='back' .* asks what came first"):
        small(tmp_path, identity={"by": "user", "links": [untimed]})


def test_links_come_from_the_records_of_a_vendors_format(tmp_path: Path) -> None:
    rows = [
        {"event_name": "view", "event_timestamp": 1736154000000000, "user_pseudo_id": "d1"},
        {
            "event_name": "login",
            "event_timestamp": 1736154300000000,
            "user_pseudo_id": "d1",
            "user_id": "anna",
        },
    ]
    (tmp_path / "ga.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    said = {
        "source": [{"name": "ga", "path": "ga.jsonl", "format": "ga4"}],
        "identity": {"links": [{"source": "ga"}]},
    }
    (tmp_path / "ga.yaml").write_text(json.dumps(said), encoding="utf-8")
    assert jl.read_config(tmp_path / "ga.yaml").to_pandas()["actor"].tolist() == ["anna", "anna"]


def test_a_map_that_was_saved_is_applied(tmp_path: Path) -> None:
    plain = small(tmp_path)
    who = jl.identity(plain, by="user", policy="merge")
    who.save(tmp_path / "who.parquet")
    assert named(small(tmp_path, identity={"map": "who.parquet"})) == named(who.apply(plain))


def test_a_link_that_stands_on_a_copy_is_not_lost_with_it(tmp_path: Path) -> None:
    clicks = CLICKS.replace("d2,,purchase", "d2,anna,purchase")
    rule: dict[str, Any] = {"same": [TOLD], "precedence": ["orders", "clicks"]}
    for more, left in (({}, 5), (rule, 4)):
        small(tmp_path, identity={"by": "user"}, **more)
        (tmp_path / "c.csv").write_text(clicks, encoding="utf-8")
        log = jl.read_config(tmp_path / "small.yaml")
        assert log.n_events == left and {actor for actor, _ in named(log)} == {"anna"}


def test_a_quiet_day_of_a_source_is_no_error(tmp_path: Path) -> None:
    rule: dict[str, Any] = {"same": [TOLD], "precedence": ["orders", "clicks"]}
    quiet = small(tmp_path, orders=ORDERS.split("\n")[0] + "\n", offsets={"orders": "3s"}, **rule)
    assert quiet.n_events == 4 and quiet.card.deduplicated == 0
    guess = {"orders": {"against": "clicks", "on": "order_id"}}
    with pytest.warns(EmptyResultWarning, match="no event is in both logs"):
        other = small(tmp_path, orders=ORDERS.replace("o1", "o2"), offsets=guess, **rule)
    assert other.n_events == 5 and other.card.deduplicated == 0


def test_a_declared_clock_is_set_right_before_tolerances_hold(tmp_path: Path) -> None:
    rule: dict[str, Any] = {"same": [{**TOLD, "within": "1s"}], "precedence": ["clicks", "orders"]}
    assert small(tmp_path, **rule).n_events == 5
    right = small(tmp_path, offsets={"orders": "5s"}, **rule)
    assert right.n_events == 4 and "ordered" not in right.events
    late = {"orders": {"against": "clicks", "on": {"clicks": "order_id", "orders": "order_id"}}}
    assert small(tmp_path, offsets=late, **rule).n_events == 4


def test_the_page_shows_what_a_configuration_may_hold() -> None:
    page = (Path(__file__).parent.parent / "docs" / "scheduling.md").read_text("utf-8")
    section = page.partition("## Several sources, one customer")[2].partition("\n## ")[0]
    shown = tomllib.loads(section.partition("```toml\n")[2].partition("```")[0])
    assert set(shown) == set(JOINING)
    names = ("clicks", "orders", "crm", "segment")
    check_config(
        {**shown, "source": [{"name": name, "path": f"{name}.csv", "format": "x"} for name in names]},
        "shop.toml",
    )


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"identity": {"bye": "user"}}, "identity: unknown key 'bye'. Fix: did you mean 'by'"),
        ({"identity": {"by": "user", "policy": "bak"}}, "policy: 'bak' is not possible. Fix: did you mean 'back'"),
        ({"identity": {"by": "user", "shared": "a part"}}, "shared: .*did you mean 'apart'"),
        ({"identity": {"policy": "back"}}, 'identity names no ids. Fix: by = "user_id"'),
        ({"identity": {"map": "x.json", "by": "user"}}, "the map says already who is who. Fix: leave out by"),
        ({"identity": {"by": "user"}, "stitch": "user"}, r"stitch and \[identity\] both say"),
        ({"identity": {"links": [{"path": "l.csv", "start": "a"}]}}, "links 1 has no end"),
        ({"identity": {"links": [{"path": "l.csv", "strat": "a"}]}}, "did you mean 'start'"),
        ({"identity": {"links": [{"start": "a"}]}}, "links 1: needs path or source"),
        ({"identity": {"links": [{"source": "click"}]}}, "did you mean 'clicks'"),
        ({"identity": {"links": [{"source": "clicks"}]}}, "links 1: the source 'clicks' has no format that knows"),
        ({"precedence": ["order"]}, "precedence: no source is called 'order'. Fix: did you mean 'orders'"),
        ({"same": [TOLD]}, r"'clicks' is not in precedence. Fix: precedence = \['clicks', 'orders'\]"),
        ({"same": [{**TOLD, "key": "x"}]}, "same 1: unknown key 'key'"),
        ({"same": [{"events": TOLD["events"]}]}, "same 1 has no on"),
        ({"same": [{**TOLD, "events": {"clicks": "x"}}]}, "same 1: events names one source"),
        (
            {"same": [{**TOLD, "on": {"clicks": "x"}}], "precedence": ["clicks", "orders"]},
            "same 1: on names no column of 'orders'",
        ),
        ({"offsets": {"order": "3s"}}, "offsets: no source is called 'order'"),
        ({"offsets": {"orders": 3}}, "orders = 3 has no unit"),
        ({"offsets": {"orders": "3"}}, "offsets.*'3'"),
        ({"offsets": {"orders": {"against": "orders", "on": "x"}}}, "the clock of 'orders' is estimated itself"),
        ({"offsets": {"orders": {"against": "clicks"}}}, "offsets: orders has no on"),
        ({"ofsets": {}}, "did you mean 'offsets'"),
    ],
)  # fmt: skip
def test_what_cannot_be_joined_is_told(tmp_path: Path, more: dict[str, Any], says: str) -> None:
    with pytest.raises(jl.errors.ConfigError, match=says):
        small(tmp_path, **more)
