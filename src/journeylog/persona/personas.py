"""Personas: the same questions asked of each group of customers, and put on one page."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from journeylog.comparison.ranking import segments
from journeylog.comparison.table import with_q
from journeylog.core.condition import matching_names
from journeylog.core.contracts import Result, Step, made_of
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT
from journeylog.core.notes import note
from journeylog.errors import ConfigError, MissingColumnError, UnseenNameWarning, cut
from journeylog.journeymap.cells import log_with
from journeylog.journeymap.spec import JourneyMap, JourneyMapResult, Shown
from journeylog.persona.cards import Card, card_of, card_tables
from journeylog.persona.masking import mask_card, masked_rows, small_shares, too_small
from journeylog.persona.medoid import medoids
from journeylog.persona.owners import GROUP, OneGroup
from journeylog.persona.profile import COLUMNS, Profile
from journeylog.stats.timeto import TimeTo
from journeylog.steps.filters import ActorsOf, Where
from journeylog.steps.rfm import NO_ORDERS, RFM

__all__ = ["SCHEMA", "Personas", "personas"]

#: Version of the personas as data; a change that readers would notice is a new one.
SCHEMA: Final = "journeylog/personas/1"
#: Ways of grouping that are no columns, by what people write.
_MEANT: Final = {
    **dict.fromkeys(("cluster", "clusters", "kmeans", "k-means", "medoids"), "jl.Clusters()"), "rfm": "jl.RFM('paid')",
}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Personas(Result):
    """Groups of customers; see :func:`personas` for the tables.

    Parameters
    ----------
    by : str
        The column of the groups.
    step : Step or None
        What made the groups, settled on the log; None where they are values of an attribute.
    cards : tuple of Card
    """

    by: str = ""
    step: Step | None = None
    cards: tuple[Card, ...] = field(default_factory=tuple)

    @property
    def maps(self) -> dict[str | None, JourneyMapResult]:
        """The journey map of each group, as far as maps were asked for."""
        return {card.name: card.map for card in self.cards if card.map is not None}

    def card(self, name: str | None) -> Card:
        """Return the card of one group.

        Raises
        ------
        ConfigError
            If there is no such group.
        """
        for card in self.cards:
            if card.name == name:
                return card
        raise ConfigError(
            f"there is no group {name!r}. Fix: one of {cut([card.name for card in self.cards])}"
        )

    def masked(self, k: int = 5) -> Personas:
        """Return the personas without what tells of fewer than `k` customers, or would give it away."""
        if k < 2:
            return self
        hidden = too_small([(card.name, card.n) for card in self.cards], k)
        shares = small_shares(self.table, hidden, k)
        table = masked_rows(self.table, hidden, shares, k)
        cards = tuple(mask_card(card, self.table, hidden, shares, k) for card in self.cards)
        notes = self.notes
        if len(table) < len(self.table) or hidden:
            notes = (
                *notes,
                note("what tells of fewer than {k} customers is not told, nor what would give it away", k=k),
            )
        made = replace(self, table=table, cards=cards, notes=notes)
        return replace(made, tables=card_tables(cards))

    def to_dict(self) -> dict[str, Any]:
        """Return the personas as JSON-able values, with the version of their schema; the maps with theirs."""
        maps = [{"value": name, **found.to_dict()} for name, found in self.maps.items()]
        step = None if self.step is None else self.step.to_dict()
        if step is not None:
            step.pop("settled", None)  # borders of quintiles are the amounts of single customers
        return {"schema": SCHEMA, "by": self.by, "step": step, **super().to_dict(), "maps": maps}

    def show(self, **options: Any) -> Shown:
        """Return the page for a notebook; the options are those of :meth:`save` for a page."""
        page: bytes = importlib.import_module("journeylog.reporting.personapage").persona_bytes(
            self, ".html", **options
        )
        return Shown(page.decode())

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, for notebooks."""
        return self.show(mask=0)._repr_html_()

    def save(self, path: str | Path, **options: Any) -> Path:
        """Write the personas, whole or not at all: a page without scripts (``.html``), a text (``.md``) or data (``.json``).

        Parameters
        ----------
        path : str or Path
        **options
            ``lang="en"`` or ``"ru"`` and ``title=`` for all but the data, ``theme="light"`` or ``"dark"`` for a page.
            ``mask=5`` for all: what tells of fewer customers is left out; 0 tells everything.

        Raises
        ------
        ConfigError
            If the file's ending or an option is unknown.
        OutputError
            If the file cannot be written; what was there before is untouched.
        """
        written: Path = importlib.import_module("journeylog.reporting.personapage").save_personas(
            self, path, **options
        )
        return written


