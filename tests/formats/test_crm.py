"""Histories and activities of CRM systems: the tables they must become, in every container, and their traps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.errors import LoadWarning, MissingColumnError, ParseError
from journeylog.ingest.formats.activities import FORMATS as ACTIVITIES
from journeylog.ingest.formats.crm import FORMATS as HISTORIES
from journeylog.ingest.formats.crm import field_history
from journeylog.ingest.formats.fields import Is, Not
from tests.formats.goldens import as_golden, containers, fixture, golden, read, records

BY_NAME = {form.name: form for form in (*HISTORIES, *ACTIVITIES)}
#: What is not an event of these fixtures, by the documentation.
REASONS: dict[str, dict[str, int]] = {
    "salesforce_opportunity_field_history": {"NOT_AN_EVENT": 3},
    "salesforce_case_history": {"EVENT_NULL": 1, "NOT_AN_EVENT": 1},
    "salesforce_lead_history": {"NOT_AN_EVENT": 1},
    "hubspot": {"NOT_AN_EVENT": 1},
    "hubspot_property_history": {"NOT_AN_EVENT": 1},
    "pipedrive_changelog": {"NOT_AN_EVENT": 1},
    "pipedrive_flow": {"NOT_AN_EVENT": 3},
    "salesforce_task": {"ACTOR_NULL": 1},
    "salesforce_event": {"TS_FUTURE": 1},
    "hubspot_engagement": {"NOT_AN_EVENT": 1},
}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_fixture_becomes_its_golden_table_in_every_container(name: str, tmp_path: Path) -> None:
    columns, wanted = golden(name)
    for label, source in containers(name, tmp_path):
        log = read(source, name)
        assert as_golden(log, columns) == wanted, label
        card = log.card
        assert card.rows_in == card.kept + card.rejected + card.deduplicated, label
        assert dict(card.reasons) == REASONS.get(name, {}), label


def test_changes_that_are_no_stages_are_counted_and_no_cause_of_alarm() -> None:
    log = jl.read(fixture("salesforce_lead_history"), format="salesforce_lead_history", max_rejected=0.0)
    assert log.card.rejected == 1 and dict(log.card.reasons) == {"NOT_AN_EVENT": 1}


def test_a_stage_without_a_value_is_a_cause_of_alarm() -> None:
    with pytest.warns(LoadWarning, match="EVENT_NULL"):
        jl.read(fixture("salesforce_case_history"), format="salesforce_case_history")


def test_a_warehouse_and_the_vendor_write_the_same_history() -> None:
    theirs = read(fixture("salesforce_opportunity_history"), "salesforce_opportunity_history")
    renamed = pd.DataFrame(records("salesforce_opportunity_history")).rename(
        columns={"OpportunityId": "opportunity_id", "StageName": "stage_name", "CreatedDate": "created_date"}
    )
    ours = read(renamed, "salesforce_opportunity_history")
    columns = ["actor", "event", "time"]
    assert as_golden(ours, columns) == as_golden(theirs, columns)


def test_a_stage_repeats_where_only_the_amount_changed_and_amounts_are_no_money_that_flows() -> None:
    log = read(fixture("salesforce_opportunity_history"), "salesforce_opportunity_history")
    first = log.to_pandas().query("actor == '00600001'")
    assert first["event"].tolist() == ["Prospecting", "Prospecting", "Closed Won"]
    assert "value" not in log.columns
    assert first["Amount"].astype(str).tolist() == ["100.00", "250.00", "250.00"]


def test_the_same_history_exported_twice_counts_once(tmp_path: Path) -> None:
    later = records("hubspot")
    for deal in later:  # a later export says other things of the deal, and the same of its past
        deal["updatedAt"] = "2024-03-01T00:00:00Z"
        deal["properties"]["amount"] = "9999"
    second = tmp_path / "b.jsonl"
    second.write_text("".join(json.dumps(deal) + "\n" for deal in later), encoding="utf-8")
    log = read([fixture("hubspot"), second], "hubspot")
    columns = ["actor", "event", "time"]
    assert as_golden(log, columns) == as_golden(read(fixture("hubspot"), "hubspot"), columns)
    assert log.card.deduplicated == 4


def test_ids_of_leads_and_contacts_are_two_actors() -> None:
    log = read(fixture("amocrm"), "amocrm")
    assert {a for a in log.to_pandas()["actor"] if a.endswith(":26060763")} == {
        "lead:26060763",
        "contact:26060763",
    }


def test_a_burst_of_bulk_updates_can_be_left_out() -> None:
    log = read(fixture("pipedrive_changelog"), "pipedrive_changelog")
    assert log.where(is_bulk="false").n_events == 2


def test_opens_by_machines_can_be_left_out() -> None:
    log = read(fixture("hubspot_email_event"), "hubspot_email_event")
    assert log.where(by_machine="false").to_pandas()["event"].tolist() == ["SENT", "CLICK"]


def test_a_lead_that_was_converted_is_the_contact() -> None:
    table = jl.links(fixture("salesforce_lead"), format="salesforce_lead").table
    assert ("00Q1", "0031") in set(zip(table["start"], table["end"], strict=True))


def test_a_vendors_format_with_two_things_changed() -> None:
    owners = BY_NAME["salesforce_opportunity_field_history"].but(
        event="NewValue", not_events=Not(Is("Field", "Owner")), event_id=None
    )
    log = read(fixture("salesforce_opportunity_field_history"), owners)
    assert log.to_pandas()["event"].tolist() == ["Bob", "005U2"]


def test_a_history_of_ones_own() -> None:
    table = pd.DataFrame(
        {
            "deal": ["d1", "d1", "d1"],
            "what": ["stage", "price", "stage"],
            "to": ["offer", "10", "won"],
            "at": ["2025-01-01", "2025-01-02", "2025-01-03"],
        }
    )
    mine = field_history(
        "mine", "steps", object="deal", field="what", stages=("stage",), new="to", time="at", tz="UTC"
    )
    log = read(table, mine)
    assert log.to_pandas()["event"].tolist() == ["offer", "won"]
    assert (log.card.rows_in, log.card.kept, log.card.rejected) == (3, 2, 1)


def test_a_history_says_what_it_needs() -> None:
    with pytest.raises(MissingColumnError, match="deal_id"):
        jl.read(
            pd.DataFrame(records("pipedrive_changelog")).drop(columns="deal_id"), format="pipedrive_changelog"
        )


@pytest.mark.parametrize(
    ("name", "page"),
    [
        (
            "bitrix24_stage_history",
            lambda rows: {"result": {"items": rows}, "total": 5, "time": {"start": 1.5}},
        ),
        (
            "amocrm",
            lambda rows: {"_page": 1, "_links": {"self": {"href": "x"}}, "_embedded": {"events": rows}},
        ),
        ("pipedrive_flow", lambda rows: {"success": True, "data": rows, "additional_data": {}}),
        ("hubspot", lambda rows: {"results": rows, "paging": {"next": {"after": "9"}}}),
    ],
)
def test_a_page_as_the_vendor_sends_it(name: str, page: Any, tmp_path: Path) -> None:
    columns, wanted = golden(name)
    for indent in (None, 2):
        path = tmp_path / f"{indent}.json"
        path.write_text(json.dumps(page(records(name)), indent=indent), encoding="utf-8")
        assert as_golden(read(path, name), columns) == wanted


def test_a_page_with_two_lists_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"result": {"items": [{"a": 1}], "others": [{"b": 1}]}, "total": 1}))
    with pytest.raises(ParseError, match=r"result\.items.*result\.others"):
        jl.read(path, format="bitrix24_stage_history")


def test_an_answer_that_is_an_error_says_what_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"error": 0, "error_description": "not supported"}, indent=2))
    with pytest.raises(MissingColumnError, match="OWNER_ID"):
        jl.read(path, format="bitrix24_stage_history")


def test_rows_that_are_no_events_at_all_leave_an_empty_log(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"object":"person","id":7,"timestamp":"2024-01-01","data":{"id":1,"item_id":2}}\n')
    with pytest.warns(LoadWarning, match="no event in"):
        log = jl.read(path, format="pipedrive_flow")
    assert log.n_events == 0 and dict(log.card.reasons) == {"NOT_AN_EVENT": 1}


def test_an_engagement_of_a_warehouse_stands_for_itself_or_for_its_contact() -> None:
    calls = pd.DataFrame(
        {"engagement_id": ["9"], "type": ["CALL"], "property_hs_timestamp": ["2024-03-01 10:00:00.5"]}
    )
    form = BY_NAME["hubspot_engagement"].but(time_unit=None)
    assert read(calls, form).to_pandas()["actor"].tolist() == ["9"]
    assert read(calls.assign(contact_id="501"), form).to_pandas()["actor"].tolist() == ["501"]
    meetings = pd.DataFrame(
        {"engagement_id": ["9"], "start_time": ["2024-03-01 10:00:00"], "meeting_outcome": [None]}
    )
    assert read(meetings, form).to_pandas()["event"].tolist() == ["MEETING"]
