"""Stitch: anonymous ids take the name of the person they belong to, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from journeylog.core.log import EventLog
from journeylog.errors import ConfigError, nearest
from journeylog.ingest.identity.map import IdentityMap
from journeylog.ingest.identity.whole import Identity, identity

__all__ = ["stitch"]

_OPTIONS: Final = ("lookback", "known", "merge_known")


def stitch(
    log: EventLog,
    by: str | Identity | IdentityMap,
    *,
    policy: str = "merge",
    shared: str = "apart",
    precedence: Sequence[str] = (),
    **options: Any,
) -> EventLog:
    """Put every event under the actor that is behind its id.

    By default a device that was once seen with a login belongs to that customer with all its events, also those
    before the login. A device seen with several customers is nobody's: only its events that name a customer are that
    customer's, and the card says how many such devices there are.

    Parameters
    ----------
    log : EventLog
        Without levels: sessions and journeys are made afterwards.
    by : str, Identity or IdentityMap
        A column with the known id on some of an actor's events, for example ``"user_id"``; or a map that was made
        before, then no other option may be given.
    policy, shared
        As in :func:`journeylog.identity`.
    precedence : sequence of str, optional
        Sources whose events come first where events of joined ids have equal times.
    **options
        Further options of :func:`journeylog.identity`: ``lookback``, ``known``, ``merge_known``.

    Returns
    -------
    EventLog
        The same events under other actors; the card's notes tell actors before and after and the conflicts.

    Raises
    ------
    ConfigError
        If the log has levels already, or an option is unknown.
    MissingColumnError
        If there is no such column.

    Notes
    -----
    This is ``jl.identity(log, by=by, ...).apply(log)``. Events of joined actors at equal times are ordered by
    `precedence`, then by the id they came with; those of one id keep their order. So the result does not depend on
    the order of the input.

    Examples
    --------
    >>> import journeylog as jl
    >>> import pandas as pd
    >>> clicks = pd.DataFrame({
    ...     "device": ["d1", "d1", "d2"],
    ...     "user": [None, "anna", "anna"],
    ...     "event": ["home", "login", "pay"],
    ...     "time": ["2025-01-06 09:00:00Z", "2025-01-06 09:05:00Z", "2025-01-07 20:00:00Z"],
    ... })
    >>> log = jl.read(clicks, actor="device", event="event", time="time")
    >>> jl.stitch(log, by="user").to_pandas()["actor"].tolist()
    ['anna', 'anna', 'anna']
    """
    if isinstance(by, Identity | IdentityMap):
        if options or (policy, shared) != ("merge", "apart"):
            raise ConfigError("the map says already who is who. Fix: leave out the other options")
        return by.apply(log, precedence=precedence)
    if not isinstance(by, str):
        raise ConfigError(
            f"by={type(by).__name__} says nothing about ids. Fix: a column, or a map made by jl.identity(...)"
        )
    unknown = [name for name in options if name not in _OPTIONS]
    if unknown:
        near = nearest(unknown[0], _OPTIONS)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {list(_OPTIONS)}"
        raise ConfigError(f"there is no option {unknown[0]!r}. Fix: {hint}")
    return identity(log, by=by, policy=policy, shared=shared, **options).apply(log, precedence=precedence)