def personas(
    log: EventLog,
    by: str | Step,
    *,
    map: JourneyMap | None = None,
    top: int = 12,
    min_n: int = 20,
    sample: int = 200,
    seed: int = 0,
    show_actor: bool = False,
) -> Personas:
    """Describe groups of customers: size, what tells them apart, a real journey that stands for each, and its map.

    Parameters
    ----------
    log : EventLog
    by : str, RFM or Clusters
        A categorical column; a customer belongs to the first value it has, with all of its events. Or a step that
        makes groups: :class:`journeylog.RFM` from orders, :class:`journeylog.Clusters` from the journeys themselves.
    map : JourneyMap, optional
        The question whose answer is each group's map. Its stages and journeys are put on the log, and its goal is held
        against the rest. Without one there are no maps.
    top : int
        Groups to describe, the largest; a note says what is left out.
    min_n : int
        What fewer customers stand behind is shown, and not tested.
    sample : int
        Customers of a group whose journeys are compared to find the representative one; drawn by a hash of their
        ids.
    seed : int
        Other seeds draw other customers.
    show_actor : bool
        Whether to tell whose journey it is. By default nobody is told.

    Returns
    -------
    Personas
        Table, one row a group and what is held against all other customers: ``group, part, name, unit, n, n_rest, value,
        value_rest, difference, difference_low, difference_high, p, q, supported, defining``. ``part`` is ``touchpoint``,
        ``channel`` or ``stage`` (share of customers with such an event), ``events`` (mean number of events), ``score``,
        ``money`` (mean of customers' mean scores and sums of amounts), for RFM ``recency`` and ``orders`` (mean days since
        the last order and number of orders), ``outcome`` (share of journeys that reach
        the goal) or ``time`` (median time to the goal).

        ``tables["groups"]``: ``group, n, n_total, share, share_low, share_high, stability, distance``;
        ``tables["journeys"]``: ``group, step, stage, event, n, time_s``.

    Raises
    ------
    ConfigError
        If `by` is neither a column nor a step that makes groups.
    MissingColumnError
        If the log has no such column, or it is not categorical.

    Notes
    -----
    A difference is group minus rest with a 95 % interval made of the intervals of both; ``q`` is Benjamini and Hochberg's
    over all tested rows of all groups, supported is q below 0.05.

    **What a group was made from cannot test it.** Clusters differ in what they were clustered by, and RFM groups in
    money, whatever the data: such rows are ``defining``; they describe the group, with an interval, and have neither p
    nor q.

    The representative journey is the medoid: of a sample of the group, the one with the least mean distance to the
    others. The distance of two journeys is the least number of steps to put in, take out or change to turn one into
    the other, as a share of the longer one; equal events in a row are one step, and the first 100 steps count.

    The groups are described, not explained: nothing here says that customers do what they do because they
    are in a group.

    References
    ----------
    V. I. Levenshtein (1966), Binary codes capable of correcting deletions, insertions, and reversals. Sov. Phys. Dokl. 10.
    L. Kaufman, P. J. Rousseeuw (1990), Finding Groups in Data. Wiley (medoids). Y. Benjamini, Y. Hochberg (1995), JRSS
    B 57.

    Examples
    --------
    >>> import journeylog as jl
    >>> found = jl.personas(jl.datasets.tiny(), "channel")
    >>> found.tables["groups"][["group", "n", "share"]]
      group  n  share
    0   app  2    0.5
    1   web  2    0.5
    >>> found.card("web").journey.steps["event"].tolist()
    ['home', 'cart', 'home']
    """
    for name, value in (("top", top), ("sample", sample)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"{name}={value!r} is not possible. Fix: a whole number of at least 1")
    laid, name, step = _grouped(log, by)
    asked = JourneyMap() if map is None else map
    steps = () if map is None else map.steps_for(laid)
    laid = laid.then(*steps)
    apart = NO_ORDERS if isinstance(step, RFM) else None
    numbers = (("recency", f"{name}_recency_days"), ("orders", f"{name}_frequency")) if apart else ()
    places = (asked.touchpoint, asked.channel, asked.stage)
    profile = Profile(GROUP, *places, "value", asked.currency, min_n, apart, numbers)
    found = laid.compute(profile)
    groups = found.tables["groups"]
    names, notes = _largest(groups, step, top)
    if len(names) < len(groups):
        known = [group for group in names if group is not None]
        values = [*([{"is": known}] if known else []), *([None] if None in names else [])]
        laid = laid.then(Where({GROUP: values}))
    rows = found.table[
        found.table["group"].isin([n for n in names if n is not None]) | _missing(found, names)
    ]
    goal, said = _goal_rows(laid, asked, min_n, top, apart)
    table = _tested(pd.concat([rows, goal], ignore_index=True), asked, name, step)
    journeys = medoids(laid, GROUP, *places[::2], sample=sample, seed=seed, show_actor=show_actor)
    made = [by, *steps] if isinstance(by, Step) else steps
    maps = {} if map is None else {group: _map_of(laid, made, ActorsOf(name, group), map) for group in names}
    cards = tuple(card_of(group, groups, table, journeys, maps, step) for group in names)
    notes += [*getattr(step, "notes", ()), *found.notes, *said]
    asked_of = replace(profile, by=name)
    return Personas(
        asked_of, log.window, table, card_tables(cards), tuple(dict.fromkeys(notes)), name, step, cards
    )


