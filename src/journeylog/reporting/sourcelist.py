"""A source list: one TOML or YAML file that says where the data is, what its columns mean, and what to ask."""

from __future__ import annotations

import datetime as dt
import inspect
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import journeylog as jl
from journeylog.core.log import EventLog
from journeylog.core.schema import DAY
from journeylog.core.time import moment
from journeylog.core.window import utc_text
from journeylog.errors import ConfigError, JourneylogError, ParseError, cut, nearest
from journeylog.journeymap.analysts import read_yaml
from journeylog.reporting.joining import Joined, joined
from journeylog.reporting.schema import check_config

__all__ = ["SourceList", "read_config", "read_source_list", "read_table", "stages_of"]

#: How long after the end of the interval a time is plausible.
_LATER: Final = 18_263 * DAY
_NOT_IN_FILES: Final = frozenset({"name", "path"})


@dataclass(frozen=True)
class SourceList:
    """What a source list says.

    Parameters
    ----------
    file : Path
        Paths in it are relative to its folder.
    sources : tuple of mapping
        For each source its name, its path, and arguments of :func:`journeylog.read`.
    asked : mapping
        What to ask: title, goal, patience, start, of, gap, stages, funnel, within, window, now, stitch, precedence, top,
        theme, fail_on, max_rejected, prices, design, benchmark, show, and the tables identity, offsets, same, map,
        personas, output and alert.
    """

    file: Path
    sources: tuple[Mapping[str, Any], ...]
    asked: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> EventLog:
        """Read all sources and join them; see :meth:`join`."""
        return self.join().log

    def join(self, until: str | None = None) -> Joined:
        """Read all sources and join them, in the order of the list.

        Which times are plausible is said by ``now``; else, where there is an interval, by its end (times up to fifty years
        later are, as they are cut off anyway); so the same files are read alike in any year. Only where there is neither
        the clock says it.

        Parameters
        ----------
        until : str, optional
            The end of the interval, in place of that of the list.

        Raises
        ------
        JourneylogError
            If a source cannot be read; the message names it.
        """
        logs = {str(source["name"]): self._read(i, source, until) for i, source in enumerate(self.sources)}
        try:
            found = joined(logs, self.sources, self.asked, self.file.parent)
        except JourneylogError as error:
            raise type(error)(f"{self.file.name}: {error}") from error
        if "window" in self.asked:
            found = replace(found, log=found.log.between(*self.asked["window"]))
        return found

    def _read(self, position: int, source: Mapping[str, Any], until: str | None) -> EventLog:
        where = f"{self.file.name}, source {position + 1} ({source['name']})"
        arguments = {key: value for key, value in source.items() if key not in _NOT_IN_FILES}
        arguments.setdefault("source", jl.constant(source["name"]))
        if not {"now", "time_range"} & set(arguments):
            arguments |= self._plausible(until)
        if isinstance(arguments.get("now"), str):
            arguments["now"] = _moment(arguments["now"], f"{where}: now")
        if "history" in arguments:
            arguments["history"] = _history(arguments["history"], where)
        for role in ("event", "source", "channel", "currency"):
            if isinstance(arguments.get(role), Mapping):
                arguments[role] = _constant(arguments[role], f"{where}: {role}")
        try:
            log: EventLog = jl.read(self.file.parent / source["path"], **arguments)
        except TypeError as error:
            raise ConfigError(f"{where}: {error}") from error
        except JourneylogError as error:
            raise type(error)(f"{where}: {error}") from error
        return log

    def _plausible(self, until: str | None) -> dict[str, Any]:
        """Return which times are plausible in all sources, as an argument of :func:`journeylog.read`."""
        if "now" in self.asked:
            return {"now": str(self.asked["now"])}
        end = self.asked.get("window", (None, None))[1] if until is None else until
        if end is None:
            return {}
        latest = min(moment(end, "--to" if until else "window") + _LATER, moment("9999-01-01", "window"))
        return {"time_range": (None, utc_text(latest) + "Z")}


