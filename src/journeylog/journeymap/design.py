"""A designed journey as a file: the stages and the ways between them, and the rules it is meant to keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from journeylog.core.chunk import Category
from journeylog.core.condition import columns_of, freeze
from journeylog.core.log import EventLog
from journeylog.errors import ConfigError, UnseenNameWarning, cut, nearest, warn
from journeylog.journeymap.analysts import known_keys, read_file
from journeylog.stats.conformance import Conformance

__all__ = ["DESIGN_KEYS", "RULE_KEYS", "read_design"]

#: What a design may hold, with what it means; the JSON Schema is made of it.
DESIGN_KEYS: Final[Mapping[str, str]] = {
    "ways": "The allowed ways: for each stage the next ones. From a stage that is not listed no way is allowed.",
    "start": "The stages a journey may begin with; any when it is left out.",
    "node": "The column the ways lead through; by default stage.",
    "case": "What is followed: actor, session, journey, or a column that names an object.",
    "rules": "What has to hold besides.",
}
#: What a rule may hold.
RULE_KEYS: Final[Mapping[str, str]] = {
    "name": "What tables call the rule.",
    "before": "Two conditions [a, b]: no b before the first a.",
    "within": "Two conditions and a time [a, b, 2d]: every a is followed by a b within it.",
    "never": "A condition that must not occur.",
    "after": "Of never: it must not occur after this one.",
    "ways": DESIGN_KEYS["ways"],
    "start": "Of ways: the nodes to begin with.",
    "node": "Of ways: the column they lead through.",
}


def read_design(given: str | Path | Mapping[str, Any], log: EventLog | None = None) -> Conformance:
    """Read a designed journey from a file (``.yaml``, ``.yml`` or ``.toml``), as the question that holds a log against it.

    Parameters
    ----------
    given : str, Path or mapping
        The file, or a mapping of the same form: ``{"ways": {"look": ["buy"], "buy": []}, "start": ["look"], "rules":
        [{"before": ["cart", "pay"]}]}``. A rule is one of those of :class:`journeylog.Conformance`.
    log : EventLog, optional
        With its stages. A stage or event of the design that the log does not know is then warned of.

    Returns
    -------
    Conformance

    Raises
    ------
    ParseError
        If the file is neither YAML nor TOML, or holds what a design need not: tags, anchors, a key twice.
    ConfigError
        If a key is not known, or a rule is malformed.

    Warns
    -----
    UnseenNameWarning
        If the log has no such stage or event; the nearest is named.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(
    ...     jl.Stages({"look": ["home", "search"], "buy": ["cart", "pay"]}), jl.Journeys(goal="pay", patience="1h")
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "designed.toml")
    ...     text = 'start = ["look"]\\nways = {look = ["buy"]}\\n[[rules]]\\nwithin = ["cart", "pay", "15min"]'
    ...     _ = file.write_text(text)
    ...     held = log.compute(jl.read_design(file, log))
    >>> held.table[["rule", "n_cases", "n_kept", "n_broken"]]
                                       rule  n_cases  n_kept  n_broken
    0  only the planned ways between stages        4       3         1
    1           pay within 15min after cart        3       2         1
    2                             all rules        4       3         1
    """
    whole, name = (given, "design") if isinstance(given, Mapping) else (None, Path(given).name)
    if whole is None:
        whole = read_file(Path(given), "designs")  # type: ignore[arg-type]
    known_keys(whole, tuple(DESIGN_KEYS), name)
    rules = list(_rules(whole, name))
    if not rules:
        raise ConfigError(f"{name} designs nothing. Fix: ways: for each stage the next ones, or rules:")
    case = whole.get("case")
    if case is not None and not isinstance(case, str):
        raise ConfigError(f"{name}: case {cut(case)} is no text. Fix: actor, session, journey or a column")
    try:
        question = Conformance(rules, case)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from error
    if log is not None:
        _warn_unknown(rules, log, name)
    return question


def _rules(whole: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """Yield the rules in the form that :class:`Conformance` takes, that of the ways first."""
    if whole.get("ways") is not None:
        ways = whole["ways"]
        if not isinstance(ways, Mapping) or not all(_names(ends) for ends in ways.values()):
            raise ConfigError(
                f"{name}: ways {cut(ways)} lead nowhere. Fix: a line for each stage, such as look: [buy, ask]"
            )
        rest = {key: whole[key] for key in ("start", "node") if whole.get(key) is not None}
        if not _names(rest.get("start", ())):
            raise ConfigError(f"{name}: start {cut(rest['start'])} is no list of stages. Fix: start: [look]")
        yield {"ways": {str(one): ends or [] for one, ends in ways.items()}, **rest}
    elif whole.get("start") is not None or whole.get("node") is not None:
        raise ConfigError(f"{name}: start and node go with ways. Fix: write ways: as well")
    rules = whole.get("rules") or ()
    if not isinstance(rules, list | tuple):
        raise ConfigError(f"{name}: rules {cut(rules)} are no list. Fix: begin each with a dash")
    for number, rule in enumerate(rules, 1):
        where = f"{name}: rule {number}"
        if not isinstance(rule, Mapping):
            raise ConfigError(f"{where}: {cut(rule)} is no table. Fix: before: [cart, pay]")
        known_keys(rule, tuple(RULE_KEYS), where)
        yield dict(rule)


def _names(given: Any) -> bool:
    return given is None or isinstance(given, str) or (
        isinstance(given, list | tuple) and all(isinstance(one, str) for one in given)
    )  # fmt: skip


def _warn_unknown(rules: Sequence[Mapping[str, Any]], log: EventLog, name: str) -> None:
    """Warn of names that the log does not have, each once."""
    seen: dict[str, frozenset[str]] = {}
    told = set()
    for column, asked in (pair for rule in rules for pair in _asked(rule)):
        if column not in log.columns or (column, asked) in told:
            continue  # a column that is missing is an error when the log is asked
        if column not in seen:
            seen[column] = _known(log, column)
        known = seen[column]
        told.add((column, asked))
        if asked not in known and not (set("*?") & set(asked)):
            near = nearest(asked, sorted(known))
            hint = f"; did you mean {near[0]!r}?" if near else ""
            warn(f"{name}: the log has no {column} {asked!r}{hint}", UnseenNameWarning)


def _known(log: EventLog, column: str) -> frozenset[str]:
    """Return the names of a column; those of stages without an event count, too."""

    def names(chunk: Any) -> frozenset[str]:
        found = chunk.column(column)
        return frozenset(found.names) if isinstance(found, Category) else frozenset()

    return frozenset().union(*log.source.map(names))


def _asked(rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the names that a rule speaks of, each with its column."""
    if "ways" in rule:
        node = str(rule.get("node", "stage"))
        for start, ends in rule["ways"].items():
            yield node, start
            yield from ((node, end) for end in _listed(ends))
        yield from ((node, start) for start in _listed(rule.get("start") or ()))
    given = [rule["never"]] if "never" in rule else []
    given += [rule["after"]] if rule.get("after") is not None else []
    for kind in ("before", "within"):
        given += list(rule[kind][:2]) if kind in rule else []
    for condition in given:
        yield from _of_condition(freeze(condition))


def _of_condition(condition: Any) -> Iterator[tuple[str, str]]:
    if isinstance(condition, str):
        yield "event", condition
    elif isinstance(condition, Mapping):
        for column in columns_of(condition):
            value = condition[column]
            value = value.get("is") if isinstance(value, Mapping) else value
            yield from ((column, one) for one in _listed(value or ()) if isinstance(one, str))
    else:
        for part in condition:
            yield from _of_condition(part)


def _listed(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, list | tuple) else (given,)
