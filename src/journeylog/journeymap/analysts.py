"""Notes of analysts: what people who know the customers think of a stage, kept apart from what the data says."""

from __future__ import annotations

import datetime as dt
import importlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from journeylog.errors import ConfigError, MissingPackageError, ParseError, cut, explain, nearest

__all__ = ["NOTE_KINDS", "AnalystNote", "known_keys", "read_file", "read_notes", "read_yaml"]

#: What a note can be about, in the order of the page.
NOTE_KINDS: Final = ("thinks", "needs", "pains", "ideas")
_SIGNED: Final = ("author", "date", "link")
_LARGEST: Final = 1 << 20
#: The first line of a file, for errors.
_FIRST: Final[Mapping[str, str]] = {"notes": "stages:", "designs": "ways: or rules:", "figures": "figure:"}


@dataclass(frozen=True)
class AnalystNote:
    """One note.

    Parameters
    ----------
    stage : str
        A column of the map.
    kind : str
        ``"thinks"``, ``"needs"``, ``"pains"`` or ``"ideas"``.
    text : str
    author, date, link : str or None
        Who wrote it, on which day (ISO 8601), and where more is to be read.
    """

    stage: str
    kind: str
    text: str
    author: str | None = None
    date: str | None = None
    link: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        """Return the note as JSON-able values."""
        return asdict(self)


def read_notes(given: str | Path | Mapping[str, Any], stages: Sequence[str]) -> tuple[AnalystNote, ...]:
    """Read notes from a file (``.yaml``, ``.yml`` or ``.toml``), or take them from a mapping of the same form.

    Parameters
    ----------
    given : str, Path or mapping
        ``{"author": ..., "date": ..., "stages": {stage: {kind: text or list of texts, "author": ...}}}``. In place of a
        text stands a mapping where a note has its own author, date or link: ``{"text": ..., "link": ...}``.
    stages : sequence of str
        The columns of the map.

    Returns
    -------
    tuple of AnalystNote
        In the order of the stages and kinds.

    Raises
    ------
    ParseError
        If the file is neither YAML nor TOML, or holds what notes need not: tags, anchors, a key twice.
    ConfigError
        If a key or a stage is not known, or a value is not what its key wants.

    Examples
    --------
    >>> read_notes({"stages": {"pay": {"thinks": "Is my card safe?", "author": "Ann"}}}, ["look", "pay"])
    (AnalystNote(stage='pay', kind='thinks', text='Is my card safe?', author='Ann', date=None, link=None),)
    """
    if isinstance(given, Mapping):
        whole, name = given, "notes"
    else:
        whole, name = read_file(Path(given), "notes"), Path(given).name
    known_keys(whole, (*_SIGNED, "stages"), name)
    own = _signed(whole, {}, name)
    listed = whole.get("stages", {})
    if not isinstance(listed, Mapping):
        raise ConfigError(
            f"{name}: stages is no table of stages but {cut(listed)}. Fix: a table for each stage"
        )
    for stage in listed:
        if stage not in stages:
            near = nearest(str(stage), stages)
            hint = f"did you mean {near[0]!r}?" if near else "one of these"
            raise ConfigError(
                f"{name}: the map has no stage {stage!r}; its stages are {list(stages)}. Fix: {hint}"
            )
    notes = [
        note for stage in stages if stage in listed for note in _of_stage(stage, listed[stage], own, name)
    ]
    return tuple(sorted(notes, key=lambda note: (stages.index(note.stage), NOTE_KINDS.index(note.kind))))


