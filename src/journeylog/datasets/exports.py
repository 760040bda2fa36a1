"""The same story as five systems would export it: own columns, own ids, own way to write a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylog.datasets.spec import ShopSpec
from journeylog.datasets.story import Story, either, scrambled
from journeylog.datasets.walk import Ints, stamps

__all__ = ["ROLES", "Raw", "epoch_text", "export", "local_text", "offset_text", "utc_text"]

EPOCH = pd.Timestamp("1970-01-01", tz="UTC")

ROLES: dict[str, dict[str, Any]] = {
    "clicks": {
        "actor": "device_id",
        "event": "action",
        "time": "ts_ms",
        "time_unit": "ms",
        "event_id": "event_id",
        "received": "received_ms",
        "channel": "channel",
    },
    "crm": {
        "actor": "contact",
        "object": "object_id",
        "field": "field",
        "only": "stage",
        "old": "old_value",
        "new": "new_value",
        "time": "changed_at",
        "event_id": "history_id",
        "channel": "channel",
    },
    "orders": {
        "actor": "customer_id",
        "object": "order_id",
        "times": {
            "ordered_at": "ordered",
            "paid_at": "paid",
            "shipped_at": "shipped",
            "delivered_at": "delivered",
            "returned_at": "returned",
            "refunded_at": "refunded",
        },
        "channel": "sales_channel",
        "value": "amount",
        "currency": "currency",
    },
    "feedback": {
        "actor": "respondent",
        "event": "survey",
        "time": "answered_at",
        "event_id": "response_id",
        "channel": "channel",
        "score": "score",
        "text": "comment",
    },
    "tickets": {
        "actor": "requester",
        "event": "status",
        "time": "at",
        "event_id": "event_id",
        "received": "synced_at",
        "channel": "via",
        "object": "ticket_no",
    },
}
"""What each column of the raw tables means, in the library's words.

