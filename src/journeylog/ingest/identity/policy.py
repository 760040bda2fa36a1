"""Policies: from links to who is behind an id at a time.

The words, and the whole definition:

- A **known** id is a person the business knows (a login, a customer number); all others are anonymous.
- Anonymous ids that are linked to each other, also over others, are one **visitor**, at all times.
- A link between a visitor and a known id is a **login**. At equal times the greater id counts as the later login.
- Known ids that are linked to each other are one person if that was told (by a table or a vendor's record of merges, or
  by `merge_known`); such a person is named by the smallest of its ids that lead nowhere themselves, else by the smallest.
  Otherwise they stay apart and are listed as conflicts.
- A visitor with logins of several people is a conflict. `shared` says what becomes of it: ``split`` (each login
  begins a new stretch), ``first`` or ``last`` (all its logins are those of the first or last person), ``apart`` (its
  logins count for nothing).
- `policy` says which of a visitor's times a login speaks for: ``none``; ``forward``, from the login to the next one;
  ``back``, like forward, and what came before the first login within `lookback`; ``merge``, like forward, and all that
  came before. So with one person ``merge`` gives the connected components of all links.
- Who has no person is the visitor, named by the smallest of its ids.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from journeylog.core.kernels.identity import sort_logins_inside
from journeylog.core.rows_by_code import by_code
from journeylog.core.window import parse_duration
from journeylog.errors import ConfigError, nearest
from journeylog.ingest.identity.links import Links

__all__ = ["ALWAYS", "POLICIES", "SHARED", "Conflicts", "Policy", "Rows", "resolve"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

POLICIES: Final = ("none", "forward", "back", "merge")
SHARED: Final = ("split", "first", "last", "apart")
#: The time since which a row holds that holds from the beginning.
ALWAYS: Final = int(np.iinfo(np.int64).min)


@dataclass(frozen=True)
class Policy:
    """What a link says about the events around it; the words are those of this module.

    Parameters
    ----------
    policy : {"none", "forward", "back", "merge"}
    shared : {"split", "first", "last", "apart"}
    lookback : str or None
        How far ``"back"`` looks; None is without limit. Not used by the other policies.
    known : collection of str, optional
        The known ids; by default every id that others are linked to.
    merge_known : bool, optional
        Whether a link between two known ids makes them one person; by default those that were told do, unless `known`
        lists the ids.

    Raises
    ------
    ConfigError
        If a word is unknown or the duration has no unit.
    """

    policy: str = "back"
    shared: str = "split"
    lookback: str | None = "30d"
    known: Collection[str] | None = None
    merge_known: bool | None = None

    def __post_init__(self) -> None:
        """Check the words."""
        for name, words in (("policy", POLICIES), ("shared", SHARED)):
            given = getattr(self, name)
            if given not in words:
                near = nearest(str(given), words)
                hint = f"did you mean {near[0]!r}?" if near else f"one of {list(words)}"
                raise ConfigError(f"{name}={given!r} is unknown. Fix: {hint}")
        if isinstance(self.known, str):
            raise ConfigError(f"known={self.known!r} is one text. Fix: a list or a column of the known ids")
        if self.lookback is not None:
            parse_duration(self.lookback, name="lookback")

    @property
    def reach(self) -> int | None:
        """Microseconds before the first login that it speaks for; None is all."""
        if self.policy == "forward":
            return 0
        if self.policy == "merge" or self.lookback is None:
            return None
        return parse_duration(self.lookback, name="lookback")

    def to_dict(self) -> dict[str, Any]:
        """Return the policy as JSON-able values; listed known ids are only counted."""
        known = None if self.known is None else f"{len(self.known):,} listed ids"
        return {
            "policy": self.policy,
            "shared": self.shared,
            "lookback": self.lookback if self.policy == "back" else None,
            "known": known,
            "merge_known": self.merge_known,
        }

    def is_known(self, links: Links) -> Mask:
        """Return which of the links' ids are known."""
        if self.known is None:
            mask = np.zeros(len(links.ids), dtype=bool)
            mask[links.end] = True
            return mask
        listed = pa.array(self.known if isinstance(self.known, pa.Array) else sorted(self.known), pa.string())
        return np.asarray(pc.is_in(links.ids, listed).to_numpy(zero_copy_only=False))

    def joins_known(self, links: Links) -> Mask:
        """Return which links make two known ids one person."""
        if self.merge_known is None:
            return links.told if self.known is None else np.zeros(len(links), dtype=bool)
        return np.full(len(links), self.merge_known)


