"""From what the command line names to a log: files, a saved log, or a source list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import journeylog as jl
from journeylog.core.log import EventLog
from journeylog.errors import ConfigError
from journeylog.ingest.rejects import Reason
from journeylog.reporting.sourcelist import read_source_list

__all__ = ["GATE", "Load", "Loaded", "NothingToDo"]

#: Share of rejected rows a batch job accepts unless told otherwise.
GATE: Final = 0.01


class NothingToDo(Exception):
    """There is no event, and the caller said that this is fine."""


@dataclass(frozen=True)
class Loaded:
    """A log, what its source list asks, whether its quality is accepted, and what joining its sources did."""

    log: EventLog
    asked: Mapping[str, Any] = field(default_factory=dict)
    max_rejected: float = GATE
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether no more rows were rejected than allowed."""
        return self.fault_share <= self.max_rejected

    @property
    def faults(self) -> int:
        """Rejected rows, without those that are no events by declaration."""
        card = self.log.card
        return card.rejected - card.reasons.get(Reason.NOT_AN_EVENT.value, 0)

    @property
    def fault_share(self) -> float:
        """Those as a share of the rows in."""
        return self.faults / self.log.card.rows_in if self.faults else 0.0


@dataclass(frozen=True)
class Load:
    """What is to be loaded.

    Parameters
    ----------
    inputs : tuple of Path
    roles : mapping
        Arguments of :func:`journeylog.read`.
    max_rejected : float or None
        None is what the source list says, else 1 %.
    rejects : Path or None
        Where the rejected rows go.
    allow_empty : bool
        Whether no event is nothing to do instead of an empty log.
    until : str, optional
        The end of the interval that is asked for, in place of that of a source list; see :meth:`SourceList.join`.
    """

    inputs: tuple[Path, ...]
    roles: Mapping[str, Any]
    max_rejected: float | None = None
    rejects: Path | None = None
    allow_empty: bool = False
    until: str | None = None

    def __call__(self) -> Loaded:
        """Load it.

        Raises
        ------
        NothingToDo
            If there is no event and that is fine.
        JourneylogError
            If it cannot be loaded.
        """
        if self.allow_empty and all(path.is_file() and not path.stat().st_size for path in self.inputs):
            raise NothingToDo
        loaded = self._load()
        if self.rejects is not None and loaded.log.rejects is not None:
            jl.Rejects(loaded.log.rejects).save(self.rejects)
        if self.allow_empty and not loaded.log.card.rows_in:
            raise NothingToDo
        return loaded

    def _load(self) -> Loaded:
        gate = GATE if self.max_rejected is None else self.max_rejected
        lists = [path for path in self.inputs if path.suffix in (".toml", ".yaml", ".yml")]
        saved = [path for path in self.inputs if path.suffix == ".arrow"]
        for special, what in ((lists, "a source list"), (saved, "a saved log")):
            if special and len(self.inputs) > 1:
                raise ConfigError(
                    f"{special[0]} is {what} and stands alone. Fix: pass it without other inputs"
                )
            if special and self.roles:
                option = f"--{next(iter(self.roles)).replace('_', '-')}"
                raise ConfigError(
                    f"{option} does not go with {what}, which says what its columns are. Fix: leave it out"
                )
        if saved:
            return Loaded(jl.load(saved[0]), {}, gate)
        if lists:
            listed = read_source_list(lists[0])
            asked = dict(listed.asked)
            allowed = asked.pop("max_rejected", GATE)
            found = listed.join(self.until)
            gate = float(allowed) if self.max_rejected is None else gate
            return Loaded(found.log, asked, gate, found.facts)
        return Loaded(self._read_files(), {}, gate)

    def _read_files(self) -> EventLog:
        """Read the files as one table; "-" is standard input."""
        paths = ["-" if str(path) == "-" else path for path in self.inputs]
        log: EventLog = jl.read(paths if len(paths) > 1 else paths[0], **self.roles)
        return log
