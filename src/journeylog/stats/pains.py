"""Pain points: what goes wrong in each stage, all kinds of it in one ranking, by cost or by who is hit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.cases import under_way_note, with_cases
from journeylog.core.chunk import Chunk
from journeylog.core.condition import freeze
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Counts
from journeylog.core.intervals import cluster_share
from journeylog.core.ledger import read_baselines
from journeylog.core.means import cluster_mean, joined_words
from journeylog.core.money import MICRO, amounts_of_events, check_currencies, currencies_seen
from journeylog.core.nodes import TEXT, ratio
from journeylog.core.notes import Note, Span, note
from journeylog.core.pains import EXTRA_KINDS, pain_events, pain_tables
from journeylog.core.rules import first_rule
from journeylog.core.visits import make_visits
from journeylog.core.window import Window, parse_duration
from journeylog.errors import ConfigError, nearest
from journeylog.steps.pains import usual_pains

__all__ = ["PainPoints", "PainPointsResult"]

Floats = npt.NDArray[np.float64]

#: A wait above this hurts, where nobody says what a wait may take.
_LONG: Final = "1d"
_HOUR_MS: Final = 3_600_000
_REPEATED, _WAITING, _REWORK = EXTRA_KINDS


@dataclass(frozen=True)
class PainPoints(Stat):
    """Tell for every stage what goes wrong in it, and rank all of it: by what it costs, else by how many it hits.

    Parameters
    ----------
    rules : "usual" or mapping of str to condition
        Kinds of pain and the events that tell of them, in order. By default the usual names of errors, delays,
        contacts with support, cancellations, and returns and refunds.
    stage : str
        The column that divides the journey. Events without a value are in no stage.
    case : str or None
        What is followed; see :class:`Touchpoints`.
    prices : mapping of str to float or str, optional
        What one event of a kind costs; the name of a column of money (``"value"``) where each event tells it itself.
        ``"waiting"`` is the price of an hour beyond the baseline, ``"rework"`` that of a visit made again, ``"repeat
        contacts"`` that of one of these (by default as of any contact). Nothing is priced that nobody declared.
    baseline : duration, or mapping of (from, to) to duration
        What the wait from one stage to the next may take; a longer one is a pain of the stage it comes after. By
        default a day. What a mapping leaves out may take a day.
    contacts : str or None
        The kind whose events are contacts: those behind the first one of a case are told as ``"repeat contacts"``.
    currency : str, optional
        Count amounts of this currency only. Needed where there are several.

    Raises
    ------
    ConfigError
        If a rule, a price or the baseline is malformed, or amounts in several currencies are asked for.

    Notes
    -----
    Table, one row a stage and kind of pain, the worst first: ``rank, rank_of_stage, stage, kind, n, n_cases, n_actors,
    n_stage_cases, n_cases_total, share, share_low, share_high, rate, rate_low, rate_high, amount, unit, cost, cost_low,
    cost_high``.

    Kinds are those of the rules, and ``repeat contacts``, ``waiting`` (longer than the baseline) and ``rework`` (the
    stage is visited again after another one). Each event, wait and visit is in one row. ``n`` counts them; ``share`` is
    ``n_cases / n_stage_cases``, of the cases that come to the stage, ``rate`` is ``n_cases / n_cases_total``, of all.
    ``amount`` is how much there was of it: events, visits, seconds beyond the baseline, or money, as ``unit`` says.
    Moves are timed as in :class:`Bottlenecks`.

    ``rank`` goes by ``cost`` where a price is known; what nobody priced comes behind, by ``rate``, as a share of all
    cases can be compared across stages and kinds without inventing a price. ``rank_of_stage`` is the same order within
    a stage.

    Intervals of shares are Wilson's; when an actor has several cases they know that these go together. That of a cost
    is of the mean cost of a case, times the cases there were: it knows the same, and takes the price as exact.

    What no event tells of is not seen: a stage without pain points may be one whose errors nobody records. Counts
    merge by addition, keyed by stage and kind.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Stages({"look": ["home", "search"], "buy": ["cart", "pay"]}))
    >>> found = log.compute(jl.PainPoints({"had to search": "search"}, baseline="5min"))
    >>> found.table[["rank", "stage", "kind", "n_cases", "n_stage_cases", "rate"]]
       rank stage           kind  n_cases  n_stage_cases  rate
    0     1  look  had to search        2              4  0.50
    1     2  look        waiting        1              4  0.25
    2     3  look         rework        1              4  0.25
    """

    rules: Any = "usual"
    stage: str = "stage"
    case: str | None = None
    prices: Any = None
    baseline: Any = None
    contacts: str | None = "contacts with support"
    currency: str | None = None

    def __post_init__(self) -> None:
        """Check rules, prices and baseline, and keep them in their frozen form."""
        if self.rules != "usual":
            if not isinstance(self.rules, Mapping) or not self.rules:
                raise ConfigError(
                    f"rules={self.rules!r} is not possible. Fix: 'usual', or {{'errors': 'error*'}}"
                )
            object.__setattr__(self, "rules", {str(kind): freeze(rule) for kind, rule in self.rules.items()})
            taken = [kind for kind in EXTRA_KINDS if kind in self.rules]
            if taken:
                raise ConfigError(f"rules: {taken[0]!r} is told without a rule. Fix: another name")
        if isinstance(self.baseline, Mapping):
            object.__setattr__(self, "baseline", read_baselines(self.baseline))
        elif self.baseline is not None and not isinstance(self.baseline, tuple):
            parse_duration(self.baseline, name="baseline")
        self._check_prices()

    def _check_prices(self) -> None:
        for kind, price in (self.prices or {}).items():
            known = [*self._rules, *EXTRA_KINDS]
            if kind not in known:
                near = nearest(str(kind), known)
                hint = f"did you mean {near[0]!r}?" if near else f"one of {known}"
                raise ConfigError(f"prices: there is no pain {kind!r}. Fix: {hint}")
            if isinstance(price, str) and kind not in EXTRA_KINDS:
                continue
            if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < float("inf"):
                raise ConfigError(f"prices: {kind} = {price!r} is no price. Fix: a number of 0 or more")

    @property
    def _rules(self) -> Mapping[str, Any]:
        return usual_pains() if isinstance(self.rules, str) else self.rules

    @property
    def _columns(self) -> dict[str, str]:
        """The kinds whose events tell what they cost, and the columns they tell it in."""
        return {kind: price for kind, price in (self.prices or {}).items() if isinstance(price, str)}

    def prepare(self, chunk: Chunk) -> Chunk:
        """Return the chunk with a level for an object column when that is the case."""
        return with_cases(chunk, self.case)

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of pains, of stages and of cases."""
        case, kinds = self.case_level(chunk), list(self._rules)
        money = {}
        for kind, column in self._columns.items():
            amounts = amounts_of_events(chunk, column, self.currency)
            if amounts is None:
                raise ConfigError(
                    f"prices: {kind} = {column!r} is no column of money. Fix: jl.read(..., value={column!r}), or a number"
                )
            money[kinds.index(kind)] = amounts
        visits = make_visits(chunk, window, self.stage, case, self.stage != "event")
        stage, told = chunk.category(self.stage), first_rule(chunk, self._rules)
        events = pain_events(chunk, chunk.cases(case), stage, told, money)
        by_move = self.baseline if isinstance(self.baseline, tuple) else ()
        others = self.baseline if isinstance(self.baseline, str | dt.timedelta) else _LONG
        limits = {(a, b): micros // 1000 for a, b, micros in by_move}
        contact = kinds.index(self.contacts) if self.contacts in kinds else -1
        tables = pain_tables(visits, events, tuple(kinds), contact, (limits, parse_duration(others) // 1000))
        if money:
            tables["currencies"] = currencies_seen(chunk, case, next(iter(self._columns.values())))
        return Counts(tables).canonical()

    def result(self, counts: Counts, window: Window) -> PainPointsResult:
        """Return the ranking."""
        pains, stages = counts["pains"], counts["stages"]
        v, mine = pains.values, stages.find(pains, {"stage": "stage"})
        total = {name: int(column.sum()) for name, column in counts["cases"].values.items()}
        if self._columns:
            check_currencies(counts["currencies"], self.currency)
        here, m = stages.values["n_cases"][mine], stages.values["mm"][mine]
        everyone = np.full(len(pains), total["n"], np.int64)
        all_nn = np.full(len(pains), total["nn"], np.int64)
        share = cluster_share(v["n_cases"], here, v["kk"], v["km"], m)
        rate = cluster_share(v["n_cases"], everyone, v["kk"], v["kn"], all_nn)
        kind = pains.coded("kind").names({})
        amount, unit, cost = self._costs(v, kind, everyone, all_nn)
        table = pd.DataFrame(
            {
                "rank": np.zeros(len(pains), np.int64),
                "rank_of_stage": np.zeros(len(pains), np.int64),
                "stage": pd.array(pains.coded("stage").names({}), dtype=TEXT),
                "kind": pd.array(kind, dtype=TEXT),
                **{name: v[name] for name in ("n", "n_cases", "n_actors")},
                "n_stage_cases": here,
                "n_cases_total": everyone,
                "share": ratio(v["n_cases"], here),
                **dict(zip(("share_low", "share_high"), share, strict=True)),
                "rate": ratio(v["n_cases"], everyone),
                **dict(zip(("rate_low", "rate_high"), rate, strict=True)),
                "amount": amount,
                "unit": pd.array(unit, dtype=TEXT),
                **dict(zip(("cost", "cost_low", "cost_high"), cost, strict=True)),
            }
        )
        order = np.lexsort(
            (pains.codes("kind"), mine, -v["n_cases"], -np.nan_to_num(cost[0]), np.isnan(cost[0]))
        )
        table = table.iloc[order].reset_index(drop=True)
        table["rank"] = np.arange(1, len(table) + 1)
        table["rank_of_stage"] = table.groupby("stage", sort=False, observed=True).cumcount() + 1
        each = pd.DataFrame(
            {
                "stage": pd.array(stages.coded("stage").names({}), dtype=TEXT),
                "n_cases": stages.values["n_cases"],
                "n_cases_total": np.full(len(stages), total["n"], np.int64),
            }
        )
        notes = (*self._notes(table), *under_way_note(total["n_under_way"]))
        return PainPointsResult(self, window, table, {"stages": each}, notes)

    def _costs(
        self, v: Any, kind: list[str | None], n: Any, nn: Any
    ) -> tuple[Floats, list[str], tuple[Floats, Floats, Floats]]:
        """Return how much there was of each pain, in which unit, and what it cost with its bounds."""
        prices = dict(self.prices or {})
        if self.contacts in prices:
            prices.setdefault(_REPEATED, prices[self.contacts])
        asked = [prices.get(name) for name in kind]
        units = [
            "s" if name == _WAITING else "visits" if name == _REWORK
            else (self.currency or "money") if isinstance(price, str) else "events"
            for name, price in zip(kind, asked, strict=True)
        ]  # fmt: skip
        size = np.array([1000.0 if u == "s" else 1.0 if u in ("visits", "events") else MICRO for u in units])
        price = np.array(
            [
                np.nan if p is None else 1 / MICRO if isinstance(p, str) else p / _HOUR_MS if u == "s" else p
                for p, u in zip(asked, units, strict=True)
            ],
            dtype=np.float64,
        )
        low, high = cluster_mean(v["amount"], n, *joined_words(v), nn, positive=True)
        scale = price * n
        return v["amount"] / size, units, (v["amount"] * price, low * scale, high * scale)

    def _notes(self, table: pd.DataFrame) -> tuple[Note, ...]:
        found = []
        if self.baseline is None and (table["kind"] == _WAITING).any():
            found.append(
                note(
                    "waits of more than {time} count as pain; baseline= says what they may take",
                    time=Span(parse_duration(_LONG)),
                )
            )
        bare = table.loc[table["cost"].isna(), "kind"].drop_duplicates().tolist()
        if len(table) and len(bare) < table["kind"].nunique():
            if bare:
                found.append(
                    note(
                        "pains are ranked by cost; {n:,} kinds without a price come behind, by the share of all "
                        "journeys they hit",
                        n=len(bare),
                    )
                )
            else:
                found.append(note("pains are ranked by cost"))
        elif len(table):
            found.append(
                note("pains are ranked by the share of all journeys they hit; prices= ranks them by cost")
            )
        return tuple(found)


@dataclass(frozen=True, eq=False, repr=False)
class PainPointsResult(Result):
    """What goes wrong, the worst first; see :class:`PainPoints` for the table."""
