"""Customer relations: what became of deals, cases and leads.

All histories are one thing: at a time, a field of an object took a new value. What differs is the names of the
columns, and which field is the stage; :func:`field_history` is that declaration. Amounts of deals are what a deal
stands at, no money that flows with each step, so they stay attributes and are no ``value``.
"""

from __future__ import annotations

import re
from typing import Any, Final

from journeylog.ingest.formats.declare import Format, Take
from journeylog.ingest.formats.fields import All, AnyField, Condition, First, Is, Join, Map, Not, When
from journeylog.ingest.formats.truths import TRUE, truth
from journeylog.ingest.roles import Constant

__all__ = ["FORMATS", "SALESFORCE", "either", "field_history"]


def field_history(
    name: str,
    about: str,
    *,
    object: AnyField,
    new: AnyField,
    time: AnyField,
    field: AnyField | None = None,
    stages: tuple[str, ...] = (),
    created: tuple[str, ...] = (),
    **more: Any,
) -> Format:
    """Return the format of a table of field changes: the event is the value that a stage field took.

    Parameters
    ----------
    name, about : str
    object, new, time : field
        The deal or case, the value after the change, and when.
    field : field, optional
        Which field changed; without it each row is a change of the stage.
    stages : tuple of str
        The fields whose changes are events; changes of others are none.
    created : tuple of str
        What stands in `field` where the object was made: the event ``"created"``.
    **more
        Anything else of :class:`Format`.

    Examples
    --------
    >>> mine = field_history("mine", "steps of deals", object="deal", field="what", stages=("stage",), new="to", time="at")
    >>> mine.not_events
    Not(condition=(Is(field='what', among=('stage',)),))
    """
    if field is None:
        return Format(name=name, about=about, actor=object, event=new, time=time, **more)
    chosen: list[Condition] = [Is(field, *stages)]
    event: AnyField = When(chosen[0], new)
    if created:
        chosen.append(Is(field, *created))
        event = First(When(chosen[1], Constant("created")), event)
    return Format(
        name=name, about=about, actor=object, event=event, time=time, not_events=Not(tuple(chosen)), **more
    )


def either(name: str) -> First:
    """Return a field of Salesforce by its own name, or as warehouses write it: ``StageName``, ``stage_name``."""
    return First(name, re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())


SALESFORCE: Final = (
    "https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/"
)
_HISTORY_TRAPS: Final = (
    "History is written from the day it is switched on, and kept 18 months unless more was bought.",
    "Reports write ids of 15 characters, the API of 18: the same deal would be two actors.",
    "A change of a reference is written twice, by id and by name; stages are no references.",
)

_SALESFORCE_HISTORIES: Final = (
    field_history(
        "salesforce_opportunity_field_history",
        "OpportunityFieldHistory: each change of a tracked field; stages are the events",
        docs=SALESFORCE + "sforce_api_objects_opportunityfieldhistory.htm",
        object=either("OpportunityId"), field=either("Field"), stages=("StageName",),
        created=("created", "opportunityCreatedFromLead"), new=either("NewValue"), time=either("CreatedDate"),
        event_id=either("Id"), tz="UTC", traps=_HISTORY_TRAPS,
    ),
    field_history(
        "salesforce_opportunity_history",
        "OpportunityHistory: the state of a deal after each change of stage, amount, probability or close date",
        docs=SALESFORCE + "sforce_api_objects_opportunityhistory.htm",
        object=either("OpportunityId"), new=either("StageName"), time=either("CreatedDate"),
        event_id=either("Id"), tz="UTC",
        traps=(
            "A row is also written when only the amount or the close date changed: the stage then repeats.",
            "Not to be confused with a warehouse's table of versions, whose times are those of its syncs.",
        ),
    ),
    field_history(
        "salesforce_case_history",
        "CaseHistory: each change of a tracked field of a case; its status is the event",
        docs=SALESFORCE + "sforce_api_objects_casehistory.htm",
        object=either("CaseId"), field=either("Field"), stages=("Status",), created=("created",),
        new=either("NewValue"), time=either("CreatedDate"), event_id=either("Id"), tz="UTC", traps=_HISTORY_TRAPS,
    ),
    field_history(
        "salesforce_lead_history",
        "LeadHistory: each change of a tracked field of a lead; its status is the event",
        docs=SALESFORCE + "sforce_api_objects_leadhistory.htm",
        object=either("LeadId"), field=either("Field"), stages=("Status",), created=("created",),
        new=either("NewValue"), time=either("CreatedDate"), event_id=either("Id"), tz="UTC", traps=_HISTORY_TRAPS,
    ),
)  # fmt: skip


def _hubspot_take(property_name: str) -> Take:
    path = f"propertiesWithHistory.{property_name}"
    return Take(
        each=path, event=f"{path}.value", time=f"{path}.timestamp",
        event_id=Join("id", Constant(property_name), f"{path}.timestamp", f"{path}.value"),
        attributes={
            "field": Constant(property_name), "source_type": f"{path}.sourceType", "source_id": f"{path}.sourceId",
            "updated_by": f"{path}.updatedByUserId",
        },
    )  # fmt: skip


_HUBSPOT_STAGES: Final = ("dealstage", "hs_pipeline_stage", "lifecyclestage", "hs_lead_status")

