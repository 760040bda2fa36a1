"""Product and web analytics: Google Analytics 4, Segment, Amplitude, Mixpanel, PostHog."""

from __future__ import annotations

from typing import Final

from journeylog.ingest.formats.declare import Format, Link
from journeylog.ingest.formats.fields import First, Is, Join, KeyValue, Negative, Not, Stamp, When
from journeylog.ingest.roles import Constant

__all__ = ["FORMATS"]


def _param(key: str) -> KeyValue:
    return KeyValue("event_params", key)


#: What Google writes for "nothing is known".
_NOT_SET: Final = ("(not set)", "(not provided)", "(direct)", "(none)", "(data deleted)", "")
_COLLECTED: Final = "collected_traffic_source.manual_"
_LAST_CLICK: Final = "session_traffic_source_last_click."

GA4: Final = Format(
    name="ga4",
    about="Google Analytics 4, export to BigQuery (JSON, Parquet or a query's result)",
    docs="https://support.google.com/analytics/answer/7029846",
    actor=First("user_id", "user_pseudo_id"),
    event="event_name",
    time="event_timestamp",
    time_unit="us",
    channel=First(
        _LAST_CLICK + "cross_channel_campaign.default_channel_group", _COLLECTED + "medium", _param("medium")
    ),
    value=When(
        Is("event_name", "refund"),
        Negative(First("ecommerce.refund_value", _param("value"))),
        When(Is("event_name", "purchase"), First("ecommerce.purchase_revenue", _param("value"))),
    ),
    currency=_param("currency"),
    event_id=Join(
        "user_pseudo_id", "event_name", "event_timestamp", "event_bundle_sequence_id", "batch_page_id",
        "batch_ordering_id", "batch_event_index", missing="",
    ),
    same_id="keep",
    order_by=("event_bundle_sequence_id", "batch_page_id", "batch_ordering_id", "batch_event_index"),
    attributes={
        "user_pseudo_id": "user_pseudo_id",
        "session_id": Join("user_pseudo_id", _param("ga_session_id"), sep="."),
        "session_number": _param("ga_session_number"),
        "page_location": _param("page_location"),
        "page_title": _param("page_title"),
        "engagement_ms": _param("engagement_time_msec"),
        "source_of_visit": First(_COLLECTED + "source", _param("source")),
        "campaign": First(_COLLECTED + "campaign_name", _param("campaign")),
        "first_touch_source": "traffic_source.source",
        "first_touch_medium": "traffic_source.medium",
        "first_touch_time": Stamp("user_first_touch_timestamp", unit="us"),
        "first_open_time": Stamp(KeyValue("user_properties", "first_open_time"), unit="ms"),
        "transaction_id": First("ecommerce.transaction_id", _param("transaction_id")),
        "device": "device.category",
        "country": "geo.country",
    },
    missing=_NOT_SET,
    links=(Link("user_pseudo_id", "user_id"),),
    traps=(
        "A row is kept twice by the vendor now and then and has no id: rows that agree in all that was read are one.",
        "ga_session_id is a second of a user, not an id: session_id joins it to user_pseudo_id.",
        "traffic_source is the first touch of the user, not where this visit came from.",
        "event_timestamp is in microseconds UTC, first_open_time in milliseconds, event_date a day of the property's zone.",
        "Only purchases and refunds have a value: that of a cart or a viewed item is no money.",
        "The tables of the last 72 hours still change; those of today lack the attribution.",
        "64-bit integers are texts in JSON; a parameter may change its type, nulls may be absent.",
    ),
)  # fmt: skip

GA4_TABLE: Final = Format(
    name="ga4_table",
    about="Google Analytics 4, flat table of events (columns param_*), as warehouse loaders write it",
    docs="https://support.google.com/analytics/answer/7029846",
    actor=First("user_id", "user_pseudo_id"),
    event="name",
    time="timestamp",
    tz="UTC",
    channel=First("collected_traffic_source_manual_medium", "param_medium"),
    value=When(
        Is("name", "refund"),
        Negative("ecommerce_refund_value_in_usd"),
        When(Is("name", "purchase"), First("ecommerce_purchase_revenue_in_usd", "value_in_usd")),
    ),
    currency=When(Is("name", "purchase", "refund"), Constant("USD")),
    missing=_NOT_SET,
    links=(Link("user_pseudo_id", "user_id"),),
    traps=("The amounts are in US dollars, as their columns say.",),
)

