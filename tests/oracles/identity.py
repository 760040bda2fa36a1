"""Oracle of identity: who is behind an id at a time, found by plain loops over the links."""

from __future__ import annotations

from collections.abc import Collection, Iterable

Link = tuple[str, str, int]


def known_ids(links: Iterable[Link], known: Collection[str] | None) -> set[str]:
    """Every id that others lead to, unless they are listed."""
    return {to for start, to, _ in links if start != to} if known is None else set(known)


def joined(ids: Iterable[str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the smallest id of each id's component: give every pair the smaller name until nothing changes."""
    name = {i: i for i in ids}
    pairs = list(pairs)
    changed = True
    while changed:
        changed = False
        for a, b in pairs:
            low = min(name[a], name[b])
            changed |= name[a] != low or name[b] != low
            name[a] = name[b] = low
    return name


def persons(ids: Iterable[str], links: Iterable[Link], people: set[str]) -> dict[str, str]:
    """Return the name of each known id's person: the smallest of its ids that lead nowhere, else the smallest."""
    links = list(links)
    part = joined(ids, [(a, b) for a, b, _ in links if a in people and b in people])
    starts = {a for a, _, _ in links}
    name = {}
    for i in part:
        together = [j for j in part if part[j] == part[i]]
        name[i] = min([j for j in together if j in people and j not in starts] or together)
    return name


def who(
    links: Iterable[Link],
    who: str,
    time: int,
    *,
    policy: str,
    shared: str = "split",
    lookback: int | None = None,
    known: Collection[str] | None = None,
    merge_known: bool = False,
) -> str:
    """Return the actor behind `who` at `time`."""
    links = [link for link in links if link[0] != link[1]]
    people = known_ids(links, known)
    ids = {i for a, b, _ in links for i in (a, b)} | {who}
    if policy == "none":
        return who
    visitor = joined(ids, [(a, b) for a, b, _ in links if a not in people and b not in people])
    person = persons(ids, links, people if merge_known else set())
    if who in people:
        return person[who]
    logins = []
    for a, b, t in links:
        if (a in people) != (b in people):
            device, customer = (b, a) if a in people else (a, b)
            if visitor[device] == visitor[who]:
                logins.append((t, person[customer]))
    logins.sort()
    alone = visitor[who]
    if not logins:
        return alone
    if len({p for _, p in logins}) > 1:
        if shared == "apart":
            return alone
        if shared == "first":
            logins = [(t, logins[0][1]) for t, _ in logins]
        if shared == "last":
            logins = [(t, logins[-1][1]) for t, _ in logins]
    before = [p for t, p in logins if t <= time]
    if before:
        return before[-1]
    first_time, first_person = logins[0]
    if policy == "forward":
        return alone
    if policy == "back" and lookback is not None and time < first_time - lookback:
        return alone
    return first_person


def conflicts(
    links: Iterable[Link], *, known: Collection[str] | None = None, merge_known: bool = False
) -> dict[str, list[str]]:
    """Return the people of each visitor that has several, and for each known id the known ids it is linked to."""
    links = [link for link in links if link[0] != link[1]]
    people = known_ids(links, known)
    ids = {i for a, b, _ in links for i in (a, b)}
    visitor = joined(ids, [(a, b) for a, b, _ in links if a not in people and b not in people])
    person = persons(ids, links, people if merge_known else set())
    seen: dict[str, set[str]] = {}
    for a, b, _ in links:
        if (a in people) != (b in people):
            device, customer = (b, a) if a in people else (a, b)
            seen.setdefault(visitor[device], set()).add(person[customer])
        elif a in people and b in people and not merge_known:
            seen.setdefault(min(a, b), set()).add(max(a, b))
    return {i: sorted(found) for i, found in sorted(seen.items()) if len(found) > 1 or i in people}
