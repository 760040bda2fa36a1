"""What can be planted in a simulated process beside its waits and its bad segment: effects of what happened before."""

from __future__ import annotations

import math
from dataclasses import dataclass

from journeylog.errors import ConfigError, explain

__all__ = ["Displeasure", "MomentOfTruth"]


@dataclass(frozen=True, slots=True)
class MomentOfTruth:
    """An event that changes the odds of everything after it: whoever met it drops out less often.

    From the event on (the way on from it included) until the goal, at every node the odds of dropping out are divided
    by `odds`; the other ways on divide the rest as before. What happened before the event is not touched, so nobody
    is more likely to meet it than without the effect.

    Parameters
    ----------
    event : str
        The node that is the moment of truth.
    odds : float
        Above 0. More than 1 helps, 1 does nothing, less than 1 harms.

    Raises
    ------
    ConfigError
        When the odds are not a positive number.

    Examples
    --------
    >>> round(MomentOfTruth("search", odds=3).dropped(0.2), 4)
    0.0769
    """

    event: str
    odds: float

    def __post_init__(self) -> None:  # noqa: D105 (checks only)
        if not (math.isfinite(self.odds) and self.odds > 0):
            raise ConfigError(explain("odds= is a positive number", examples=[self.odds]))

    def dropped(self, share: float) -> float:
        """Return the probability of dropping out at a node after the event, where it is `share` without it."""
        return share / (share + self.odds * (1 - share))


@dataclass(frozen=True, slots=True)
class Displeasure:
    """What lowers scores: having been in a stage, and having waited.

    A score of `s` points becomes a binomial count of `s` trials that are kept with probability ``keep`` (when the
    customer met an event of `stage` before) times ``keep_a_day ** days`` (of the customer's last wait on `edge` before
    the score). So the mean score is exactly that share of what it is without.

    Parameters
    ----------
    stage : str or None
        The unhappy stage. Scores given later are lower, also those of events in the stage itself.
    keep : float
        Share of the points that is left after it, between 0 and 1.
    edge : (str, str) or None
        The wait that costs points.
    keep_a_day : float
        Share of the points that is left after a day of waiting, between 0 and 1.

    Raises
    ------
    ConfigError
        When a share is none.

    Examples
    --------
    >>> Displeasure("after purchase", keep=0.8, edge=("paid", "shipped"), keep_a_day=0.97).keep_a_day
    0.97
    """

    stage: str | None = None
    keep: float = 1.0
    edge: tuple[str, str] | None = None
    keep_a_day: float = 1.0

    def __post_init__(self) -> None:  # noqa: D105 (checks only)
        if not (0 <= self.keep <= 1 and 0 <= self.keep_a_day <= 1):
            raise ConfigError(
                explain("keep= and keep_a_day= lie between 0 and 1", examples=[(self.keep, self.keep_a_day)])
            )
