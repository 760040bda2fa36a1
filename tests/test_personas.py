"""Personas: planted kinds are found again, none where there are none, and what is told is right, stable and masked."""

from __future__ import annotations

import importlib
import itertools
import json
import re
import tomllib
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, silhouette_score

import journeylog as jl
from journeylog.core.differences import Estimates, difference
from journeylog.core.intervals import wilson
from journeylog.core.log import EventLog
from journeylog.core.source import Memory
from journeylog.errors import ConfigError, MissingColumnError, MissingPackageError
from journeylog.persona.clusters import EVERYONE
from journeylog.persona.fitting import mean_silhouette
from journeylog.persona.masking import too_small
from journeylog.persona.medoid import nearest_to_all
from journeylog.persona.personas import Personas
from journeylog.persona.profile import Profile
from tests.plot_logs import UGLY, log_of
from tests.test_journeymap import Once, recomputed

KINDS = {
    "buyers": [0.10, 0.15, 0.30, 0.20, 0.20, 0.05],
    "lookers": [0.25, 0.40, 0.30, 0.02, 0.01, 0.02],
    "askers": [0.20, 0.10, 0.10, 0.05, 0.05, 0.50],
}
NAMES = np.array(["home", "search", "product", "cart", "pay", "help"])
DAY = 86_400


def frame_of(kinds: tuple[str, ...], seed: int, n: int = 500) -> pd.DataFrame:
    """Return events of customers of known kinds; how many and how fast does not depend on the kind."""
    chance = np.random.default_rng(seed)
    kind = chance.choice(kinds, n)
    length = 3 + chance.poisson(10, n)
    who = np.repeat(np.arange(n), length)
    draw, wait = chance.random(len(who)), chance.exponential(7200.0, len(who))
    begin = chance.random(n) * 30 * DAY
    shares = np.array([np.cumsum(KINDS[k]) for k in kind])
    names = NAMES[np.minimum((shares[who] <= draw[:, None]).sum(axis=1), 5)]
    passed = np.cumsum(wait)
    time = begin[who] + passed - np.repeat(passed[np.cumsum(length) - length], length)
    value = np.where(names == "pay", np.where(kind[who] == "buyers", 90.0, 30.0), np.nan)
    stamps = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(np.round(time), unit="s")
    return pd.DataFrame(
        {"actor": [f"u{i}" for i in who], "event": names, "time": stamps, "value": value, "kind": kind[who]}
    )


@cache
def world(kinds: tuple[str, ...] = tuple(KINDS), seed: int = 1, n: int = 500) -> EventLog:
    frame = frame_of(kinds, seed, n)
    return jl.read(
        frame, actor="actor", event="event", time="time", value="value", currency=jl.constant("EUR")
    )


def by_actor(log: EventLog, column: str) -> pd.Series:
    return log.to_pandas().drop_duplicates("actor").set_index("actor")[column].sort_index()


def parted(log: EventLog, *cuts: int) -> EventLog:
    chunk = log.chunk
    bounds = itertools.pairwise([0, *cuts, chunk.n_actors])
    return EventLog(Memory(tuple(chunk.slice(a, b) for a, b in bounds)), log.window, log.card)


# ------------------------------------------------------------------------------------------------ clusters


@pytest.mark.parametrize("seed", [1, 2])
def test_planted_kinds_are_found_again(seed: int) -> None:
    log = world(seed=seed).then(jl.Clusters())
    step = log.steps[-1]
    assert step.supported and len(step.labels) == 3
    assert adjusted_rand_score(by_actor(log, "kind"), by_actor(log, "cluster")) > 0.85
    assert min(step.stability.values()) > 0.9 and step.found["agreement"] > 0.9
    assert step.found["silhouette"] > step.found["by_chance"] + 0.1
    said = {label.split(": ")[1] for label in step.labels}
    assert any("more help" in words for words in said) and any("more search" in words for words in said)


