"""Experiments: what each variant did to the journeys of those who were assigned to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.comparison.assignment import VARIANT, Assigned, assigned, mismatch
from journeylog.comparison.comparing import sides_of_log
from journeylog.comparison.follow_up import asked_alike, common_follow_up
from journeylog.comparison.groups import Groups
from journeylog.comparison.metrics import Conversion, PerActor, actors_alone, named, per_actor_sides
from journeylog.comparison.table import difference_table, spelled, with_q
from journeylog.core.cases import check_choice
from journeylog.core.chunk import Chunk
from journeylog.core.condition import Condition, freeze
from journeylog.core.contracts import Result, Stat
from journeylog.core.differences import chance_greater
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT
from journeylog.core.notes import note
from journeylog.errors import ConfigError, cut
from journeylog.stats.funnel import Funnel
from journeylog.stats.retention import Retention

__all__ = ["Design", "Experiment", "experiment"]

Floats = npt.NDArray[np.float64]
Metric = Stat | Conversion | PerActor

#: A mismatch of the sample ratio with a p-value below this is told: a check is made often, and seldom by chance so small.
MISMATCH: Final = 0.001


@dataclass(frozen=True)
class Design:
    """What an experiment was asked: how actors were assigned, and what is looked at."""

    assignment: Condition
    variant: str
    control: str
    ratios: tuple[tuple[str, float], ...]
    metrics: tuple[tuple[str, Any], ...]
    both: str

    def to_dict(self) -> dict[str, Any]:
        """Return the design as JSON-able values."""
        metrics = {name: str(metric) for name, metric in self.metrics}
        plain = {**self.__dict__, "ratios": dict(self.ratios), "metrics": metrics}
        return {"kind": "Experiment", **json.loads(json.dumps(plain, default=str))}


@dataclass(frozen=True, eq=False, repr=False)
class Experiment(Result):
    """Variants against the control; see :func:`experiment` for the tables."""

    question: Any
    control: str = ""
    mismatch_p: float = float("nan")

    @property
    def variants(self) -> pd.DataFrame:
        """How many actors each variant has, and how long they were watched."""
        return self.tables["variants"]

    @property
    def supported(self) -> pd.DataFrame:
        """The rows whose difference is supported, in the order of the table."""
        return self.table[self.table["supported"]].reset_index(drop=True)


def experiment(
    log: EventLog,
    *,
    assignment: Condition,
    variant: str,
    metrics: Mapping[str, Metric] | Sequence[Metric],
    control: str | None = None,
    ratios: Mapping[str, float] | None = None,
    both: Literal["first", "drop"] = "first",
    min_n: int = 20,
) -> Experiment:
    """Tell what the variants of an experiment did, for all who were assigned, from their assignment on.

    Parameters
    ----------
    log : EventLog
        With a patience, where a metric asks who left.
    assignment : condition
        The event by which an actor was assigned (see :mod:`journeylog.core.condition`).
    variant : str
        The column that holds the variant at that event.
    metrics : list, or mapping of str to metric
        :class:`journeylog.Conversion`, :class:`journeylog.PerActor`, or any statistic that :func:`journeylog.compare`
        compares. In a mapping each has a name of your own.
    control : str, optional
        The variant the others are held against: by default ``"control"``, else the first of `ratios` or by name.
    ratios : mapping of str to float, optional
        The declared sizes of the variants, for example ``{"old": 9, "new": 1}``; by default all alike.
    both : {"first", "drop"}
        Actors who were assigned to several variants count for the first (intention to treat), or are left out.
    min_n : int
        Rows with fewer on either side are shown, and not tested.

    Returns
    -------
    Experiment
        Table, a row for each metric (and each of its parts) and variant: ``metric, variant, what, measure, unit, n_a, n_b,
        value_a, value_b, difference, difference_low, difference_high, ratio, ratio_low, ratio_high, p, chance_greater, q,
        supported``, a being the control. ``tables["variants"]``: ``variant, n_actors, n_in_several, share, share_expected,
        watched_median_s``.

    Raises
    ------
    ConfigError
        If there are not two variants, or a metric is none.

    Notes
    -----
    Every assigned actor counts for the variant of the first assignment, whatever happened after it, and with what
    happened after it only: an event before it can be no effect. An assignment without a variant is none; notes say how
    many there are, and how many actors have several.

    Journeys begin anew at the assignment, with the goal and the patience they have in the log (one that was estimated stays
    as it is): a goal that was reached before it is no goal reached. The assignment is a start, whatever else is one, and
    nobody is set apart by a run-in, so every assigned actor has a journey of the kinds ``"actor"``, ``"session"`` and
    ``"stretch"``. A session that the assignment cuts begins with it. Notes say how many actors have no case that a metric
    counts, and where a log does not tell how its journeys were made.

    Those assigned late were watched for less long. A conversion or an amount within a time is of those who were watched
    for that time; statistics stand as they do in :func:`journeylog.compare`.

    The sizes of the variants are tested against `ratios` (exactly where they are two, else by chi-squared). With a p-value
    below 0.001 the first note says so: then who is counted depends on the variant, and no difference is to be trusted.

    ``chance_greater`` is the posterior probability that the share of the variant is greater than that of the control,
    by an exact finite sum from uniform priors; of shares of actors only. ``q`` is over all tested rows of the experiment.

    References
    ----------
    R. Kohavi, D. Tang, Y. Xu (2020), Trustworthy Online Controlled Experiments. A. Fabijan et al. (2019), Diagnosing
    sample ratio mismatch in online controlled experiments. KDD 2019. E. Miller (2014), Formulas for Bayesian A/B testing.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny()
    >>> found = jl.experiment(log, assignment="home", variant="channel", metrics=[jl.Conversion("pay", within="30min")])
    >>> found.variants[["variant", "n_actors", "share"]]
      variant  n_actors  share
    0     app         2    0.5
    1     web         2    0.5
    >>> found.table[["metric", "variant", "n_a", "n_b", "value_a", "value_b"]]
                  metric variant  n_a  n_b  value_a  value_b
    0  pay within 30 min     web    1    2      1.0      0.5
    """
    check_choice("both", both, ("first", "drop"))
    asked, frozen = _checked(metrics), freeze(assignment)
    found = assigned(log, frozen, variant, control, ratios, both == "drop")
    tables, notes = [], _notes(found, both)
    for name, metric in asked.items():
        notes += _without_case(found, name, metric)
        for other in found.variants[1:]:
            groups = Groups(
                (found.variants[0], other), VARIANT, (frozenset([found.variants[0]]), frozenset([other]))
            )
            table, more = _rows(found.log, metric, groups, frozen, min_n)
            table.insert(0, "metric", pd.array([name] * len(table), dtype=TEXT))
            table.insert(1, "variant", pd.array([other] * len(table), dtype=TEXT))
            tables.append(table)
            whose = name if len(found.variants) == 2 else f"{name} ({other})"
            notes += [note("{name}: {said}", name=whose, said=said) for said in more]
    sizes = found.table
    test, p = mismatch(sizes["n_actors"].to_numpy(np.int64), sizes["share_expected"].to_numpy(np.float64))
    if p < MISMATCH:
        notes.insert(0, _mismatched(sizes, test, p))
    expected = tuple(zip(sizes["variant"].tolist(), sizes["share_expected"].tolist(), strict=True))
    design = Design(frozen, variant, found.variants[0], expected, tuple(asked.items()), both)
    whole = with_q(pd.concat(tables, ignore_index=True))
    return Experiment(
        design, log.window, whole, {"variants": sizes}, tuple(dict.fromkeys(notes)), found.variants[0], p
    )


def _checked(metrics: Mapping[str, Metric] | Sequence[Metric]) -> dict[str, Metric]:
    """Return the metrics by name."""
    if isinstance(metrics, Mapping):
        found = {str(name): metric for name, metric in metrics.items()}
    else:
        listed = list(metrics) if isinstance(metrics, Sequence) else [metrics]
        names = [named(metric) for metric in listed]
        found = {
            name if names.count(name) == 1 else f"{name} {names[: i + 1].count(name)}": metric
            for i, (name, metric) in enumerate(zip(names, listed, strict=True))
        }
    wrong = [metric for metric in found.values() if not isinstance(metric, Stat | Conversion | PerActor)]
    if wrong or not found:
        what = f"{cut(wrong[0])} is no metric" if wrong else "there is no metric"
        raise ConfigError(
            f"{what}. Fix: for example metrics=[jl.Conversion('pay', within='7d'), jl.DropOff()]"
        )
    return found


def _rows(
    log: EventLog, metric: Metric, groups: Groups, assignment: Condition, min_n: int
) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of one metric and one variant, and what a reader must know."""
    if isinstance(metric, PerActor):
        return _named(difference_table(per_actor_sides(log, metric, groups), min_n)[0], metric), []
    question = metric.question(assignment) if isinstance(metric, Conversion) else metric
    follow = common_follow_up(log, question, groups, "auto")
    question, changed = asked_alike(question, follow)
    sides, _ = sides_of_log(log, question, groups, follow)
    table = difference_table(sides, min_n)[0]
    if isinstance(metric, Conversion):
        table = table[table["measure"] == "total_rate"].assign(measure="conversion").reset_index(drop=True)
        return _named(table, question), []
    return _named(table, question), [*changed, *sides.notes]


