"""The journey as a model: from moves to the chance, the time and the value that are still to come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.actor_groups import actor_groups, actor_of_cases
from journeylog.core.cases import NO_PATIENCE, PathStat, under_way_note
from journeylog.core.chain import Chain
from journeylog.core.chain_change import with_rate, with_time
from journeylog.core.chain_frames import ModelParts, difference_frame, model_frame, move_frame, priced_parts
from journeylog.core.chain_tables import chain_tables, value_table
from journeylog.core.chain_times import STEPS, arrival_curves, time_quantile
from journeylog.core.chunk import Category, Chunk, Number
from journeylog.core.contracts import Result
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.differences import Estimates
from journeylog.core.grouping import divided
from journeylog.core.money import Money, currencies_seen, money_of_events
from journeylog.core.nodes import Synthetic
from journeylog.core.notes import Span, note
from journeylog.core.schema import DROPPED, REACHED, SECOND, UNDECLARED
from journeylog.core.window import Window, parse_duration
from journeylog.errors import ConfigError, MissingColumnError, cut, nearest

__all__ = ["GROUPS", "Model", "ModelResult", "State"]

Ints = npt.NDArray[np.int64]

#: Groups of actors from whose spread the intervals are made.
GROUPS = 64

#: A node by its name, or the start or an end.
State = str | Synthetic


@dataclass(frozen=True)
class Model(PathStat):
    """Tell from each stage on how likely the goal is, and how many visits, how much time and value are still to come.

    The journey is taken as an absorbing chain: where a journey goes next depends on where it is, and how long that
    takes depends on where it is and goes (a semi-Markov chain). The rates are those of :class:`Transitions`, over
    visits watched for the whole patience, so open journeys do not count as lost; dropped and reached are where the chain
    ends. Where the slow also go on less often, a window that ends in between shows later stages mostly of the quick, and
    the chance is too high (see the method's page).

    Parameters
    ----------
    node, case, merge
        See :class:`journeylog.core.cases.PathStat`.
    value : str or None
        The money column whose sum is still to come. None: the log's ``value``, where there is one.
    times : bool
        Whether to keep the times of moves in bins, for :meth:`ModelResult.within` and the quantiles.
    currency : str, optional
        Count amounts of this currency only. Needed where there are several.

    Raises
    ------
    ConfigError
        If `value` names amounts in several currencies: they are never added.

    Notes
    -----
    Table, one row a state, the start first: ``node, kind, n, n_followed, n_followed_actors, goal_rate, goal_rate_low,
    goal_rate_high, visits_mean, visits_mean_low, visits_mean_high, time_mean_s, time_mean_low_s, time_mean_high_s,
    value_mean, value_mean_low, value_mean_high``.

    ``goal_rate``: the chance to reach the goal, from entering the node. ``visits_mean`` and ``time_mean_s``: of those
    who do reach it, the visits (this one among them) and the time until then. ``value_mean``: what comes in from this
    visit on, its own included, whatever the end; it is nan where journeys go on for ever in the chain. Amounts at events
    without a node are in no visit and stay out (:class:`Values` tells them).

    ``tables["moves"]``: ``from, from_kind, to, to_kind, n, n_followed, n_from_followed, rate, time_mean_s``, the chain
    itself. After a change, ``tables["difference"]``: ``node, kind, measure, unit, before, after, difference,
    difference_low, difference_high, ratio``.

    Intervals: the actors fall into 64 groups by a hash of their ids; how each group's moves would shift the answer is
    carried through the chain (delta method), and the spread of these shifts is the error, enlarged where few groups met a
    stage, with as few degrees of freedom. So it knows that one actor counts many times, at all nodes. nan for a mean whose
    error hangs on a stage that one group alone met. With other ids the groups and the intervals are slightly others.

    A node of which no visit was followed is left out of the ways on, and no change can lead to it. Amounts of the log's
    ``value`` that nobody asked for and that are in several currencies are left out, and a note says so.

    Counts merge by addition, keyed by the group of actors and the names of both nodes.

    References
    ----------
    J. G. Kemeny, J. L. Snell (1960), Finite Markov Chains, ch. 3. R. A. Howard (1971), Dynamic Probabilistic Systems
    II, ch. 10 (semi-Markov). E. L. Lehmann (1999), Elements of Large-Sample Theory, 5.2 (delta method).

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="1h"))
    >>> model = log.compute(jl.Model())
    >>> model.table[["node", "n_followed", "goal_rate", "visits_mean", "time_mean_s"]].round(3).head(3)
        node  n_followed  goal_rate  visits_mean  time_mean_s
    0  start           4      0.667        4.111     1143.333
    1   home           4      0.667        4.111     1143.333
    2   cart           3      0.889        2.778      743.333
    >>> better = model.change(("cart", "pay"), rate=0.9)
    >>> float(round(better.conversion.value, 3))
    0.73
    """

    value: str | None = None
    times: bool = True
    currency: str | None = None

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of moves by groups of actors."""
        return self.summarize_by(chunk, window)

    def summarize_by(self, chunk: Chunk, window: Window, segments: Category | None = None) -> Counts:
        """Return the counts of moves by groups of actors, and by the segment of each case where these are given.

        With segments the moves have one more key, ``segment``; a case has the value of its first event.
        """
        case, node = self.case_level(chunk), self.node_of(chunk)
        visits = self.visits(chunk, window)
        level = chunk.cases(case)
        owner = actor_of_cases(chunk, level)
        group = actor_groups(chunk, GROUPS)[owner]
        merge = self.merge if self.merge is not None else node != "event"
        name, money = self._money(chunk)
        if segments is None:
            tables = chain_tables(visits, owner, group, GROUPS, self.times)
        else:
            code = segments.codes[level.first_event()].astype(np.int64) + 1  # 0: has none
            n_groups = (len(segments.labels) + 1) * GROUPS
            tables = chain_tables(visits, owner, code * GROUPS + group, n_groups, self.times)
            moves = tables["moves"]
            code, group_of_row = divided(moves.codes("group"), GROUPS)
            names = Coded(code - 1, segments.names, segments.ordered)
            tables["moves"] = replace(moves, keys={"segment": names, **moves.keys, "group": group_of_row})
        tables["values"] = value_table(level, chunk.category(node).codes, merge, visits, group, GROUPS, money)
        tables["currencies"] = currencies_seen(chunk, case, name)
        total = {
            "n_cases": len(level),
            "n_without": int(np.count_nonzero(visits.cases.end == visits.cases.begin)),
            "n_under_way": visits.cases.n_under_way,
            "patience": visits.cases.patience,
            "valued": int(money is not None and len(level) > 0),
        }
        columns = {name: np.array([n], np.int64) for name, n in total.items()}
        return Counts({**tables, "cases": Table({}, columns, largest=("patience", "valued"))})

    def result(self, counts: Counts, window: Window) -> ModelResult:
        """Return the chain and what it says."""
        parts, untold = priced_parts(counts, GROUPS, self.value, self.currency)
        chain = Chain.of(parts.sample)
        notes = (*_notes(parts, counts), *untold)
        return _answer(ModelResult(self, window, pd.DataFrame(), {}, notes, parts, chain))

    def _money(self, chunk: Chunk) -> tuple[str, Money | None]:
        """Return the name of the money column and what is in it, None where there is none and none was asked for."""
        if self.value is None:
            return "value", money_of_events(chunk, "value", self.currency)
        chunk.column(self.value)
        found = money_of_events(chunk, self.value, self.currency)
        if found is None:
            money = sorted(
                k for k, v in chunk.columns.items() if isinstance(v, Number) and v.unit == "micros"
            )
            raise MissingColumnError(f"column {self.value!r} holds no money. Fix: one of {money}")
        return self.value, found


