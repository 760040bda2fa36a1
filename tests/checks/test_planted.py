"""Every planted defect is found, with the right count and evidence, and nothing else is told beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import journeylog as jl
from journeylog.checks.finding import Severity
from journeylog.core.window import utc_text
from journeylog.reporting.loading import Loaded
from tests.checks import planted
from tests.checks.planted import BY_SOURCE, DEFECTS, OUTAGE, SECRETS, check, clean
from tests.test_ingest_simulated import SOURCES

#: What a defect brings with it by its nature.
COMPANIONS = {
    "duplicate_rows": {"ties", "repeated_ids"},
    "same_id_other_content": {"rejected"},
    "no_time_of_day": {"ties"},
    "future": {"outages"},
    "rejected_future": {"rejected"},
    "rejected_placeholders": {"rejected"},
    "heavy_actors": {"bot_endless"},
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found_with_its_count(name: str) -> None:
    make, wanted, where = DEFECTS[name]
    frame, n = make()
    found = check(frame)
    mine = [f for f in found[wanted] if f.where == where]
    assert [f.n for f in mine] == [n]
    assert mine[0].severity.rank >= Severity.INFO.rank and mine[0].total >= n and mine[0].fix
    others = {f.check for f in found.problems} - {wanted}
    assert others <= COMPANIONS.get(name, set())


@pytest.mark.parametrize("name", BY_SOURCE)
def test_a_wrong_clock_is_found_in_each_source_with_its_count(name: str) -> None:
    make, wanted = BY_SOURCE[name]
    frame, n = make()
    found = check(frame)
    mine = [f for f in found[wanted] if f.severity.rank >= Severity.INFO.rank]
    assert sum(f.n for f in mine) == n
    assert {f.where for f in mine} <= {"app", "web"}
    allowed = {"clock_behind": {"zone_shift"}, "late": set(), "clock_ahead": set()}[name]
    assert {f.check for f in found.problems} - {wanted} <= allowed


def test_the_distribution_of_delays_is_told() -> None:
    late = planted.late()[0]
    found = check(late.drop(columns="src"))["late"][0]
    delay = (late["got"] - late["when"]).dt.total_seconds().sort_values(ignore_index=True)
    for q, key in ((0.5, "p50_s"), (0.9, "p90_s"), (0.99, "p99_s")):
        exact = delay[max(int(-(-q * len(delay) // 1)), 1) - 1]
        assert found.facts[key] == pytest.approx(exact, rel=1 / 200)
    assert found.facts["largest_s"] == delay.max()
    assert found.first is not None and utc_text(found.first)[:10] >= "2025-03-03"


def test_an_outage_is_found_hour_by_hour_and_in_its_source_only() -> None:
    found = check(planted.outage()[0])
    by_source = {f.where: f for f in found["outages"]}
    assert by_source["app"].severity is Severity.OK
    web = by_source["web"]
    assert web.severity is Severity.WARNING and web.facts["n_silences"] == 1
    silence = web.facts["silences"][0]
    begin, end = (utc_text(int(t.value // 1000))[:19] for t in OUTAGE)
    assert silence["begin"] <= begin and end <= silence["end"]  # nights beside it may be empty anyway
    assert 20 <= web.n <= 28
    assert silence["n_expected"] > 20 and silence["p_value"] < 1e-6


def test_a_source_that_has_gone_silent_is_an_error() -> None:
    found = check(planted.gone_silent()[0])
    app = next(f for f in found["outages"] if f.where == "app")
    assert app.severity is Severity.ERROR and "silent since 2025-04-0" in app.sentence
    assert 88 <= app.n <= 110
    assert next(f for f in found["outages"] if f.where == "web").severity is Severity.OK


def test_activity_at_night_is_a_warning_only_where_the_zone_was_named() -> None:
    frame = planted.night_peak()[0].drop(columns="src")
    assert check(frame)["night_peak"][0].severity is Severity.INFO
    named = check(frame, tz="Europe/London")["night_peak"][0]
    assert named.severity is Severity.WARNING and "centred on 0" in named.sentence
    assert sum(named.facts["hours"]) == named.total
    assert check(frame, tz="Pacific/Auckland")["night_peak"][0].severity is Severity.OK


def test_the_shift_between_two_sources_is_told_in_hours() -> None:
    found = check(planted.zone_shift()[0])["zone_shift"][0]
    assert found.facts["shift_hours"] == 3 and found.facts["against"] == "web"
    assert "3 h later" in found.sentence


def test_an_office_and_a_shop_live_at_other_hours_and_are_not_shifted() -> None:
    frame = clean(n=24_000)
    office = (frame["src"] == "app") & ~frame["when"].dt.hour.between(6, 12)
    assert check(frame[~office])["zone_shift"][0].severity is Severity.OK


@pytest.mark.parametrize(
    "kind, column",
    [*((kind, "comment") for kind in SECRETS), ("email", "page"), ("token", "page"), ("ip", "page")],
)
def test_personal_data_is_counted_by_column_and_kind(kind: str, column: str) -> None:
    frame, n = planted.personal(kind, column)
    found = check(frame)
    where = f"{'text' if column == 'comment' else column}: {kind}"
    assert [(f.n, f.total) for f in found["personal_data"] if f.where == where] == [(n, len(frame))]
    assert found.worst is (Severity.ERROR if kind in ("card", "token") else Severity.WARNING)
    assert {f.check for f in found.problems} == {"personal_data"}


def test_personal_data_in_ids_event_names_and_column_names() -> None:
    frame = clean().rename(columns={"page": "ann@example.com"})
    frame.loc[:3, "who"] = [f"ann.lee{i}@example.com" for i in range(4)]
    frame.loc[10:11, "what"] = "call +44 20 7946 0958"
    found = {f.where: f.n for f in check(frame)["personal_data"]}
    assert found == {"actor: email": 4, "event: phone": 2, "names of columns: email": 1}


def test_numeric_ids_are_no_cards_though_one_in_ten_has_a_right_check_digit() -> None:
    frame = clean()
    frame["order"] = [f"4{i * 7919 % 10**15:015d}" for i in range(len(frame))]
    assert check(frame)["personal_data"][0].severity is Severity.OK
    frame["order"] = [("4111111111111111", "5500000000000004")[i % 2] for i in range(len(frame))]
    assert check(frame)["personal_data"][0].where == "order: card"


def test_a_card_is_found_in_whole_numbers_and_behind_another_number() -> None:
    frame = clean()
    frame["number"] = np.where(frame.index < 7, 4111111111111111, 12)
    frame["also"] = pd.array([4012888888881881, None] * 3 + [None] * (len(frame) - 6), dtype="Int64")
    frame.loc[:2, "comment"] = "order 4000123412341234, card 5500 0000 0000 0004"
    assert {f.where for f in check(frame)["personal_data"]} == {
        "text: card"
    }  # one number each: chance does that
    frame["number"] = np.where(
        frame.index < 7, np.resize([4111111111111111, 4012888888881881], len(frame)), 12
    )
    assert {f.where: f.n for f in check(frame)["personal_data"]} == {"number: card": 7, "text: card": 3}


def test_versions_in_user_agents_are_no_addresses() -> None:
    frame = clean().assign(user_agent="Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36", app_version="1.2.3.4")
    assert check(frame)["personal_data"][0].severity is Severity.OK


def test_all_actor_ids_missing_is_an_error_that_explains() -> None:
    found = check(clean(n=300).assign(who=None))
    assert (
        found["rejected"][0].severity is Severity.ERROR
        and "no actor id (300)" in found["rejected"][0].sentence
    )
    assert found["empty"][0].severity is Severity.WARNING


def test_the_template_that_folds_ids_is_told_and_works() -> None:
    frame, _ = planted.ids_in_events()
    found = check(frame)["ids_in_events"][0]
    assert found.examples[0] == "/item/{id}/view (60 names, 60 events)"
    assert "opened {uuid}" in found.examples[1] and "{hex}" in found.examples[2]
    log = jl.read(frame, **planted.ROLES).then(
        jl.Rename(
            {"/item/*/view": "/item/{id}/view", "opened *": "opened {uuid}", "job_done:*": "job_done:{hex}"}
        )
    )
    assert jl.check(log, now=planted.NOW)["ids_in_events"][0].severity is Severity.OK


def test_thousands_of_names_without_ids_are_told() -> None:
    frame = clean(n=4500)
    frame["what"] = [
        f"{'abcdefghij'[i % 10]}{chr(97 + i // 10 % 26)}{chr(97 + i // 260)}" for i in range(len(frame))
    ]
    found = check(frame)["many_events"][0]
    assert found.severity is Severity.WARNING and found.n == frame["what"].nunique()


def test_dates_without_times_are_told_whole() -> None:
    frame = clean().drop(columns=["got", "id"])
    frame["when"] = frame["when"].dt.floor("D")
    found = check(frame)
    day = found["no_time_of_day"][0]
    assert (day.severity, day.n) == (Severity.WARNING, len(frame)) and "whole days" in day.sentence
    assert {f.severity for check in ("bot_rate", "bot_endless") for f in found[check]} == {Severity.SKIPPED}


def test_repeated_ids_of_joined_logs_count_within_a_source() -> None:
    roles = {key: column for key, column in planted.ROLES.items() if key != "source"}
    frame = clean(n=600)
    web = jl.read(frame, source=jl.constant("web"), **roles)
    crm = jl.read(frame.assign(when=frame["when"] + pd.Timedelta("1min")), source=jl.constant("crm"), **roles)
    assert jl.check(jl.combine(web, crm), now=planted.NOW)["repeated_ids"][0].severity is Severity.OK
    again = jl.read(frame.head(40), source=jl.constant("web"), **roles)
    found = jl.check(jl.combine(web, again), now=planted.NOW)["repeated_ids"][0]
    assert (found.n, found.where) == (40, "in the log")


def test_the_dirt_of_the_simulated_shop_is_counted_as_it_was_written_down(tmp_path: Path) -> None:
    shop = jl.datasets.simulate(800, seed=5, dirty=0.1)
    dirt = shop.truth.dirt.query("table == 'clicks'")["kind"].value_counts()
    found = jl.check(shop.write(tmp_path)["clicks"], now=planted.NOW, **SOURCES["clicks"])
    counted = {(f.check, f.where): f.n for f in found}
    assert counted["ties", ""] == dirt["tie"]
    assert counted["repeated_ids", "dropped at the door"] == dirt["exact_duplicate"]
    assert counted["repeated_ids", "rejected: other content"] == dirt["id_conflict"]
    assert counted["future", "rejected at the door"] == dirt["future"]
    assert counted["placeholder_actors", "rejected at the door"] == dirt["placeholder_id"]
    skew = shop.truth.skew.set_index("device_id")["skew_s"]
    clicks = shop.tables["clicks"].merge(skew, left_on="device_id", right_index=True)
    wrong = clicks.drop_duplicates("event_id").groupby("skew_s").size()
    ahead, day = wrong[wrong.index > 0].sum(), wrong.get(-86_400, 0)
    assert counted["clock_ahead", ""] == ahead
    assert counted["late", ""] == dirt["late"] + day
    behind = clicks[clicks["skew_s"] < 0].drop_duplicates("event_id").groupby("device_id").size()
    assert counted["clock_behind", ""] == behind[behind > 3].sum() > 0  # with fewer events it may be chance


def test_rows_that_are_no_events_by_declaration_are_no_fault() -> None:
    log = jl.read(clean(n=300), **planted.ROLES)
    card = replace(log.card, rows_in=340, rejected=40, reasons={"NOT_AN_EVENT": 40})
    found = jl.check(replace(log, card=card), now=planted.NOW)["rejected"][0]
    assert (found.severity, found.n) == (Severity.OK, 0)
    assert "40 rows are by the format no events" in found.sentence
    assert (
        Loaded(replace(log, card=card)).accepted
        and not Loaded(replace(log, card=replace(card, reasons={}))).accepted
    )