_ORDER_DONE, _ORDER_BACK = ("Order Completed",), ("Order Refunded",)

SEGMENT: Final = Format(
    name="segment",
    about="Segment, raw calls (track, page, screen, identify, alias, group)",
    docs="https://segment.com/docs/connections/spec/common/",
    actor=First("userId", "anonymousId"),
    event=When(
        Is("type", "track"),
        "event",
        When(
            Is("type", "page", "screen"), First(Join("type", "name", sep=" "), "type"), First("event", "type")
        ),
    ),
    time="timestamp",
    received="receivedAt",
    channel="context.campaign.medium",
    value=When(
        Is("event", *_ORDER_BACK),
        Negative(First("properties.total", "properties.revenue", "properties.value")),
        First("properties.revenue", When(Is("event", *_ORDER_DONE), "properties.total")),
    ),
    currency="properties.currency",
    event_id="messageId",
    same_id="first",
    attributes={
        "type": "type",
        "anonymous_id": "anonymousId",
        "order": "properties.order_id",
        "page_url": First("properties.url", "context.page.url"),
        "referrer": First("properties.referrer", "context.page.referrer"),
        "campaign": "context.campaign.name",
        "campaign_source": "context.campaign.source",
        "library": "context.library.name",
    },
    not_events=Is("type", "identify", "alias", "group"),
    leave=("sentAt", "originalTimestamp"),
    links=(
        Link("anonymousId", "userId", when=Not(Is("type", "identify", "alias"))),
        Link("anonymousId", "userId", kind="identify", when=Is("type", "identify")),
        Link("previousId", "userId", kind="alias", when=Is("type", "alias")),
    ),
    traps=(
        "timestamp has been corrected for the clock of the device; originalTimestamp and sentAt have not.",
        "A call is delivered at least once: copies of a messageId differ in when they were sent and received only.",
        "identify, alias and group are no events but links between ids.",
        "There is no session: make them with jl.Sessions.",
    ),
)

SEGMENT_TABLE: Final = Format(
    name="segment_table",
    about="Segment, table of tracks in a warehouse",
    docs="https://segment.com/docs/connections/storage/warehouses/schema/",
    actor=First("user_id", "anonymous_id"),
    event=First("event_text", "event"),
    time="timestamp",
    tz="UTC",
    received="received_at",
    channel="context_campaign_medium",
    value="revenue",
    currency="currency",
    event_id="id",
    same_id="first",
    attributes={"anonymous_id": "anonymous_id", "campaign": "context_campaign_name"},
    leave=("sent_at", "original_timestamp", "uuid_ts"),
    links=(Link("anonymous_id", "user_id"),),
    traps=("event is the table's name, event_text what was called.",),
)

AMPLITUDE: Final = Format(
    name="amplitude",
    about="Amplitude, raw export (JSON lines) or a table of its fields",
    docs="https://amplitude.com/docs/apis/analytics/export",
    actor=First("user_id", "device_id"),
    event="event_type",
    time="event_time",
    tz="UTC",
    received="server_upload_time",
    channel="user_properties.utm_medium",
    value=First("event_properties.$revenue", "event_properties.revenue"),
    currency="event_properties.currency",
    event_id=First(Join("device_id", First("$insert_id", "_insert_id")), "uuid"),
    same_id="first",
    attributes={
        "device_id": "device_id",
        "amplitude_id": Join("amplitude_id"),
        "session_id": When(Not(Is("session_id", "-1")), Join("device_id", "session_id", sep=".")),
        "utm_source": "user_properties.utm_source",
        "utm_campaign": "user_properties.utm_campaign",
    },
    not_events=Is("event_type", "$identify", "$groupidentify"),
    links=(
        Link("device_id", "user_id", when=Not(Is("event_type", "$identify"))),
        Link("device_id", "user_id", kind="identify", when=Is("event_type", "$identify")),
    ),
    traps=(
        "Times are UTC and carry no zone.",
        "An export of a day holds what was uploaded that day: late events lie in later files.",
        "session_id is the start of the session in milliseconds; -1 is none. It is joined to device_id.",
        "$insert_id is unique within a device; without one the uuid is the id.",
        "event_time can lie after server_upload_time where the clock of the device was ahead.",
    ),
)

_P: Final = "properties."

