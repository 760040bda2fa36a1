"""A clinic as one table, from the search for a doctor to the control visit; read it as the shop's.

Planted on purpose:

- the bottleneck ``appointment_confirmed`` to ``checked_in`` (median 14 days, mean 17): nothing is free earlier;
- the moment of truth ``reminder_answered``: whoever answers the reminder drops out far less often afterwards;
- the bad segment: of patients with public insurance 58 in 100 give up when they have asked for an appointment, of the
  others 14;
- the unhappy stage ``payment`` (mean score near 4 of 10, elsewhere near 8).
"""

from __future__ import annotations

from journeylog.datasets.shop import DAY, HAPPY, HOUR, MINUTE, UNHAPPY, Row

__all__ = ["CLINIC"]

CLINIC: dict[str, Row] = {
    "ad_click": {
        "stage": "finding",
        "channel": "ads",
        "source": "clicks",
        "opens": True,
        "next": {"doctor_page": (0.72, 15, 30)},
        "dropped": 0.28,
    },
    "search": {
        "stage": "finding",
        "channel": "web",
        "source": "clicks",
        "opens": True,
        "next": {"doctor_page": (0.60, 30, 60), "clinic_page": (0.22, 30, 60)},
        "dropped": 0.18,
    },
    "clinic_page": {
        "stage": "finding",
        "channel": "web",
        "source": "clicks",
        "next": {"doctor_page": (0.40, 40, 90), "call_inbound": (0.30, 5 * MINUTE, HOUR)},
        "dropped": 0.30,
    },
    "doctor_page": {
        "stage": "finding",
        "channel": "web",
        "source": "clicks",
        "next": {
            "search": (0.12, 60, 120),
            "appointment_requested": (0.46, 3 * MINUTE, 8 * MINUTE),
            "call_inbound": (0.16, 10 * MINUTE, HOUR),
        },
        "dropped": 0.26,
    },
    "call_inbound": {
        "stage": "booking",
        "channel": "phone",
        "source": "crm",
        "opens": True,
        "next": {"appointment_requested": (0.76, 4 * MINUTE, 6 * MINUTE)},
        "dropped": 0.24,
    },
    "appointment_requested": {
        "stage": "booking",
        "channel": "web",
        "source": "crm",
        "opens": True,
        "continues": ("call_inbound",),
        "next": {
            "appointment_confirmed": (0.56, 3 * HOUR, 8 * HOUR),
            "reminder_answered": (0.20, 6 * HOUR, 14 * HOUR),
            "booking_survey": (0.10, HOUR, 3 * HOUR),
        },
        "dropped": 0.14,
    },
    "booking_survey": {
        "stage": "booking",
        "channel": "e-mail",
        "source": "feedback",
        "scores": HAPPY,
        "next": {"appointment_confirmed": (0.80, 3 * HOUR, 8 * HOUR)},
        "dropped": 0.20,
    },
    "reminder_answered": {
        "stage": "booking",
        "channel": "text message",
        "source": "crm",
        "next": {"appointment_confirmed": (0.72, 2 * HOUR, 5 * HOUR)},
        "dropped": 0.28,
    },
    "appointment_confirmed": {
        "stage": "booking",
        "channel": "web",
        "source": "crm",
        "next": {"checked_in": (0.66, 14 * DAY, 17 * DAY)},
        "dropped": 0.34,
    },
    "checked_in": {
        "stage": "visit",
        "channel": "clinic",
        "source": "crm",
        "opens": True,
        "next": {"consultation": (0.94, 25 * MINUTE, 45 * MINUTE)},
        "dropped": 0.06,
    },
    "consultation": {
        "stage": "visit",
        "channel": "clinic",
        "source": "crm",
        "next": {
            "diagnosed": (0.62, 20 * MINUTE, 40 * MINUTE),
            "visit_survey": (0.22, 2 * HOUR, 5 * HOUR),
        },
        "dropped": 0.16,
    },
    "visit_survey": {
        "stage": "visit",
        "channel": "e-mail",
        "source": "feedback",
        "scores": HAPPY,
        "next": {"diagnosed": (0.82, 3 * HOUR, 8 * HOUR)},
        "dropped": 0.18,
    },
    "diagnosed": {
        "stage": "treatment",
        "channel": "clinic",
        "source": "crm",
        "next": {"test_taken": (0.34, DAY, 2 * DAY), "treated": (0.50, DAY, 2 * DAY)},
        "dropped": 0.16,
    },
    "test_taken": {
        "stage": "treatment",
        "channel": "clinic",
        "source": "crm",
        "next": {"treated": (0.84, DAY, 2 * DAY)},
        "dropped": 0.16,
    },
    "treated": {
        "stage": "treatment",
        "channel": "clinic",
        "source": "crm",
        "next": {"billed": (0.80, 10 * HOUR, DAY), "treatment_survey": (0.20, 4 * HOUR, 9 * HOUR)},
    },
    "treatment_survey": {
        "stage": "treatment",
        "channel": "e-mail",
        "source": "feedback",
        "scores": HAPPY,
        "next": {"billed": (1.0, 10 * HOUR, DAY)},
    },
    "billed": {
        "stage": "payment",
        "channel": "e-mail",
        "source": "orders",
        "opens": True,
        "next": {"paid": (0.90, DAY, 2 * DAY), "ticket_opened": (0.10, 8 * HOUR, DAY)},
    },
    "ticket_opened": {
        "stage": "payment",
        "channel": "ticket",
        "source": "tickets",
        "opens": True,
        "next": {"paid": (0.90, DAY, 2 * DAY)},
        "dropped": 0.10,
    },
    "paid": {
        "stage": "payment",
        "channel": "web",
        "source": "orders",
        "next": {"payment_survey": (0.36, 3 * HOUR, 8 * HOUR), "follow_up": (0.30, 2 * DAY, 3 * DAY)},
        "reached": 0.34,
    },
    "payment_survey": {
        "stage": "payment",
        "channel": "e-mail",
        "source": "feedback",
        "scores": UNHAPPY,
        "next": {"follow_up": (0.25, 2 * DAY, 3 * DAY)},
        "reached": 0.75,
    },
    "follow_up": {
        "stage": "follow-up",
        "channel": "phone",
        "source": "crm",
        "next": {"review": (0.30, DAY, 2 * DAY), "control_visit": (0.40, 2 * DAY, 3 * DAY)},
        "reached": 0.30,
    },
    "review": {
        "stage": "follow-up",
        "channel": "e-mail",
        "source": "feedback",
        "scores": HAPPY,
        "next": {},
        "reached": 1.0,
    },
    "control_visit": {
        "stage": "follow-up",
        "channel": "clinic",
        "source": "crm",
        "next": {},
        "reached": 1.0,
    },
}