@pytest.mark.parametrize("seed", [1, 2])
def test_customers_of_one_kind_are_no_clusters(seed: int) -> None:
    log = world(("buyers",), seed).then(jl.Clusters(resamples=5))
    step = log.steps[-1]
    assert not step.supported and step.labels == (EVERYONE,)
    assert set(by_actor(log, "cluster")) == {EVERYONE}
    assert step.notes[0].startswith(
        "no clusters are supported by the data: customers who all move by the same"
    )


def test_customers_who_move_by_one_chain_and_stop_by_it_are_no_clusters() -> None:
    chain = [[0.1, 0.5, 0.1, 0.0], [0.2, 0.2, 0.3, 0.1], [0.0, 0.3, 0.1, 0.4], [0.0, 0.0, 0.0, 0.0]]
    found = []
    for seed in (1, 2):
        made = jl.datasets.simulate_chain(500, list("abcd"), chain, jl.datasets.Wait(3600, 0.5), seed=seed)
        log = jl.read(made.events, actor="actor", event="event", time="time")
        found.append(log.then(jl.Clusters(resamples=2)).steps[-1].found["why"])
    assert all(why.startswith("customers who all move by the same probabilities") for why in found)


def test_asked_for_clusters_are_made_and_a_note_says_they_are_not_supported() -> None:
    log = world(("buyers",), 1).then(jl.Clusters(2, resamples=5))
    assert len(set(by_actor(log, "cluster"))) == 2
    assert log.steps[-1].notes[0].endswith("; 2 were asked for")


def test_clusters_do_not_depend_on_partitions_order_or_threads() -> None:
    log, step = world(n=300), jl.Clusters(sample=200, most=4, resamples=3)
    whole = log.then(step)
    apart = parted(log, 40, 41, 220).then(step)
    assert apart.steps == whole.steps
    found: dict[str, str] = {}
    for chunk in apart.source.chunks:
        alone = EventLog(Memory((chunk,)), log.window, log.card)
        found |= by_actor(alone, "cluster").to_dict()
    assert found == by_actor(whole, "cluster").to_dict()
    frame = frame_of(tuple(KINDS), 1, 300).sample(frac=1, random_state=3)
    shuffled = jl.read(frame, actor="actor", event="event", time="time", order_by="time").then(step)
    assert by_actor(shuffled, "cluster").to_dict() == found


def test_other_seeds_draw_other_customers_and_find_the_same_kinds() -> None:
    found = [world().then(jl.Clusters(seed=s, sample=250, most=4, resamples=3)) for s in (0, 1)]
    assert found[0].steps[-1].found["centres"] != found[1].steps[-1].found["centres"]
    assert adjusted_rand_score(*(by_actor(log, "cluster") for log in found)) > 0.85


@pytest.mark.parametrize("k", [2, 3, 7])
def test_the_silhouette_is_that_of_scikit_learn(k: int) -> None:
    chance = np.random.default_rng(k)
    points, labels = chance.normal(size=(60, 3)), chance.integers(0, k, 60)
    labels[labels == 1] = 0  # an empty cluster, and below one of a single point
    labels[0] = k
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    assert mean_silhouette(apart, labels) == pytest.approx(silhouette_score(points, labels))


def test_channels_can_be_features() -> None:
    frame = frame_of(("buyers",), 4, 300)
    number = frame["actor"].str[1:].astype(int)
    frame["channel"] = np.where(number % 3 == 0, "shop", "web")
    log = jl.read(frame, actor="actor", event="event", time="time", channel="channel")
    with_channel = log.then(jl.Clusters(channel="channel", most=3, resamples=3))
    assert with_channel.steps[-1].supported and "channel" in with_channel.steps[-1].made_from
    assert adjusted_rand_score(by_actor(with_channel, "channel"), by_actor(with_channel, "cluster")) > 0.95
    assert not log.then(jl.Clusters(most=3, resamples=3)).steps[-1].supported


def test_without_scikit_learn_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Any:
        raise ImportError(name)

    log, step = jl.datasets.tiny(), jl.Clusters()
    monkeypatch.setattr("journeylog.persona.fitting.importlib", SimpleNamespace(import_module=refuse))
    with pytest.raises(MissingPackageError, match=re.escape('pip install "journeylog[personas]"')):
        log.then(step)