def _named(table: pd.DataFrame, question: Any) -> pd.DataFrame:
    """Return the table with its keys in words, and the chance that b is greater where actors are the trials."""
    records = table.to_dict("records")
    single = isinstance(question, PerActor) or (isinstance(question, Funnel) and len(question.names) == 2)
    what = ["" if single else spelled(row).removesuffix(f" ({row['measure']})") for row in records]
    numbers = table.loc[:, "measure":].copy()
    numbers.insert(0, "what", pd.array(what, dtype=TEXT))
    alone = isinstance(question, Retention) or (isinstance(question, Stat) and actors_alone(question))
    chances = [_chance(row) if alone and row["unit"] == "share" else np.nan for row in records]
    numbers["chance_greater"] = np.array(chances, dtype=np.float64)
    return numbers


def _chance(row: Mapping[Any, Any]) -> float:
    """Return the chance that the share of b is the greater one; nan where a side has nobody."""
    if not (row["n_a"] and row["n_b"]):
        return float("nan")
    k = [round(row[f"value_{side}"] * row[f"n_{side}"]) for side in "ab"]
    return chance_greater(k[0], int(row["n_a"]), k[1], int(row["n_b"]))


def _notes(found: Assigned, both: str) -> list[str]:
    notes: list[str] = [
        note(
            "the control is {control!r}; every assigned actor counts, from the first assignment on",
            control=found.variants[0],
        )
    ]
    if found.n_both:
        notes.append(
            note("{n:,} actors were assigned to several variants: they count for the first", n=found.n_both)
            if both == "first"
            else note("{n:,} actors were assigned to several variants: they are left out", n=found.n_both)
        )
    if found.n_without:
        notes.append(note("{n:,} assignments have no variant and are none", n=found.n_without))
    if found.n_other:
        notes.append(
            note(
                "{n:,} actors were first assigned to a variant that was not declared and are left out",
                n=found.n_other,
            )
        )
    if found.n_old >= 0:
        notes.append(
            note(
                "the journeys of the log are not known to be made of the events it has now, so they could not begin anew "
                "at the assignment: {n:,} that were decided before it, or may have been, are left out. Make them again: "
                "log.then(jl.Journeys(...))",
                n=found.n_old,
            )
        )
    return notes