def _of_stage(stage: str, given: Any, own: Mapping[str, Any], name: str) -> Iterator[AnalystNote]:
    where = f"{name}: {stage}"
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where}: {cut(given)} is no table. Fix: thinks: [...], needs: [...]")
    known_keys(given, (*NOTE_KINDS, *_SIGNED), where)
    theirs = _signed(given, own, where)
    for kind in NOTE_KINDS:
        entries = given.get(kind, ())
        for entry in entries if isinstance(entries, list | tuple) else (entries,):
            place = f"{where}: {kind}"
            if isinstance(entry, Mapping):
                known_keys(entry, ("text", *_SIGNED), place)
                text, signed = entry.get("text"), _signed(entry, theirs, place)
            else:
                text, signed = entry, theirs
            if not isinstance(text, str) or not text.strip():
                raise ConfigError(f"{place}: {cut(text)} is no text. Fix: write the note in quotes")
            yield AnalystNote(stage, kind, " ".join(text.split()), **signed)


def known_keys(given: Mapping[Any, Any], known: Sequence[str], where: str) -> None:
    """Refuse a key that is not known, and name the nearest."""
    for key in given:
        if key not in known:
            near = nearest(str(key), known)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {list(known)}"
            raise ConfigError(f"{where}: unknown key {key!r}. Fix: {hint}")


def _signed(given: Mapping[str, Any], above: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return author, date and link; what is not said here was said above."""
    found = dict(above)
    for key in _SIGNED:
        value = given.get(key)
        if value is None:
            continue
        if key == "date":
            value = _day(value, where)
        elif not isinstance(value, str) or not value.strip():
            raise ConfigError(f"{where}: {key} is no text but {cut(value)}. Fix: write it in quotes")
        elif key == "link" and not value.startswith(("https://", "http://")):
            raise ConfigError(f"{where}: link {cut(value)} is no address. Fix: begin it with https://")
        found[key] = value
    return found


def _day(value: Any, where: str) -> str:
    if isinstance(value, dt.datetime):
        value = value.date()
    try:
        return (value if isinstance(value, dt.date) else dt.date.fromisoformat(value)).isoformat()
    except (TypeError, ValueError):
        raise ConfigError(f"{where}: date {cut(value)} is no day. Fix: write it as 2025-04-02") from None


def read_file(path: Path, what: str) -> Mapping[str, Any]:
    """Return the table that a YAML or TOML file holds; `what` it is of, for errors."""
    if path.suffix not in (".yaml", ".yml", ".toml"):
        raise ParseError(f"{what} are not read from {path.suffix!r} files. Fix: .yaml, .yml or .toml")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ParseError(
            f"{path}: the {what} cannot be read: {error.strerror}. Fix: check the path"
        ) from error
    if len(data) > _LARGEST:
        raise ParseError(explain(f"{path.name} is too large for {what}", count=len(data), total=_LARGEST))
    try:
        text = data.decode("utf-8-sig")
        found = tomllib.loads(text) if path.suffix == ".toml" else read_yaml(text, path.name)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParseError(
            f"{path.name} is not {path.suffix[1:]}: {error}. Fix: save it as UTF-8 text"
        ) from error
    if not isinstance(found, Mapping):
        raise ParseError(f"{path.name} holds no table of {what}. Fix: begin it with a line {_FIRST[what]}")
    return found


def read_yaml(text: str, name: str) -> Any:
    """Return what a YAML text says: plain values only, no tag, no anchor, no key twice."""
    try:
        yaml = importlib.import_module("yaml")
    except ImportError as error:
        raise MissingPackageError(
            "YAML is read by PyYAML, which is not installed. Fix: pip install 'journeylog[notes]', or write TOML"
        ) from error
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
                line = token.start_mark.line + 1
                raise ParseError(f"{name}, line {line}: tags and anchors are not read. Fix: write it out")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _once(yaml, node, name)
        return yaml.safe_load(text) if node is not None else {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, ParseError):
            raise
        said = " ".join(str(error).split())
        raise ParseError(f"{name} is not YAML: {said}. Fix: mend it there") from error


def _once(yaml: Any, node: Any, name: str) -> None:
    """Refuse a key that stands twice, of which YAML would keep the last without a word."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise ParseError(f"{name}, line {line}: {key.value!r} stands twice. Fix: put both under one")
            seen.add(key.value)
            _once(yaml, value, name)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _once(yaml, value, name)
