"""A bank deposit as one table, from looking at rates to its end; read it as that of :mod:`journeylog.datasets.shop`.

Planted on purpose:

- the bottleneck ``application_sent`` to ``identity_check`` (median 6 days, mean 8): the check waits for a free clerk;
- the moment of truth ``consultation``: whoever talks to an adviser drops out far less often afterwards;
- the bad segment: on Android 60 in 100 give up at the check of identity, elsewhere 14;
- the unhappy stage ``opening`` (mean score near 4 of 10, elsewhere near 8).
"""

from __future__ import annotations

from journeylog.datasets.shop import DAY, HAPPY, HOUR, MINUTE, UNHAPPY, Row

__all__ = ["DEPOSIT"]

DEPOSIT: dict[str, Row] = {
    "ad_click": {
        "stage": "interest",
        "channel": "ads",
        "source": "clicks",
        "opens": True,
        "next": {"rates_viewed": (0.70, 10, 25)},
        "dropped": 0.30,
    },
    "rates_viewed": {
        "stage": "interest",
        "channel": "site",
        "source": "clicks",
        "opens": True,
        "next": {"calculator_used": (0.42, 60, 120), "application_started": (0.26, 2 * MINUTE, 5 * MINUTE)},
        "dropped": 0.32,
    },
    "calculator_used": {
        "stage": "interest",
        "channel": "site",
        "source": "clicks",
        "next": {
            "rates_viewed": (0.20, 60, 120),
            "application_started": (0.34, 3 * MINUTE, 8 * MINUTE),
            "branch_visit": (0.12, DAY, 2 * DAY),
        },
        "dropped": 0.34,
    },
    "branch_visit": {
        "stage": "application",
        "channel": "branch",
        "source": "crm",
        "opens": True,
        "next": {
            "consultation": (0.10, 20 * MINUTE, 40 * MINUTE),
            "application_started": (0.45, HOUR, 3 * HOUR),
        },
        "dropped": 0.45,
    },
    "consultation": {
        "stage": "application",
        "channel": "branch",
        "source": "crm",
        "next": {"application_started": (0.70, 30 * MINUTE, 2 * HOUR)},
        "dropped": 0.30,
    },
    "application_started": {
        "stage": "application",
        "channel": "site",
        "source": "crm",
        "opens": True,
        "next": {
            "application_sent": (0.45, 10 * MINUTE, 30 * MINUTE),
            "consultation": (0.22, 5 * HOUR, DAY),
            "application_survey": (0.08, 20 * MINUTE, HOUR),
        },
        "dropped": 0.25,
    },
    "application_survey": {
        "stage": "application",
        "channel": "e-mail",
        "source": "feedback",
        "scores": HAPPY,
        "next": {"application_sent": (0.75, HOUR, 3 * HOUR)},
        "dropped": 0.25,
    },
    "application_sent": {
        "stage": "application",
        "channel": "site",
        "source": "crm",
        "next": {"identity_check": (0.80, 6 * DAY, 8 * DAY)},
        "dropped": 0.20,
    },
    "identity_check": {
        "stage": "opening",
        "channel": "site",
        "source": "crm",
        "next": {
            "documents_uploaded": (0.56, 15 * MINUTE, 2 * HOUR),
            "opening_survey": (0.30, HOUR, 3 * HOUR),
        },
        "dropped": 0.14,
    },
    "opening_survey": {
        "stage": "opening",
        "channel": "e-mail",
        "source": "feedback",
        "scores": UNHAPPY,
        "next": {"documents_uploaded": (0.86, HOUR, 4 * HOUR)},
        "dropped": 0.14,
    },
    "documents_uploaded": {
        "stage": "opening",
        "channel": "site",
        "source": "crm",
        "next": {
            "contract_signed": (0.78, 4 * HOUR, 10 * HOUR),
            "identity_check": (0.08, 5 * HOUR, 12 * HOUR),
        },
        "dropped": 0.14,
    },
    "contract_signed": {
        "stage": "opening",
        "channel": "site",
        "source": "crm",
        "next": {"paid": (0.86, 6 * HOUR, 14 * HOUR)},
        "dropped": 0.14,
    },
    "paid": {
        "stage": "funding",
        "channel": "site",
        "source": "orders",
        "opens": True,
        "next": {
            "funding_survey": (0.22, 2 * HOUR, 5 * HOUR),
            "login": (0.40, DAY, 2 * DAY),
            "ticket_opened": (0.08, 10 * HOUR, DAY),
        },
        "reached": 0.30,
    },
    "funding_survey": {
        "stage": "funding",
        "channel": "e-mail",
        "source": "feedback",
        "scores": HAPPY,
        "next": {"login": (0.40, DAY, 2 * DAY)},
        "reached": 0.60,
    },
    "login": {
        "stage": "service",
        "channel": "site",
        "source": "clicks",
        "opens": True,
        "next": {"balance_viewed": (0.80, 10, 20), "matured": (0.12, 3 * DAY, 4 * DAY)},
        "reached": 0.08,
    },
    "balance_viewed": {
        "stage": "service",
        "channel": "site",
        "source": "clicks",
        "next": {
            "login": (0.35, 2 * DAY, 3 * DAY),
            "service_survey": (0.12, 3 * HOUR, 6 * HOUR),
            "matured": (0.23, 3 * DAY, 4 * DAY),
        },
        "reached": 0.30,
    },
    "service_survey": {
        "stage": "service",
        "channel": "e-mail",
        "source": "feedback",
        "scores": HAPPY,
        "next": {"login": (0.50, 2 * DAY, 3 * DAY)},
        "reached": 0.50,
    },
    "ticket_opened": {
        "stage": "service",
        "channel": "ticket",
        "source": "tickets",
        "opens": True,
        "next": {"ticket_answered": (0.92, 5 * HOUR, 10 * HOUR)},
        "dropped": 0.08,
    },
    "ticket_answered": {
        "stage": "service",
        "channel": "ticket",
        "source": "tickets",
        "next": {"login": (0.60, DAY, 2 * DAY)},
        "dropped": 0.40,
    },
    "matured": {
        "stage": "renewal or closing",
        "channel": "e-mail",
        "source": "crm",
        "next": {"renewed": (0.55, DAY, 2 * DAY), "withdrawn": (0.40, DAY, 2 * DAY)},
        "dropped": 0.05,
    },
    "renewed": {
        "stage": "renewal or closing",
        "channel": "site",
        "source": "orders",
        "next": {},
        "reached": 1.0,
    },
    "withdrawn": {
        "stage": "renewal or closing",
        "channel": "site",
        "source": "orders",
        "next": {},
        "dropped": 1.0,
    },
}