@pytest.mark.parametrize(
    "make, says",
    [
        (lambda: jl.Clusters(1), "no number of clusters"),
        (lambda: jl.Clusters("many"), "no number of clusters"),
        (lambda: jl.Clusters(sample=10), "at least 50"),
        (lambda: jl.Clusters(column="event"), "cannot hold clusters"),
        (lambda: jl.Clusters().labels, "found in a whole log"),
        (lambda: jl.datasets.tiny().then(jl.Clusters(column="channel")), "of its own"),
        (lambda: jl.personas(jl.datasets.tiny(), jl.Sessions()), "makes no groups"),
        (lambda: jl.personas(jl.datasets.tiny(), "channel", top=0), "top=0"),
        (lambda: jl.personas(jl.datasets.tiny(), "channel").card("fax"), "no group 'fax'"),
    ],
)
def test_what_cannot_be_meant_is_refused(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        make()


# ------------------------------------------------------------------------------------------ what tells them apart


@cache
def told() -> Personas:
    question = jl.JourneyMap("pay", stages={"look": ["home", "search", "product"], "buy": ["cart", "pay"]})
    return jl.personas(world(), "kind", map=question)


def test_shares_are_those_of_a_plain_loop_with_the_difference_of_two_shares() -> None:
    frame = frame_of(tuple(KINDS), 1)
    kind = frame.drop_duplicates("actor").set_index("actor")["kind"]
    table = told().table
    for group, name in itertools.product(KINDS, NAMES):
        have = set(frame.loc[frame["event"] == name, "actor"])
        mine = {a for a in kind.index if kind[a] == group}
        rest = set(kind.index) - mine
        k, n, other, m = len(have & mine), len(mine), len(have & rest), len(rest)
        row = table[(table["group"] == group) & (table["part"] == "touchpoint") & (table["name"] == name)]
        sides = [Estimates(np.array(x / y), *wilson(x, y)) for x, y in ((other, m), (k, n))]
        expected = [n, m, k / n, other / m, *(float(part) for part in difference(*sides))]
        columns = ["n", "n_rest", "value", "value_rest", "difference", "difference_low", "difference_high"]
        assert row[columns].iloc[0].tolist() == pytest.approx(expected)


def test_means_are_those_of_pandas() -> None:
    frame, table = frame_of(tuple(KINDS), 1), told().table
    each = frame.groupby("actor").agg(
        kind=("kind", "first"), events=("event", "size"), money=("value", "sum")
    )
    for group, part in itertools.product(KINDS, ("events", "money")):
        row = table[(table["group"] == group) & (table["part"] == part)].iloc[0]
        mine, rest = each.loc[each["kind"] == group, part], each.loc[each["kind"] != group, part]
        assert (row["value"], row["value_rest"]) == pytest.approx((mine.mean(), rest.mean()))
        error = np.sqrt(mine.var() / len(mine) + rest.var() / len(rest))
        wide = (row["difference_high"] - row["difference_low"]) / 2
        # bounds of what is never below zero are lopsided, the more the less they know
        assert 1.96 * error < wide == pytest.approx(1.96 * error, rel={"events": 0.03, "money": 0.06}[part])


def test_sizes_add_up_and_what_is_planted_is_told_first() -> None:
    groups = told().tables["groups"]
    assert groups["n"].sum() == groups["n_total"].iloc[0] == 500
    first = {card.name: card.tells.iloc[0] for card in told().cards}
    assert first["askers"]["name"] == "help" and first["askers"]["difference_low"] > 0
    money = told().card("buyers").tells.set_index("part").loc["money"]
    assert money["supported"] and money["unit"] == "EUR" and money["difference_low"] > 0
    assert told().table["q"].notna().sum() == told().table["p"].notna().sum() > 20


def test_groups_are_not_tested_by_what_they_were_made_from() -> None:
    goal = jl.JourneyMap("pay", stages={"all": "*"})
    found = jl.personas(world(), jl.Clusters(most=4, resamples=3), map=goal)
    table = found.table
    made = table["part"].isin(["touchpoint", "stage", "events", "outcome", "time"])
    assert "outcome" in set(table["part"])
    assert table.loc[made, "defining"].all() and table.loc[made, ["p", "q"]].isna().all().all()
    assert not table.loc[made, "supported"].any() and not table.loc[~made, "defining"].any()
    assert table.loc[table["part"] == "money", "supported"].any()  # amounts were no features
    assert all(card.stability is not None and card.stability > 0.9 for card in found.cards)
    orders = jl.personas(world(), jl.RFM("pay"))
    rows = orders.table.set_index(["part", "name"])
    assert (
        rows.loc[("touchpoint", "pay"), "defining"].all()
        and not rows.loc[("touchpoint", "help"), "defining"].any()
    )
    assert orders.table.loc[orders.table["part"].isin(["money", "orders", "recency"]), "defining"].all()


def test_rfm_groups_with_orders_are_held_against_each_other() -> None:
    found = jl.personas(world(), jl.RFM("pay"))
    rows = found.table[(found.table["part"] == "touchpoint") & (found.table["name"] == "pay")].set_index(
        "group"
    )
    buyers = int(rows.loc["champions", "n"] + rows.loc["champions", "n_rest"])
    sizes = found.tables["groups"].set_index("group")["n"]
    assert buyers == sizes.drop("no orders").sum() < sizes.sum()
    assert rows.loc["no orders", "n_rest"] == buyers
    order = [name for name in jl.RFM("pay").labels if name in set(sizes.index)]
    assert [card.name for card in found.cards] == order


def test_random_groups_differ_in_nothing_nineteen_times_in_twenty() -> None:
    wrong = 0
    for seed in range(20):
        frame = frame_of(tuple(KINDS), 1, 300)
        chance = np.random.default_rng(seed)
        frame["group"] = chance.choice(["a", "b", "c"], 300)[frame["actor"].str[1:].astype(int)]
        log = jl.read(
            frame, actor="actor", event="event", time="time", value="value", currency=jl.constant("EUR")
        )
        wrong += bool(jl.personas(log, "group", sample=2).table["supported"].any())
    assert wrong <= 3  # 1 is expected; more than 3 happen once in 60


def test_a_customer_belongs_to_its_first_known_group() -> None:
    frame = jl.datasets.tiny().to_pandas()[["actor", "event", "time"]]
    frame["tier"] = [None, "gold", "silver"] + [None] * (len(frame) - 3)
    log = jl.read(frame, actor="actor", event="event", time="time")
    found = jl.personas(log, "tier", map=jl.JourneyMap("pay", stages={"all": "*"}, patience="1h"))
    assert [(card.name, card.n) for card in found.cards] == [("gold", 1), (None, 3)]
    assert found.maps[None].cell(None, "volume", "customers").value == 3
    top = jl.personas(log, "tier", top=1)
    assert [card.name for card in top.cards] == [None]
    assert top.notes == ("1 smaller groups with 1 customers are not described",)


# --------------------------------------------------------------------------------------------------- the medoid


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(0, 3), max_size=6), min_size=1, max_size=6))
def test_the_medoid_is_that_of_brute_force(paths: list[list[int]]) -> None:
    def edits(a: tuple[int, ...], b: tuple[int, ...]) -> int:
        if not a or not b:
            return len(a) + len(b)
        return min(edits(a[1:], b) + 1, edits(a, b[1:]) + 1, edits(a[1:], b[1:]) + (a[0] != b[0]))

    others = max(len(paths) - 1, 1)
    means = [sum(edits(tuple(a), tuple(b)) / max(len(a), len(b), 1) for b in paths) / others for a in paths]
    offsets = np.cumsum([0, *map(len, paths)]).astype(np.int64)
    best, distance = nearest_to_all(offsets, np.array([*itertools.chain(*paths)], np.int64))
    assert means[best] == pytest.approx(min(means)) == pytest.approx(distance)


