"""Clickstream of products that are not in :mod:`.analytics`: Snowplow, Matomo, Adobe's data feed, Yandex Metrica."""

from __future__ import annotations

from typing import Final

from journeylog.ingest.formats.declare import Format, Link, Take
from journeylog.ingest.formats.fields import All, First, Given, Is, Join, Map, Not, Stamp, When
from journeylog.ingest.formats.parts import Beside, Match, ProductTotal
from journeylog.ingest.roles import Constant

__all__ = ["FORMATS", "SNOWPLOW_COLUMNS"]

#: The columns of an enriched event, in the order of the file.
SNOWPLOW_COLUMNS: Final = (
    "app_id", "platform", "etl_tstamp", "collector_tstamp", "dvce_created_tstamp", "event", "event_id",
    "txn_id", "name_tracker", "v_tracker", "v_collector", "v_etl", "user_id", "user_ipaddress",
    "user_fingerprint", "domain_userid", "domain_sessionidx", "network_userid", "geo_country",
    "geo_region", "geo_city", "geo_zipcode", "geo_latitude", "geo_longitude", "geo_region_name",
    "ip_isp", "ip_organization", "ip_domain", "ip_netspeed", "page_url", "page_title", "page_referrer",
    "page_urlscheme", "page_urlhost", "page_urlport", "page_urlpath", "page_urlquery",
    "page_urlfragment", "refr_urlscheme", "refr_urlhost", "refr_urlport", "refr_urlpath",
    "refr_urlquery", "refr_urlfragment", "refr_medium", "refr_source", "refr_term", "mkt_medium",
    "mkt_source", "mkt_term", "mkt_content", "mkt_campaign", "contexts", "se_category", "se_action",
    "se_label", "se_property", "se_value", "unstruct_event", "tr_orderid", "tr_affiliation", "tr_total",
    "tr_tax", "tr_shipping", "tr_city", "tr_state", "tr_country", "ti_orderid", "ti_sku", "ti_name",
    "ti_category", "ti_price", "ti_quantity", "pp_xoffset_min", "pp_xoffset_max", "pp_yoffset_min",
    "pp_yoffset_max", "useragent", "br_name", "br_family", "br_version", "br_type", "br_renderengine",
    "br_lang", "br_features_pdf", "br_features_flash", "br_features_java", "br_features_director",
    "br_features_quicktime", "br_features_realplayer", "br_features_windowsmedia", "br_features_gears",
    "br_features_silverlight", "br_cookies", "br_colordepth", "br_viewwidth", "br_viewheight",
    "os_name", "os_family", "os_manufacturer", "os_timezone", "dvce_type", "dvce_ismobile",
    "dvce_screenwidth", "dvce_screenheight", "doc_charset", "doc_width", "doc_height", "tr_currency",
    "tr_total_base", "tr_tax_base", "tr_shipping_base", "ti_currency", "ti_price_base", "base_currency",
    "geo_timezone", "mkt_clickid", "mkt_network", "etl_tags", "dvce_sent_tstamp", "refr_domain_userid",
    "refr_device_tstamp", "derived_contexts", "domain_sessionid", "derived_tstamp", "event_vendor",
    "event_name", "event_format", "event_version", "event_fingerprint", "true_tstamp",
)  # fmt: skip

SNOWPLOW: Final = Format(
    name="snowplow",
    about="Snowplow enriched events: TSV of 131 columns without a header, or Parquet",
    docs="https://docs.snowplow.io/docs/fundamentals/canonical-event/",
    actor=First("user_id", "domain_userid", "network_userid"),
    event=First(
        When(Is("event", "unstruct"), "event_name"),
        When(Is("event", "struct"), Join("se_category", "se_action", sep=": ")),
        "event",
    ),
    time=First("derived_tstamp", "collector_tstamp"),
    received="collector_tstamp",
    event_id=Join("event_id", "event_fingerprint", sep=" ", missing=""),
    value=When(Is("event", "transaction"), "tr_total"),
    currency=When(Is("event", "transaction"), "tr_currency"),
    channel="mkt_medium",
    attributes={"user_id": "user_id", "domain_userid": "domain_userid", "type": "event", "uuid": "event_id"},
    links=(Link("domain_userid", "user_id"), Link("network_userid", "domain_userid")),
    tz="UTC",
    delimiter="\t",
    quote=None,
    names=SNOWPLOW_COLUMNS,
    leave=("etl_tstamp",),
    container="tsv",
    traps=(
        "the TSV has no header and its width depends on the version: another width stops the load and says so",
        "derived_tstamp is the device's time with its clock's error taken out; collector_tstamp is when it arrived",
        "one id with one fingerprint is one event that was delivered twice; one id with another fingerprint is "
        "another event that bad software gave the same id: kept",
        "etl_tstamp, when the pipeline ran, is left out: it differs between deliveries of one event",
        "page_ping is a heartbeat: leave it out of paths (jl.Filter), keep it for time on page",
        "tr_total is in tr_currency; items of a transaction are events of their own without value",
    ),
)