def _without_case(found: Assigned, name: str, metric: Metric) -> list[str]:
    """Return a note where assigned actors have no case that a metric counts."""
    if not isinstance(metric, Stat):
        return []  # of actors, and these are all there

    def count(chunk: Chunk) -> tuple[int, int]:
        ready = metric.prepare(chunk)
        level = ready.cases(metric.case_level(ready))
        return int(np.count_nonzero(np.diff(level.actor_offsets) == 0)), chunk.n_actors

    n, total = np.sum(found.log.source.map(count), axis=0).tolist()
    if not n:
        return []
    return [
        note(
            "{name}: {n:,} of {total:,} assigned actors have no case from the assignment on and are not in it",
            name=name,
            n=n,
            total=total,
        )
    ]


def _mismatched(sizes: pd.DataFrame, test: str, p: float) -> str:
    shown = tuple(
        note(
            "{variant} {n:,} ({share:.1%}, meant to be {expected:.1%})",
            variant=row["variant"],
            n=row["n_actors"],
            share=row["share"],
            expected=row["share_expected"],
        )
        for row in sizes.to_dict("records")
    )
    return note(
        "sample ratio mismatch: {sizes}; p = {p:.1g} ({test}). Who is counted depends on the variant: find out why before "
        "any difference below is believed",
        sizes=shown,
        p=p,
        test=test,
    )