def test_the_journey_shown_is_one_that_its_actor_made() -> None:
    found = jl.personas(world(), "kind", sample=30, show_actor=True)
    frame = frame_of(tuple(KINDS), 1)
    for card in found.cards:
        journey = card.journey
        assert journey is not None and journey.n_compared == 30 and 0 < journey.distance < 1
        own = frame[frame["actor"] == journey.actor].sort_values("time")
        assert set(own["kind"]) == {card.name}
        names = [name for name, _ in itertools.groupby(own["event"])]
        assert journey.steps["event"].tolist() == names and journey.n_steps == len(names)
        assert journey.steps["n"].sum() == len(own) and journey.steps["time_s"].iloc[0] == 0
    assert all(card.journey.actor is None for card in told().cards if card.journey)
    assert "u1" not in json.dumps(told().to_dict())


# ------------------------------------------------------------------------------------------------ laws and files


def test_any_partition_gives_the_same_bytes() -> None:
    question = jl.JourneyMap("pay", stages={"look": ["home", "search", "product"], "buy": ["cart", "pay"]})
    profile = Profile("kind")
    log = world(n=120)
    for by in ("kind", jl.RFM("pay"), jl.Clusters(sample=80, most=3, resamples=2)):
        asked = question if by == "kind" else None
        whole, apart = (jl.personas(each, by, map=asked) for each in (log, parted(log, 3, 60)))
        assert json.dumps(whole.to_dict()) == json.dumps(apart.to_dict())
    counts = [profile.summarize(chunk, log.window) for chunk in parted(log, 3, 60).source.chunks]
    merged = counts[2] + counts[0] + counts[1]
    assert merged.to_bytes() == profile.summarize(log.chunk, log.window).to_bytes()
    empty = profile.summarize(log.chunk.slice(0, 0), log.window)
    assert (merged + empty).to_bytes() == merged.to_bytes()


