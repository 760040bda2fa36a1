"""A trial of software by subscription as one table; read it as that of :mod:`journeylog.datasets.shop`.

Planted on purpose:

- the bottleneck ``limit_reached`` to ``plan_selected`` (median 9 days, mean 11): the budget has to be approved;
- the moment of truth ``teammate_invited``: whoever invites a colleague drops out far less often afterwards;
- the bad segment: on Windows 62 in 100 give up when the data is to be imported, elsewhere 14;
- the unhappy stage ``onboarding`` (mean score near 4 of 10, elsewhere near 8).
"""

from __future__ import annotations

from journeylog.datasets.shop import DAY, HAPPY, HOUR, MINUTE, UNHAPPY, Row

__all__ = ["TRIAL"]

TRIAL: dict[str, Row] = {
    "ad_click": {
        "stage": "discovery",
        "channel": "ads",
        "source": "clicks",
        "opens": True,
        "next": {"pricing_page": (0.45, 20, 40), "docs_viewed": (0.25, 30, 60)},
        "dropped": 0.30,
    },
    "pricing_page": {
        "stage": "discovery",
        "channel": "web",
        "source": "clicks",
        "opens": True,
        "next": {"docs_viewed": (0.20, 60, 150), "signed_up": (0.52, 3 * MINUTE, 8 * MINUTE)},
        "dropped": 0.28,
    },
    "docs_viewed": {
        "stage": "discovery",
        "channel": "web",
        "source": "clicks",
        "opens": True,
        "next": {"pricing_page": (0.30, 2 * MINUTE, 5 * MINUTE), "signed_up": (0.40, 4 * MINUTE, 9 * MINUTE)},
        "dropped": 0.30,
    },
    "signed_up": {
        "stage": "signup",
        "channel": "web",
        "source": "crm",
        "opens": True,
        "next": {"email_verified": (0.88, 2 * MINUTE, 20 * MINUTE)},
        "dropped": 0.12,
    },
    "email_verified": {
        "stage": "signup",
        "channel": "e-mail",
        "source": "crm",
        "next": {
            "workspace_created": (0.90, 3 * MINUTE, 30 * MINUTE),
            "signup_survey": (0.05, HOUR, 2 * HOUR),
        },
        "dropped": 0.05,
    },
    "signup_survey": {
        "stage": "signup",
        "channel": "e-mail",
        "source": "feedback",
        "scores": HAPPY,
        "next": {"workspace_created": (0.90, HOUR, 3 * HOUR)},
        "dropped": 0.10,
    },
    "workspace_created": {
        "stage": "onboarding",
        "channel": "app",
        "source": "clicks",
        "next": {
            "data_imported": (0.66, 20 * MINUTE, HOUR),
            "teammate_invited": (0.20, 10 * MINUTE, HOUR),
        },
        "dropped": 0.14,
    },
    "data_imported": {
        "stage": "onboarding",
        "channel": "app",
        "source": "clicks",
        "next": {
            "feature_used": (0.44, HOUR, 5 * HOUR),
            "onboarding_survey": (0.26, HOUR, 3 * HOUR),
        },
        "dropped": 0.30,
    },
    "teammate_invited": {
        "stage": "onboarding",
        "channel": "app",
        "source": "clicks",
        "next": {"data_imported": (0.70, 20 * MINUTE, 2 * HOUR)},
        "dropped": 0.30,
    },
    "onboarding_survey": {
        "stage": "onboarding",
        "channel": "e-mail",
        "source": "feedback",
        "scores": UNHAPPY,
        "next": {"feature_used": (0.70, 2 * HOUR, 8 * HOUR)},
        "dropped": 0.30,
    },
    "feature_used": {
        "stage": "use",
        "channel": "app",
        "source": "clicks",
        "opens": True,
        "next": {
            "report_viewed": (0.30, 10 * MINUTE, 2 * HOUR),
            "ticket_opened": (0.08, HOUR, 6 * HOUR),
            "use_survey": (0.12, 4 * HOUR, 9 * HOUR),
            "limit_reached": (0.22, 10 * HOUR, DAY),
        },
        "dropped": 0.28,
    },
    "report_viewed": {
        "stage": "use",
        "channel": "app",
        "source": "clicks",
        "next": {"feature_used": (0.34, 6 * HOUR, 14 * HOUR), "limit_reached": (0.36, 8 * HOUR, 20 * HOUR)},
        "dropped": 0.30,
    },
    "use_survey": {
        "stage": "use",
        "channel": "e-mail",
        "source": "feedback",
        "scores": HAPPY,
        "next": {"feature_used": (0.40, 5 * HOUR, 12 * HOUR), "limit_reached": (0.34, 6 * HOUR, 16 * HOUR)},
        "dropped": 0.26,
    },
    "ticket_opened": {
        "stage": "use",
        "channel": "ticket",
        "source": "tickets",
        "opens": True,
        "next": {"ticket_answered": (0.95, 4 * HOUR, 8 * HOUR)},
        "dropped": 0.05,
    },
    "ticket_answered": {
        "stage": "use",
        "channel": "ticket",
        "source": "tickets",
        "next": {"feature_used": (0.66, 3 * HOUR, 8 * HOUR)},
        "dropped": 0.34,
    },
    "limit_reached": {
        "stage": "use",
        "channel": "app",
        "source": "clicks",
        "next": {"plan_selected": (0.72, 9 * DAY, 11 * DAY)},
        "dropped": 0.28,
    },
    "plan_selected": {
        "stage": "conversion",
        "channel": "app",
        "source": "orders",
        "opens": True,
        "next": {"paid": (0.84, 10 * MINUTE, 2 * HOUR)},
        "dropped": 0.16,
    },
    "paid": {
        "stage": "conversion",
        "channel": "order",
        "source": "orders",
        "next": {"payment_survey": (0.40, HOUR, 3 * HOUR), "renewed": (0.25, 2 * DAY, 3 * DAY)},
        "reached": 0.35,
    },
    "payment_survey": {
        "stage": "conversion",
        "channel": "e-mail",
        "source": "feedback",
        "scores": HAPPY,
        "next": {"renewed": (0.30, 2 * DAY, 3 * DAY)},
        "reached": 0.70,
    },
    "renewed": {
        "stage": "renewal or leaving",
        "channel": "order",
        "source": "orders",
        "next": {"cancelled": (0.18, 2 * DAY, 3 * DAY)},
        "reached": 0.82,
    },
    "cancelled": {
        "stage": "renewal or leaving",
        "channel": "app",
        "source": "crm",
        "next": {},
        "dropped": 1.0,
    },
}