class Conflicts(NamedTuple):
    """Visitors with several people, and known ids that are linked to each other.

    Parameters
    ----------
    of, person : ndarray of int32
        One row a pair, as codes of the links' ids: a visitor and one of its people, or two known ids.
    linked_known : ndarray of bool
        Whether the pair is of two known ids.
    """

    of: Codes
    person: Codes
    linked_known: Mask


class Rows(NamedTuple):
    """Who is behind each id: rows by id, each in force from `since` until the next.

    The stretches of a visitor with many ids stand once, with the id that names it; its other ids have one row that
    leads there. So an id is followed twice: to its visitor, and from there to the person.

    Parameters
    ----------
    name : ndarray of int32, shape (n_ids,)
        The id that names the visitor, or the person, each id belongs to.
    offsets : ndarray of int64, shape (n_ids + 1,)
    since : ndarray of int64
        ``ALWAYS`` or microseconds since 1970 UTC.
    actor : ndarray of int32
        Codes of the links' ids.
    """

    name: Codes
    offsets: Ints
    since: Ints
    actor: Codes


class _Steps(NamedTuple):
    """Changes of the person, by visitor and in time order."""

    visitor: Codes
    since: Ints
    person: Codes


def resolve(links: Links, policy: Policy) -> tuple[Rows, Conflicts]:
    """Return who is behind each id of the links, and the conflicts; the order of the links does not matter.

    Raises
    ------
    ConfigError
        If the policy needs times and the links have none.
    """
    _check_times(links, policy)
    known = policy.is_known(links)
    first, second = known[links.start], known[links.end]
    one, both = first != second, first & second
    told = both & policy.joins_known(links)
    joins = told | (~first & ~second)
    ends = known.copy()
    ends[links.start] = False
    name = _components(ends, links.start[joins], links.end[joins])
    logins = _logins(links, one, first, name)
    conflicts = _conflicts(logins, links, both & ~told)
    if policy.policy == "none":
        nothing = np.zeros(0, np.int64)
        alone = np.arange(len(links.ids), dtype=np.int32)
        return Rows(alone, np.zeros(len(alone) + 1, np.int64), nothing, nothing.astype(np.int32)), conflicts
    return _rows(name, _timeline(logins, policy)), conflicts


def _check_times(links: Links, policy: Policy) -> None:
    if links.time is not None or policy.policy == "none":
        return
    if policy.policy != "merge" or policy.shared != "apart":
        raise ConfigError(
            f"policy={policy.policy!r} with shared={policy.shared!r} asks what came first, and the links have no times. "
            "Fix: read them with time=, or choose policy='merge', shared='apart'"
        )


def _components(ends: Mask, a: Codes, b: Codes) -> Codes:
    """Return for each id the name of its component: the smallest of its `ends`, else the smallest."""
    n = len(ends)
    if not len(a):
        return np.arange(n, dtype=np.int32)
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    count, label = connected_components(graph, directed=False)
    smallest = np.empty(count, np.int32)
    smallest[label[::-1]] = np.arange(n, dtype=np.int32)[::-1]
    last = np.flatnonzero(ends).astype(np.int32)
    smallest[label[last[::-1]]] = last[::-1]
    return np.asarray(smallest[label])


