"""JourneyMap: one question made of many, answered in one pass."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from journeylog.core.actor_groups import actor_of_cases
from journeylog.core.chunk import Category, Chunk, Number
from journeylog.core.condition import Condition, freeze
from journeylog.core.contracts import Result, Stat, Step
from journeylog.core.counts import Counts, Table
from journeylog.core.log import EventLog
from journeylog.core.select import keep_actors
from journeylog.core.window import Window
from journeylog.errors import ConfigError, MissingColumnError
from journeylog.journeymap.again import Again
from journeylog.journeymap.analysts import AnalystNote, read_notes
from journeylog.journeymap.cells import Cell, cell_table, find_cell, log_with
from journeylog.journeymap.changes import SCHEMA, changes_since
from journeylog.journeymap.empathy import empathy_table
from journeylog.journeymap.masking import mask_small, sayable
from journeylog.journeymap.rows import ROWS
from journeylog.journeymap.shown import Shown
from journeylog.opportunities import Opportunities
from journeylog.segmentloss import SegmentLoss
from journeylog.stats.acquisition import Acquisition
from journeylog.stats.bottlenecks import Bottlenecks
from journeylog.stats.dropoff import DropOff
from journeylog.stats.dwell import Dwell
from journeylog.stats.ledger import Ledger
from journeylog.stats.moments import Moments
from journeylog.stats.outcomes import Outcomes
from journeylog.stats.pains import PainPoints
from journeylog.stats.reaching import Reaching
from journeylog.stats.retention import Retention
from journeylog.stats.satisfaction import Satisfaction
from journeylog.stats.timeto import TimeTo
from journeylog.stats.touchpoints import Touchpoints
from journeylog.stats.transitions import Transitions
from journeylog.stats.values import Values
from journeylog.stats.voice import Voice
from journeylog.steps.journeys import Journeys
from journeylog.steps.stages import Stages

__all__ = ["JourneyMap", "JourneyMapResult", "Shown"]

_BETWEEN = "/"  # between the name of a part and that of its table
_FILES = "journeylog.reporting.mapfiles"  # above this layer


@dataclass(frozen=True)
class JourneyMap(Stat):
    """Fill in the customer journey map: stages across, what is known of each of them down.

    Parameters
    ----------
    goal : condition, optional
        What a journey is meant to come to; the map then tells how long it takes. :meth:`fill` makes the journeys.
    stages : Stages, mapping or str, optional
        For :meth:`fill`: the stages to put on the log, as a step, its rules, or the name of a preset.
    patience : str, timedelta or None
        For :meth:`fill`: the silence after which a journey counts as dropped.
    stage : str
        The column whose values are the columns of the map.
    touchpoint, channel : str
        The columns that tell what customers do and where; a log without the column ``channel`` has no channels.
    need : str, optional
        A column that tells what customers look or ask for: search terms, contact reasons.
    reason : str, optional
        A column that tells why customers get in touch, counted by stage.
    voice : bool or str
        Whether to tell what customers wrote with their scores: the texts at both ends of the scale without personal
        data, and the words used most. A name is the column of the texts, True is ``"text"``. Names of people are not
        found in a text: read what is shown before sharing it.
    segment : str or None
        A column whose values are segments: what the goal would gain if a stage went as in its best one. A log without
        the column ``channel`` has none.
    within : str or timedelta
        The time after a moment in which the goal counts, for the moments of truth.
    heard_within : str or timedelta
        The time after a stage in which a score counts as one of it.
    pains : "usual", mapping of str to condition, or None
        Events that tell of pain, by kind: ``{"errors": "error*", "refunds": "refunded"}``. By default the usual names
        of errors, delays, contacts with support, cancellations, and returns and refunds.
    prices : mapping of str to float or str, optional
        What one event of a kind of pain costs, by the kinds of `pains`, or the column of money that tells it;
        ``"waiting"`` an hour of waiting beyond the baseline, ``"rework"`` a visit made again. Pain points are ranked by
        what they cost; without a price by the share of all journeys they hit. See :class:`journeylog.PainPoints`.
    baseline : duration, or mapping of (from, to) to duration; optional
        What the wait from one stage to the next may take; a longer one is a pain point. By default a day; and where the
        time goes is then told of all waiting.
    currency : str, optional
        The currency in which money is told; needed where the log has several.
    spend : float or mapping of str to float, optional
        What was spent over the window to win customers: in all, or by channel; see :class:`journeylog.Acquisition`.
    again : str
        The time after the goal in which it may be reached a second time, for repeat purchases.
    top : int
        How many touchpoints, channels, ways on and needs of a stage are listed.

    Raises
    ------
    MissingColumnError
        If the log has no stages, or not a column that was asked for by name.

    Notes
    -----
    Table, one row a cell: ``stage, row, measure, item, value, unit, low, high, n, masked, code``. ``stage`` is missing where
    the whole journey is meant; ``code`` are three lines of Python that compute the value anew from ``log``, the log
    that the map was asked of.

    The map asks several statistics in one pass and adds nothing of its own: their definitions are the map's.
    Counts are those of the parts and merge as these do.

    Examples
    --------
    >>> import journeylog as jl
    >>> question = jl.JourneyMap("pay", stages={"look": ["home", "search"], "buy": ["cart", "pay"]}, patience="1h")
    >>> filled = question.fill(jl.datasets.tiny())
    >>> table = filled.table
    >>> drop = table[(table["row"] == "loss") & (table["measure"] == "drop")].reset_index(drop=True)
    >>> drop[["stage", "value", "n"]]
      stage  value  n
    0  look   0.25  4
    1   buy   0.00  3
    >>> lines = filled.cell("look", "loss", "drop").code
    >>> print(lines[lines.index("jl.Journeys") :])
    jl.Journeys('pay', patience='1h', goal_ends=False)).compute(jl.DropOff(node='stage', case=None, merge=None)).table
    row = table.loc[(table['node'] == 'look')].iloc[0]
    value = row['drop_rate']
    """

    goal: Condition = None
    _: KW_ONLY
    stages: Any = None
    patience: Any = "30d"
    stage: str = "stage"
    touchpoint: str = "event"
    channel: str = "channel"
    need: str | None = None
    reason: str | None = None
    voice: bool | str = False
    segment: str | None = "channel"
    within: Any = "30d"
    heard_within: Any = "7d"
    pains: Any = "usual"
    prices: Any = None
    baseline: Any = None
    currency: str | None = None
    spend: Any = None
    again: str = "90d"
    top: int = 3

    def __post_init__(self) -> None:
        """Keep conditions and stages in their frozen form."""
        if self.goal is not None:
            object.__setattr__(self, "goal", freeze(self.goal))
        if self.stages is not None and not isinstance(self.stages, Stages):
            object.__setattr__(self, "stages", Stages(self.stages))
        if self.pains is not None:
            object.__setattr__(self, "pains", PainPoints(self.pains).rules)
        object.__setattr__(self, "baseline", PainPoints(baseline=self.baseline).baseline)
        self.parts()  # says what is wrong with prices and spending before anything is counted
        if isinstance(self.top, bool) or not isinstance(self.top, int) or self.top < 1:
            raise ConfigError(f"top={self.top!r} is not possible. Fix: a whole number of at least 1")

    def fill(self, log: EventLog, *, by: str | None = None) -> Any:
        """Return the map of a log, with the stages and journeys this question declares put on it.

        The journeys do not end with their goal, as what comes after it is part of the map; those a log has are kept.

        Parameters
        ----------
        log : EventLog
        by : str, optional
            A categorical column: one map for each of its values.

        Returns
        -------
        JourneyMapResult, or Grouped with `by`
        """
        steps = self.steps_for(log)
        found = log.then(*steps).compute(self, by=by)
        if by is None:
            return found.of_log(log_with(steps))
        return replace(found, results={v: one.of_log(log_with(steps), (by, v)) for v, one in found.items()})

    def steps_for(self, log: EventLog) -> tuple[Step, ...]:
        """Return the steps that this question declares: its stages, and its journeys unless the log has such."""
        journeys = any(log.source.map(lambda chunk: "journey" in chunk.levels, 1))
        stages = () if self.stages is None else (self.stages,)
        return stages if journeys else (*stages, Journeys(self.goal, self.patience, goal_ends=False))

    def prepare(self, chunk: Chunk) -> Chunk:
        """Return the chunk, after a look that it has stages."""
        if self.stage == "stage" and "stage" not in chunk.columns:
            raise MissingColumnError(
                "the log has no stages, which are the columns of the map. Fix: jl.JourneyMap(..., stages=...).fill(log), "
                "or log.then(jl.Stages(...)) first"
            )
        for name, usual in ((self.channel, "channel"), (self.segment, "channel")):
            if name is not None and name != usual:
                chunk.category(name)  # only what nobody asked for may be missing
        return chunk

    def parts(self) -> dict[str, Stat]:
        """Return the statistics that the map asks, each with the name of its part."""
        found: dict[str, Stat] = {
            "outcomes": Outcomes(),
            "drop_off": DropOff(node=self.stage),
            "flow": Transitions(node=self.stage, quantiles=False),
            "waits": Bottlenecks(node=self.stage),
            "dwells": Dwell(node=self.stage),
            "reaching": Reaching(node=self.stage),
            "ledger": Ledger(node=self.stage, baseline=self.baseline, currency=self.currency),
            "values": Values(node=self.stage, currency=self.currency),
            "touchpoints": Touchpoints(self.touchpoint, self.stage),
            "channels": Touchpoints(self.channel, self.stage),
            "scores": Satisfaction(node=self.stage, within=self.heard_within),
        }
        if self.need is not None:
            found["needs"] = Touchpoints(self.need, self.stage)
        if self.reason is not None:
            found["reasons"] = Touchpoints(self.reason, self.stage)
        if self.voice:
            text = "text" if self.voice is True else self.voice
            found["voice"] = Voice(node=self.stage, within=self.heard_within, text=text, top=self.top)
        if self.pains is not None:
            found["pains"] = PainPoints(
                self.pains, self.stage, prices=self.prices, baseline=self.baseline, currency=self.currency
            )
        if self.segment is not None:
            found["opportunities"] = Opportunities(node=self.stage, by=self.segment, currency=self.currency)
            found["segments"] = SegmentLoss(node=self.stage, by=self.segment)
        if self.spend is not None:
            found["acquisition"] = Acquisition(self.spend, self.channel, self.currency)
        if self.goal is not None:
            found["cycle"] = TimeTo({"goal": self.goal})
            found["again"] = Again(self.goal, self.again)
            found["back"] = Retention("30d", 1, start=self.goal)
            found["moments"] = Moments(
                self.goal, self.within, node=self.touchpoint, at=self.stage, transitions=False
            )
        return found

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of all parts that the log has columns for."""
        tables: dict[str, Table] = {}
        customers = self._customers(chunk)
        for name, part in self.parts().items():
            needed = {
                "channels": (self.channel, Category),
                "opportunities": (self.segment or "", Category),
                "segments": (self.segment or "", Category),
                "scores": ("score", Number),
                "values": ("value", Number),
            }.get(name)
            if needed is not None and not isinstance(chunk.columns.get(needed[0]), needed[1]):
                continue
            whole = part.case_level(chunk) == "actor"
            counts = part.summarize(part.prepare(customers if whole else chunk), window)
            tables |= {f"{name}{_BETWEEN}{table}": rows for table, rows in counts.tables.items()}
        return Counts(tables)

    def _customers(self, chunk: Chunk) -> Chunk:
        """Return the chunk of those whose journeys are counted: with ``by=`` these are some of the actors."""
        level = chunk.cases(self.case_level(chunk))
        if len(level.actor_offsets) == chunk.n_actors + 1:
            return chunk
        mine = np.bincount(actor_of_cases(chunk, level), minlength=chunk.n_actors) > 0
        return keep_actors(Chunk(chunk.actors, chunk.offsets, chunk.time, chunk.columns), mine)

    def result(self, counts: Counts, window: Window) -> JourneyMapResult:
        """Return the cells, taken from the answers of the parts."""
        found: dict[str, dict[str, Table]] = {}
        for name, rows in counts.tables.items():
            part, table = name.split(_BETWEEN, 1)
            found.setdefault(part, {})[table] = rows
        if self.currency is None and len(found.get("values", {"currencies": ()})["currencies"]) > 1:
            del found["values"]  # several currencies are never added; the ledger says so
        answers = {
            name: part.result(Counts(found[name]), window)
            for name, part in self.parts().items()
            if name in found
        }
        cells = tuple(cell for row in ROWS.values() for cell in row(answers, self.top))
        notes = dict.fromkeys(note for answer in answers.values() for note in answer.notes)
        return JourneyMapResult(self, window, cell_table(cells), {}, tuple(notes), cells, answers)


