"""From a walk to the canonical events: objects, devices, channels, money, scores and texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylog.datasets.spec import Node, ShopSpec
from journeylog.datasets.texts import COMMENTS, REASONS
from journeylog.datasets.walk import Floats, Ints, Walk, stamps

__all__ = ["People", "Story", "Texts", "either", "people", "scrambled", "tell"]

Flags = NDArray[np.bool_]
Texts = NDArray[np.object_]

OBJECT_ID = {
    "clicks": "V{:07d}",
    "crm": "D-{:06d}",
    "orders": "{:08d}",
    "feedback": "R{:06d}",
    "tickets": "T-{:05d}",
}
FIRST_NUMBER = {"orders": 10_000_000}


@dataclass(frozen=True)
class People:
    """One entry a customer: id, arrival, first node, platform and acquisition."""

    ids: Texts
    arrival_ms: Ints
    first: Ints
    platform: Texts
    acquisition: Texts


@dataclass(frozen=True)
class Story:
    """The canonical events, with what only the export tables show; all arrays run along `events`.

    Parameters
    ----------
    events : DataFrame
        The canonical long table.
    time_ms : array of int
        Epoch milliseconds.
    opens : array of bool
        The event opens its object.
    login : array of bool
        A click that carries the customer number.
    known : array of bool
        The shop knows the customer's number by now.
    amount : array of float
        Amount of the event's order, else nan.
    reason : array of text
        Reason of the event's ticket, else None.
    latest_device : array of text
        Device the customer used last, None before the first.
    """

    events: pd.DataFrame
    time_ms: Ints
    opens: Flags
    login: Flags
    known: Flags
    amount: Floats
    reason: Texts
    latest_device: Texts


def people(rng: np.random.Generator, n: int, spec: ShopSpec, days: float) -> People:
    """Draw who comes, when, from where and on what."""
    day_ms = 86_400_000
    early = rng.random(n) < spec.early
    span = np.where(early, -spec.early_days, days) * day_ms
    arrival = np.sort(np.floor(rng.random(n) * span).astype(np.int64))
    number = {node.name: i for i, node in enumerate(spec.nodes)}
    entry = rng.choice(len(spec.entry), size=n, p=[share for _, share in spec.entry])
    first = np.array([number[name] for name, _ in spec.entry], dtype=np.int64)[entry]
    by_channel = {"site": "direct", "e-mail": "newsletter"}
    channels = [spec.node(name).channel for name, _ in spec.entry]
    acquisition = _objects([by_channel.get(channel, channel) for channel in channels])[entry]
    paid = acquisition == "ads"
    names = _objects([name for name, _ in spec.acquisitions])
    drawn = names[rng.choice(len(names), size=n, p=[share for _, share in spec.acquisitions])]
    platforms = _objects([name for name, _ in spec.platforms])
    return People(
        _objects([f"{1001 + i:07d}" for i in range(n)]),
        arrival,
        first,
        platforms[rng.choice(len(platforms), size=n, p=[share for _, share in spec.platforms])],
        either(paid, drawn, acquisition),
    )


def tell(rng: np.random.Generator, path: Walk, crowd: People, spec: ShopSpec, origin: pd.Timestamp) -> Story:
    """Dress the walk; `path.time_ms` counts from `origin`. Events before `origin` are dropped at the end.

    They are dropped last because an order placed before the window keeps its number and its amount inside it.
    """
    nodes = spec.nodes
    who, node = path.walker, path.node
    starts = _first_of(who)
    source = _objects([n.source for n in nodes])[node]
    opens = _opens(who, node, nodes, starts)
    is_click = source == "clicks"
    object_id, opens, in_order, in_ticket = _number_objects(who, source, opens, path.time_ms)
    login_at = np.isin(node, [i for i, n in enumerate(nodes) if n.name == "checkout"])
    device, latest = _devices(rng, starts, is_click, opens, spec.new_device)
    login = is_click & _since(login_at, _first_of(latest))
    login &= login_at | (rng.random(len(who)) < spec.stay_logged_in)
    known = _since(login_at | np.isin(source, ["crm", "orders"]), starts)
    money, reason_of, channel_of = _per_object(
        rng, int(in_order.max(initial=0)), int(in_ticket.max(initial=0))
    )
    amount = money[in_order]
    score, text = _scores(rng, node, spec, _kept(path, starts, spec))
    names = _objects([n.name for n in nodes])[node]
    paid = np.where(names == "paid", amount, np.where(names == "refunded", -amount, np.nan))
    device_ids = _objects([*scrambled(int(device.max(initial=-1)) + 1, 64), None])
    events = pd.DataFrame(
        {
            "actor": crowd.ids[who],
            "event": names,
            "time": stamps(origin, path.time_ms),
            "stage": _objects([n.stage for n in nodes])[node],
            "channel": _channels(node, starts, crowd.platform[who], in_order, channel_of[in_ticket], spec),
            "source": source,
            "value": paid,
            "currency": either(np.isnan(paid), None, spec.currency),
            "score": score,
            "text": text,
            "object": object_id,
            "device": device_ids[device],
            "platform": crowd.platform[who],
            "acquisition": crowd.acquisition[who],
        }
    )
    epoch_ms = path.time_ms + round(origin.timestamp() * 1000)
    seen = path.time_ms >= 0
    return Story(
        events[seen].reset_index(drop=True),
        epoch_ms[seen],
        opens[seen],
        login[seen],
        known[seen],
        amount[seen],
        reason_of[in_ticket][seen],
        device_ids[latest][seen],
    )


def either(condition: Flags, yes: Any, no: Any) -> Texts:
    """Return `yes` where the condition holds, else `no`, as objects; None stays None."""
    chosen: Texts = np.where(condition, yes, no).astype(object)
    return chosen


def scrambled(n: int, bits: int, first: int = 1) -> list[str]:
    """Return `n` different hexadecimal ids: the counter times an odd number is one-to-one modulo a power of 2."""
    width = bits // 4
    odd = np.uint64(0x9E3779B97F4A7C15)
    numbers = np.arange(first, first + n, dtype=np.uint64) * odd
    text = (numbers & np.uint64(2**bits - 1)).astype(">u8").tobytes().hex()
    return [text[i + 16 - width : i + 16] for i in range(0, 16 * n, 16)]


def _objects(values: list[str] | list[str | None]) -> Texts:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def _first_of(group: Ints) -> Flags:
    first = np.ones(len(group), dtype=bool)
    first[1:] = group[1:] != group[:-1]
    return first


def _since(flag: Flags, starts: Flags) -> Flags:
    """Return where `flag` was met at this row or earlier in its group; `starts` marks first rows of groups."""
    total = np.cumsum(flag)
    before = np.maximum.accumulate(np.where(starts, total - flag, 0)) if len(flag) else total
    return total > before


def _opens(who: Ints, node: Ints, nodes: tuple[Node, ...], starts: Flags) -> Flags:
    """Return where an event opens an object: its node does so, and the event before is not one it continues."""
    number = {n.name: i for i, n in enumerate(nodes)}
    carries_on = np.zeros((len(nodes), len(nodes)), dtype=bool)
    for i, n in enumerate(nodes):
        carries_on[[number[name] for name in n.continues], i] = True
    before = np.roll(node, 1)
    return np.array([n.opens for n in nodes])[node] & (starts | ~carries_on[before, node])


def _number_objects(who: Ints, source: Texts, opens: Flags, time_ms: Ints) -> tuple[Texts, Flags, Ints, Ints]:
    """Return object ids by event, where objects open, and the numbers of orders and tickets (from 1; 0 elsewhere).

    Numbers rise with the time the object was opened, as they do in the systems themselves. An actor's first event
    of a source opens an object whatever the specification says.
    """
    object_id = np.full(len(who), None, dtype=object)
    opened = opens.copy()
    numbers = {"orders": np.zeros(len(who), dtype=np.int64), "tickets": np.zeros(len(who), dtype=np.int64)}
    for name, pattern in OBJECT_ID.items():
        at = np.flatnonzero(source == name)
        first = opens[at] | _first_of(who[at])
        opened[at] = first
        rank = np.empty(int(first.sum()), dtype=np.int64)
        rank[np.argsort(time_ms[at][first], kind="stable")] = np.arange(len(rank))
        number = rank[np.cumsum(first) - 1]
        labels = _objects([pattern.format(FIRST_NUMBER.get(name, 0) + i + 1) for i in range(len(rank))])
        object_id[at] = labels[number]
        if name in numbers:
            numbers[name][at] = number + 1
    return object_id, opened, numbers["orders"], numbers["tickets"]


def _devices(
    rng: np.random.Generator, starts: Flags, is_click: Flags, opens: Flags, share: float
) -> tuple[Ints, Ints]:
    """Return the device number of each click and the one used last; -1 for none.

    A device is new at a customer's first click, and at a later visit with probability `share`.
    """
    first_click = is_click & ~_since(np.roll(is_click, 1) & ~starts, starts)
    new = first_click | (is_click & opens & (rng.random(len(starts)) < share))
    latest = np.where(_since(new, starts), np.cumsum(new) - 1, -1)
    return np.where(is_click, latest, -1), latest


def _per_object(rng: np.random.Generator, n_orders: int, n_tickets: int) -> tuple[Floats, Texts, Texts]:
    """Return the amount of each order, the reason and the channel of each ticket, by number; entry 0 is none."""
    amount = np.concatenate([[np.nan], np.round(np.exp(9.2 + 0.8 * rng.standard_normal(n_orders)), 2)])
    reasons = rng.choice(len(REASONS), size=n_tickets, p=[0.4, 0.2, 0.15, 0.15, 0.1])
    channels = rng.choice(3, size=n_tickets, p=[0.5, 0.3, 0.2])
    reason = _objects([None, *(REASONS[i] for i in reasons)])
    channel = _objects([None, *(("phone", "e-mail", "web")[i] for i in channels)])
    return amount, reason, channel


def _channels(
    node: Ints, starts: Flags, platform: Texts, in_order: Ints, ticket: Texts, spec: ShopSpec
) -> Texts:
    """Return the channel by event; an order keeps the channel of the event right before it was placed."""
    channel = _objects([n.channel for n in spec.nodes])[node]
    site = either(platform == "desktop", "web", "app")
    channel = either(channel == "site", site, channel)
    channel = either((channel == "ticket") & (ticket != None), ticket, channel)  # noqa: E711 (elementwise)
    before = np.roll(channel, 1)
    before = either(starts | np.isin(before, ["order", "ticket"]), site, before)
    placed = np.flatnonzero(_first_of(in_order) & (in_order > 0))
    of_order = np.full(int(in_order.max(initial=0)) + 1, None, dtype=object)
    of_order[in_order[placed[::-1]]] = before[
        placed[::-1]
    ]  # backwards, so that the first event of an order wins
    return either(channel == "order", of_order[in_order], channel)


def _kept(path: Walk, starts: Flags, spec: ShopSpec) -> Floats | None:
    """Return by event the share of a score's points that displeasure leaves; None when nothing is planted."""
    planted = spec.displeasure
    if planted is None:
        return None
    kept = np.ones(len(path.node))
    if planted.stage is not None:
        unhappy = np.flatnonzero([node.stage == planted.stage for node in spec.nodes])
        kept[_since(np.isin(path.node, unhappy), starts)] = planted.keep
    if planted.edge is not None:
        start, to = ([node.name for node in spec.nodes].index(name) for name in planted.edge)
        there = np.zeros(len(path.node), dtype=bool)
        there[1:] = (path.node[1:] == to) & (path.node[:-1] == start) & ~starts[1:]
        at = np.maximum.accumulate(np.where(there, np.arange(len(there)), -1))
        some = _since(there, starts)
        days = (path.time_ms[at] - path.time_ms[at - 1])[some] / 86_400_000
        kept[some] *= planted.keep_a_day**days
    return kept


def _scores(
    rng: np.random.Generator, node: Ints, spec: ShopSpec, kept: Floats | None
) -> tuple[Floats, Texts]:
    """Draw scores 0 to 10 by node, less what displeasure takes, and texts that fit the mood."""
    score = np.full(len(node), np.nan)
    text = np.full(len(node), None, dtype=object)
    for i, n in enumerate(spec.nodes):
        if not n.scores:
            continue
        at = np.flatnonzero(node == i)
        drawn = rng.choice(11, size=len(at), p=n.scores)
        if kept is not None:
            drawn = rng.binomial(drawn, kept[at])
        score[at] = drawn
        moods = COMMENTS.get(n.name, COMMENTS["review"])
        mood = np.searchsorted([5, 8], drawn, side="right")
        pick = rng.random(len(at))
        says = np.flatnonzero(rng.random(len(at)) < spec.comments)
        text[at[says]] = _objects(
            [moods[m][int(u * len(moods[m]))] for m, u in zip(mood[says], pick[says], strict=True)]
        )
    return score, text