def _grouped(log: EventLog, by: str | Step) -> tuple[EventLog, str, Step | None]:
    """Return the log with one group for each actor, the column of the groups, and the step that made them."""
    if isinstance(by, str):
        found = _MEANT.get(by.lower())
        if found is not None and by not in log.columns:
            raise MissingColumnError(
                f"no column {by!r}; the log has {sorted(log.columns)}. Fix: jl.personas(log, {found}) makes such groups"
            )
        return log.then(OneGroup(by)), by, None
    column = getattr(by, "column", None)
    if not isinstance(by, Step) or not isinstance(column, str):
        fix = f"make one, {made}" if (made := made_of(by)) else "a column, jl.RFM('paid') or jl.Clusters()"
        raise ConfigError(f"by={cut(by)} makes no groups. Fix: {fix}")
    laid = log.then(by)
    return laid.then(OneGroup(column)), column, laid.steps[-1]


def _map_of(log: EventLog, laid: Sequence[Step], kept: ActorsOf, question: JourneyMap) -> JourneyMapResult:
    """Return the map of the actors of one group: all of its parts, those of whole actors too, are of them alone.

    Parameters
    ----------
    log : EventLog
        With the steps `laid` on it.
    kept : ActorsOf
        The group.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnseenNameWarning)  # what one group never does is no slip of the pen
        found: JourneyMapResult = log.then(kept).compute(question)
    return found.of_log(log_with([*laid, kept]))


def _missing(found: Result, names: list[str | None]) -> Any:
    return found.table["group"].isna() & (None in names)


def _largest(groups: pd.DataFrame, step: Step | None, top: int) -> tuple[list[str | None], list[str]]:
    """Return the groups to describe in the order to show them, and a note on those left out."""
    names = [None if name != name else name for name in groups["group"].tolist()]
    kept, left = names[:top], groups["n"].iloc[top:]
    notes: list[str] = []
    if len(left):
        notes.append(
            note(
                "{n:,} smaller groups with {customers:,} customers are not described",
                n=len(left),
                customers=int(left.sum()),
            )
        )
    order = list(getattr(step, "labels", ()))
    if order:
        kept.sort(key=lambda name: order.index(name) if name in order else len(order))
    return sorted(kept, key=lambda name: name is None), notes


def _goal_rows(
    log: EventLog, question: JourneyMap, min_n: int, top: int, apart: str | None
) -> tuple[pd.DataFrame, list[str]]:
    """Return how groups differ in reaching the goal, and in how long that takes, watched for the same time."""
    nothing = pd.DataFrame({name: [] for name in COLUMNS})
    if question.goal is None:
        return nothing, []
    if apart is not None:
        log = log.then(Where({GROUP: {"is_not": apart}}))
    try:
        found = segments(log, TimeTo({"goal": question.goal}), GROUP, min_n=min_n, top=top)
    except ConfigError:  # there are no two groups to hold against each other
        return nothing, []
    rows = found.table[(found.table["to_kind"] == "node") & found.table["measure"].isin(["share", "median"])]
    part = rows["measure"].map({"share": "outcome", "median": "time"})
    out = rows.assign(group=rows["segment"], part=part, name=None)[list(COLUMNS)]
    return out, [said for said in found.notes if "tested" not in said]


def _tested(table: pd.DataFrame, question: JourneyMap, column: str, step: Step | None) -> pd.DataFrame:
    """Return the table with q over all rows that can be tested: a group is not tested by what it was made from."""
    defining = np.zeros(len(table), bool)
    for part in ("touchpoint", "channel", "stage"):
        if getattr(question, part) == column:
            defining |= (table["part"] == part).to_numpy(bool)
    if isinstance(step, RFM):
        names = table["name"].fillna("").tolist()
        hits = matching_names(names, step.order) if question.touchpoint == "event" else None
        orders = np.zeros(len(table), bool) if hits is None else hits
        defining |= table["part"].isin(["money", "recency", "orders"]).to_numpy(bool)
        defining |= orders & (table["part"] == "touchpoint").to_numpy(bool)
    else:
        defining |= table["part"].isin(getattr(step, "made_from", ())).to_numpy(bool)
    out = table.assign(p=table["p"].astype(np.float64).where(~defining))
    for name in ("group", "part", "name", "unit"):
        out[name] = out[name].astype(TEXT)
    for name in ("n", "n_rest"):
        out[name] = out[name].astype(np.int64)
    return with_q(out).assign(defining=defining)
