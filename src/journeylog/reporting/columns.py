"""The columns of the page's tables: what stands in each, by the keys of its head and of its meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from journeylog.reporting.tables import Column

__all__ = [
    "COSTS",
    "EVENTS",
    "FLOW",
    "LEAVES",
    "LOSSES",
    "MONEY",
    "NEXT",
    "PATHS",
    "RETURNS",
    "STAYS",
    "STEPS",
    "WAITS",
]


def _rate(name: str, head: str, meaning: str = "") -> Sequence[Column]:
    """Return the columns of a share and its interval."""
    return (
        Column(head, (name,), "share", meaning),
        Column("interval", (f"{name}_low", f"{name}_high"), "interval"),
    )


def _times(meaning: str) -> Sequence[Column]:
    return (
        Column("mean_time", ("time_mean_s",), "time", meaning),
        Column("half", ("time_median_s",), "time"),
        Column("p90", ("time_p90_s",), "time"),
    )


_TIMED: Final = Column("timed", ("n_timed",), "count", "timed")
FLOW: Final = (
    Column("from", ("from", "from_kind"), "node"),
    Column("to", ("to", "to_kind"), "node"),
    Column("moves", ("n", "n_most"), "most"),
    Column("journeys", ("n_cases",), "count", "move_journeys"),
    Column("watched", ("n_from_followed",), "count", "move_watched"),
    *_rate("rate", "share", "move_share"),
    _TIMED,
    *_times("wait_time"),
)
STEPS: Final = (
    Column("step", ("step",), "count"),
    Column("name", ("name",), "name"),
    Column("came", ("n_cases",), "count", "came"),
    Column("lost", ("n_lost",), "count", "lost"),
    Column("open", ("n_open",), "count", "open_step"),
    Column("counted", ("n_followed",), "count", "counted"),
    *_rate("step_rate", "step_share", "step_share"),
    *_rate("total_rate", "first_share", "first_share"),
    *_times("step_time"),
)
NEXT: Final = (
    Column("stopped", ("name",), "name"),
    Column("next", ("next", "next_kind"), "node"),
    Column("journeys", ("n_cases",), "count"),
    Column("of", ("n_from_followed",), "count", "next_of"),
    *_rate("rate", "share", "next_share"),
)
PATHS: Final = (
    Column("path", ("path", "truncated"), "path"),
    Column("journeys", ("n_cases",), "count"),
    Column("of", ("n_total",), "count", "all_journeys"),
    *_rate("share", "share", "path_share"),
    Column("together", ("cum_share",), "share", "together"),
    Column("reached", ("n_reached",), "count"),
    Column("dropped", ("n_dropped",), "count"),
    Column("open", ("n_open",), "count"),
    Column("half_took", ("time_median_s",), "time", "half_took"),
)
LOSSES: Final = (
    Column("kind", ("kind",), "kind"),
    Column("at", ("node",), "name"),
    Column("to", ("to",), "name"),
    Column("of", ("n",), "count"),
    Column("loss", ("kind", "amount"), "amount", "loss"),
    Column("loss_interval", ("kind", "amount_low", "amount_high"), "amounts"),
    Column("kind_share", ("share",), "share", "kind_share"),
)
#: For ledgers in which some lines have a price.
COSTS: Final = (
    Column("cost", ("currency", "cost"), "money", "cost"),
    Column("cost_interval", ("currency", "cost_low", "cost_high"), "moneys"),
)
MONEY: Final = Column("money", ("currency", "money_at_risk"), "money")
WAITS: Final = (
    Column("from", ("from",), "name"),
    Column("to", ("to",), "name"),
    Column("moves", ("n", "n_most"), "most"),
    Column("journeys", ("n_cases",), "count"),
    _TIMED,
    *_times("one_move"),
    Column("median_interval", ("time_median_low_s", "time_median_high_s"), "times", "interval"),
    Column("all_time", ("time_total_s",), "time", "all_time"),
    Column("above", ("excess_s",), "time", "above"),
    Column("share_above", ("excess_share",), "share", "share_above"),
    Column("returns", ("n_returns",), "count", "returns"),
)
STAYS: Final = (Column("at", ("from",), "name"), *WAITS[2:])
LEAVES: Final = (
    Column("name", ("node",), "name"),
    Column("visits", ("n_entered",), "count"),
    Column("went_on", ("n_continued",), "count"),
    Column("reached", ("n_reached",), "count", "reached_there"),
    Column("dropped", ("n_dropped", "n_most"), "most", "dropped_there"),
    Column("open", ("n_open",), "count", "open_there"),
    Column("watched", ("n_followed",), "count", "visits_watched"),
    Column("dropped_off", ("drop_rate", "rate_about"), "rough", "drop_share"),
    Column("interval", ("drop_rate_low", "drop_rate_high"), "interval"),
    *_rate("continue_rate", "went_on", "on_share"),
)
RETURNS: Final = (
    Column("period", ("period",), "count"),
    Column("began", ("n_actors",), "count"),
    Column("seen", ("n_eligible",), "count", "seen"),
    Column("came_back", ("n_returned",), "count", "came_back"),
    *_rate("rate", "share"),
)
EVENTS: Final = (
    Column("event", ("event",), "name"),
    Column("times", ("n",), "count"),
    *_rate("share", "event_share"),
    Column("customers", ("n_actors",), "count", "event_customers"),
    Column("of", ("n_actors_total",), "count", "all_customers"),
    *_rate("actor_share", "customer_share"),
)