def test_the_map_of_a_group_is_that_of_its_customers_alone() -> None:
    question = jl.JourneyMap("pay", stages={"look": ["home", "search", "product"], "buy": ["cart", "pay"]})
    alone = question.fill(world().then(jl.Where({"kind": "buyers"})))
    mine, theirs = told().maps["buyers"], alone
    pd.testing.assert_frame_equal(mine.table.drop(columns="code"), theirs.table.drop(columns="code"))
    kept = ", jl.ActorsOf('kind', value='buyers')"
    assert all(cell.code.count(kept) == 1 for cell in mine.cells)
    assert [cell.code.replace(kept, "") for cell in mine.cells] == [cell.code for cell in theirs.cells]


@pytest.mark.filterwarnings("ignore:no event matches:journeylog.errors.UnseenNameWarning")  # some never pay
@pytest.mark.parametrize("by", ["kind", "event", jl.RFM("pay"), jl.Clusters(sample=80, most=3, resamples=2)])
def test_every_cell_of_a_group_can_be_computed_anew_from_the_log_that_was_passed(by: Any) -> None:
    log = world(n=120)
    stages = {"look": ["home", "search", "product"], "buy": ["cart", "pay"]}
    found = jl.personas(log, by, map=jl.JourneyMap("pay", stages=stages, patience="auto"), top=3)
    once = Once(log)
    for name, one in found.maps.items():
        assert {cell.row for cell in one.cells} >= {"volume", "ways", "loss"}, name
        for cell in one.cells:
            np.testing.assert_equal(float(recomputed(cell, once)), cell.value)
    assert len(once.known) == len(found.maps) > 1, "each group has a log of its own"


def test_an_empty_log_has_no_personas() -> None:
    log = world(n=120).then(jl.Drop("*"))
    for by in ("kind", jl.Clusters()):
        found = jl.personas(log, by)
        assert found.cards == () and len(found.table) == 0
    with pytest.raises(MissingColumnError, match="kinds"):
        jl.personas(world(n=120), "kinds")


