"""Numbers of few customers are not on a page that is shared, nor can they be worked out from what is."""

from __future__ import annotations

import math
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.errors import ConfigError
from journeylog.reporting.masking import protect
from journeylog.reporting.page import build_page
from tests.report_logs import make_log
from tests.test_report import Read

NAMES = ["home", "search", "cart", "pay", "help", "rare"]


def small_log(n: int = 120, seed: int = 1) -> jl.EventLog:
    """Journeys in which some moves are made by one or two customers."""
    chance = random.Random(seed)
    rows = []
    for k in range(n):
        now = 1_735_689_600 + chance.randrange(40 * 86_400)
        steps = ["home", *chance.choices(NAMES[:5], [5, 4, 3, 2, 1], k=chance.randint(1, 5))]
        if k in (3, 50):
            steps.insert(2, "rare")
        for name in steps:
            rows.append((f"a{k}", name, now))
            now += chance.randint(60, 9000)
    return make_log(rows)


STAGES = {"look": ["home", "search"], "buy": ["cart", "pay"], "ask": ["help", "rare"]}
OPTIONS: dict[str, Any] = {"goal": "pay", "patience": "3d", "stages": STAGES}


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=12),
    st.integers(2, 8),
    st.data(),
)
@settings(max_examples=120, deadline=None)
def test_no_group_gives_a_masked_number_away(values: list[int], k: int, data: st.DataObject) -> None:
    half = data.draw(st.integers(0, len(values)))
    groups = [list(range(half)), list(range(half, len(values))), list(range(0, len(values), 2))]
    small = {i for i, value in enumerate(values) if 0 < value < k}
    gone = protect(values, groups, small, k)
    assert small <= gone
    for group in groups:
        hidden = [values[i] for i in group if i in gone and values[i]]
        told = [values[i] for i in group if i not in gone and values[i]]
        assert not hidden or not told or (len(hidden) > 1 and sum(hidden) >= k)


def rows_of(read: Read, caption: str) -> tuple[list[str], list[list[str]]]:
    heads, *rows = read.tables[caption]
    return heads, rows


@pytest.mark.parametrize("seed", range(4))
def test_no_count_below_the_mask_is_on_the_page(seed: int) -> None:
    page = build_page(small_log(seed=seed), mask=5, **OPTIONS)
    read = Read(page.html)
    counted = (
        "Moves", "Journeys", "Came", "Lost", "Visits", "Went on", "Reached", "Dropped", "Open", "Times", "Customers",
        "Came back",
    )  # fmt: skip
    seen = 0
    for caption, (heads, *rows) in read.tables.items():
        if caption.startswith(("Rows by", "Rejected")):
            continue
        for head in counted:
            for i in [i for i, found in enumerate(heads) if found == head]:
                for row in rows:
                    if re.fullmatch(r"[\d,]+", row[i]):
                        seen += 1
                        assert not 0 < int(row[i].replace(",", "")) < 5, (caption, head, row)
    assert seen > 50 and "hidden" in read.said


@pytest.mark.parametrize("seed", range(4))
def test_what_is_left_of_a_sum_is_of_enough_moves(seed: int) -> None:
    page, whole = (
        build_page(small_log(seed=seed), mask=5, **OPTIONS),
        build_page(small_log(seed=seed), mask=0, **OPTIONS),
    )
    for name in ("flow", "moves"):
        masked, told = getattr(page.answers, name).table, getattr(whole.answers, name).table
        assert masked["n"].isna().any()
        nodes, ends = getattr(page.answers, name).nodes, page.answers.ends.table
        untold = {(node, "node") for node in nodes.loc[nodes["n"].isna(), "node"].dropna()}
        untold |= {(end, end) for end in ends.loc[ends["n"].isna(), "outcome"]}
        for end in ("from", "to"):
            keys = [end, f"{end}_kind"]
            for place, rows in told.assign(left=masked["n"].isna()).fillna({end: ""}).groupby(keys):
                hidden = rows.loc[rows["left"], "n"]
                if (
                    place in untold
                ):  # what comes to a node leaves it, so that either side alone would tell the sum
                    assert len(hidden), (name, end, place)
                else:
                    assert hidden.empty or (len(hidden) > 1 and hidden.sum() >= 5), (name, end, place)
        most = masked["n_most"]
        known = most.notna()
        assert (most[known] >= told.loc[known, "n"]).all() and masked.loc[known, "n"].isna().all()