#: What kinds of actions are called.
_MATOMO_TYPES: Final = {
    "action": "page_view", "search": "site_search", "ecommerceOrder": "order",
    "ecommerceAbandonedCart": "cart_abandoned", "outlink": "outlink", "download": "download",
}  # fmt: skip
_MATOMO_DETAIL: Final = "actionDetails.type"
MATOMO: Final = Format(
    name="matomo",
    about="Matomo visits with their actions (Live.getLastVisitsDetails, JSON)",
    docs="https://developer.matomo.org/api-reference/reporting-api#Live",
    actor=First("userId", "visitorId"),
    takes=(
        Take(
            each="actionDetails",
            event=First(
                When(
                    Is(_MATOMO_DETAIL, "event"),
                    Join("actionDetails.eventCategory", "actionDetails.eventAction", sep=": "),
                ),
                When(
                    Is(_MATOMO_DETAIL, "goal"),
                    Join(Constant("goal"), First("actionDetails.goalName", "actionDetails.goalId"), sep=": "),
                ),
                Map(_MATOMO_DETAIL, _MATOMO_TYPES),
            ),
            time="actionDetails.timestamp",
            value=When(Is(_MATOMO_DETAIL, "goal", "ecommerceOrder"), "actionDetails.revenue"),
            currency=When(Is(_MATOMO_DETAIL, "goal", "ecommerceOrder"), "siteCurrency"),
            event_id=Join(
                "idVisit",
                _MATOMO_DETAIL,
                First(
                    "actionDetails.pageId",
                    "actionDetails.orderId",
                    "actionDetails.goalPageId",
                    "actionDetails.timestamp",
                ),
                First("actionDetails.goalId", "actionDetails.eventAction", "actionDetails.url"),
                missing="",
            ),
            attributes={
                "type": _MATOMO_DETAIL,
                "url": "actionDetails.url",
                "page_title": "actionDetails.pageTitle",
                "search": "actionDetails.siteSearchKeyword",
                "order_id": "actionDetails.orderId",
                "event_name": "actionDetails.eventName",
                "details": "actionDetails",
            },
        ),
    ),
    channel="referrerType",
    attributes={
        "visit": "idVisit",
        "visitor": "visitorId",
        "user": "userId",
        "referrer": "referrerName",
        "device": "deviceType",
        "country": "countryCode",
    },
    links=(Link("visitorId", "userId", time="lastActionTimestamp"),),
    leave=(
        "lastActionTimestamp",
        "lastActionDateTime",
        "visitDuration",
        "visitDurationPretty",
        "actions",
        "searches",
        "events",
        "interactions",
        "goalConversions",
        "visitConverted",
        "visitEcommerceStatus",
        "totalEcommerceRevenue",
        "totalEcommerceConversions",
        "totalEcommerceItems",
    ),
    time_unit="s",
    traps=(
        "rows of visits are rewritten while the visit goes on: a later export of the same visit adds its new "
        "actions, and the old ones are duplicates; counts and durations of the visit, which change, are left out",
        "serverTimePretty and localTime are for people; timestamp is UTC",
        "a goal and the page that reached it are two actions",
    ),
)
_LINK_TYPES: Final = {
    "1": "page_view", "2": "outlink", "3": "download", "4": "page_view", "8": "site_search", "10": "event",
    "11": "event", "12": "event",
}  # fmt: skip
MATOMO_ACTIONS: Final = Format(
    name="matomo_actions",
    about="Matomo's table log_link_visit_action joined with log_action (SQL)",
    docs="https://developer.matomo.org/guides/database-schema",
    actor=First("user_id", "idvisitor"),
    event=Map("type", _LINK_TYPES),
    time="server_time",
    event_id="idlink_va",
    attributes={"visit": "idvisit", "visitor": "idvisitor", "user": "user_id", "url": "name"},
    links=(Link("idvisitor", "user_id"),),
    tz="UTC",
    traps=(
        "idvisitor is eight bytes: select lower(hex(idvisitor)), which is the visitorId of the API",
        "server_time is UTC; visitor_localtime is the visitor's clock",
    ),
)