@dataclass(frozen=True, eq=False, repr=False)
class ModelResult(Result):
    """The journey as a chain; see :class:`Model` for its tables.

    Attributes
    ----------
    changes : tuple of str
        What was changed, in words; empty for the chain as observed.
    """

    parts: ModelParts | None = None
    chain: Chain | None = None
    before: Chain | None = None
    changes: tuple[str, ...] = ()

    @property
    def conversion(self) -> Estimates:
        """The chance of a journey, from its start, to reach the goal, with its interval."""
        row = self.table[self.table["kind"] == "start"].iloc[0]
        return Estimates(*(row[f"goal_rate{bound}"] for bound in ("", "_low", "_high")))

    @property
    def gain(self) -> Estimates:
        """What the changes did to that chance, in shares; 0 without changes."""
        if "difference" not in self.tables:
            return Estimates(np.float64(0.0), np.float64(0.0), np.float64(0.0))  # type: ignore[arg-type]
        table = self.tables["difference"]
        row = table[(table["kind"] == "start") & (table["measure"] == "goal_rate")].iloc[0]
        return Estimates(*(row[f"difference{bound}"] for bound in ("", "_low", "_high")))

    def change(
        self,
        point: State | tuple[State, State],
        *,
        rate: float | None = None,
        drop: float | None = None,
        taken_from: State | None = None,
        faster: float | None = None,
    ) -> ModelResult:
        """Return the model with one rate or one time changed; changes add up when called again.

        Parameters
        ----------
        point : (from, to), or a node with `drop`
            Names of nodes; ``jl.Synthetic.START``, ``REACHED`` and ``DROPPED`` for the start and the ends.
        rate : float
            New share of the visits at *from* that go to *to*.
        drop : float
            New share of the visits of a node that drop off.
        taken_from : node or end, optional
            Who gives or takes the difference. By default all other ways on of that node, in proportion.
        faster : float
            By which part the move takes less time: 0.5 is half the time; below zero it takes longer.

        Returns
        -------
        ModelResult
            With ``tables["difference"]``, :attr:`conversion` and :attr:`gain` against the chain as observed.

        Raises
        ------
        ConfigError
            If a name is unknown, a rate is none, it cannot be taken from where it should, or nobody was followed at a
            node it touches.

        Notes
        -----
        What is set has no error of its own; what stays as observed keeps its own. It is arithmetic on the chain: that
        those who are kept go on like those who went on before is an assumption, not a finding.

        Examples
        --------
        >>> import journeylog as jl
        >>> log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="1h"))
        >>> model = log.compute(jl.Model())
        >>> both = model.change(("cart", "pay"), rate=0.9).change("home", drop=0.1)
        >>> both.changes
        ('cart > pay: 66.7 % to 90.0 %', 'home > (dropped): 25.0 % to 10.0 %')
        """
        assert self.parts is not None and self.chain is not None
        given = [name for name, v in (("rate", rate), ("drop", drop), ("faster", faster)) if v is not None]
        if len(given) != 1:
            raise ConfigError(
                f"one of rate=, drop=, faster= is changed at a time, not {given}. Fix: call change again"
            )
        pair = (point, Synthetic.DROPPED) if drop is not None and not isinstance(point, tuple) else point
        if not isinstance(pair, tuple) or len(pair) != 2 or (drop is not None and isinstance(point, tuple)):
            raise ConfigError(
                f"{cut(point)} is no point to change {given[0]}= at. Fix: ('cart', 'pay'), or 'cart' with drop="
            )
        edge = self._state(pair[0], leaving=True), self._state(pair[1])
        words = f"{pair[0]} > {pair[1]}"
        if faster is not None:
            if not -10 <= faster < 1:
                raise ConfigError(f"faster={faster!r} is not possible. Fix: below 1; 0.5 is half the time")
            chain = with_time(self.chain, edge, 1 - faster, words)
            done = f"{words}: {faster:.1%} less time".replace("%", " %")
        else:
            wanted = drop if rate is None else rate
            if wanted is None or not 0 <= wanted <= 1:
                raise ConfigError(f"{given[0]}={wanted!r} is no share. Fix: between 0 and 1")
            giver = None if taken_from is None else self._state(taken_from)
            if giver == edge[1]:
                raise ConfigError(f"{words}: taken_from is the way itself. Fix: name another way on")
            spot = (self.chain.source == edge[0]) & (self.chain.target == edge[1])
            chain = with_rate(self.chain, edge, wanted, giver, words)
            done = f"{words}: {self.chain.rate[spot].sum():.1%} to {wanted:.1%}".replace("%", " %")
        return _answer(
            replace(self, chain=chain, before=self.before or self.chain, changes=(*self.changes, done))
        )

    def within(self, limit: str) -> pd.DataFrame:
        """Return from each state the share that reaches the goal within a time.

        Parameters
        ----------
        limit : str
            A duration such as ``"7d"``.

        Returns
        -------
        pandas.DataFrame
            ``node, kind, within_s, goal_rate_within, goal_rate``.

        Notes
        -----
        The times of the moves are convolved by generating functions on a lattice of 1,023 steps up to the limit: no
        simulation, and no error but that times are put on their two neighbours. For the band of one such share as it
        was observed, ask :class:`TimeTo`.

        References
        ----------
        J. Abate, W. Whitt (1992), Numerical inversion of probability generating functions. Oper. Res. Lett. 12.
        """
        micros = parse_duration(limit, name="limit")
        curves = self._curves(micros / SECOND)
        table = self.table[["node", "kind"]].copy()
        assert self.parts is not None
        table["within_s"] = micros / SECOND
        table["goal_rate_within"] = curves[self.parts.order, -1]
        table["goal_rate"] = self.table["goal_rate"]
        return table

    def arrivals(self, node: State = Synthetic.START, limit: str = "30d") -> pd.DataFrame:
        """Return the share that has reached the goal after each time, from one state on: ``time_s, goal_rate``."""
        micros = parse_duration(limit, name="limit")
        curve = self._curves(micros / SECOND)[self._state(node, leaving=True)]
        return pd.DataFrame({"time_s": np.linspace(0, micros / SECOND, STEPS + 1), "goal_rate": curve})

    def time_quantile(self, q: float = 0.5) -> pd.DataFrame:
        """Return from each state the time by which a share `q` of those who reach the goal have: ``node, kind, time_s``."""
        if not 0 < q < 1:
            raise ConfigError(f"q={q!r} is no quantile. Fix: between 0 and 1")
        self._curves(None)
        assert self.parts is not None and self.chain is not None and self.parts.durations is not None
        table = self.table[["node", "kind"]].copy()
        table["time_s"] = time_quantile(self.chain, self.parts.durations, q)[self.parts.order]
        return table

    def _curves(self, limit: float | None) -> Any:
        assert self.parts is not None and self.chain is not None
        if self.parts.durations is None:
            raise ConfigError("the times of moves were not kept. Fix: jl.Model(times=True)")
        return None if limit is None else arrival_curves(self.chain, self.parts.durations, limit)

    def _state(self, name: State, leaving: bool = False) -> int:
        """Return the number of a state, or the code of an end."""
        assert self.parts is not None
        labels = self.parts.nodes.labels
        if isinstance(name, Synthetic):
            known = (
                {Synthetic.START: len(labels)}
                if leaving
                else {Synthetic.REACHED: REACHED, Synthetic.DROPPED: DROPPED}
            )
            if name not in known:
                raise ConfigError(
                    f"{name} is not where a move {'begins' if leaving else 'ends'}. Fix: one of {list(known)}"
                )
            return known[name]
        if name not in labels:
            near = nearest(str(name), labels)
            raise ConfigError(
                f"no node is called {name!r}. Fix: "
                + (f"did you mean {near[0]!r}?" if near else f"one of {cut(list(labels))}")
            )
        return labels.index(name)