@dataclass(frozen=True, eq=False, repr=False)
class JourneyMapResult(Result):
    """The map; see :class:`JourneyMap` for the table."""

    cells: tuple[Cell, ...] = ()
    answers: Mapping[str, Result] = field(default_factory=dict)
    analyst_notes: tuple[AnalystNote, ...] = ()

    @property
    def stages(self) -> tuple[str, ...]:
        """The columns of the map in their order."""
        return tuple(self.answers["touchpoints"].tables["stages"]["stage"].tolist())

    def cell(self, stage: str | None, row: str, measure: str, item: str | None = None) -> Cell | None:
        """Return one cell, None when the map has no such; a stage or a row that no map like it has is refused."""
        return find_cell(self.cells, (stage, row, measure, item), self.stages, ROWS)

    def of_log(self, log: str, by: tuple[str, str | None] | None = None) -> JourneyMapResult:
        """Return the map whose cells are computed anew from this log, as it is written in Python, and group."""
        cells = tuple(replace(cell, log=log, by=by) for cell in self.cells)
        return replace(self, table=cell_table(cells), cells=cells)

    @property
    def empathy(self) -> pd.DataFrame:
        """What customers say, do and feel, from the data; what they think and need, from analysts' notes alone."""
        return empathy_table(self.stages, self.cells, self.analyst_notes)

    def with_notes(self, notes: str | Path | Mapping[str, Any]) -> JourneyMapResult:
        """Return the map with the notes of analysts, which are shown apart and touch no number.

        Parameters
        ----------
        notes : str, Path or mapping
            A file in YAML or TOML, or its content: for each stage what customers may think and need, what pains them,
            and ideas; see :func:`journeylog.journeymap.analysts.read_notes`.

        Raises
        ------
        ParseError
            If the file cannot be read.
        ConfigError
            If the map has no such stage, or a key is not known.

        Examples
        --------
        >>> import journeylog as jl
        >>> question = jl.JourneyMap("pay", stages={"look": ["home", "search"], "buy": ["cart", "pay"]}, patience="1h")
        >>> notes = {"stages": {"buy": {"thinks": "Is my card safe here?", "author": "Ann", "date": "2025-04-02"}}}
        >>> filled = question.fill(jl.datasets.tiny()).with_notes(notes)
        >>> filled.empathy.query("origin == 'analyst'")[["stage", "part", "text", "author"]]
          stage    part                   text author
        4   buy  thinks  Is my card safe here?    Ann
        """
        return replace(self, analyst_notes=read_notes(notes, self.stages))

    def masked(self, k: int = 5) -> JourneyMapResult:
        """Return the map without the cells of fewer than `k` customers, and without what would give them away."""
        return self if k < 2 else self.with_cells(mask_small(self.cells, k), k)

    def with_cells(self, cells: tuple[Cell, ...], k: int) -> JourneyMapResult:
        """Return the map with cells of which those of fewer than `k` customers are masked."""
        return replace(self, table=cell_table(cells), cells=cells, notes=sayable(self.notes, cells, k))

    def changes(self, before: JourneyMapResult | Mapping[str, Any] | str | Path) -> pd.DataFrame:
        """Return what changed since an earlier map; see :func:`journeylog.journeymap.changes.changes_since`."""
        return changes_since(self, before)

    def to_dict(self) -> dict[str, Any]:
        """Return the map as JSON-able values, with the version of its schema."""
        noted = [note.to_dict() for note in self.analyst_notes]
        return {"schema": SCHEMA, "stages": list(self.stages), **super().to_dict(), "analyst_notes": noted}

    def show(self, **options: Any) -> Shown:
        """Return the page for a notebook; the options are those of :meth:`save` for a page."""
        return Shown(importlib.import_module(_FILES).map_bytes(self, ".html", **options).decode())

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, for notebooks."""
        return self.show(mask=0)._repr_html_()

    def save(self, path: str | Path, **options: Any) -> Path:
        """Write the map, whole or not at all.

        A page without scripts (``.html``), a picture (``.svg``), a text page (``.md``), a workbook (``.xlsx``), the data
        (``.json``; its schema: ``journeylog schema map``), or the cells as a table (``.parquet``, ``.csv``).

        Parameters
        ----------
        path : str or Path
        **options
            ``lang="en"`` or ``"ru"`` and ``title=`` for all but the data; for a page also ``theme="light"`` or ``"dark"``,
            ``before=``, an earlier map or its data, and ``benchmark=``, figures: supported changes are then told. ``mask=5``
            for all: cells of fewer customers are not told; 0 tells everything.

        Raises
        ------
        ConfigError
            If the file's ending or an option is unknown.
        OutputError
            If the file cannot be written; what was there before is untouched.
        """
        written: Path = importlib.import_module(_FILES).save_map(self, path, **options)
        return written
