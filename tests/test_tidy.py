"""Tidy tables: the same columns and types whatever was found, and a dictionary that explains all of them."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journeylog as jl
from journeylog.errors import ConfigError
from journeylog.reporting.language import language
from journeylog.reporting.tidy import share, tidy_tables
from journeylog.reporting.tidyschema import PERSONA_TABLES, TABLES, defined, schema_of

#: The public schema, written out: a change here is a change for whoever reads the files.
GOLDEN = {
    "cells": """
        stage text, row text, measure text, item text, value number, unit text, low number, high number, n
        integer, masked boolean, code text
    """,
    "outcomes": """
        outcome text, n integer, n_actors integer, n_total integer, n_actors_total integer, share number,
        share_low number, share_high number
    """,
    "transitions": """
        from text, from_kind text, to text, to_kind text, n integer, n_cases integer, n_actors integer, n_tied
        integer, n_timed integer, n_followed integer, n_from_followed integer, rate number, rate_low number,
        rate_high number, time_mean_s number, time_mean_low_s number, time_mean_high_s number, time_median_s
        number, time_p90_s number
    """,
    "event_transitions": """
        from text, from_kind text, to text, to_kind text, n integer, n_cases integer, n_actors integer, n_tied
        integer, n_timed integer, n_followed integer, n_from_followed integer, rate number, rate_low number,
        rate_high number, time_mean_s number, time_mean_low_s number, time_mean_high_s number, time_median_s
        number, time_p90_s number
    """,
    "funnel": """
        step integer, name text, n_cases integer, n_actors integer, n_lost integer, n_open integer, n_followed
        integer, step_rate number, step_rate_low number, step_rate_high number, total_rate number,
        total_rate_low number, total_rate_high number, time_mean_s number, time_median_s number, time_p90_s
        number
    """,
    "funnel_next": """
        step integer, name text, next text, next_kind text, n_cases integer, n_followed integer, n_from_followed
        integer, rate number, rate_low number, rate_high number
    """,
    "drop_off": """
        node text, n_entered integer, n_continued integer, n_reached integer, n_dropped integer, n_open integer,
        n_late integer, n_followed integer, n_cases integer, n_actors integer, drop_rate number, drop_rate_low
        number, drop_rate_high number, continue_rate number, continue_rate_low number, continue_rate_high
        number, reach_rate number, reach_rate_low number, reach_rate_high number
    """,
    "event_drop_off": """
        node text, n_entered integer, n_continued integer, n_reached integer, n_dropped integer, n_open integer,
        n_late integer, n_followed integer, n_cases integer, n_actors integer, drop_rate number, drop_rate_low
        number, drop_rate_high number, continue_rate number, continue_rate_low number, continue_rate_high
        number, reach_rate number, reach_rate_low number, reach_rate_high number
    """,
    "bottlenecks": """
        part text, rank integer, from text, to text, n integer, n_cases integer, n_loops integer, n_returns
        integer, n_timed integer, excess_share number, time_total_s number, time_mean_s number, time_mean_low_s
        number, time_mean_high_s number, time_median_s number, time_median_low_s number, time_median_high_s
        number, time_p90_s number, baseline_s number, excess_s number
    """,
    "paths": """
        path text, length integer, truncated boolean, n_cases integer, n_actors integer, n_reached integer,
        n_dropped integer, n_open integer, n_total integer, share number, share_low number, share_high number,
        cum_share number, time_mean_s number, time_median_s number
    """,
    "event_paths": """
        path text, length integer, truncated boolean, n_cases integer, n_actors integer, n_reached integer,
        n_dropped integer, n_open integer, n_total integer, share number, share_low number, share_high number,
        cum_share number, time_mean_s number, time_median_s number
    """,
    "losses": """
        rank integer, rank_of_kind integer, kind text, node text, to text, unit text, n integer, total number,
        amount number, amount_low number, amount_high number, share number, rate number, rate_low number,
        rate_high number, baseline number, value number, value_low number, value_high number, money_at_risk
        number, money_at_risk_low number, money_at_risk_high number, currency text, cost number, cost_low
        number, cost_high number
    """,
    "retention": """
        period integer, n_actors integer, n_eligible integer, n_returned integer, rate number, rate_low number,
        rate_high number
    """,
    "design": """
        rule text, kind text, n_cases integer, n_kept integer, n_broken integer, n_untold integer, n_followed integer,
        n_conform integer, n_actors_kept integer, n_actors_broken integer, n_actors_untold integer, conform_rate number,
        conform_rate_low number, conform_rate_high number, reach_rate_kept number, reach_rate_broken number,
        reach_difference number, reach_difference_low number, reach_difference_high number
    """,
    "design_ways": """
        rule text, from text, to text, n integer, n_cases integer, n_actors integer, n_followed integer, n_reached integer,
        reach_rate number, reach_difference number, reach_difference_low number, reach_difference_high number
    """,
    "events": """
        event text, n integer, n_actors integer, n_events_total integer, n_actors_total integer, share number,
        share_low number, share_high number, actor_share number, actor_share_low number, actor_share_high
        number, mean_place number, first_time time, last_time time
    """,
    "rejects": """
        reason text, meaning text, n integer
    """,
    "dictionary": """
        table text, column text, type text, unit text, definition text
    """,
}
ARROW = {
    "text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
}  # fmt: skip
STAGES = {"look": ["home", "search"], "buy": ["cart", "pay"]}
ASKED = {"goal": "pay", "patience": "30min"}


def golden(table: str) -> pa.Schema:
    pairs = [part.split() for part in GOLDEN[table].split(",")]
    return pa.schema([(name, ARROW[kind]) for name, kind in pairs])


def logs() -> dict[str, tuple[jl.EventLog, dict[str, str]]]:
    tiny = jl.datasets.tiny()
    empty = tiny.where("nothing like this")
    return {"staged": (tiny, STAGES), "events": (tiny, {}), "empty": (empty, STAGES)}


def test_the_declared_columns_are_the_golden_ones() -> None:
    assert list(TABLES) == list(GOLDEN)
    for table in GOLDEN:
        assert schema_of(table) == golden(table), table


@pytest.mark.parametrize("mask", [0, 5])
@pytest.mark.parametrize("case", ["staged", "events", "empty"])
@pytest.mark.filterwarnings("ignore::journeylog.errors.JourneylogWarning")
def test_files_have_the_same_columns_whatever_was_found(case: str, mask: int, tmp_path: Path) -> None:
    log, stages = logs()[case]
    jl.tables(log, tmp_path, stages=stages or None, mask=mask, **ASKED)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        f"{table}.{kind}" for table in GOLDEN for kind in ("csv", "parquet")
    )
    for table in GOLDEN:
        assert pq.read_schema(tmp_path / f"{table}.parquet") == golden(table), table
        with (tmp_path / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == golden(table).names


def test_no_column_of_a_result_is_lost() -> None:
    """What a statistic tells more than before wants a place in the dictionary."""
    shared = share(jl.datasets.tiny(), "pay", "30min", STAGES, None, None, 0)
    answers = shared.answers
    assert shared.filled is not None and answers.funnel is not None
    for table, frame in {
        "cells": shared.filled.table, "outcomes": answers.ends.table, "transitions": answers.flow.table,
        "funnel": answers.funnel.table, "funnel_next": answers.funnel.lost_next, "drop_off": answers.leaves.table,
        "bottlenecks": answers.waits.table, "paths": answers.paths.table, "losses": answers.losses.table,
        "events": answers.facts.table,
    }.items():  # fmt: skip
        assert list(frame.columns) == golden(table).names, table


def test_the_numbers_are_those_of_the_statistics() -> None:
    log = jl.datasets.tiny()
    found = tidy_tables(share(log, "pay", "30min", STAGES, None, None, 0), language("en"))
    ready = log.then(jl.Stages(STAGES), jl.Journeys("pay", "30min"))
    table = ready.compute(jl.DropOff(node="stage")).table
    pd.testing.assert_frame_equal(found["drop_off"].to_pandas(), table, check_dtype=False)
    paths = ready.compute(jl.Variants(node="stage", merge=True, top=50)).table
    assert found["paths"].column("path").to_pylist() == [" → ".join(path) for path in paths["path"]]
    assert (
        found["events"].column("first_time").to_pylist()[0]
        == log.compute(jl.Describe()).table["first_time"][0]
    )


def test_what_few_customers_did_is_missing() -> None:
    log = jl.datasets.tiny()
    told, masked = (
        tidy_tables(share(log, "pay", "30min", None, None, None, k), language("en")) for k in (0, 5)
    )
    assert told["outcomes"].column("n").null_count == 0 and told["transitions"].num_rows > 0
    assert masked["outcomes"].column("n").to_pylist() == [None] * 3
    assert all(n is None for n in masked["transitions"].column("n").to_pylist())


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_dictionary_explains_every_column(lang: str) -> None:
    words = language(lang)
    found = tidy_tables(share(jl.datasets.tiny(), "pay", "30min", None, None, None, 0), words)
    rows = found["dictionary"].to_pylist()
    assert [(row["table"], row["column"]) for row in rows] == [
        (table, name) for table in GOLDEN for name in golden(table).names
    ]
    assert all(len(row["definition"]) > 3 and "{" not in row["definition"] for row in rows)
    units = {(row["table"], row["column"]): row["unit"] for row in rows}
    assert units["drop_off", "drop_rate_low"] == "share" and units["transitions", "time_mean_high_s"] == "s"
    assert units["outcomes", "n"] == "journeys" and units["paths", "path"] == ""


def test_no_definition_is_left_over() -> None:
    used = set()
    for table, entries in {**TABLES, **PERSONA_TABLES}.items():
        for entry in entries:
            said = defined(table, entry.name, language("en"))
            used |= {
                key for key, text in language("en").words["tidy_columns"].items() if text and text in said
            }
    assert set(language("en").words["tidy_columns"]) - used <= {"bound_low", "bound_high"}


def test_no_text_of_the_data_is_run_by_a_spreadsheet(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "actor": [f"u{i}" for i in range(6) for _ in range(2)],
            "event": ['=HYPERLINK("http://x")', "@SUM(A1)"] * 6,
            "time": pd.date_range("2025-01-01", periods=12, freq="h", tz="UTC"),
        }
    )
    log = jl.read(frame, actor="actor", event="event", time="time")
    jl.tables(log, tmp_path, kinds=["csv"], patience="1h", mask=0)
    for file in tmp_path.iterdir():
        with file.open(encoding="utf-8", newline="") as text:
            for row in csv.reader(text):
                assert not any(cell.startswith(("=", "@", "+")) for cell in row), file.name


def test_equal_arguments_give_equal_bytes(tmp_path: Path) -> None:
    first, second = (
        {
            file.name: file.read_bytes()
            for file in jl.tables(jl.datasets.tiny(), tmp_path / name, mask=0, **ASKED)
        }
        for name in ("a", "b")
    )
    assert first == second and len(first) == 2 * len(GOLDEN)


@pytest.mark.parametrize("wrong", [{"kinds": ["xls"]}, {"kinds": "csv"}, {"mask": -1}, {"lang": "xx"}])
def test_wrong_arguments_are_told(wrong: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Fix"):
        jl.tables(jl.datasets.tiny(), tmp_path, **wrong)  # type: ignore[arg-type]
