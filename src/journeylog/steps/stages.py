"""Stages: the phase of the journey each event belongs to, by ordered rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Final

import numpy as np
import pandas as pd

from journeylog.core.chunk import Category, Chunk
from journeylog.core.condition import Condition, freeze, matching_names, warn_unknown
from journeylog.core.contracts import Step
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT
from journeylog.core.rules import first_rule
from journeylog.core.window import Window
from journeylog.errors import ConfigError, UnseenNameWarning, cut, nearest, warn
from journeylog.steps.presets import PRESETS, preset_rules

__all__ = ["Stages"]

#: Names of events that a warning shows.
_SHOWN: Final = 5


@dataclass(frozen=True)
class Stages(Step):
    """Name the stage of each event: the first rule that matches it.

    Adds a categorical column whose labels are the stages in the order of the rules. An event that matches no
    rule has no stage and is passed over by statistics of stages.

    Parameters
    ----------
    rules : mapping of str to condition, or str
        For each stage what belongs to it: an event name, a pattern (``"search*"``), a list of them, or a
        condition on columns (``{"channel": "ads"}``). Upper and lower case are different. A text is the
        name of a preset: ``"shop"``, ``"saas"`` or ``"bank"``, each with the stages awareness,
        consideration, purchase and after purchase; ``"aida"``, ``"aarrr"`` or ``"buyer"``, the models of the
        textbooks; ``"deposit"``, ``"clinic"`` or ``"trial"``.
    column : str
        Name of the column that is made.

    Raises
    ------
    ConfigError
        If there is no rule, a condition is malformed, or no preset has that name.

    Examples
    --------
    >>> import journeylog as jl
    >>> stages = jl.Stages({"browse": ["home", "search*"], "buy": ["cart", "pay"]})
    >>> log = jl.datasets.tiny().then(stages)
    >>> log.to_pandas()["stage"].tolist()[:4]
    ['browse', 'browse', 'buy', 'buy']
    >>> jl.Stages.preset("shop").names
    ('awareness', 'consideration', 'purchase', 'after purchase')
    """

    rules: Mapping[str, Condition] | str
    _: KW_ONLY
    column: str = "stage"

    def __post_init__(self) -> None:
        """Check the rules."""
        if isinstance(self.rules, str):
            if self.rules not in PRESETS:
                near = nearest(self.rules, PRESETS)
                hint = (
                    f"did you mean {near[0]!r}?" if near else f"one of {list(PRESETS)}, or a mapping of rules"
                )
                raise ConfigError(f"no preset is called {self.rules!r}. Fix: {hint}")
        elif not isinstance(self.rules, Mapping) or not self.rules:
            raise ConfigError(
                f"rules={cut(self.rules)} names no stage. "
                "Fix: for example {'browse': ['home', 'search*'], 'buy': 'pay'}"
            )
        else:
            wrong = [name for name in self.rules if not isinstance(name, str) or not name]
            if wrong:
                raise ConfigError(f"{wrong[0]!r} is not a stage name. Fix: use text")
            object.__setattr__(self, "rules", {name: freeze(rule) for name, rule in self.rules.items()})
        if not isinstance(self.column, str) or self.column in ("", "event"):
            raise ConfigError(f"column={self.column!r} cannot hold stages. Fix: leave it at 'stage'")

    @classmethod
    def preset(cls, name: str) -> Stages:
        """Return the stages of a common kind of journey; the names of presets are those of `rules`.

        Notes
        -----
        A preset knows the usual names in the usual spellings (``add_to_cart``, ``Add to Cart``,
        ``addToCart``). Look with :meth:`coverage` at what it makes of your events, and mend it with rules of your own:
        ``Stages({**Stages.preset("shop").conditions, "purchase": [...]})``.
        """
        return cls(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The stages, in the order of the rules."""
        return tuple(self.conditions)

    @property
    def conditions(self) -> dict[str, Condition]:
        """What belongs to each stage, presets written out."""
        return dict(preset_rules(self.rules) if isinstance(self.rules, str) else self.rules)

    def check(self, names: Sequence[str]) -> tuple[str, ...]:
        """Warn about event names of the rules that do not occur; a preset names more than any log has."""
        if not isinstance(self.rules, str):
            warn_unknown(names, tuple(self.rules.values()))
        elif names and not any(self._knows(names, rule) for rule in self.conditions.values()):
            warn(
                f"no event has a stage: the preset {self.rules!r} knows none of the names {_few(names)}. Fix: rules of your "
                "own, jl.Stages({'a stage': ['its events']}); jl.suggest_stages(log) proposes some",
                UnseenNameWarning,
            )
        return tuple(names)

    @staticmethod
    def _knows(names: Sequence[str], rule: Condition) -> bool:
        found = matching_names(names, rule)
        return found is None or bool(found.any())

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk with the column of stages."""
        found = chunk.columns.get(self.column)
        if found is not None and not (isinstance(found, Category) and found.ordered):
            raise ConfigError(
                f"the log has a column {self.column!r} of its own, which would be lost. "
                f"Fix: jl.Stages(..., column='journey_stage') and node='journey_stage' in the statistics"
            )
        return chunk.with_columns(**{self.column: first_rule(chunk, self.conditions)})

    def coverage(self, log: EventLog) -> pd.DataFrame:
        """Return how many events of each name fall in which stage; a missing stage is none.

        Returns
        -------
        DataFrame
            Columns ``event, stage, n_events``; the events without a stage first, then stage by stage, each
            most frequent first.

        Examples
        --------
        >>> import journeylog as jl
        >>> jl.Stages({"buy": ["cart", "pay"]}).coverage(jl.datasets.tiny())["event"].tolist()
        ['home', 'search', 'cart', 'pay']
        """
        totals: dict[tuple[str, int], int] = {}
        for part in log.source.map(self._cover):
            for key, n in part.items():
                totals[key] = totals.get(key, 0) + n
        rows = sorted(totals.items(), key=lambda row: (row[0][1], -row[1], row[0][0]))
        names = self.names
        return pd.DataFrame(
            {
                "event": pd.array([event for (event, _), _ in rows], dtype=TEXT),
                "stage": pd.array([names[code] if code >= 0 else None for (_, code), _ in rows], dtype=TEXT),
                "n_events": np.array([n for _, n in rows], dtype=np.int64),
            }
        )

    def _cover(self, chunk: Chunk) -> dict[tuple[str, int], int]:
        wide = len(self.names) + 1
        keys, counts = np.unique(
            chunk.event.codes.astype(np.int64) * wide + first_rule(chunk, self.conditions).codes + 1,
            return_counts=True,
        )
        names = chunk.event.names
        return {
            (names[key // wide], key % wide - 1): n
            for key, n in zip(keys.tolist(), counts.tolist(), strict=True)
        }


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:_SHOWN]))
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN:,} more"