`clicks.user_id` (the customer number, on some rows only) is the second identity of a click. The field history of
`crm` is an event only where `field` is ``stage``. The stamps of `orders` have no zone: it is the shop's own.
"""

PAGES = {
    "ad_click": "/lp/spring",
    "email_open": "/mail/spring",
    "landing": "/",
    "repeat_visit": "/",
    "search": "/search?q={}",
    "product_view": "/product/{}",
    "add_to_cart": "/cart",
    "checkout": "/checkout",
}
QUERIES = ("oak+table", "sofa", "desk+lamp", "bookcase", "диван", "chair+%26+stool")


@dataclass(frozen=True)
class Raw:
    """A raw table in file order, and the epoch milliseconds at which its rows reached the file."""

    frame: pd.DataFrame
    arrived_ms: Ints

    @classmethod
    def sorted(cls, columns: dict[str, Any], arrived_ms: Ints) -> Raw:
        """Put the rows in the order of their arrival."""
        order = np.argsort(arrived_ms, kind="stable")
        return cls(pd.DataFrame(columns).iloc[order].reset_index(drop=True), arrived_ms[order])


def export(rng: np.random.Generator, story: Story, spec: ShopSpec) -> dict[str, Raw]:
    """Return the five raw tables of a story.

    Times of clicks, crm, orders and feedback are text, as in the files; those of tickets are typed.
    """
    source = story.events["source"].to_numpy(dtype=object)
    at = {name: np.flatnonzero(source == name) for name in ROLES}
    return {
        "clicks": _clicks(rng, story, at["clicks"]),
        "crm": _crm(rng, story, at["crm"], spec),
        "orders": _orders(story, at["orders"], spec),
        "feedback": _feedback(rng, story, at["feedback"]),
        "tickets": _tickets(rng, story, at["tickets"]),
    }


def epoch_text(time_ms: Ints) -> NDArray[np.object_]:
    """Return epoch milliseconds as text."""
    return time_ms.astype(str).astype(object)


def utc_text(time_ms: Ints) -> NDArray[np.object_]:
    """Return ISO 8601 in UTC: ``2025-01-06T09:00:00.000Z``."""
    text = np.datetime_as_string(time_ms.astype("M8[ms]"), unit="ms").astype(object)
    return np.asarray(text + "Z", dtype=object) if len(text) else text


def local_text(time_ms: Ints, zone: str) -> NDArray[np.object_]:
    """Return local time without a zone: ``2025-01-06 12:00:00.000``."""
    text = np.datetime_as_string(_local(time_ms, zone).astype("M8[ms]"), unit="ms")
    return np.char.replace(text, "T", " ").astype(object) if len(text) else text.astype(object)


def offset_text(time_ms: Ints, zone: str) -> NDArray[np.object_]:
    """Return ISO 8601 with the zone's offset: ``2025-01-06T12:00:00.000+03:00``."""
    local = _local(time_ms, zone)
    text = np.datetime_as_string(local.astype("M8[ms]"), unit="ms").astype(object)
    minutes, which = np.unique((local - time_ms) // 60_000, return_inverse=True)
    offsets = [f"{'-' if m < 0 else '+'}{abs(m) // 60:02d}:{abs(m) % 60:02d}" for m in minutes.tolist()]
    return np.asarray(text + np.array(offsets, dtype=object)[which], dtype=object) if len(text) else text


def _clicks(rng: np.random.Generator, story: Story, at: Ints) -> Raw:
    events = story.events.iloc[at]
    n = len(at)
    action = events["event"].to_numpy(dtype=object)
    received = story.time_ms[at] + np.rint(np.exp(6 + 0.8 * rng.standard_normal(n))).astype(np.int64)
    query = np.array(QUERIES, dtype=object)[rng.integers(len(QUERIES), size=n)]
    product = (4000 + 7 * rng.integers(60, size=n)).astype(str).astype(object)
    page = np.array([PAGES.get(name, "/" + name) for name in action], dtype=object)
    for name, detail in (("search", query), ("product_view", product)):
        rows = np.flatnonzero(action == name)
        page[rows] = [PAGES[name].format(d) for d in detail[rows]]
    opening = story.opens[at]
    channel = events["channel"].to_numpy(dtype=object)
    acquisition = events["acquisition"].to_numpy(dtype=object)
    utm = either(channel == "ads", acquisition, either(channel == "e-mail", "newsletter", None))
    utm = either(opening, utm, None)
    has_utm = np.array([u is not None for u in utm], dtype=bool)
    columns = {
        "event_id": scrambled(n, 48),
        "ts_ms": epoch_text(story.time_ms[at]),
        "received_ms": epoch_text(received),
        "device_id": events["device"].to_numpy(dtype=object),
        "user_id": either(story.login[at], events["actor"].to_numpy(dtype=object), None),
        "action": action,
        "page": page,
        "channel": channel,
        "platform": events["platform"].to_numpy(dtype=object),
        "utm_source": utm,
        "utm_campaign": either(has_utm, "spring", None),
    }
    return Raw.sorted(columns, received)


def _crm(rng: np.random.Generator, story: Story, at: Ints, spec: ShopSpec) -> Raw:
    events = story.events.iloc[at]
    time_ms, deal = story.time_ms[at], events["object"].to_numpy(dtype=object)
    stage = events["event"].to_numpy(dtype=object)
    previous = either(story.opens[at], None, np.roll(stage, 1))
    in_shop = events["channel"].to_numpy(dtype=object) == "shop"
    when = either(in_shop, offset_text(time_ms, "UTC"), offset_text(time_ms, spec.timezone))
    base = {
        "object_id": deal,
        "contact": events["actor"].to_numpy(dtype=object),
        "field": np.full(len(at), "stage", dtype=object),
        "old_value": previous,
        "new_value": stage,
        "changed_at": when,
        "changed_by": np.array([f"sales{i:02d}" for i in rng.integers(1, 9, size=len(at))], dtype=object),
        "channel": events["channel"].to_numpy(dtype=object),
    }
    asked, sent = np.flatnonzero(stage == "quote_requested"), np.flatnonzero(stage == "quote_sent")
    owners = {name: column[asked] for name, column in base.items()}
    owners |= {
        "field": np.full(len(asked), "owner", dtype=object),
        "old_value": np.full(len(asked), "queue", dtype=object),
        "new_value": base["changed_by"][asked],
    }
    offers = np.round(np.exp(10.2 + 0.6 * rng.standard_normal(len(sent))), 2)
    quotes = {name: column[sent] for name, column in base.items()}
    quotes |= {
        "field": np.full(len(sent), "amount", dtype=object),
        "old_value": np.full(len(sent), None, dtype=object),
        "new_value": np.array([f"{x:.2f}" for x in offers], dtype=object),
    }
    arrived = np.concatenate([time_ms, time_ms[asked], time_ms[sent]])
    order = np.argsort(arrived, kind="stable")
    columns = {name: np.concatenate([base[name], owners[name], quotes[name]])[order] for name in base}
    ids = np.array([f"H{i + 1:07d}" for i in range(len(order))], dtype=object)
    return Raw(pd.DataFrame({"history_id": ids} | columns), arrived[order])


def _orders(story: Story, at: Ints, spec: ShopSpec) -> Raw:
    """One row an order; a status the order passed twice keeps its last time."""
    events = story.events.iloc[at]
    order_id = events["object"].to_numpy(dtype=object)
    labels, number = np.unique(order_id.astype(str), return_inverse=True)
    first = np.zeros(len(labels), dtype=np.int64)
    first[number[::-1]] = np.arange(len(at))[::-1]
    when = local_text(story.time_ms[at], spec.timezone)
    name = events["event"].to_numpy(dtype=object)
    columns: dict[str, Any] = {
        "order_id": labels.astype(object),
        "customer_id": events["actor"].to_numpy(dtype=object)[first],
    }
    for status in (node.name for node in spec.nodes if node.source == "orders"):
        column = np.full(len(labels), None, dtype=object)
        rows = name == status
        column[number[rows]] = when[rows]
        columns[f"{status}_at"] = column
    columns |= {
        "amount": story.amount[at][first],
        "currency": np.full(len(labels), spec.currency, dtype=object),
        "sales_channel": events["channel"].to_numpy(dtype=object)[first],
    }
    return Raw(pd.DataFrame(columns), story.time_ms[at][first])


def _feedback(rng: np.random.Generator, story: Story, at: Ints) -> Raw:
    events = story.events.iloc[at]
    time_ms = story.time_ms[at]
    asked = time_ms - np.rint(np.exp(10 + rng.standard_normal(len(at)))).astype(np.int64)
    unknown = ~story.known[at] & (story.latest_device[at] != None)  # noqa: E711 (elementwise)
    survey = events["event"].to_numpy(dtype=object)
    columns = {
        "response_id": events["object"].to_numpy(dtype=object),
        "respondent": either(unknown, story.latest_device[at], events["actor"].to_numpy(dtype=object)),
        "survey": survey,
        "kind": either(survey == "review", "nps", "csat"),
        "score": events["score"].to_numpy(dtype=float).astype("int64"),
        "comment": events["text"].to_numpy(dtype=object),
        "asked_at": utc_text(asked),
        "answered_at": utc_text(time_ms),
        "channel": events["channel"].to_numpy(dtype=object),
    }
    return Raw.sorted(columns, time_ms)


def _tickets(rng: np.random.Generator, story: Story, at: Ints) -> Raw:
    events = story.events.iloc[at]
    time_ms = story.time_ms[at]
    synced = time_ms + rng.integers(1_000, 900_000, size=len(at))
    columns = {
        "event_id": np.array([f"E{i + 1:06d}" for i in range(len(at))], dtype=object),
        "ticket_no": events["object"].to_numpy(dtype=object),
        "requester": events["actor"].to_numpy(dtype=object),
        "status": events["event"].to_numpy(dtype=object),
        "reason": story.reason[at],
        "via": events["channel"].to_numpy(dtype=object),
        "at": stamps(EPOCH, time_ms),
        "synced_at": stamps(EPOCH, synced),
    }
    return Raw.sorted(columns, synced)


def _local(time_ms: Ints, zone: str) -> Ints:
    moments = stamps(EPOCH, time_ms).dt.tz_convert(zone).dt.tz_localize(None)
    local: Ints = moments.to_numpy().astype("M8[ms]").view(np.int64)
    return local
