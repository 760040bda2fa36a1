"""Again: which share of customers does the same once more within a time, those who had no time yet set right."""

from __future__ import annotations

from dataclasses import dataclass

from journeylog.core.chunk import Chunk
from journeylog.core.condition import Condition, freeze
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Counts
from journeylog.core.window import Window, parse_duration
from journeylog.errors import ConfigError
from journeylog.stats.timeto import TimeTo, TimeToResult

__all__ = ["Again", "AgainResult"]


@dataclass(frozen=True)
class Again(Stat):
    """Tell which share of customers does something again within a time of their first time.

    Parameters
    ----------
    event : condition
        What is done again: a purchase, a visit.
    within : str
        The time after the first, such as ``"90d"``.

    Notes
    -----
    Table, one row: ``within_s, n_actors, n_at_risk, n, share, share_low, share_high``. ``n_actors`` did it once;
    ``n`` were seen to do it again within the time. ``share`` is the cumulative incidence by then, as in
    :class:`TimeTo`: who was not watched for all of the time counts as long as they were watched. Beyond what was
    watched nothing is known, and the share is nan. ``tables["curve"]`` is the share by the time.

    Counts are those of :class:`TimeTo`, and merge by addition.

    Examples
    --------
    >>> import journeylog as jl
    >>> found = jl.datasets.tiny().compute(jl.Again("home", within="1h"))
    >>> found.table[["n_actors", "n", "share"]]
       n_actors  n  share
    0         4  1   0.25
    """

    event: Condition = None
    within: str = "90d"

    def __post_init__(self) -> None:
        """Check what was asked."""
        if self.event is None:
            raise ConfigError("event=None is not possible. Fix: what is done again, such as 'purchase'")
        object.__setattr__(self, "event", freeze(self.event))
        parse_duration(self.within, name="within")

    @property
    def _asked(self) -> TimeTo:
        return TimeTo({"again": self.event}, start=self.event, case="actor")

    def case_level(self, chunk: Chunk) -> str:
        """Return the level of actors: it is they who come again."""
        return "actor"

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of the times to the second one."""
        return self._asked.summarize(chunk, window)

    def result(self, counts: Counts, window: Window) -> AgainResult:
        """Return the share by then."""
        found = self._asked.result(counts, window)
        assert isinstance(found, TimeToResult)
        line = found.within(self.within)
        line = line[line["to"] == "again"].drop(columns=["to", "to_kind"])
        line.insert(1, "n_actors", int(found.table["n_cases"].iloc[0]) if len(found.table) else 0)
        curve = found.tables["curve"]
        tables = {
            "curve": curve[curve["to"] == "again"].drop(columns=["to", "to_kind"]).reset_index(drop=True)
        }
        return AgainResult(self, window, line.reset_index(drop=True), tables, found.notes)


@dataclass(frozen=True, eq=False, repr=False)
class AgainResult(Result):
    """Who does it again; see :class:`Again` for the table."""