def read_config(path: str | Path) -> EventLog:
    """Read all sources that a configuration file names, and join them into one log.

    Parameters
    ----------
    path : str or Path
        A TOML or YAML file as :command:`journeylog report` and :command:`journeylog run` take it. Paths in it are
        relative to its folder.

    Raises
    ------
    ConfigError
        If the file is no TOML or YAML, or a key is unknown, missing or of the wrong type; the message names the key.
    JourneylogError
        If a source cannot be read; the message names it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import journeylog as jl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     jl.write(jl.datasets.tiny(), folder + "/clicks.parquet") and None
    ...     text = '[[source]]\\nname = "clicks"\\npath = "clicks.parquet"\\nactor = "actor"\\nevent = "event"'
    ...     text += '\\ntime = "time"'
    ...     _ = Path(folder, "shop.toml").write_text(text)
    ...     jl.read_config(folder + "/shop.toml").n_events
    12
    """
    return read_source_list(Path(path)).load()


def read_source_list(path: Path) -> SourceList:
    """Read and check a source list.

    Raises
    ------
    ConfigError
        If the file is no TOML or YAML, or a key is unknown, missing or of the wrong type; the message names the key.
    """
    data = read_table(path)
    check_config(data, path.name)
    sources = data.pop("source")
    if "stages" in data:
        data["stages"] = stages_of(data["stages"], path.parent)
    if "notes" in data.get("map", {}):
        data["map"]["notes"] = str(path.parent / data["map"]["notes"])
    for key in ("design", "benchmark"):
        if isinstance(data.get(key), str):
            data[key] = str(path.parent / data[key])
    return SourceList(path, tuple(sources), data)


def stages_of(given: str | Mapping[str, Any], folder: Path) -> Any:
    """Return stages from a preset's name, a table, or a TOML or YAML file with a table of stages."""
    if not isinstance(given, str) or not given.endswith((".toml", ".yaml", ".yml")):
        return given
    data = read_table(folder / given)
    table = data.get("stages", data)
    if not isinstance(table, dict) or not table:
        raise ConfigError(
            f'{given} has no stages. Fix: a table [stages] with lines such as buy = ["cart", "pay*"]'
        )
    return table


def read_table(path: Path) -> dict[str, Any]:
    """Return what a file in TOML or YAML says; days and times in it are texts."""
    kind = "TOML" if path.suffix == ".toml" else "YAML"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Fix: check the path") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no UTF-8 text. Fix: save it as UTF-8") from error
    try:
        found = tomllib.loads(text) if kind == "TOML" else read_yaml(text, path.name)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no TOML: {error}. Fix: see https://toml.io") from error
    except ParseError as error:
        raise ConfigError(str(error)) from error
    if not isinstance(found, dict):
        raise ConfigError(f"{path.name} is no table. Fix: begin with lines such as goal: paid")
    table: dict[str, Any] = _plain(found)
    return table


def _plain(value: Any) -> Any:
    """Return a value in which days and times are texts, as both forms write them without quotes."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


def _check_key(key: str, known: Iterable[str], where: str) -> None:
    if key not in set(known):
        near = nearest(key, known)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {sorted(known)}"
        raise ConfigError(f"{where}unknown key {key!r}. Fix: {hint}")


def _moment(given: str, where: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(given)
    except ValueError as error:
        raise ConfigError(f"{where} = {given!r} is no time. Fix: write it as 2025-03-01T00:00:00Z") from error


def _history(given: Any, where: str) -> Any:
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"{where}: history = {cut(given)} is no table. Fix: history = {{object = ..., new = ..., time = ...}}"
        )
    known = set(inspect.signature(jl.History).parameters)
    for key in given:
        _check_key(key, known, f"{where}: history: ")
    try:
        return jl.History(**given)
    except TypeError as error:
        raise ConfigError(f"{where}: history: {error}. Fix: it needs object, new and time") from error


def _constant(given: Mapping[str, Any], where: str) -> Any:
    if set(given) != {"constant"}:
        raise ConfigError(
            f'{where} = {cut(dict(given))} is no column. Fix: a column, or {{constant = "word"}}'
        )
    return jl.constant(given["constant"])
