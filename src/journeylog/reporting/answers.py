"""All numbers of a report, each computed once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from journeylog.checks.result import Check
from journeylog.core.condition import freeze, matches
from journeylog.core.contracts import Stat
from journeylog.core.schema import DAY
from journeylog.core.window import Window
from journeylog.reporting.costs import Costs
from journeylog.reporting.plan import FunnelPlan, Plan, plan_funnel
from journeylog.stats.bottlenecks import Bottlenecks, BottlenecksResult
from journeylog.stats.conformance import Conformance, ConformanceResult
from journeylog.stats.describe import Describe, DescribeResult
from journeylog.stats.dropoff import DropOff, DropOffResult
from journeylog.stats.funnel import Funnel, FunnelResult
from journeylog.stats.ledger import LedgerResult
from journeylog.stats.outcomes import Outcomes, OutcomesResult
from journeylog.stats.retention import Retention, RetentionResult
from journeylog.stats.transitions import Transitions, TransitionsResult
from journeylog.stats.variants import Variants, VariantsResult

__all__ = ["Answers", "answer_all", "period_of"]

_TOP_PATHS = 50


@dataclass(frozen=True)
class Answers:
    """The results behind the page.

    Parameters
    ----------
    ends : OutcomesResult
        How journeys ended.
    flow : TransitionsResult
        Moves between the nodes of the plan (stages or events).
    moves : TransitionsResult
        Moves between events; the same as `flow` when there are no stages.
    leaves, event_leaves : DropOffResult
        Drop-off at the nodes of the plan, and at events.
    waits : BottlenecksResult
        Waits between events.
    paths, event_paths : VariantsResult
        Paths through the nodes of the plan, and through events; repeats in a row count once.
    facts : DescribeResult
        How often each event occurs, and at how many customers.
    losses : LedgerResult
        What waiting, repeats and drop-off cost at the nodes of the plan.
    returns : RetentionResult or None
        Who comes back; None when the data is too short for two periods.
    funnel : FunnelResult or None
        None when no two steps could be found.
    funnel_plan : FunnelPlan or None
        The steps and where they come from.
    costs : Costs
        What losses cost.
    mask : int
        Numbers of fewer customers are masked (nan).
    check : Check or None
        What is wrong with the data; None where nobody asked yet.
    design : ConformanceResult or None
        How journeys keep to the design; None without one.
    design_paths : DataFrame or None
        For each rule typical paths of those that break it, of `mask` customers and more.
    """

    plan: Plan
    ends: OutcomesResult
    flow: TransitionsResult
    moves: TransitionsResult
    leaves: DropOffResult
    event_leaves: DropOffResult
    waits: BottlenecksResult
    paths: VariantsResult
    event_paths: VariantsResult
    facts: DescribeResult
    losses: LedgerResult
    returns: RetentionResult | None
    funnel: FunnelResult | None
    funnel_plan: FunnelPlan | None
    costs: Costs = field(default_factory=Costs)
    mask: int = 0
    check: Check | None = None
    design: ConformanceResult | None = None
    design_paths: pd.DataFrame | None = None

    @property
    def n_journeys(self) -> int:
        """Journeys in all."""
        total = self.ends.table["n_total"]
        return int(total.iloc[0]) if len(total) else 0

    @property
    def goal_occurs(self) -> bool:
        """Whether any event matches the goal; True without a goal."""
        if self.plan.goal is None:
            return True
        goal = freeze(self.plan.goal)
        return any(self.plan.log.source.map(lambda chunk: bool(matches(chunk, goal).any())))

    def told(self, n: Any) -> Any:
        """Return a number made of others, nan when it is of too few customers to be told."""
        return float("nan") if n != n or 0 < n < self.mask else n

    def end(self, outcome: str) -> dict[Any, Any]:
        """Return the row of an outcome: reached, dropped or open."""
        table = self.ends.table
        return dict(table[table["outcome"] == outcome].iloc[0])


def answer_all(
    plan: Plan, funnel: Any, within: Any, costs: Costs | None = None, design: Conformance | None = None
) -> Answers:
    """Ask everything in one pass over the log, and the funnel in a second one."""
    node, costs = plan.node, costs or Costs()
    period = period_of(plan.log.window)
    asked: tuple[Stat, ...] = (
        Outcomes(),
        Transitions(node=node),
        Transitions(node="event"),
        DropOff(node=node),
        DropOff(node="event"),
        Bottlenecks(node="event"),
        Variants(node=node, merge=True, top=_TOP_PATHS),
        Variants(node="event", merge=True, top=_TOP_PATHS),
        Describe(),
        costs.ledger(node),
        *([] if period is None else [Retention(*period)]),
    )
    held = None if design is None else plan.log.compute(design)
    once = tuple(dict.fromkeys(asked))
    found = dict(zip(once, plan.log.compute(*once), strict=True))
    ends, flow, moves, leaves, event_leaves, waits, paths, event_paths, facts, losses, *returns = (
        found[question] for question in asked
    )
    steps = plan_funnel(plan, funnel, flow, event_paths, paths if plan.staged else None)
    far = plan.log.compute(Funnel(steps.steps, within=within)) if steps is not None else None
    return Answers(
        plan, ends, flow, moves, leaves, event_leaves, waits, paths, event_paths, facts, costs.named(losses),
        returns[0] if returns else None, far, steps, costs, design=held,
    )  # fmt: skip


def period_of(window: Window) -> tuple[str, int] | None:
    """Return the period in which customers may come back, and how many there are of it; None for less than two.

    Examples
    --------
    >>> from journeylog.core.window import Window
    >>> period_of(Window(0, 100 * 86_400_000_000))
    ('7d', 8)
    """
    days = (window.end - window.start) / DAY
    for length, most in ((30, 12), (7, 8), (1, 14)):
        n = int(days // length) - 1
        if n >= min(most, 6) or (length == 1 and n >= 2):
            return f"{length}d", min(n, most)
    return None
