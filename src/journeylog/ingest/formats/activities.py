"""Customer relations: calls, mails, meetings and campaigns, of the people they were with."""

from __future__ import annotations

from typing import Final

from journeylog.ingest.formats.crm import SALESFORCE, either
from journeylog.ingest.formats.declare import Format, Link, Take
from journeylog.ingest.formats.fields import First, Given, Join, Not, When
from journeylog.ingest.formats.truths import truth
from journeylog.ingest.roles import Constant

__all__ = ["FORMATS"]

FORMATS: Final = (
    Format(
        name="salesforce_task",
        known_by=First("TaskSubtype", "task_subtype", "CompletedDateTime", "completed_date_time"),
        about="Task: calls, mails and to-dos, when they were made and when they were completed",
        docs=SALESFORCE + "sforce_api_objects_task.htm",
        actor=First("WhoId", "who_id", "WhatId", "what_id", "AccountId", "account_id"),
        event_id=either("Id"),
        channel=either("TaskSubtype"),
        takes=(
            Take(
                event=Join(
                    First("TaskSubtype", "task_subtype", Constant("Task")), Constant("created"), sep=" "
                ),
                time=either("CreatedDate"),
            ),
            Take(
                event=Join(
                    First("TaskSubtype", "task_subtype", Constant("Task")), Constant("completed"), sep=" "
                ),
                time=either("CompletedDateTime"),
                when=Given(either("CompletedDateTime")),
            ),
        ),
        tz="UTC",
        traps=(
            "ActivityDate is the day a task is due, no time at which something happened; it stays an attribute.",
            "Mails and calls that a program logs are completed in the moment they are created.",
        ),
    ),
    Format(
        name="salesforce_event",
        about="Event: meetings, at their start",
        docs=SALESFORCE + "sforce_api_objects_event.htm",
        actor=First("WhoId", "who_id", "WhatId", "what_id", "AccountId", "account_id"),
        event=First("Type", "type", "EventSubtype", "event_subtype", Constant("Event")),
        time=First("StartDateTime", "start_date_time", "ActivityDateTime", "activity_date_time"),
        event_id=either("Id"),
        tz="UTC",
        traps=("A meeting that is planned lies in the future and is rejected as such.",),
    ),
    Format(
        name="salesforce_campaign_member",
        known_by=either("CampaignId"),
        about="CampaignMember: who was put on a campaign, and who answered",
        docs=SALESFORCE + "sforce_api_objects_campaignmember.htm",
        actor=First("ContactId", "contact_id", "LeadId", "lead_id"),
        event_id=either("Id"),
        takes=(
            Take("campaign joined", time=either("CreatedDate")),
            Take("campaign answered", time=either("FirstRespondedDate")),
        ),
        links=(Link(either("LeadId"), either("ContactId"), "merge", time=either("CreatedDate")),),
        tz="UTC",
        traps=(
            "FirstRespondedDate is a day: the answer stands at its midnight, before what else happened that day.",
            "Status is what it is now; when it became so is not written.",
        ),
    ),
    Format(
        name="salesforce_lead",
        known_by=First(
            "IsConverted", "is_converted", "ConvertedDate", "converted_date", "Company", "company"
        ),
        about="Lead: when it came in and when it was converted",
        docs=SALESFORCE + "sforce_api_objects_lead.htm",
        actor=either("Id"),
        event_id=either("Id"),
        channel=either("LeadSource"),
        takes=(
            Take("lead created", time=either("CreatedDate")),
            Take("lead converted", time=either("ConvertedDate")),
        ),
        links=(
            Link(either("Id"), either("ConvertedContactId"), "merge", time=either("CreatedDate")),
            Link(either("Email"), either("Id"), time=either("CreatedDate")),
        ),
        tz="UTC",
        traps=(
            "ConvertedDate is a day: the conversion stands at its midnight, before what else happened that day.",
            "A converted lead goes on as a contact with another id; the links make them one.",
        ),
    ),
    Format(
        name="salesforce_case",
        known_by=First("CaseNumber", "case_number", "Origin", "origin", "ClosedDate", "closed_date"),
        about="Case: when it was opened and closed",
        docs=SALESFORCE + "sforce_api_objects_case.htm",
        actor=First("ContactId", "contact_id", "AccountId", "account_id"),
        event_id=either("Id"),
        channel=either("Origin"),
        attributes={"case": either("Id")},
        takes=(
            Take("case opened", time=either("CreatedDate")),
            Take("case closed", time=either("ClosedDate")),
        ),
        tz="UTC",
        traps=(
            "Status is what it is now; its history is salesforce_case_history.",
            "A case that was opened again has lost the time it was closed before.",
        ),
    ),
    Format(
        name="hubspot_engagement",
        about="Calls, mails, meetings, notes and tasks, for each contact they are with",
        docs="https://developers.hubspot.com/docs/api/crm/engagements",
        takes=(
            Take(
                each="associations.contactIds",
                actor="associations.contactIds",
                event="engagement.type",
                time="engagement.timestamp",
                event_id=Join("engagement.id", "associations.contactIds"),
            ),
            Take(
                when=Not(Given("engagement.type")),
                actor=First("contact_id", "engagement_id", "id"),
                event=First(
                    "type",
                    "engagement_type",
                    "properties.hs_engagement_type",
                    When(Given("start_time"), Constant("MEETING")),  # their table names no type
                ),
                time=First("property_hs_timestamp", "properties.hs_timestamp", "start_time"),
                event_id=First("engagement_id", "id"),
            ),
        ),
        time_unit="ms",
        tz="UTC",
        traps=(
            "A mail with three contacts is three events.",
            "Tables of warehouses hold times, not milliseconds: .but(time_unit=None).",
            "Tables of warehouses name no contact: join them with the table of associations, or the engagement "
            "stands for itself.",
        ),
    ),
    Format(
        name="hubspot_email_event",
        about="What became of marketing mails: sent, delivered, opened, clicked, bounced",
        docs="https://developers.hubspot.com/docs/api/events/email-analytics",
        actor="recipient",
        event="type",
        time="created",
        event_id="id",
        channel=Constant("email"),
        attributes={"by_machine": truth(First("filteredEvent", "filtered_event"))},
        time_unit="ms",
        tz="UTC",
        traps=(
            "Programs open mails before people do; by_machine marks those that the sender's filter found.",
            "Tables of warehouses hold times, not milliseconds: .but(time_unit=None).",
        ),
    ),
    Format(
        name="pipedrive_activity",
        about="Activities: calls, meetings and mails, when planned and when done",
        docs="https://developers.pipedrive.com/docs/api/v1/Activities",
        actor=First("deal_id", "person_id", "org_id", "lead_id"),
        event_id="id",
        channel="type",
        takes=(
            Take(event=Join("type", Constant("planned"), sep=" "), time="add_time"),
            Take(
                event=Join("type", Constant("done"), sep=" "),
                time="marked_as_done_time",
                when=Given("marked_as_done_time"),
            ),
        ),
        tz="UTC",
        traps=("due_date is a plan; it stays an attribute.",),
    ),
)
