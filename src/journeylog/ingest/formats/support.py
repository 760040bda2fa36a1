"""Support: tickets and conversations, whose steps are events of the ticket."""

from __future__ import annotations

from typing import Final

from journeylog.ingest.formats.declare import Format, Take
from journeylog.ingest.formats.fields import All, First, Given, Is, Join, Map, Score, When
from journeylog.ingest.roles import Constant

__all__ = ["FORMATS"]

_FALSE: Final = ("false", "FALSE", "False", "0")
#: Fields of a ticket whose values are few, and whose changes are named by them.
_TELLING: Final = ("status", "priority", "type")
_TYPE: Final = "events.type"
_CHANGED: Final = Is(_TYPE, "Change", "Create")
_ZENDESK_EVENT: Final = First(
    When(
        All(_CHANGED, Is("events.field_name", *_TELLING)),
        Join("events.field_name", "events.value", sep=": ", missing="none"),
    ),
    When(_CHANGED, Join(Constant("changed"), "events.field_name", sep=": ")),
    When(
        Is(_TYPE, "Comment", "VoiceComment"),
        When(Is("events.public", *_FALSE), Constant("internal note"), Constant("public comment")),
    ),
    When(Is(_TYPE, "SatisfactionRating"), Join(Constant("satisfaction"), "events.score", sep=": ")),
    _TYPE,
)
ZENDESK_AUDITS: Final = Format(
    name="zendesk_audits",
    about="Zendesk ticket audits (JSON): each of their events[]",
    docs="https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/",
    actor="ticket_id",
    takes=(
        Take(
            each="events",
            event=_ZENDESK_EVENT,
            event_id="events.id",
            text=First("events.body", "events.comment"),
            score=Score(Map("events.score", {"good": "1", "bad": "0"}, default=None), "thumbs"),
            attributes={
                "type": _TYPE,
                "field": "events.field_name",
                "value_after": "events.value",
                "value_before": "events.previous_value",
                "public": "events.public",
                "details": "events",
            },
        ),
    ),
    time="created_at",
    channel="via.channel",
    attributes={"audit": "id", "ticket": "ticket_id", "author": "author_id"},
    traps=(
        "the actor is the ticket; who wrote is 'author', who may be an agent, the requester or -1 for the system",
        "one audit is several events at one time: they are ties, in the order of the list",
        "types that are not documented may appear at any time: kept under their own name",
        "notifications and triggers are machine-made (type Notification, Cc, Push)",
        "the value of a field may be a list: kept as JSON",
    ),
)
ZENDESK_FIELDS: Final = Format(
    name="zendesk_field_history",
    about="Zendesk ticket field history as loaded into a warehouse",
    actor="ticket_id",
    event=When(
        Is("field_name", *_TELLING),
        Join("field_name", "value", sep=": ", missing="none"),
        Join(Constant("changed"), "field_name", sep=": "),
    ),
    time="updated",
    attributes={"ticket": "ticket_id", "field": "field_name", "value_after": "value", "author": "user_id"},
    tz="UTC",
    traps=("the actor is the ticket", "a change without user_id was made by a rule or by the system"),
)
ZENDESK_COMMENTS: Final = Format(
    name="zendesk_comments",
    known_by=First("body", "public"),
    about="Zendesk ticket comments as loaded into a warehouse",
    actor="ticket_id",
    event=When(Is("public", *_FALSE), Constant("internal note"), Constant("public comment")),
    time=First("created", "created_at"),
    event_id="id",
    text="body",
    attributes={"ticket": "ticket_id", "author": "user_id"},
    tz="UTC",
    traps=("the actor is the ticket",),
)

_PART: Final = "conversation_parts.conversation_parts"
INTERCOM: Final = Format(
    name="intercom",
    about="Intercom conversations (JSON) with their parts and rating",
    docs="https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations",
    actor=First(
        "contacts.contacts.0.external_id",
        "contacts.contacts.0.id",
        "user.user_id",
        "user.id",
        "source.author.id",
    ),
    event_id="id",
    takes=(
        Take(
            "conversation_started",
            time="created_at",
            text="source.body",
            attributes={"author_type": "source.author.type"},
        ),
        Take(
            each=_PART,
            event=f"{_PART}.part_type",
            time=f"{_PART}.created_at",
            event_id=f"{_PART}.id",
            text=f"{_PART}.body",
            attributes={
                "author_type": f"{_PART}.author.type",
                "author": f"{_PART}.author.id",
                "details": _PART,
            },
        ),
        Take(
            "conversation_rated",
            time="conversation_rating.created_at",
            when=Given("conversation_rating.rating"),
            score=Score("conversation_rating.rating", "stars5"),
            text="conversation_rating.remark",
        ),
    ),
    channel=First("source.type", "conversation_message.type"),
    attributes={"conversation": "id"},
    leave=("conversation_parts",),
    time_unit="s",
    traps=(
        "the actor is the first contact of the conversation, by the id of your own system where there is one",
        "parts of bots and of Operator have author_type 'bot'",
        "an export of the API holds at most 500 parts of a conversation",
        "bodies are HTML",
    ),
)
INTERCOM_PARTS: Final = Format(
    name="intercom_parts",
    about="Intercom conversation parts as loaded into a warehouse (conversation_part_history)",
    actor="conversation_id",
    event="part_type",
    time="created_at",
    event_id="id",
    text="body",
    attributes={"conversation": "conversation_id", "author": "author_id", "author_type": "author_type"},
    not_events=Is("_fivetran_active", *_FALSE),
    tz="UTC",
    traps=("the actor is the conversation", "versions of a part that were superseded are no events"),
)

FORMATS: Final = (ZENDESK_AUDITS, ZENDESK_FIELDS, ZENDESK_COMMENTS, INTERCOM, INTERCOM_PARTS)
