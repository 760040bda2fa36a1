"""Surveys, reviews and Qualtrics: each fixture becomes its golden table in every container, and their traps."""

from __future__ import annotations

import io

import pandas as pd
import pytest

import journeylog as jl
from journeylog.errors import ConfigError, MissingColumnError
from journeylog.ingest.formats.feedback import survey
from tests.formats.goldens import as_golden, containers, fixture, golden, read

#: How each fixture is read, and its rejects in the order of the file.
HOW = {
    "nps": ({}, ["SCORE_INVALID", "SCORE_INVALID"]),
    "csat": ({"tz": "Europe/Berlin"}, ["SCORE_INVALID"]),
    "ces": ({}, []),
    "stars": ({}, ["ACTOR_NULL", "SCORE_INVALID"]),
    "reviews": ({"tz": "UTC"}, []),
    "qualtrics": ({"tz": "America/Denver"}, ["NOT_AN_EVENT", "NOT_AN_EVENT"]),
    "qualtrics_responses": ({}, []),
    "qualtrics_contacts": ({}, ["TS_NULL"]),
}


@pytest.mark.parametrize("name", HOW)
def test_golden(name):
    how, rejects = HOW[name]
    log = read(fixture(name), name, **how)
    columns, expected = golden(name)
    assert as_golden(log, columns) == expected
    assert log.rejects.column("reason").to_pylist() == rejects
    assert log.card.rows_in == log.card.kept + log.card.rejected + log.card.deduplicated


@pytest.mark.parametrize("name", HOW)
def test_every_container_holds_the_same_log(name, tmp_path):
    columns, expected = golden(name)
    for container, data in containers(name, tmp_path):
        assert as_golden(read(data, name, **HOW[name][0]), columns) == expected, container


@pytest.mark.parametrize(
    ("scale", "answers"),
    [
        ("nps", {0: -1, 5: 0, 10: 1}),
        ("csat5", {1: -1, 3: 0, 5: 1}),
        ("csat7", {1: -1, 4: 0, 7: 1}),
        ("csat10", {1: -1, 5.5: 0, 10: 1}),
        ("ces7", {1: -1, 4: 0, 7: 1}),
        ("stars5", {1: -1, 2: -0.5, 5: 1}),
        ("thumbs", {0: -1, 1: 1}),
        ((-2, 2), {-2: -1, 0: 0, 2: 1}),
    ],
)
def test_each_scale_has_its_ends(scale, answers):
    frame = pd.DataFrame({"user_id": "u", "rating": list(answers), "date": "2024-03-01"})
    log = read(frame, survey("mood", "", scale, "rating"), tz="UTC").to_pandas()
    assert log["score"].tolist() == list(answers.values())
    assert [float(x) for x in log["score_original"]] == list(answers)


def test_an_answer_off_the_scale_is_a_reject_never_clipped():
    frame = pd.DataFrame({"user_id": "u", "nps": [-1, 10.5, 10], "date": "2024-03-01"})
    log = read(frame, "nps", tz="UTC")
    assert log.card.reasons == {"SCORE_INVALID": 2} and log.to_pandas()["score"].tolist() == [1]


def test_an_answer_sent_twice_counts_once():
    log = read(fixture("nps"), "nps")
    assert log.card.deduplicated == 1


def test_a_survey_needs_a_score_that_it_finds():
    frame = pd.DataFrame({"user": ["u"], "mark": [3], "at": ["2024-03-01"]})
    with pytest.raises(MissingColumnError, match="customer_id"):
        jl.read(frame, format="nps", tz="UTC")


def test_qualtrics_times_need_the_zone_of_the_export():
    with pytest.raises(ConfigError, match="tz="):
        jl.read(fixture("qualtrics"), format="qualtrics")


def test_the_question_of_a_qualtrics_survey_is_two_lines():
    form = jl.formats()["qualtrics"].but(score=jl.fields.Score("Q1", "nps"), text="Q2")
    log = read(fixture("qualtrics"), form, tz="America/Denver").to_pandas()
    done = log[log["event"] == "survey_completed"].set_index("response")
    assert done["score"].to_dict() == {"R_1aaaaaaaaaaaaaa": 1, "R_3cccccccccccccc": -1}
    assert done["text"].to_dict() == {"R_1aaaaaaaaaaaaaa": "Nice", "R_3cccccccccccccc": "test"}


def test_the_closing_of_an_unfinished_answer_is_no_act():
    log = read(fixture("qualtrics"), "qualtrics", tz="America/Denver").to_pandas()
    left = log[log["event"] == "survey_left"]
    assert left["time"].dt.day.tolist() == [1]  # Qualtrics closed it on the 8th


def test_headings_alone_are_an_empty_log():
    head = b"".join(fixture("qualtrics").read_bytes().splitlines(keepends=True)[:3])
    log = read(io.BytesIO(head), "qualtrics", tz="UTC", container="csv")
    assert (log.n_events, log.card.rejected) == (0, 2)
