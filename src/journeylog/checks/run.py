"""jl.check: every check on one log."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import journeylog.checks.order as order
from journeylog.checks.bots import bot_agents, bots
from journeylog.checks.clock import clocks, future
from journeylog.checks.finding import Finding
from journeylog.checks.loaded import dropped, rejected
from journeylog.checks.money import currencies
from journeylog.checks.names import actor_table, event_table, lookalikes, placeholders
from journeylog.checks.outages import outages
from journeylog.checks.personal import personal_data
from journeylog.checks.pulse import take_pulse
from journeylog.checks.result import Check, thresholds
from journeylog.checks.rules import Rules
from journeylog.checks.templates import ids_in_events
from journeylog.checks.zones import night_peak, zone_shift
from journeylog.core.log import EventLog
from journeylog.core.time import moment
from journeylog.core.window import parse_duration
from journeylog.core.zones import zone_name
from journeylog.errors import ConfigError, LoadWarning
from journeylog.ingest.door import read

__all__ = ["check"]


def check(
    data: Any,
    /,
    *,
    fail_on: str | Mapping[str, float | str] | None = None,
    tz: str | dt.tzinfo | None = None,
    now: str | dt.date | None = None,
    late_after: Any = "1d",
    false_alarm: float = 0.01,
    show_ids: bool = False,
    **roles: Any,
) -> Check:
    """Return what is wrong with the data, how badly, and with what evidence.

    Looked for are rejected rows, duplicates, ties, times without a time of day, late arrivals, clocks that are ahead or
    behind, events in the future, outages, machines among the actors, look-alike ids and event names, ids inside event
    names, ids that stand for nobody, zone mistakes, mixed currencies, and personal data. Nothing is repaired or left out.

    Parameters
    ----------
    data : EventLog or anything :func:`journeylog.read` takes
        A log, or files, a frame and the like together with their `roles`.
    fail_on : {"warning", "error"} or mapping of str to float or severity, optional
        What makes the check fail: any finding this bad, or for a check by name a share (``{"ties": 0.05}``: more than
        5 % fail) or a severity. The key ``"*"`` stands for all others. See :attr:`Check.failures`.
    tz : str or tzinfo, optional
        Zone of people's day, for activity at night and days without a time. For data that is read it is also the zone of
        times without one.
    now : str or date, optional
        The present: later events are in the future. By default the clock of this machine.
    late_after : str or timedelta
        Delay of arrival after which an event is late.
    false_alarm : float
        Probability with which the statistical checks (outages, clocks behind) speak although nothing is wrong.
    show_ids : bool
        Show actor ids among the examples. By default only their first and last signs are.
    **roles
        Arguments of :func:`journeylog.read` for data that is not a log.

    Returns
    -------
    Check
        Findings, worst first: ``.table``, ``.worst``, ``.failures``, ``.to_html(path)``.

    Raises
    ------
    ConfigError
        If an argument means nothing here.

    Notes
    -----
    Counts of parts of the actors add up, so the answer does not depend on threads or partitions. One pass each; memory is
    bounded by the distinct names and by sources times hours.

    Examples
    --------
    >>> import journeylog as jl
    >>> check = jl.check(jl.datasets.tiny(), fail_on={"ties": 0.05})
    >>> check.worst.value, check.failures
    ('info', ())
    >>> check.sentences
    ('info: 2 events have an amount and none says its currency (currency=).',)
    """
    wanted = thresholds(fail_on)
    rules = _rules(now, tz, late_after, false_alarm, show_ids)
    if isinstance(data, EventLog):
        if roles:
            raise ConfigError(
                f"{next(iter(roles))}= is for data that is read, and this is a log. Fix: leave it out"
            )
        log = data
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LoadWarning)  # the check tells it all
            log = read(data, **roles) if tz is None else read(data, tz=tz, **roles)
    return Check.of(log, tuple(_findings(log, rules)), rules, wanted)


def _findings(log: EventLog, rules: Rules) -> Iterator[Finding]:
    for family in _FAMILIES:
        yield from family(log, rules)
    names, actors = event_table(log), actor_table(log)
    yield from lookalikes(actors, "lookalike_actors", rules)
    yield from lookalikes(names, "lookalike_events", rules)
    yield from ids_in_events(names, rules)
    yield from placeholders(log, actors, rules)
    pulse = take_pulse(log)
    yield from outages(log, rules, pulse)
    yield from night_peak(log, rules, pulse)
    yield from zone_shift(log, rules, pulse)


_FAMILIES: Final[tuple[Callable[[EventLog, Rules], list[Finding]], ...]] = (
    rejected,
    dropped,
    order.repeated_ids,
    order.duplicate_rows,
    order.ties,
    order.no_time_of_day,
    clocks,
    future,
    bots,
    bot_agents,
    currencies,
    personal_data,
)


def _rules(now: Any, tz: Any, late_after: Any, false_alarm: float, show_ids: bool) -> Rules:
    if isinstance(false_alarm, bool) or not isinstance(false_alarm, (int, float)) or not 0 < false_alarm < 1:
        raise ConfigError(f"false_alarm={false_alarm!r} is no probability. Fix: for example 0.01")
    zone = "UTC" if tz is None else zone_name(tz)
    present = round(dt.datetime.now(dt.UTC).timestamp() * 1e6) if now is None else moment(now, "now", zone)
    return Rules(
        now=present,
        tz=zone,
        tz_given=tz is not None,
        late_after=parse_duration(late_after, name="late_after"),
        false_alarm=float(false_alarm),
        show_ids=bool(show_ids),
    )
