"""The default shop as one table: a furniture seller with a web shop, an app, a showroom and a call centre.

Read a row as: after this event, with this probability, that event follows, after a wait with this median and this
mean (seconds). What is left over is `dropped` (never seen again, order or answer missing) or `reached` (all done).

Planted on purpose:

- the bottleneck ``paid`` to ``shipped`` (median 8 days, mean 10; no other edge has a mean above 3 days);
- nobody drops out after ``paid``: whoever seems to is still waiting when the window ends;
- the unhappy stage ``after purchase`` (mean score near 4 of 10, elsewhere near 8).
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

__all__ = ["DAY", "HOUR", "MINUTE", "SHOP", "Row"]

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

HAPPY = (0.01, 0.01, 0.01, 0.02, 0.03, 0.05, 0.08, 0.16, 0.25, 0.22, 0.16)
UNHAPPY = (0.10, 0.10, 0.13, 0.15, 0.14, 0.12, 0.08, 0.07, 0.05, 0.03, 0.03)


class Row(TypedDict):
    """One node of the table; `next` maps a node to (probability, median wait, mean wait)."""

    stage: str
    channel: str
    source: str
    next: dict[str, tuple[float, float, float]]
    dropped: NotRequired[float]
    reached: NotRequired[float]
    opens: NotRequired[bool]
    continues: NotRequired[tuple[str, ...]]
    scores: NotRequired[tuple[float, ...]]


SHOP: dict[str, Row] = {
    "ad_click": {
        "stage": "awareness",
        "channel": "ads",
        "source": "clicks",
        "opens": True,
        "next": {"landing": (0.82, 3, 5)},
        "dropped": 0.18,
    },
    "email_open": {
        "stage": "awareness",
        "channel": "e-mail",
        "source": "clicks",
        "opens": True,
        "next": {"product_view": (0.35, 40, 90), "landing": (0.25, 40, 90)},
        "dropped": 0.40,
    },
    "landing": {
        "stage": "awareness",
        "channel": "site",
        "source": "clicks",
        "opens": True,
        "continues": ("ad_click", "email_open"),
        "next": {"search": (0.38, 15, 30), "product_view": (0.37, 20, 40)},
        "dropped": 0.25,
    },
    "search": {
        "stage": "consideration",
        "channel": "site",
        "source": "clicks",
        "next": {"product_view": (0.70, 20, 35), "search": (0.12, 25, 40)},
        "dropped": 0.18,
    },
    "product_view": {
        "stage": "consideration",
        "channel": "site",
        "source": "clicks",
        "next": {
            "product_view": (0.28, 45, 80),
            "add_to_cart": (0.25, 60, 110),
            "search": (0.10, 40, 70),
            "repeat_visit": (0.08, 10 * HOUR, 20 * HOUR),
            "quote_requested": (0.04, 5 * MINUTE, 12 * MINUTE),
            "site_poll": (0.03, 30, 50),
            "showroom_visit": (0.02, 20 * HOUR, 30 * HOUR),
        },
        "dropped": 0.20,
    },
    "site_poll": {
        "stage": "consideration",
        "channel": "site",
        "source": "feedback",
        "opens": True,
        "scores": HAPPY,
        "next": {"product_view": (0.50, 30, 50), "add_to_cart": (0.20, 50, 80)},
        "dropped": 0.30,
    },
    "add_to_cart": {
        "stage": "consideration",
        "channel": "site",
        "source": "clicks",
        "next": {
            "checkout": (0.52, 50, 100),
            "product_view": (0.18, 40, 80),
            "repeat_visit": (0.10, 12 * HOUR, DAY),
        },
        "dropped": 0.20,
    },
    "repeat_visit": {
        "stage": "consideration",
        "channel": "site",
        "source": "clicks",
        "opens": True,
        "next": {"product_view": (0.45, 20, 40), "add_to_cart": (0.22, 30, 60), "search": (0.15, 15, 30)},
        "dropped": 0.18,
    },
    "showroom_visit": {
        "stage": "consideration",
        "channel": "shop",
        "source": "crm",
        "opens": True,
        "next": {
            "quote_requested": (0.55, 25 * MINUTE, 40 * MINUTE),
            "product_view": (0.15, 5 * HOUR, 10 * HOUR),
        },
        "dropped": 0.30,
    },
    "quote_requested": {
        "stage": "consideration",
        "channel": "phone",
        "source": "crm",
        "opens": True,
        "continues": ("showroom_visit",),
        "next": {"quote_sent": (0.94, 8 * HOUR, 14 * HOUR)},
        "dropped": 0.06,
    },
    "quote_sent": {
        "stage": "consideration",
        "channel": "e-mail",
        "source": "crm",
        "next": {"quote_approved": (0.62, DAY, 1.5 * DAY), "product_view": (0.08, 12 * HOUR, DAY)},
        "dropped": 0.30,
    },
    "quote_approved": {
        "stage": "purchase",
        "channel": "phone",
        "source": "crm",
        "next": {"ordered": (0.96, 20 * MINUTE, 45 * MINUTE)},
        "dropped": 0.04,
    },
    "checkout": {
        "stage": "purchase",
        "channel": "site",
        "source": "clicks",
        "next": {"ordered": (0.70, 100, 160), "add_to_cart": (0.10, 40, 70)},
        "dropped": 0.20,
    },
    "ordered": {
        "stage": "purchase",
        "channel": "order",
        "source": "orders",
        "opens": True,
        "next": {"paid": (0.78, 4 * MINUTE, 30 * MINUTE), "checkout_survey": (0.14, 2 * MINUTE, 5 * MINUTE)},
        "dropped": 0.08,
    },
    "checkout_survey": {
        "stage": "purchase",
        "channel": "e-mail",
        "source": "feedback",
        "opens": True,
        "scores": HAPPY,
        "next": {"paid": (0.95, 4 * MINUTE, 30 * MINUTE)},
        "dropped": 0.05,
    },
    "paid": {
        "stage": "purchase",
        "channel": "order",
        "source": "orders",
        "next": {"shipped": (1.0, 8 * DAY, 10 * DAY)},
    },
    "shipped": {
        "stage": "after purchase",
        "channel": "order",
        "source": "orders",
        "next": {"delivered": (0.99, 1.6 * DAY, 2 * DAY)},
        "dropped": 0.01,
    },
    "delivered": {
        "stage": "after purchase",
        "channel": "order",
        "source": "orders",
        "next": {
            "review": (0.22, 20 * HOUR, 1.5 * DAY),
            "email_open": (0.16, 2 * DAY, 2.6 * DAY),
            "ticket_opened": (0.10, 8 * HOUR, 18 * HOUR),
            "repeat_visit": (0.10, 2 * DAY, 2.8 * DAY),
            "returned": (0.07, 2 * DAY, 2.5 * DAY),
        },
        "reached": 0.35,
    },
    "review": {
        "stage": "after purchase",
        "channel": "e-mail",
        "source": "feedback",
        "opens": True,
        "scores": UNHAPPY,
        "next": {"repeat_visit": (0.20, 2 * DAY, 2.8 * DAY), "email_open": (0.15, 2 * DAY, 2.6 * DAY)},
        "reached": 0.65,
    },
    "ticket_opened": {
        "stage": "after purchase",
        "channel": "ticket",
        "source": "tickets",
        "opens": True,
        "next": {"ticket_answered": (0.95, 5 * HOUR, 9 * HOUR)},
        "dropped": 0.05,
    },
    "ticket_answered": {
        "stage": "after purchase",
        "channel": "ticket",
        "source": "tickets",
        "next": {"ticket_solved": (0.80, 6 * HOUR, 14 * HOUR), "ticket_answered": (0.12, 4 * HOUR, 8 * HOUR)},
        "dropped": 0.08,
    },
    "ticket_solved": {
        "stage": "after purchase",
        "channel": "ticket",
        "source": "tickets",
        "next": {
            "support_survey": (0.40, 2 * HOUR, 6 * HOUR),
            "repeat_visit": (0.17, 2 * DAY, 2.8 * DAY),
            "returned": (0.08, DAY, 1.5 * DAY),
        },
        "dropped": 0.35,
    },
    "support_survey": {
        "stage": "after purchase",
        "channel": "e-mail",
        "source": "feedback",
        "opens": True,
        "scores": UNHAPPY,
        "next": {"repeat_visit": (0.25, 2 * DAY, 2.8 * DAY)},
        "dropped": 0.75,
    },
    "returned": {
        "stage": "after purchase",
        "channel": "order",
        "source": "orders",
        "next": {"refunded": (0.97, 2 * DAY, 3 * DAY)},
        "dropped": 0.03,
    },
    "refunded": {
        "stage": "after purchase",
        "channel": "order",
        "source": "orders",
        "next": {"email_open": (0.15, 2 * DAY, 2.6 * DAY)},
        "dropped": 0.85,
    },
}