def _logins(links: Links, one: Mask, first_known: Mask, name: Codes) -> _Steps:
    """Return the logins by visitor, in time order, without those that change nothing."""
    at = np.flatnonzero(one)
    turned = first_known[at]
    a, b = links.start[at], links.end[at]
    visitor, person = name[np.where(turned, b, a)], name[np.where(turned, a, b)]
    offsets, order = by_code(visitor, len(name))
    when = np.zeros(len(at), np.int64) if links.time is None else links.time[at][order]
    who = person[order]
    sort_logins_inside(when, who, offsets)
    owner = visitor[order]
    changes = np.ones(len(at), dtype=bool)
    changes[1:] = (owner[1:] != owner[:-1]) | (who[1:] != who[:-1])
    return _Steps(owner[changes], when[changes], who[changes])


def _conflicts(logins: _Steps, links: Links, linked: Mask) -> Conflicts:
    """Return the pairs at odds. After equal neighbours were dropped, a visitor with two steps has two people."""
    several = np.flatnonzero(_repeats(logins.visitor))
    size = np.int64(len(links.ids) + 1)
    pairs = np.unique(logins.visitor[several] * size + logins.person[several])
    a, b = links.start[linked], links.end[linked]
    known = np.unique(np.minimum(a, b) * size + np.maximum(a, b))
    both = np.concatenate([pairs, known])
    flags = np.arange(len(both)) >= len(pairs)
    return Conflicts((both // size).astype(np.int32), (both % size).astype(np.int32), flags)


def _repeats(sorted_codes: Codes) -> Mask:
    """Return which codes of a column that lies in groups are not alone in their group."""
    same = sorted_codes[1:] == sorted_codes[:-1]
    return np.asarray(np.append(False, same) | np.append(same, False))[: len(sorted_codes)]


def _timeline(logins: _Steps, policy: Policy) -> _Steps:
    """Return the stretches of each visitor under the policy."""
    torn = _repeats(logins.visitor)
    opens = np.append(True, logins.visitor[1:] != logins.visitor[:-1])[: len(logins.visitor)]
    person = logins.person
    keep = np.ones(len(person), dtype=bool)
    if policy.shared == "apart":
        keep = ~torn
    elif policy.shared in ("first", "last"):
        keep = opens
        if policy.shared == "last":
            closes = np.append(opens[1:], True)[: len(opens)]
            person = person.copy()
            person[opens] = person[closes]
    since = logins.since.copy()
    if policy.reach is None:
        since[opens] = ALWAYS
    else:
        low = np.int64(ALWAYS + policy.reach)
        since[opens] = np.maximum(since[opens], low) - policy.reach
    return _in_force(_Steps(logins.visitor[keep], since[keep], person[keep]))


def _in_force(steps: _Steps) -> _Steps:
    """Return the steps without those that another one replaces at once, and those that change nothing."""
    replaced = (steps.visitor[1:] == steps.visitor[:-1]) & (steps.since[1:] == steps.since[:-1])
    kept = np.append(~replaced, True)[: len(steps.visitor)]
    visitor, since, person = (column[kept] for column in steps)
    same = (visitor[1:] == visitor[:-1]) & (person[1:] == person[:-1])
    changes = np.append(True, ~same)[: len(visitor)]
    return _Steps(visitor[changes], since[changes], person[changes])


def _rows(name: Codes, steps: _Steps) -> Rows:
    """Return the rows of each id: the visitor's stretches where it names the visitor, else the way to that id."""
    n = len(name)
    renamed = np.flatnonzero(name != np.arange(n))
    owner = np.concatenate([steps.visitor, renamed.astype(np.int32)])
    offsets, order = by_code(owner, n)
    since = np.concatenate([steps.since, np.full(len(renamed), ALWAYS, np.int64)])
    actor = np.concatenate([steps.person, name[renamed]])
    return Rows(name, offsets, since[order], actor[order])
