"""The parts of the page: a heading, a sentence, a figure, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from journeylog.core.contracts import Result
from journeylog.core.durations import BIN_NOTE
from journeylog.plots.labels import share
from journeylog.reporting import sentences
from journeylog.reporting.answers import Answers
from journeylog.reporting.figures import Picture, picture
from journeylog.reporting.names import short, visible
from journeylog.reporting.tables import Column, Table, make_table

__all__ = ["PathBar", "Section", "event_table", "sections_of"]


@dataclass(frozen=True)
class PathBar:
    """One path as a line with a bar: its names, the share of journeys as text and as a number from 0 to 1."""

    names: tuple[tuple[str, str], ...]
    more: int
    share: str
    width: float
    n: str
    outcome: str


@dataclass(frozen=True)
class Section:
    """One part of the page.

    Parameters
    ----------
    id, title, nav : str
        Anchor, heading, and the word for it in the list of parts.
    lead : Markup
        What it shows, with numbers.
    pictures : tuple of Picture
    tables : tuple of Table
    notes : tuple of str
        What a reader of the numbers must know.
    bars : tuple of PathBar
        For the section of paths.
    """

    id: str
    title: str
    nav: str
    lead: Markup
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    bars: tuple[PathBar, ...] = ()


def sections_of(answers: Answers, top: int, theme: str) -> list[Section]:
    """Return the parts of the page that have something to show."""
    parts = [_flow(answers, theme)]
    if answers.funnel is not None:
        parts.append(_funnel(answers, theme))
    if len(answers.paths.table):
        parts.append(_paths(answers, top))
    if len(answers.waits.edges):
        parts.append(_waits(answers, top, theme))
    parts.append(_leaves(answers, top, theme))
    return parts


def event_table(answers: Answers) -> Table:
    """Return how often each event occurs."""
    return make_table(answers.facts.table, "Kinds of events", _EVENTS)


def _flow(answers: Answers, theme: str) -> Section:
    lead, staged = sentences.flow_lead(answers), answers.plan.staged
    alt = "Ways. " + sentences.plain(lead)
    shown = [_drawn(answers.flow, "figure-flow", alt, "Between stages" if staged else "", theme=theme)]
    tables = [make_table(answers.flow.table, f"Moves between {answers.plan.node}s", _FLOW)]
    if staged:
        alt = "Ways between events. The table of moves between events has the numbers."
        shown.append(_drawn(answers.moves, "figure-moves", alt, "Between events", theme=theme))
        tables.append(make_table(answers.moves.table, "Moves between events", _FLOW))
    notes = _notes(answers.flow)
    return Section("flow", "Where customers go", "Ways", lead, tuple(shown), tuple(tables), notes)


def _funnel(answers: Answers, theme: str) -> Section:
    assert answers.funnel is not None
    lead = sentences.funnel_lead(answers)
    drawn = _drawn(answers.funnel, "figure-funnel", "Funnel. " + sentences.plain(lead), theme=theme)
    tables = (
        make_table(answers.funnel.table, "Steps of the funnel", _STEPS),
        make_table(answers.funnel.lost_next, "What came next for those who stopped at a step", _NEXT),
    )
    return Section("funnel", "How far they get", "Funnel", lead, (drawn,), tables, _notes(answers.funnel))


def _paths(answers: Answers, top: int) -> Section:
    lead, table = sentences.paths_lead(answers), answers.paths.table
    most = float(table["share"].max())
    bars = tuple(_path_bar(row, most) for row in table.head(top).to_dict("records"))
    tables = [make_table(table, f"Paths through {answers.plan.node}s", _PATHS)]
    if answers.plan.staged:
        tables.append(make_table(answers.event_paths.table, "Paths through events", _PATHS))
    notes = _notes(answers.paths)
    return Section("paths", "Which paths they take", "Paths", lead, (), tuple(tables), notes, bars)


def _waits(answers: Answers, top: int, theme: str) -> Section:
    lead = sentences.waits_lead(answers)
    alt = "Bars of waits. " + sentences.plain(lead)
    drawn = _drawn(answers.waits, "figure-waits", alt, part="edge", rows=top, theme=theme)
    tables = (
        make_table(answers.waits.edges, "Waits between two events", _WAITS),
        make_table(answers.waits.nodes, "Stays at an event until the next", (_STAY, *_WAITS[2:])),
    )
    return Section("waits", "Where they wait", "Waits", lead, (drawn,), tables, _notes(answers.waits))


def _leaves(answers: Answers, top: int, theme: str) -> Section:
    lead, staged = sentences.leave_lead(answers), answers.plan.staged
    alt = "Bars of drop-off. " + sentences.plain(lead)
    heading = "By stage" if staged else ""
    shown = [_drawn(answers.leaves, "figure-leaves", alt, heading, rows=top, theme=theme)]
    caption = f"What became of the visits to each {answers.plan.node}"
    tables = [make_table(answers.leaves.table, caption, _LEAVES)]
    if staged:
        alt = "Bars of drop-off by event. The table has the numbers."
        by_event = answers.event_leaves
        shown.append(_drawn(by_event, "figure-event-leaves", alt, "By event", rows=top, theme=theme))
        tables.append(make_table(by_event.table, "What became of each event", _LEAVES))
    notes = _notes(answers.leaves)
    return Section("leaves", "Where they leave", "Drop-off", lead, tuple(shown), tuple(tables), notes)


def _drawn(result: Result, name: str, alt: str, heading: str = "", **options: Any) -> Picture:
    return picture(result.plot(**options), name, alt, heading)


def _path_bar(row: dict[Any, Any], most: float) -> PathBar:
    names = tuple((short(name, 28), visible(name)[:200]) for name in row["path"][:12])
    words = (("n_reached", "reached the goal"), ("n_dropped", "dropped off"), ("n_open", "open"))
    outcome = ", ".join(f"{row[key]:,} {word}" for key, word in words if row[key])
    return PathBar(
        names,
        len(row["path"]) - len(names) + int(row["truncated"]),
        share(row["share"]),
        round(float(row["share"]) / most, 4) if most > 0 else 0.0,
        sentences.several(row["n_cases"], "journey"),
        outcome,
    )


def _notes(result: Result) -> tuple[str, ...]:
    """Return the notes of a result; how quantiles are made is said once, at the end of the page."""
    return tuple(note[:1].upper() + note[1:] + "." for note in result.notes if note != BIN_NOTE)


def _between(name: str) -> Sequence[Column]:
    """Return the columns of a share and its interval."""
    words = {
        "rate": ("Share", "visits that went this way within the patience, of those watched for all of it"),
        "step_rate": ("Share of step before", "cases that came here, of those at the step before"),
        "total_rate": ("Share of first step", "cases that came here, of those at the first step"),
        "share": ("Share", "journeys that took this path, of all journeys"),
        "drop_rate": ("Dropped off", "visits nothing followed, of those watched long enough to tell"),
        "continue_rate": ("Went on", "visits another one followed, of those watched long enough to tell"),
        "reach_rate": (
            "Reached",
            "visits at which the goal was reached, of those watched long enough to tell",
        ),
    }
    head, meaning = words[name]
    return (
        Column(head, (name,), "share", meaning),
        Column("95 % interval", (f"{name}_low", f"{name}_high"), "interval"),
    )


def _times(prefix: str) -> Sequence[Column]:
    return (
        Column("Mean time", ("time_mean_s",), "time", prefix),
        Column("Half within", ("time_median_s",), "time"),
        Column("90 % within", ("time_p90_s",), "time"),
    )


_TIMED = Column(
    "Timed",
    ("n_timed",),
    "count",
    "moves the times are of: from visits watched long enough, made within the patience",
)
_WAIT = "from the end of one to the start of the next"
_FLOW = (
    Column("From", ("from", "from_kind"), "node"),
    Column("To", ("to", "to_kind"), "node"),
    Column("Moves", ("n",), "count"),
    Column("Journeys", ("n_cases",), "count", "journeys with at least one such move"),
    Column(
        "Watched",
        ("n_from_followed",),
        "count",
        "visits to “from” watched long enough to tell: what the share is of",
    ),
    *_between("rate"),
    _TIMED,
    *_times(_WAIT),
)
_STEPS = (
    Column("Step", ("step",), "count"),
    Column("Name", ("name",), "name"),
    Column("Came", ("n_cases",), "count", "journeys that came to this step"),
    Column("Lost", ("n_lost",), "count", "came here, never to the next step, and are over"),
    Column("Open", ("n_open",), "count", "came here and may still go on"),
    Column("Count", ("n_followed",), "count", "journeys the shares count"),
    *_between("step_rate"),
    *_between("total_rate"),
    *_times("from the step before"),
)
_NEXT = (
    Column("Stopped at", ("name",), "name"),
    Column("What came next", ("next", "next_kind"), "node"),
    Column("Journeys", ("n_cases",), "count"),
    Column("Of", ("n_from_followed",), "count", "stopped journeys the share counts"),
    *_between("rate"),
)
_PATHS = (
    Column("Path", ("path", "truncated"), "path"),
    Column("Journeys", ("n_cases",), "count"),
    Column("Of", ("n_total",), "count", "all journeys"),
    *_between("share"),
    Column("Together", ("cum_share",), "share", "share of all journeys that took this path or one above"),
    Column("Reached", ("n_reached",), "count"),
    Column("Dropped", ("n_dropped",), "count"),
    Column("Open", ("n_open",), "count"),
    Column("Half took", ("time_median_s",), "time", "median time from first to last event"),
)
_STAY = Column("At", ("from",), "name")
_WAITS = (
    Column("From", ("from",), "name"),
    Column("To", ("to",), "name"),
    Column("Moves", ("n",), "count"),
    Column("Journeys", ("n_cases",), "count"),
    _TIMED,
    *_times("for one move"),
    Column("Interval of the median", ("time_median_low_s", "time_median_high_s"), "times", "95 % interval"),
    Column("All of it", ("time_total_s",), "time", "added up over all moves"),
    Column("Above baseline", ("excess_s",), "time", "what each move took above the baseline, added up"),
    Column("Share of that", ("excess_share",), "share", "of all time above the baseline"),
    Column("Returns", ("n_returns",), "count", "moves to something the journey had seen before"),
)
_LEAVES = (
    Column("Name", ("node",), "name"),
    Column("Visits", ("n_entered",), "count"),
    Column("Went on", ("n_continued",), "count"),
    Column("Reached", ("n_reached",), "count", "the goal was reached there"),
    Column("Dropped", ("n_dropped",), "count", "nothing followed for the whole patience"),
    Column("Open", ("n_open",), "count", "the data ends too early to tell"),
    Column(
        "Watched", ("n_followed",), "count", "visits watched for the whole patience: what the shares are of"
    ),
    *_between("drop_rate"),
    *_between("continue_rate"),
)
_EVENTS = (
    Column("Event", ("event",), "name"),
    Column("Times", ("n",), "count"),
    Column("Share of events", ("share",), "share"),
    Column("95 % interval", ("share_low", "share_high"), "interval"),
    Column("Customers", ("n_actors",), "count", "customers with this event at least once"),
    Column("Of", ("n_actors_total",), "count", "all customers"),
    Column("Share of customers", ("actor_share",), "share"),
    Column("95 % interval", ("actor_share_low", "actor_share_high"), "interval"),
)
