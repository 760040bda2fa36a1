"""A source list: one TOML file that says where the data is, what its columns mean, and what to ask."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import journeylog as jl
from journeylog.core.log import EventLog
from journeylog.errors import ConfigError, JourneylogError, cut, nearest

__all__ = ["SourceList", "read_config", "read_source_list", "read_toml", "stages_of"]

_TEXT: Final = (str,)
_ASKED: Final[Mapping[str, tuple[tuple[type, ...], str]]] = {
    "title": (_TEXT, "text"),
    "goal": ((str, list, dict), "an event name, a list of them, or a table of column conditions"),
    "patience": (_TEXT, "a duration such as '30d'"),
    "start": ((str, list, dict), "an event name, a list of them, or a table of column conditions"),
    "of": (_TEXT, "'actor', 'session', 'stretch' or a column"),
    "gap": (_TEXT, "a duration such as '30min'"),
    "stages": ((str, dict), "a preset ('shop', 'saas', 'bank'), a file, or a table of stages"),
    "funnel": ((list, dict), "a list of steps, or a table of name to condition"),
    "within": (_TEXT, "a duration such as '7d'"),
    "window": ((list,), "a list of two times, the first and the last"),
    "stitch": (_TEXT, "a column with the known id"),
    "top": ((int,), "a whole number"),
    "theme": (_TEXT, "'light' or 'dark'"),
    "fail_on": ((str, dict), "'error', 'warning', or a table such as {ties = 0.05}"),
    "max_rejected": ((int, float), "a share from 0 to 1"),
    "map": ((dict,), "a table [map]"),
    "output": ((dict,), "a table [output]"),
    "alert": ((list,), "tables [[alert]]"),
}
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
        What to ask: title, goal, patience, start, of, gap, stages, funnel, within, window, stitch, top, theme,
        fail_on, max_rejected.
    """

    file: Path
    sources: tuple[Mapping[str, Any], ...]
    asked: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> EventLog:
        """Read all sources and join them, in the order of the list.

        Raises
        ------
        JourneylogError
            If a source cannot be read; the message names it.
        """
        logs = [self._read(i, source) for i, source in enumerate(self.sources)]
        log: EventLog = logs[0] if len(logs) == 1 else jl.combine(*logs)
        if "stitch" in self.asked:
            log = jl.stitch(log, by=self.asked["stitch"])
        if "window" in self.asked:
            log = log.between(*self.asked["window"])
        return log

    def _read(self, position: int, source: Mapping[str, Any]) -> EventLog:
        where = f"{self.file.name}, source {position + 1} ({source['name']})"
        arguments = {key: value for key, value in source.items() if key not in _NOT_IN_FILES}
        arguments.setdefault("source", jl.constant(source["name"]))
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


def read_config(path: str | Path) -> EventLog:
    """Read all sources that a configuration file names, and join them into one log.

    Parameters
    ----------
    path : str or Path
        A TOML file as :command:`journeylog report` and :command:`journeylog run` take it. Paths in it are relative to
        its folder.

    Raises
    ------
    ConfigError
        If the file is no TOML, or a key is unknown, missing or of the wrong type; the message names the key.
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
        If the file is no TOML, or a key is unknown, missing or of the wrong type; the message names the key.
    """
    data = read_toml(path)
    sources = data.pop("source", None)
    if not isinstance(sources, list) or not sources:
        raise ConfigError(f"{path.name} names no source. Fix: begin each one with a line [[source]]")
    for key, value in data.items():
        _check_key(key, _ASKED, f"{path.name}: ")
        types, words = _ASKED[key]
        if not isinstance(value, types) or isinstance(value, bool):
            raise ConfigError(f"{path.name}: {key} = {cut(value)} is not possible. Fix: {words}")
    if "window" in data and len(data["window"]) != 2:
        raise ConfigError(
            f"{path.name}: window = {cut(data['window'])} is not possible. Fix: {_ASKED['window'][1]}"
        )
    if "stages" in data:
        data["stages"] = stages_of(data["stages"], path.parent)
    known = _read_arguments() | _NOT_IN_FILES
    for i, source in enumerate(sources):
        where = f"{path.name}: source {i + 1}"
        if not isinstance(source, dict):
            raise ConfigError(f"{where} is no table. Fix: begin it with a line [[source]]")
        for key in source:
            _check_key(key, known, f"{where}: ")
        for key in ("name", "path"):
            if not isinstance(source.get(key), str) or not source[key]:
                raise ConfigError(f'{where} has no {key}. Fix: write {key} = "..."')
    names = [source["name"] for source in sources]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ConfigError(f"{path.name}: two sources are called {twice[0]!r}. Fix: give each its own name")
    return SourceList(path, tuple(sources), data)


def stages_of(given: str | Mapping[str, Any], folder: Path) -> Any:
    """Return stages from a preset's name, a table, or a TOML file with a table of stages."""
    if not isinstance(given, str) or not given.endswith(".toml"):
        return given
    data = read_toml(folder / given)
    table = data.get("stages", data)
    if not isinstance(table, dict) or not table:
        raise ConfigError(
            f'{given} has no stages. Fix: a table [stages] with lines such as buy = ["cart", "pay*"]'
        )
    return table


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file as a table."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Fix: check the path") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no UTF-8 text. Fix: save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no TOML: {error}. Fix: see https://toml.io") from error


def _check_key(key: str, known: Iterable[str], where: str) -> None:
    if key not in set(known):
        near = nearest(key, known)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {sorted(known)}"
        raise ConfigError(f"{where}unknown key {key!r}. Fix: {hint}")


def _read_arguments() -> set[str]:
    """Return the names a source may have: what :func:`journeylog.read` takes besides the data itself."""
    return set(list(inspect.signature(jl.read).parameters)[1:])


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