_ADOBE_EVENTS: Final = {
    "purchase": "1", "product_view": "2", "cart_open": "10", "checkout": "11", "cart_add": "12", "cart_remove": "13",
    "cart_view": "14",
}  # fmt: skip
_ADOBE_HITS: Final = {
    "0": "page_view", "10": "custom_link", "100": "custom_link", "11": "download_link", "101": "download_link",
    "12": "exit_link", "102": "exit_link", "31": "media_start", "76": "media_start", "32": "media_update",
    "77": "media_update", "33": "media_update", "78": "media_update", "40": "survey", "80": "survey",
    "50": "stream_start", "51": "stream_close", "52": "stream_scrub", "53": "stream_keep_alive", "54": "ad_start",
    "55": "ad_close", "56": "ad_scrub", "60": "stream_start", "61": "stream_close", "62": "stream_scrub",
    "63": "stream_keep_alive", "64": "ad_start", "65": "ad_close", "66": "ad_scrub", "70": "target_activity",
}  # fmt: skip


def _has(event: str) -> Given:
    """Return the condition that a list of event ids holds one, be it alone, with a value or with a serial number."""
    return Given(Match("post_event_list", rf"(?:^|,)(?P<id>{event})(?:[=:][^,]*)?(?:,|$)"))


_ADOBE_TIME: Final = First(When(Not(Is("cust_hit_time_gmt", "0")), "cust_hit_time_gmt"), "hit_time_gmt")
_ADOBE_ORDER: Final = All(_has("1"), Not(Is("duplicate_purchase", "1")))
ADOBE: Final = Format(
    name="adobe",
    about="Adobe Analytics data feed (hit_data.tsv), the columns named by column_headers.tsv",
    docs="https://experienceleague.adobe.com/docs/analytics/export/analytics-data-feed/data-feed-contents/datafeeds-reference.html",
    actor=Join("post_visid_high", "post_visid_low", sep=""),
    event=Map(First("post_page_event", "page_event"), _ADOBE_HITS),
    time=_ADOBE_TIME,
    received="hit_time_gmt",
    event_id=Join("hitid_high", "hitid_low", sep="-"),
    takes=(
        Take(event=Map(First("post_page_event", "page_event"), _ADOBE_HITS)),
        Take(
            "purchase",
            when=_ADOBE_ORDER,
            value=ProductTotal(First("product_list", "post_product_list")),
            currency="currency",
            attributes={"order_id": First("post_purchaseid", "purchaseid")},
        ),
        *(Take(name, when=_has(id)) for name, id in _ADOBE_EVENTS.items() if name != "purchase"),
    ),
    attributes={
        "page": First("post_pagename", "pagename", "post_page_url"),
        "url": First("post_page_url", "page_url"),
        "campaign": First("post_campaign", "campaign"),
        "customer": "cust_visid",
        "visit": "visit_num",
        "referrer": First("post_referrer", "referrer"),
    },
    not_events=(
        All(Given("exclude_hit"), Not(Is("exclude_hit", "0"))),
        Is("hit_source", "5", "7", "8", "9"),
    ),
    links=(Link(Join("post_visid_high", "post_visid_low", sep=""), "cust_visid", time=_ADOBE_TIME),),
    time_unit="s",
    delimiter="\t",
    quote=None,
    container="escaped",
    traps=(
        "the columns are named in another file: names=Path('column_headers.tsv')",
        "a backslash before a tab, a line break or a backslash takes it out of its function",
        "visitor ids are two numbers of up to 20 digits: texts, put together, never numbers",
        "hits that Adobe excludes (exclude_hit above 0) and those of data sources and summaries (hit_source 5, 7, 8, "
        "9) are no events",
        "a hit is one event, and each commerce event of its list is one more; custom events are numbered 200 and up "
        "by report suite: format.but(takes=(*format.takes, Take('signup', when=...)))",
        "late hits are delivered only where the feed is set so, and then in the file of another day",
        "a purchase counted before (duplicate_purchase) is no purchase; its value is the sum of the products as sent, "
        "in the currency of the hit",
    ),
)

