"""What a report asks of a log: the steps that are added, the nodes, and the funnel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from journeylog.core.chunk import Category
from journeylog.core.condition import freeze, matches, spelled
from journeylog.core.contracts import Step
from journeylog.core.log import EventLog
from journeylog.errors import ConfigError
from journeylog.journeymap.spec import JourneyMap, JourneyMapResult
from journeylog.stats.transitions import TransitionsResult
from journeylog.stats.variants import VariantsResult
from journeylog.steps.journeys import Journeys
from journeylog.steps.stages import Stages

__all__ = ["FunnelPlan", "Plan", "fill_map", "plan_funnel", "prepare"]

_MOST_STEPS = 8


@dataclass(frozen=True)
class Plan:
    """What the report looks at.

    Parameters
    ----------
    log : EventLog
        The log with stages and journeys.
    node : str
        The column of the flow: ``"stage"`` or ``"event"``.
    ordered : bool
        Whether the stages have an order of their own.
    goal : condition or None
        The goal of the journeys, as far as the log's steps tell.
    patience_micros : int or None
        The silence after which a journey counts as left; None when none was declared.
    given, added : tuple of Step
        Steps the log came with, and those the report put on top.
    """

    log: EventLog
    node: str
    ordered: bool
    goal: Any
    patience_micros: int | None
    given: tuple[Step, ...]
    added: tuple[Step, ...]

    @property
    def staged(self) -> bool:
        """Whether the flow is between stages."""
        return self.node == "stage"


@dataclass(frozen=True)
class FunnelPlan:
    """Steps of the funnel, the key of what says where they come from, and how many there are when that was cut."""

    steps: Any
    origin: str
    cut: int = 0


def prepare(log: EventLog, goal: Any, patience: Any, stages: Any) -> Plan:
    """Return the log with what the report needs, and what was done for it.

    Raises
    ------
    ConfigError
        If a goal is given and the log has journeys of its own.
    """
    added: list[Step] = []
    if stages is not None:
        added.append(stages if isinstance(stages, Stages) else Stages(stages))
    has_journeys = _has_journeys(log)
    if has_journeys and goal is not None:
        raise ConfigError(
            "the log has journeys already, which have their own goal. "
            "Fix: leave out goal=, or pass the log from before jl.Journeys(...)"
        )
    if not has_journeys:
        added.append(Journeys(goal, patience))
    ready = log.then(*added) if added else log
    journeys = [step for step in ready.steps if isinstance(step, Journeys)]
    found = ready.source.map(lambda chunk: chunk.columns.get("stage"), 1)
    staged = bool(found) and all(isinstance(column, Category) for column in found)
    if not any(isinstance(column, Category) and (column.codes >= 0).any() for column in found):
        staged = False  # rules that fit nothing: follow the events
    last = journeys[-1] if journeys else None
    return Plan(
        ready,
        "stage" if staged else "event",
        staged and all(getattr(column, "ordered", False) for column in found),
        last.goal if last is not None else None,
        _patience(ready),
        log.steps,
        ready.steps[len(log.steps) :],
    )


def fill_map(log: EventLog, plan: Plan, question: JourneyMap) -> JourneyMapResult | None:
    """Return the map of a log with the stages that the plan put on it; None where it has none, or no event."""
    if not plan.staged or not log.n_events:
        return None
    stages = next((step for step in plan.added if isinstance(step, Stages)), None)
    made: JourneyMapResult = (question if stages is None else replace(question, stages=stages)).fill(log)
    return made


def plan_funnel(
    plan: Plan, asked: Any, flow: TransitionsResult, events: VariantsResult, stages: VariantsResult | None
) -> FunnelPlan | None:
    """Return the steps of the funnel: as asked, else the stages in order, else the most frequent path; None if none fits."""
    if asked is not None:
        return FunnelPlan(asked, "origin_asked")
    if stages is not None and not plan.ordered:
        return _from_paths(plan, stages, "stage")
    if stages is not None:
        names = _visited(flow)
        before = _stages_to_goal(plan, names) if plan.goal is not None else names
        steps: dict[str, Any] = {name: {"stage": {"is": name}} for name in before}
        if plan.goal is not None:
            steps[_free(spelled(plan.goal), steps)] = plan.goal
        origin = "origin_stages_goal" if plan.goal is not None else "origin_stages"
        return FunnelPlan(steps, origin) if len(steps) > 1 else None
    return _from_paths(plan, events, "event")


def _has_journeys(log: EventLog) -> bool:
    return any(log.source.map(lambda chunk: "journey" in chunk.levels, 1))


def _patience(log: EventLog) -> int | None:
    """Return the patience of the journeys; below zero is none."""
    found = log.source.map(lambda chunk: chunk.cases("journey").patience, 1)
    return max(found) if found and max(found) >= 0 else None


def _visited(flow: TransitionsResult) -> list[str]:
    nodes = flow.nodes
    names: list[str] = nodes.loc[(nodes["kind"] == "node") & (nodes["n"] > 0), "node"].tolist()
    return names


def _stages_to_goal(plan: Plan, names: list[str]) -> list[str]:
    """Return the stages before the one most goals fall in; all of them when goals have no stage."""

    def count(chunk: Any) -> dict[str | None, int]:
        column = chunk.columns["stage"]
        codes, n = np.unique(column.codes[matches(chunk, freeze(plan.goal))], return_counts=True)
        return {
            column.names[c] if c >= 0 else None: int(k)
            for c, k in zip(codes.tolist(), n.tolist(), strict=True)
        }

    total: dict[str | None, int] = {}
    for part in plan.log.source.map(count):
        for name, n in part.items():
            total[name] = total.get(name, 0) + n
    if not total:
        return names
    most = max(total, key=lambda name: (total[name], str(name)))
    return names[: names.index(most)] if most in names else names


def _from_paths(plan: Plan, paths: VariantsResult, column: str) -> FunnelPlan | None:
    """Return the most frequent path of two different names or more, to the goal if there is one."""
    table = paths.table
    if plan.goal is not None:
        table = table.sort_values("n_reached", ascending=False, kind="stable")
        table = table[table["n_reached"] > 0]
    for path in table["path"]:
        steps = list(dict.fromkeys(path))
        if len(steps) > 1:
            origin = "origin_path_goal" if plan.goal is not None else "origin_path"
            wanted = {name: {column: {"is": name}} for name in steps[:_MOST_STEPS]}
            return FunnelPlan(wanted, origin, _MOST_STEPS if len(steps) > _MOST_STEPS else 0)
    return None


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """Return a name for the step of the goal that no stage has."""
    while name in taken:
        name += " ✓"  # in every language
    return name
