"""Zendesk and Intercom: each fixture becomes its golden table in every container, and their traps."""

from __future__ import annotations

import json

import pytest

from tests.formats.goldens import as_golden, fixture, golden, read, records, written

#: Rejects of each fixture, in the order of the file.
REJECTS = {
    "zendesk_audits": ["NOT_AN_EVENT"],
    "zendesk_field_history": [],
    "zendesk_comments": [],
    "intercom": [],
    "intercom_parts": ["NOT_AN_EVENT"],
}


@pytest.mark.parametrize("name", REJECTS)
def test_golden(name):
    log = read(fixture(name), name)
    columns, expected = golden(name)
    assert as_golden(log, columns) == expected
    assert log.rejects.column("reason").to_pylist() == REJECTS[name]
    assert log.card.rows_in == log.card.kept + log.card.rejected + log.card.deduplicated


@pytest.mark.parametrize("name", REJECTS)
def test_every_container_holds_the_same_log(name, tmp_path):
    columns, expected = golden(name)
    # A value that is a text here and a list there has no one type in Arrow: such lists stand as text in tables.
    flat = name == "zendesk_audits" or fixture(name).suffix == ".csv"
    for container, data in written(records(name), tmp_path, flat=flat):
        log = read(data, name)
        if (
            container == "json array" and name == "zendesk_audits"
        ):  # values are as they are written, and there is white space in lists here
            assert log.n_events == len(expected)
            continue
        assert as_golden(log, columns) == expected, container


def test_an_audit_sent_twice_counts_once():
    log = read(fixture("zendesk_audits"), "zendesk_audits")
    assert log.card.deduplicated == 2


def test_the_events_of_an_audit_keep_the_order_of_the_list():
    log = read(fixture("zendesk_audits"), "zendesk_audits").to_pandas()
    first = log[log["audit"].astype(str) == "35436"]
    assert first["event_id"].tolist() == ["101", "102", "103", "104", "105"]


def test_types_that_are_not_documented_stay(tmp_path):
    audit = {"id": 1, "ticket_id": 9, "created_at": "2024-03-01T09:00:00Z", "author_id": 1}
    audit["events"] = [
        {"id": 1, "type": "AgentMacroReference"},
        {"id": 2, "type": "FutureThing", "deep": {"a": [1]}},
    ]
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(audit) + "\n", encoding="utf-8")
    log = read(path, "zendesk_audits").to_pandas()
    assert log["event"].tolist() == ["AgentMacroReference", "FutureThing"]
    assert json.loads(log["details"].iloc[1])["deep"] == {"a": [1]}


def test_a_good_rating_is_the_upper_end(tmp_path):
    raw = fixture("zendesk_audits").read_text(encoding="utf-8").replace('"bad"', '"good"')
    path = tmp_path / "a.jsonl"
    path.write_text(raw, encoding="utf-8")
    log = read(path, "zendesk_audits").to_pandas()
    assert log["score"].dropna().tolist() == [1]
    assert log.loc[log["score"].notna(), "event"].tolist() == ["satisfaction: good"]


def test_a_conversation_without_your_id_has_that_of_intercom():
    log = read(fixture("intercom"), "intercom").to_pandas()
    assert set(log["actor"]) == {"00123", "77aa"}


def test_a_superseded_version_of_a_part_is_no_event():
    log = read(fixture("intercom_parts"), "intercom_parts").to_pandas()
    assert log["text"].dropna().tolist() == ["psst", "second wording"]