_MOSCOW: Final = "+03:00"
_YANDEX_HIT: Final = First(
    When(Is("ym:pv:download", "1"), Constant("download")),
    When(Is("ym:pv:link", "1"), Constant("outbound_link")),
    When(Is("ym:pv:isPageView", "0"), Constant("custom_hit")),
    Constant("page_view"),
)
YANDEX_HITS: Final = Format(
    name="yandex_hits",
    about="Yandex Metrica Logs API, hits",
    docs="https://yandex.com/dev/metrika/en/logs/fields/hits",
    actor="ym:pv:clientID",
    event=_YANDEX_HIT,
    time="ym:pv:dateTime",
    event_id="ym:pv:watchID",
    takes=(
        Take(event=_YANDEX_HIT),
        Take(each="ym:pv:goalsID", event=Join(Constant("goal"), "ym:pv:goalsID", sep=" ")),
    ),
    channel="ym:pv:UTMMedium",
    attributes={"hit": "ym:pv:watchID", "url": "ym:pv:URL", "referer": "ym:pv:referer"},
    not_events=Is("ym:pv:notBounce", "1"),
    container="tsv",
    delimiter="\t",
    quote=None,
    traps=(
        "dateTime is in the time zone of the counter: pass tz=",
        "ids of 64 bits stay text",
        "notBounce is a timer of the counter, no act of the visitor: no event",
        "each goal reached is an event of its own at the time of its hit",
        "the API returns all rows; a line with another number of tabs is damaged and rejected",
    ),
)
YANDEX_VISITS: Final = Format(
    name="yandex_visits",
    about="Yandex Metrica Logs API, visits",
    docs="https://yandex.com/dev/metrika/en/logs/fields/visits",
    actor="ym:s:clientID",
    event_id="ym:s:visitID",
    takes=(
        Take("visit", time=Stamp("ym:s:dateTimeUTC", tz=_MOSCOW)),
        Take(
            each="ym:s:goalsID",
            event=Join(Constant("goal"), "ym:s:goalsID", sep=" "),
            time=Stamp(Beside("ym:s:goalsDateTime"), tz=_MOSCOW),
            attributes={
                "goal_price": Beside("ym:s:goalsPrice"),
                "goal_currency": Beside("ym:s:goalsCurrency"),
                "goal_order": Beside("ym:s:goalsOrder"),
            },
        ),
        Take(
            "purchase",
            each="ym:s:purchaseRevenue",
            time=Stamp(Beside("ym:s:purchaseDateTime"), tz=_MOSCOW),
            value="ym:s:purchaseRevenue",
            currency=Beside("ym:s:purchaseCurrency"),
            attributes={"order_id": Beside("ym:s:purchaseID")},
        ),
    ),
    channel=First("ym:s:lastTrafficSource", "ym:s:firstTrafficSource", "ym:s:lastsignTrafficSource"),
    attributes={"visit": "ym:s:visitID", "start_url": "ym:s:startURL", "end_url": "ym:s:endURL"},
    container="tsv",
    delimiter="\t",
    quote=None,
    traps=(
        "dateTimeUTC is in UTC+3, in spite of its name, and so are the times of goals; dateTime is in the zone of the "
        "counter",
        "the zone of purchaseDateTime is not documented; it is read as that of goals",
        "the unit of goalsPrice depends on how the goal is set up: an attribute, no value",
        "visitID is unique within one year only",
        "the traffic source is by the attribution that the request chose: another prefix than last, first or "
        "lastsign is said with .but(channel=...)",
    ),
)

FORMATS: Final = (SNOWPLOW, MATOMO, MATOMO_ACTIONS, ADOBE, YANDEX_HITS, YANDEX_VISITS)