def test_a_masked_move_has_no_rate_time_or_hover_text_of_its_own() -> None:
    page = build_page(small_log(), mask=5, **OPTIONS)
    table = page.answers.moves.table
    hidden = table[table["n"].isna()]
    assert len(hidden) and hidden[["n_cases", "n_actors"]].isna().all(axis=None)
    few = hidden[hidden["n_most"].isna()]  # the others are masked in company only
    numbers = ["n_followed", "rate", "rate_low", "time_mean_s", "time_median_s", "time_p90_s"]
    assert 0 < len(few) < len(hidden) and few[numbers].isna().all(axis=None)
    drawn = re.findall(rb"<title>(.*?)</title>", page.html, re.DOTALL)
    told = [int(n) for card in drawn for n in re.findall(r"moves: (\d+)", card.decode())]
    assert told and min(told) >= 5


def test_events_without_a_stage_are_not_counted_where_they_are_few() -> None:
    stages = {**STAGES, "ask": "help"}
    told, whole = (
        build_page(small_log(), mask=mask, **{**OPTIONS, "stages": stages}).alerts for mask in (5, 0)
    )
    assert told[0].startswith("[hidden] of 496 events belong to no stage") and "“rare”" in told[0]
    assert whole[0].startswith("2 of 496 events") and told[1:] == whole[1:]
    stages = {"look": ["home", "search"], "ask": "help"}
    many = build_page(small_log(), mask=5, **{**OPTIONS, "stages": stages})
    hidden = many.answers.facts.table.set_index("event")["n"].isna()
    assert (
        hidden["rare"] and not hidden[["cart", "pay"]].any()
    )  # a sum less what is told would be what is not
    assert many.alerts[0].startswith("[hidden] of 496 events")


def test_events_of_no_journey_are_not_counted_where_they_are_few() -> None:
    rows = [
        (f"a{k}", name, 1_735_689_600 + 60 * i) for k in range(40) for i, name in enumerate(("home", "pay"))
    ]
    log = make_log([*rows, ("a7", "home", 1_735_700_000), ("a9", "home", 1_735_700_000)])
    told, whole = (build_page(log, mask=mask, goal="pay").alerts for mask in (5, 0))
    assert told[0].startswith("[hidden] of 82 events belong to no journey")
    assert whole[0].startswith("2 of 82 events belong to no journey")


@pytest.mark.parametrize("within", [None, "2d"])
def test_how_many_never_come_to_the_funnel_is_not_told_where_they_are_few(within: str | None) -> None:
    rows = small_log().to_pandas()[["actor", "event", "time"]]
    rows = rows[~((rows["event"] == "home") & rows["actor"].isin(["a7", "a9"]))]
    log = jl.read(rows, actor="actor", event="event", time="time")
    asked: dict[str, Any] = {**OPTIONS, "funnel": ["home", "cart", "pay"], "within": within}
    masked, whole = (build_page(log, mask=mask, **asked) for mask in (5, 0))
    for page, told in ((masked, False), (whole, True)):
        said = Read(page.html).said
        assert ("2 of 120 cases never enter the funnel" in said) == told
        assert ("of the 108 of 118 cases" in said) == (told and within is not None)
        assert page.answers.funnel is not None
        assert (page.answers.funnel.table["n_cases"].iloc[0] == 118) == told


def test_without_a_mask_everything_is_told() -> None:
    read = Read(build_page(small_log(), mask=0, **OPTIONS).html)
    assert not re.search(r"\bhidden\b", read.said.lower().split("what the words mean")[0])
    heads, rows = rows_of(read, "Kinds of events")
    assert {row[0]: row[heads.index("Customers")] for row in rows}["rare"] == "2"


def test_paths_of_few_customers_are_not_listed_and_leave_enough_over() -> None:
    page = build_page(small_log(), mask=5, **OPTIONS)
    table = page.answers.event_paths.table
    assert (table["n_actors"] >= 5).all()
    left = table["n_total"].iloc[0] - table["n_cases"].sum() if len(table) else math.inf
    assert left == 0 or left >= 5


@pytest.mark.parametrize("wrong", [True, -1, 2.5, "5"])
def test_a_mask_is_a_number_of_customers(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"mask=.*Fix"):
        build_page(jl.datasets.tiny(), mask=wrong)
