"""The words of the library as constants: roles, outcomes and the typed synthetic nodes."""

from __future__ import annotations

from typing import Final

__all__ = [
    "DAY",
    "DROPPED",
    "HOUR",
    "KIND_OF_CODE",
    "KIND_WORDS",
    "MINUTE",
    "NONE",
    "OPEN",
    "OUTCOME_WORDS",
    "REACHED",
    "ROLES",
    "SECOND",
    "START",
    "UNDECLARED",
]

#: Roles a column can play. The first three are required; all else is an attribute under the user's own name.
ROLES: Final = (
    "actor",
    "event",
    "time",
    "source",
    "channel",
    "value",
    "currency",
    "score",
    "text",
    "event_id",
    "received",
)

# Codes below zero are typed nodes: they live beside the vocabulary, so no event name can ever meet them.
NONE: Final = -1  # missing value, or an event without a stage
START: Final = -2
REACHED: Final = -3
DROPPED: Final = -4
OPEN: Final = -5

#: Kind of a node by its code; every code of zero or more is a node of the data.
KIND_OF_CODE: Final = {NONE: "none", START: "start", REACHED: "reached", DROPPED: "dropped", OPEN: "open"}

#: How the outcome of a case is written in tables.
OUTCOME_WORDS: Final = {REACHED: "reached", DROPPED: "dropped", OPEN: "open"}

#: Every kind a node of a table can have, in the order tables show them.
KIND_WORDS: Final = ("start", "node", "reached", "dropped", "open")

# Microseconds, the unit of every time inside the library.
SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

#: Patience that nobody declared: an unfinished case is open, never dropped.
UNDECLARED: Final = -1
