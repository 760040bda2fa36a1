"""Product and web analytics: each fixture becomes its golden table in every container, and their traps."""

from __future__ import annotations

import io
import json
import warnings

import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.errors import ConfigError, MissingColumnError
from tests.formats.goldens import as_golden, containers, fixture, golden, read, records

#: What becomes of the rows of each fixture: kept, reasons of the rejected, deduplicated.
FATES = {
    "ga4": (5, {"ACTOR_NULL": 1}, 1),
    "ga4_table": (3, {}, 0),
    "segment": (5, {"NOT_AN_EVENT": 3, "ACTOR_NULL": 1}, 1),
    "segment_table": (2, {}, 1),
    "amplitude": (3, {"NOT_AN_EVENT": 1}, 1),
    "mixpanel": (3, {"NOT_AN_EVENT": 3, "ACTOR_NULL": 1}, 1),
    "mixpanel_local": (3, {"NOT_AN_EVENT": 3, "ACTOR_NULL": 1}, 1),
    "mixpanel_table": (2, {}, 1),
    "posthog": (3, {"NOT_AN_EVENT": 2}, 1),
}
ZONES = {"mixpanel_local": {"tz": "America/New_York"}}


def lines(*rows):
    file = io.BytesIO("\n".join(json.dumps(row) for row in rows).encode())
    file.name = "rows.jsonl"
    return file


@pytest.mark.parametrize("name", FATES)
def test_fixture_becomes_its_golden_table_in_every_container(name, tmp_path):
    columns, wanted = golden(name)
    kept, reasons, deduplicated = FATES[name]
    seen = 0
    for label, data in containers(name, tmp_path):
        log = read(data, name, **ZONES.get(name, {}))
        assert as_golden(log, columns) == wanted, label
        card = log.card
        assert (card.kept, dict(card.reasons), card.deduplicated) == (kept, reasons, deduplicated), label
        assert card.rows_in == len(records(name)), label
        seen += 1
    assert seen == 8


@pytest.mark.parametrize("name", FATES)
def test_only_the_columns_of_the_format(name):
    columns, wanted = golden(name)
    form = jl.formats()[name]
    mine = [c for c in columns if c in (*form.attributes, "actor", "event", "time", "value", "received")]
    log = read(fixture(name), name, columns="format", **ZONES.get(name, {}))
    places = [columns.index(c) for c in mine]
    assert as_golden(log, mine) == sorted((tuple(row[p] for p in places) for row in wanted), key=repr)
    assert read(fixture(name), name, columns=[], **ZONES.get(name, {})).n_events == len(wanted)


def test_ga4_rows_of_one_moment_that_differ_are_two_events():
    rows = [dict(records("ga4")[0], batch_event_index=str(k)) for k in (2, 1)]
    log = read(lines(*rows), "ga4")
    assert log.card.deduplicated == 0
    assert log.to_pandas()["batch_event_index"].astype(int).tolist() == [1, 2]


def test_ga4_parameter_may_change_its_type():
    rows = [dict(records("ga4")[0]) for _ in range(2)]
    for k, value in enumerate(({"string_value": "3"}, {"int_value": "3"})):
        rows[k] = {**rows[k], "event_timestamp": str(1704441600000001 + k)}
        rows[k]["event_params"] = [{"key": "ga_session_number", "value": value}]
    assert [str(v) for v in read(lines(*rows), "ga4").to_pandas()["session_number"]] == ["3", "3"]


def test_ga4_first_pair_of_a_key_counts_and_nothing_is_taken_from_another_list():
    row = dict(records("ga4")[0])
    row["event_params"] = [
        {"key": "page_title", "value": {"string_value": "one"}},
        {"key": "page_title", "value": {"string_value": "two"}},
    ]
    row["user_properties"] = [{"key": "ga_session_number", "value": {"int_value": "9"}}]
    for data in (lines(row, dict(row, event_timestamp="1704441600000009")), pa.Table.from_pylist([row])):
        found = read(data, "ga4").to_pandas()
        assert set(found["page_title"]) == {"one"}
        assert found["session_number"].isna().all()


def test_segment_version_may_be_a_number_or_a_text():
    rows = [dict(records("segment")[4], version=v, messageId=str(v)) for v in (2, "2.1")]
    assert read(lines(*rows), "segment").to_pandas()["version"].astype(str).tolist() == ["2", "2.1"]


def test_segment_says_no_word_of_what_is_no_event():
    rows = [r for r in records("segment") if r["type"] != "track"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log = jl.read(lines(*rows), format="segment", max_rejected=0.0)
    assert log.card.reasons == {"NOT_AN_EVENT": 3}
    rejected = jl.Rejects(log.rejects).table
    assert json.loads(rejected["raw"][0]) == records("segment")[3]  # the row as it was


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("ga4", [("11.22", "together", "00123")] * 3),
        ("segment", [
            ("anon-1", "identify", "007"), ("anon-1", "together", "007"), ("anon-2", "alias", "007"),
        ]),
        ("amplitude", [("d-1", "identify", "ada@example.com"), ("d-1", "together", "ada@example.com")]),
        ("mixpanel", [
            ("$device:d-1", "identify", "007"), ("007", "merge", "old-7"), ("d-1", "together", "007"),
            ("seven", "alias", "007"),
        ]),
        ("posthog", [
            ("007", "together", "p-1"), ("007", "together", "p-1"), ("007", "together", "p-1"),
            ("anon-1", "identify", "007"), ("anon-1", "together", "p-1"), ("anon-1", "together", "p-1"),
            ("crm-7", "alias", "007"),
        ]),
    ],
)  # fmt: skip
def test_links_between_ids(name, wanted):
    log = read(fixture(name), jl.formats()[name].as_links(), columns=["end"])
    found = log.to_pandas()[["actor", "event", "end"]].itertuples(index=False, name=None)
    assert sorted(found) == sorted(wanted)


def test_mixpanel_local_needs_the_zone_of_the_project():
    with pytest.raises(ConfigError, match="pass tz="):
        jl.read(fixture("mixpanel"), format="mixpanel_local")


def test_mixpanel_in_milliseconds():
    row = {"event": "a", "properties": {"time": 1602611311123, "distinct_id": "u"}}
    log = read(lines(row), "mixpanel", time_unit="ms")
    assert log.to_pandas()["time"].astype(str).tolist() == ["2020-10-13 17:48:31.123+00:00"]


def test_a_column_named_by_its_whole_path_comes_first():
    frame = pa.table({"event": ["a"], "properties.time": ["1602611311"], "properties.distinct_id": ["00123"]})
    assert read(frame, "mixpanel").to_pandas()["actor"].tolist() == ["00123"]


def test_what_is_missing_is_named_and_the_format_that_fits():
    with pytest.raises(MissingColumnError) as caught:
        jl.read(fixture("segment"), format="ga4")
    said = str(caught.value)
    assert "actor: 'user_id' or 'user_pseudo_id'" in said
    assert "found ['type', 'name', 'anonymousId'" in said
    assert "these columns fit format='segment'" in said


def test_what_the_caller_says_goes_before_the_format():
    log = read(
        fixture("segment"), "segment", actor="anonymousId", source=jl.constant("web"), event_id="messageId"
    )
    assert set(log.to_pandas()["actor"]) == {"anon-1", "anon-2"}
    assert set(log.to_pandas()["source"]) == {"web"}
