"""What a path statistic asks: nodes of a column in the cases of a level."""

from __future__ import annotations

from dataclasses import dataclass

from journeylog.core.chunk import Category, Chunk, Level
from journeylog.core.contracts import Stat
from journeylog.core.notes import Note, note
from journeylog.core.objects import object_level
from journeylog.core.visits import Visits, make_visits
from journeylog.core.window import Window, format_duration
from journeylog.errors import ConfigError

__all__ = [
    "NO_PATIENCE",
    "PathStat",
    "case_words",
    "check_choice",
    "node_column",
    "under_way_note",
    "with_cases",
]

#: Note of a result whose cases have no declared patience.
NO_PATIENCE = note(
    "no patience was declared, so unfinished journeys are open and none is called dropped; "
    "declare one with jl.Journeys(patience=...)"
)


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise :class:`ConfigError` unless the value is one of the choices."""
    if value not in choices:
        raise ConfigError(f"{name}={value!r} is not possible. Fix: one of {list(choices)}")


def with_cases(chunk: Chunk, case: str | None) -> Chunk:
    """Return the chunk with a level for an object column when that is the case."""
    if case is None or case in ("actor", "session", "journey") or case in chunk.levels:
        return chunk
    if case in chunk.columns:
        return chunk.with_level(case, object_level(chunk, case))
    chunk.cases(case)  # raises with the levels there are
    return chunk


def under_way_note(n_under_way: int) -> tuple[Note, ...]:
    """Return the note of a result on the cases that are no newcomers; nothing where there are none."""
    if n_under_way <= 0:
        return ()
    return (
        note(
            "{n:,} cases began in the run-in and may have been under way before the window: they are not counted",
            n=n_under_way,
        ),
    )


def case_words(level: Level) -> str:
    """Return how many cases there are, as a log's card says it: those set apart, and an estimated patience."""
    words = f"{len(level):,}"
    if level.under_way is not None:
        words += (
            f"; {level.n_under_way:,} more began in the run-in of {format_duration(level.terms.run_in)} "
            "and are set apart"
        )
    if level.terms.estimated:
        words += f"; patience {format_duration(level.patience)}, from {level.terms.n_returns:,} return gaps"
    return words


def node_column(chunk: Chunk, node: str | None) -> str:
    """Return the column whose values are the nodes; None is ``"stage"`` where there are stages, else ``"event"``."""
    if node is not None:
        return node
    stage = chunk.columns.get("stage")
    return "stage" if isinstance(stage, Category) and stage.ordered else "event"


@dataclass(frozen=True)
class PathStat(Stat):
    """A statistic over the paths of cases through the nodes of a column.

    Parameters
    ----------
    node : str or None
        A categorical column: ``"event"``, ``"stage"``, ``"channel"`` or any other. None is ``"stage"`` when
        :class:`journeylog.Stages` has made stages (an attribute that happens to be called so is none) and
        ``"event"`` otherwise.
    case : str or None
        What is followed: ``"actor"``, ``"session"``, ``"journey"``, or a column that names an object (order,
        deal). None is ``"journey"`` when the log has journeys and ``"actor"`` otherwise.
    merge : bool or None
        Whether neighbouring events of one node are one visit. None is False for events and True otherwise.
    """

    node: str | None = None
    case: str | None = None
    merge: bool | None = None

    def prepare(self, chunk: Chunk) -> Chunk:
        """Return the chunk with a level for an object column when that is the case."""
        return with_cases(chunk, self.case)

    def node_of(self, chunk: Chunk) -> str:
        """Return the column whose values are the nodes."""
        return node_column(chunk, self.node)

    def visits(self, chunk: Chunk, window: Window) -> Visits:
        """Return the visits this statistic counts."""
        node = self.node_of(chunk)
        merge = self.merge if self.merge is not None else node != "event"
        return make_visits(chunk, window, node, self.case_level(chunk), merge)