_HISTORIES: Final = (
    Format(
        name="hubspot",
        about="Deals, tickets and contacts of the CRM API, with propertiesWithHistory",
        docs="https://developers.hubspot.com/docs/api/crm/deals",
        actor="id",
        attributes={"pipeline": First("properties.pipeline", "properties.hs_pipeline")},
        takes=tuple(_hubspot_take(name) for name in _HUBSPOT_STAGES),
        same_id="first",  # a later export says other things of the deal, and the same of its past
        tz="UTC",
        traps=(
            "Stages are ids; the same id may stand in several pipelines, so the pipeline is kept.",
            "The amount is what the deal stands at when exported.",
            "Ids of merged objects end; the one that stays has the history of its own only.",
        ),
    ),
    field_history(
        "hubspot_property_history",
        "Tables of property history, one row for each value, as warehouses write them",
        docs="https://developers.hubspot.com/docs/api/crm/deals",
        object=First(
            "deal_id", "dealId", "ticket_id", "ticketId", "contact_id", "contactId", "company_id", "companyId"
        ),
        field=First("name", "property", "property_name"),
        stages=_HUBSPOT_STAGES,
        new="value",
        time=First("timestamp", "timestamp_instant"),
        tz="UTC",
        traps=("A warehouse's own columns of versions are times of its syncs, not of the business.",),
    ),
    field_history(
        "pipedrive_changelog",
        "Changes of the fields of deals; the calls are asked for deal by deal, so a column deal_id must be added",
        docs="https://developers.pipedrive.com/docs/api/v1/Deals#getDealChangelog",
        object=First("deal_id", "item_id"),
        field="field_key",
        stages=("stage_id", "status"),
        created=("add_time",),
        new=When(Is("field_key", "stage_id"), Join(Constant("stage"), "new_value", sep=" "), "new_value"),
        time=First("time", "log_time"),
        attributes={"is_bulk": truth(First("is_bulk_update_flag", Constant("false")))},
        tz="UTC",
        traps=(
            "Bulk updates change many deals in one moment; they are marked by is_bulk.",
            "Times are UTC and carry no zone.",
        ),
    ),
    Format(
        name="pipedrive_flow",
        about="What happened to deals: changes of stage and status, activities done, notes, mails",
        docs="https://developers.pipedrive.com/docs/api/v1/Deals#getDealUpdates",
        actor=First("data.item_id", "data.deal_id"),
        event=First(
            When(Is("object", "note"), Constant("note added")),
            When(Is("object", "mailMessage", "mailMessageWithAttachment"), Constant("mail")),
            When(Is("object", "activity"), Join("data.type", Constant("done"), sep=" ")),
            When(Is("object", "file"), Constant("file added")),
            When(Is("data.field_key", "add_time"), Constant("created")),
            When(Is("data.field_key", "stage_id"), Join(Constant("stage"), "data.new_value", sep=" ")),
            When(Is("data.field_key", "status"), "data.new_value"),
        ),
        time=First("timestamp", "data.log_time"),
        event_id=Join("object", "data.id"),
        attributes={
            "is_bulk": When(
                Is("object", "dealChange"), truth(First("data.is_bulk_update_flag", Constant("false")))
            )
        },
        not_events=(
            Not(
                Is(
                    "object",
                    "dealChange",
                    "note",
                    "mailMessage",
                    "mailMessageWithAttachment",
                    "activity",
                    "file",
                )
            ),
            All(Is("object", "dealChange"), Not(Is("data.field_key", "add_time", "stage_id", "status"))),
            All(Is("object", "activity"), Not(Is("data.done", *TRUE))),
        ),
        tz="UTC",
        traps=("An activity that is planned has a time that has not come; only those done are events.",),
    ),
    field_history(
        "bitrix24_stage_history",
        "crm.stagehistory.list: each stage of deals, leads and invoices",
        docs="https://apidocs.bitrix24.com/api-reference/crm/crm-stage-history-list.html",
        object="OWNER_ID",
        new=First("STAGE_ID", "STATUS_ID"),
        time="CREATED_TIME",
        event_id="ID",
        attributes={
            "kind": Map("TYPE_ID", {"1": "created", "2": "moved", "3": "finished", "5": "changed pipeline"}),
            "outcome": Map(
                First("STAGE_SEMANTIC_ID", "STATUS_SEMANTIC_ID"), {"P": "open", "S": "won", "F": "lost"}
            ),
            "pipeline": "CATEGORY_ID",
        },
        traps=(
            "Deals have STAGE_ID, leads and invoices STATUS_ID; ids of different kinds overlap, so read each apart.",
        ),
    ),
    Format(
        name="amocrm",
        about="Events of amoCRM and Kommo (API v4): stages of leads and customers, and all that happened to them",
        docs="https://www.amocrm.ru/developers/content/crm_platform/events-and-notes",
        actor=Join("entity_type", "entity_id", sep=":"),
        event=First(
            When(
                Is("type", "lead_status_changed"),
                Join(
                    Constant("stage"),
                    "value_after.0.lead_status.pipeline_id",
                    "value_after.0.lead_status.id",
                    sep=" ",
                ),
            ),
            When(
                Is("type", "customer_status_changed"),
                Join(Constant("stage"), "value_after.0.customer_status.id", sep=" "),
            ),
            When(Not(Is("type", "lead_status_changed", "customer_status_changed")), "type"),
        ),
        time="created_at",
        event_id="id",
        attributes={"by_robot": Map("created_by", {"0": "true"}, default="false")},
        time_unit="s",
        traps=(
            "Ids of leads, contacts and tasks overlap, so the actor is the kind and the id.",
            "A stage is told by its pipeline and its id; 142 is won and 143 lost in every pipeline.",
            "created_by 0 is a robot.",
        ),
    ),
)

FORMATS: Final = (*_SALESFORCE_HISTORIES, *_HISTORIES)