def test_small_groups_are_not_told_nor_what_would_give_them_away() -> None:
    assert too_small([("a", 3), ("b", 40), ("c", 900)], 5) == {"a", "b"}
    assert too_small([("a", 3), ("b", 4), ("c", 900)], 5) == {"a", "b"}
    assert too_small([("a", 30), ("b", 40)], 5) == set()
    frame = frame_of(tuple(KINDS), 1, 200)
    number = frame["actor"].str[1:].astype(int)
    frame["tier"] = np.where(number < 3, "few", np.where(number < 40, "some", "many"))
    log = jl.read(frame, actor="actor", event="event", time="time")
    found = jl.personas(log, "tier", map=jl.JourneyMap("pay", stages={"all": "*"}), min_n=2).masked(5)
    assert [card.name for card in found.cards if card.masked] == ["some", "few"]
    assert set(found.table["group"]) == {"many"} and list(found.maps) == ["many"]
    assert set(found.tables["groups"]["group"]) == set(found.tables["journeys"]["group"]) == {"many"}
    shares = found.table[found.table["unit"] == "share"]
    for side in ("", "_rest"):
        count = np.rint(shares[f"value{side}"] * shares[f"n{side}"])
        assert not (
            ((count > 0) & (count < 5))
            | ((shares[f"n{side}"] - count > 0) & (shares[f"n{side}"] - count < 5))
        ).any()


