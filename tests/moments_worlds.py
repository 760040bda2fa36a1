"""Worlds of journeys whose events say nothing about the outcome, or exactly what was planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category
from journeylog.core.log import EventLog
from journeylog.core.schema import DAY, HOUR
from journeylog.core.window import Window

#: Names and how often each is the next event.
NAMES = {"a": 0.4, "b": 0.3, "c": 0.25, "x": 0.05}


@dataclass(frozen=True)
class World:
    """Actors with journeys of independent events; after each event some reach the goal and some leave for good.

    Kinds of actors differ in how soon they leave and reach, so long journeys are others than short ones: the chances
    of a journey that has come far are not those of one that just began.

    Parameters
    ----------
    kinds : (name, share, leave, reach)
        After each event, a journey of this kind leaves or reaches its goal with these probabilities.
    names : dict of str to float
        Events and how often each comes.
    journeys : float
        Mean number of journeys of an actor, ``1 + Poisson(journeys - 1)``; all are of the actor's kind.
    planted : (name, factor)
        An event after which the probability of reaching the goal is multiplied.
    more : (kind, name, factor)
        A kind that does something so many times as often as the others.
    noise : float
        Probability that an event called ``noise`` is put after any other, a second later.
    days : int
        Length of the window; what comes later is cut off.
    """

    kinds: tuple[tuple[str, float, float, float], ...] = (("short", 0.5, 0.5, 0.1), ("long", 0.5, 0.05, 0.05))
    names: tuple[tuple[str, float], ...] = tuple(NAMES.items())
    journeys: float = 1.0
    planted: tuple[str, float] | None = None
    more: tuple[str, str, float] | None = None
    noise: float = 0.0
    days: int = 30

    def log(self, n_actors: int, seed: int) -> EventLog:
        """Return a log with the columns ``journey_id`` and ``kind``."""
        rng = np.random.default_rng(seed)
        many = 1 + rng.poisson(self.journeys - 1, n_actors)
        actor = np.repeat(np.arange(n_actors), many)
        kind = rng.choice(len(self.kinds), size=n_actors, p=[k[1] for k in self.kinds])[actor]
        clock = (rng.random(len(actor)) * self.days * DAY).astype(np.int64)
        live, met, steps = np.arange(len(actor)), np.zeros(len(actor), bool), []
        labels = [name for name, _ in self.names]
        while len(live):
            event = self._events(rng, kind[live])
            steps.append((live, event, clock[live]))
            if self.planted is not None:
                met[live[event == labels.index(self.planted[0])]] = True
            if self.noise:
                more = live[rng.random(len(live)) < self.noise]
                steps.append((more, np.full(len(more), len(labels)), clock[more] + DAY // 86_400))
            live, goal, clock = self._go(rng, live, kind, met, clock)
            steps.append((goal, np.full(len(goal), len(labels) + 1), clock[goal]))
        journey, event, time = (np.concatenate(part) for part in zip(*steps, strict=True))
        seen = time <= self.days * DAY
        return self._log(actor, kind, journey[seen], event[seen], time[seen])

    def _events(self, rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
        odds = np.tile([share for _, share in self.names], (len(self.kinds), 1))
        if self.more is not None:
            row = [k[0] for k in self.kinds].index(self.more[0])
            odds[row, [name for name, _ in self.names].index(self.more[1])] *= self.more[2]
        bounds = np.cumsum(odds / odds.sum(1, keepdims=True), axis=1)
        return np.minimum((rng.random(len(kind))[:, None] > bounds[kind]).sum(1), len(self.names) - 1)

    def _go(
        self, rng: np.random.Generator, live: np.ndarray, kind: np.ndarray, met: np.ndarray, clock: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        leave, reach = (np.array([k[i] for k in self.kinds])[kind[live]] for i in (2, 3))
        reach = reach * np.where(met[live], 1 if self.planted is None else self.planted[1], 1)
        u = rng.random(len(live))
        clock = clock.copy()
        clock[live] += (rng.exponential(HOUR, len(live))).astype(np.int64) + HOUR // 1800
        return live[u >= reach + leave], live[u < reach], clock

    def _log(
        self, actor: np.ndarray, kind: np.ndarray, journey: np.ndarray, event: np.ndarray, time: np.ndarray
    ) -> EventLog:
        order = np.lexsort((time, actor[journey]))
        journey, event, time = journey[order], event[order].astype(np.int32), time[order]
        columns = {
            "event": Category(event, pa.array([*(name for name, _ in self.names), "noise", "goal"])),
            "journey_id": Category(journey.astype(np.int32), pa.array([f"j{i}" for i in range(len(actor))])),
            "kind": Category(kind[journey].astype(np.int32), pa.array([k[0] for k in self.kinds])),
        }
        chunk, _ = build_chunk(pa.array([f"u{i}" for i in actor[journey]]), time, columns)
        return EventLog.from_chunk(chunk, Window(0, self.days * DAY, True))


def question(**options: object) -> jl.Moments:
    """Return the question asked of these worlds."""
    return jl.Moments("goal", "2d", case="journey_id", **options)