def _answer(model: ModelResult) -> ModelResult:
    """Return the model with its tables."""
    parts, chain = model.parts, model.chain
    assert parts is not None and chain is not None
    tables = {"moves": move_frame(parts, chain)}
    if model.before is not None:
        tables["difference"] = difference_frame(parts, model.before, chain)
    return replace(model, table=model_frame(parts, chain), tables=tables)


def _notes(parts: ModelParts, counts: Counts) -> tuple[str, ...]:
    total = counts["cases"].values
    patience = int(total["patience"].max(initial=UNDECLARED))
    notes = []
    if len(parts.edge_n) and patience == UNDECLARED:
        notes.append(NO_PATIENCE)
    elif patience != UNDECLARED:
        notes.append(
            note("patience {patience}: what nothing follows for longer is dropped", patience=Span(patience))
        )
    sample = parts.sample
    lost = int(sample.edge_n[~sample.known].sum())
    if lost:
        notes.append(
            note("{n:,} moves lead where no visit was followed; they are left out of the ways on", n=lost)
        )
    if len(sample.n) and not (sample.target == REACHED).any():
        notes.append(note("no journey reached a goal; declare one with jl.Journeys(goal=...)"))
    notes += under_way_note(int(total["n_under_way"].sum()))
    without = int(total["n_without"].sum())
    return (*notes, note("{n:,} cases visit no node", n=without)) if without else tuple(notes)