class Texts(HTMLParser):
    """Collects what a reader sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"] and data.strip():
            self.seen.append(data.strip())


@pytest.mark.parametrize(
    "by", ["kind", jl.RFM("pay"), jl.Clusters(sample=200, most=4, resamples=3)], ids=type
)
def test_pages_of_both_languages_hold_the_same_numbers(by: Any, tmp_path: Path) -> None:
    question = jl.JourneyMap("pay", stages={"look": ["home", "search", "product"], "buy": ["cart", "pay"]})
    found = jl.personas(world(n=300), by, map=question)
    seen = {}
    for lang in ("en", "ru"):
        path = found.save(tmp_path / f"{lang}.html", lang=lang)
        page = path.read_text("utf-8")
        assert path.read_bytes() == found.save(tmp_path / "again.html", lang=lang).read_bytes()
        assert "<script" not in page and "default-src &#39;none&#39;" in page and 'href="#c' not in page
        cards = "".join(re.findall(r"<article.*?</article>", page, re.DOTALL))
        seen[lang] = " ".join(Texts(cards).seen)
    assert all(card.name is not None for card in found.cards)
    numbers = {
        lang: re.findall(r"\d+", text.replace(",", ".").replace("\u00a0", "") if lang == "ru" else text)
        for lang, text in seen.items()
    }
    assert sum(map(int, numbers["en"])) > 100 and len(numbers["en"]) > 50
    names = {*NAMES, *KINDS, "look", "buy", "EUR", "n"}
    latin = set(re.findall(r"[A-Za-z]{2,}", seen["ru"])) - names
    assert not latin, f"not translated: {latin}"


def test_ugly_names_stay_text(tmp_path: Path) -> None:
    log = log_of(UGLY)
    found = jl.personas(log, "stage" if "channel" not in log.columns else "event", top=len(UGLY))
    for lang in ("en", "ru"):
        page = found.save(tmp_path / "ugly.html", lang=lang, mask=0).read_text("utf-8")
        tags = set(Texts(page).tags)
        assert tags.isdisjoint({"script", "img", "b1"}) and "alert(1)" in page
        assert "\x00" not in page and "\u202e" not in page
    text = found.save(tmp_path / "ugly.md", mask=0).read_text("utf-8")
    assert "<script>" not in text and "<img" not in text


def test_one_group_alone_is_told_as_such(tmp_path: Path) -> None:
    found = jl.personas(
        world(("buyers",), 1), jl.Clusters(most=3, resamples=3), map=jl.JourneyMap("pay", stages={"all": "*"})
    )
    assert [card.name for card in found.cards] == [EVERYONE] and found.cards[0].n == 500
    assert not found.table["supported"].any() and found.cards[0].tells.empty
    page = found.save(tmp_path / "one.html", lang="ru").read_text("utf-8")
    assert (
        "Все клиенты" in page and "Данные не подтверждают групп" in page and "Ничем не отличаются" not in page
    )


def test_files_and_options(tmp_path: Path) -> None:
    assert "srcdoc=" in told()._repr_html_() and "askers" in told()._repr_html_()
    data = json.loads(told().save(tmp_path / "p.json").read_text("utf-8"))
    assert (
        data["schema"] == "journeylog/personas/1"
        and len(data["maps"]) == 3
        and "settled" not in str(data["step"])
    )
    text = told().save(tmp_path / "p.md", lang="ru", title="Наши клиенты").read_text("utf-8")
    assert text.startswith("# Наши клиенты") and "askers" in text
    page = told().save(tmp_path / "p.html", theme="dark", title="Ours").read_text("utf-8")
    assert 'data-theme="dark"' in page and page.count("<article") == 3 and page.count('role="table"') == 3
    for path, options, says in (
        ("p.pdf", {}, "cannot be written"),
        ("p.html", {"colour": 1}, "no option 'colour'"),
        ("p.json", {"lang": "ru"}, "no option 'lang'"),
        ("p.html", {"mask": -1}, "mask=-1"),
        ("p.html", {"lang": "xx"}, "lang='xx'"),
    ):
        with pytest.raises(ConfigError, match=re.escape(says)):
            told().save(tmp_path / path, **options)


def test_every_word_of_the_page_is_in_both_catalogues() -> None:
    folder = Path(importlib.import_module("journeylog.reporting.language").__file__ or "").parent / "words"
    words = {lang: tomllib.loads((folder / f"{lang}.toml").read_text("utf-8")) for lang in ("en", "ru")}
    for part in ("personas", "personas_parts", "personas_rfm", "personas_define"):
        assert set(words["en"][part]) == set(words["ru"][part])
    assert set(words["en"]["personas_rfm"]) == set(jl.RFM("pay").labels)


def test_groups_of_a_column_leave_the_column_as_it_is() -> None:
    frame = jl.datasets.tiny().to_pandas()
    frame["channel"] = ["web", "app"] * (len(frame) // 2)
    log = jl.read(frame, actor="actor", event="event", time="time", channel="channel")
    found = jl.personas(log, "channel", map=jl.JourneyMap("pay", stages={"all": "*"}, patience="1h"))
    assert found.by == found.question.to_dict()["by"] == "channel"
    map_of_all = jl.JourneyMap("pay", stages={"all": "*"}, patience="1h").fill(log)
    switches = [m.cell("all", "touchpoints", "channel_switches").value for m in found.maps.values()]
    assert sum(switches) == map_of_all.cell("all", "touchpoints", "channel_switches").value > 0
    rows = found.table[found.table["part"] == "channel"]
    assert rows["defining"].all() and rows["value"].tolist().count(1.0) > 2  # all came through both
    events = jl.personas(log, "event")
    assert events.card("home").journey.steps["event"].nunique() > 1


def test_of_several_currencies_the_cards_say_nothing_of_money() -> None:
    frame = pd.DataFrame({"actor": np.arange(100, 160).astype(str), "event": "pay", "value": 10.0})
    frame["channel"] = np.where(frame.index % 2, "web", "app")
    frame["currency"] = np.where(frame.index % 3, "EUR", "CHF")
    frame["time"] = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(frame.index, unit="h")
    log = jl.read(
        frame,
        actor="actor",
        event="event",
        time="time",
        value="value",
        currency="currency",
        channel="channel",
    )
    found = jl.personas(log, "channel")
    assert "money" not in set(found.table["part"])
    assert any("several currencies" in str(said) for said in found.notes)
    asked = jl.JourneyMap("pay", stages={"all": "*"}, patience="1d", currency="EUR")
    assert "money" in set(jl.personas(log, "channel", map=asked).table["part"])
