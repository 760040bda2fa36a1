"""Product and web analytics: GA4, Segment, Amplitude, Mixpanel, PostHog."""

from __future__ import annotations

from typing import Final

from journeylog.ingest.formats.declare import First, Format, Join, KeyValue, Link

__all__ = ["FORMATS"]

_GA4: Final = Format(
    name="ga4",
    about="Google Analytics 4, BigQuery export",
    docs="https://support.google.com/analytics/answer/7029846",
    actor=First("user_id", "user_pseudo_id"),
    event="event_name",
    time="event_timestamp",
    time_unit="us",
    channel=First("collected_traffic_source.manual_medium", KeyValue("event_params", "medium")),
    value=First("ecommerce.purchase_revenue", KeyValue("event_params", "value")),
    currency=KeyValue("event_params", "currency"),
    event_id=Join("user_pseudo_id", "event_name", "event_timestamp", missing=""),
    same_id="keep",
    attributes={"ga_session_id": KeyValue("event_params", "ga_session_id")},
    links=(Link("user_pseudo_id", "user_id"),),
)

FORMATS: Final = (_GA4,)