MIXPANEL: Final = Format(
    name="mixpanel",
    about="Mixpanel, raw export (JSON lines)",
    docs="https://developer.mixpanel.com/reference/raw-event-export",
    actor=First(_P + "$user_id", _P + "distinct_id"),
    event="event",
    time=_P + "time",
    time_unit="s",
    received=Stamp(_P + "mp_processing_time_ms", unit="ms"),
    channel=_P + "utm_medium",
    value=First(_P + "$amount", _P + "revenue"),
    currency=_P + "currency",
    event_id=Join("event", _P + "distinct_id", _P + "time", _P + "$insert_id"),
    same_id="first",
    attributes={
        "device_id": _P + "$device_id",
        "page_url": _P + "$current_url",
        "utm_source": _P + "utm_source",
        "utm_campaign": _P + "utm_campaign",
        "initial_referrer": _P + "$initial_referrer",
    },
    not_events=Is("event", "$identify", "$create_alias", "$merge"),
    missing=("$direct",),
    links=(
        Link(_P + "$device_id", _P + "$user_id"),
        Link(_P + "$anon_id", _P + "$identified_id", kind="identify", when=Is("event", "$identify")),
        Link(_P + "alias", _P + "distinct_id", kind="alias", when=Is("event", "$create_alias")),
        Link(_P + "$distinct_ids.0", _P + "$distinct_ids.1", kind="merge", when=Is("event", "$merge")),
    ),
    traps=(
        "Exports are not deduplicated: event, distinct_id, time and $insert_id together are the id.",
        "time is in seconds UTC. Projects made before 2023 may export the time of their own zone as if it were UTC: "
        "format='mixpanel_local' with tz=. Exports with time_in_ms need time_unit='ms'.",
        "$identify, $create_alias and $merge are no events but links between ids.",
    ),
)

MIXPANEL_LOCAL: Final = MIXPANEL.but(
    name="mixpanel_local",
    about="Mixpanel, raw export of a project whose times are those of its own zone (needs tz=)",
    wall_clock=True,
)

MIXPANEL_TABLE: Final = Format(
    name="mixpanel_table",
    about="Mixpanel, flat table of events, as warehouse loaders write it",
    docs="https://developer.mixpanel.com/reference/raw-event-export",
    actor="distinct_id",
    event=First("name", "event"),
    time="time",
    tz="UTC",
    received=Stamp("mp_processing_time_ms", unit="ms"),
    event_id=Join(First("name", "event"), "distinct_id", "time", "insert_id"),
    same_id="first",
    attributes={"page_url": "current_url", "device_id": "device_id"},
    links=(Link("device_id", "distinct_id"),),
    traps=("properties holds what has no column of its own, as JSON text.",),
)

POSTHOG: Final = Format(
    name="posthog",
    about="PostHog, batch export of events (Parquet or JSON lines)",
    docs="https://posthog.com/docs/cdp/batch-exports",
    actor=First("person_id", "distinct_id"),
    event="event",
    time="timestamp",
    tz="UTC",
    received=First("created_at", "_inserted_at"),
    channel=_P + "utm_medium",
    value=First(_P + "$revenue", _P + "revenue"),
    currency=First(_P + "$currency", _P + "currency"),
    event_id=First("uuid", "id"),
    same_id="first",
    attributes={
        "distinct_id": "distinct_id",
        "session_id": _P + "$session_id",
        "page_url": _P + "$current_url",
        "device": _P + "$device_type",
        "utm_source": _P + "utm_source",
        "utm_campaign": _P + "utm_campaign",
    },
    not_events=Is("event", "$identify", "$create_alias", "$merge_dangerously", "$groupidentify", "$set"),
    missing=("$direct",),
    links=(
        Link("distinct_id", "person_id"),
        Link(_P + "$anon_distinct_id", "distinct_id", kind="identify", when=Is("event", "$identify")),
        Link(_P + "alias", "distinct_id", kind="alias", when=Is("event", "$create_alias")),
        Link(_P + "alias", "distinct_id", kind="merge", when=Is("event", "$merge_dangerously")),
    ),
    traps=(
        "person_id is that of the moment of ingestion and is never rewritten: apply later merges by the links.",
        "properties is a text of JSON in Parquet.",
        "$identify, $create_alias, $merge_dangerously, $groupidentify and $set are no events.",
    ),
)

FORMATS: Final = (
    GA4,
    GA4_TABLE,
    SEGMENT,
    SEGMENT_TABLE,
    AMPLITUDE,
    MIXPANEL,
    MIXPANEL_LOCAL,
    MIXPANEL_TABLE,
    POSTHOG,
)
