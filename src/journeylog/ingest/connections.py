"""Databases as the caller names them: an open connection, an engine, or an address with a secret in it."""

from __future__ import annotations

import importlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from journeylog.errors import ConfigError, DatabaseError, JourneylogError, MissingPackageError

__all__ = ["Connected", "connected", "plainly", "redacted"]

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9]*)(\+[A-Za-z0-9_]+)?:")
#: Names under which addresses carry secrets.
_SECRET_NAMES: Final = re.compile(r"pass|pwd|secret|token|key", re.IGNORECASE)
_IN_ADDRESS: Final = re.compile(r"(://[^\s:/@]*):[^\s/]*@")
_IN_SETTINGS: Final = re.compile(
    r"(\w*(?:pass|pwd|secret|token)\w*\s*=\s*)('[^']*'|[^\s&;,]+)", re.IGNORECASE
)
#: Nothing that a file of a database says may make it read another file or fetch code.
_SHUT: Final = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "lock_configuration": "true",
}
_KINDS: Final = (
    "an address (postgresql://, sqlite:///, duckdb:///), an ADBC or DuckDB connection, a SQLAlchemy engine or "
    "connection, or another DB-API connection"
)


@dataclass
class Connected:
    """An open connection.

    Parameters
    ----------
    kind : {"adbc", "dbapi", "duckdb", "relation", "sqlalchemy"}
    handle : object
        The connection itself; with kind "relation" a relation of DuckDB.
    owned : bool
        Whether it was opened here: then it is committed and closed here too.
    secrets : frozenset of str
        What no message may show.
    """

    kind: str
    handle: Any = field(repr=False)
    owned: bool = False
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


@contextmanager
def connected(target: Any, *, write: bool = False) -> Iterator[Connected]:
    """Open what `target` names, or take it as it is; what was opened here is closed.

    Raises
    ------
    ConfigError
        If it is no database.
    DatabaseError
        If it cannot be reached.
    MissingPackageError
        If its driver is not installed.
    """
    kind = _kind_of(target)
    secrets = _secrets(target)
    with plainly("the database cannot be opened", secrets, "check the address, and that you may connect"):
        if kind == "address":
            opened = _open(str(target), secrets, write)
        elif kind == "engine":
            opened = Connected("sqlalchemy", _engine(target).connect(), True, secrets)
        elif kind == "session":
            opened = Connected("sqlalchemy", target.connection(), False, secrets)
        else:
            opened = Connected(kind, target, False, secrets)
    try:
        yield opened
    finally:
        if opened.owned:
            opened.handle.close()


@contextmanager
def plainly(
    what: str, secrets: frozenset[str], fix: str, kind: type[JourneylogError] = DatabaseError
) -> Iterator[None]:
    """Turn whatever a driver raises into one kind of error, without secrets and without a long way down.

    The driver's own error is the cause, unless it shows a secret.
    """
    try:
        yield
    except (JourneylogError, MemoryError):
        raise
    except Exception as error:  # every driver has a family of its own
        cause = getattr(error, "orig", None) or error  # SQLAlchemy repeats the query with its parameters
        said = " ".join(str(cause).split())
        shown = redacted(said, secrets)
        raise kind(f"{what}: {shown}. Fix: {fix}") from (cause if shown == said else None)


def redacted(text: str, secrets: frozenset[str] = frozenset()) -> str:
    """Return a text without passwords: those known, and what looks like one in an address or a setting."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _IN_SETTINGS.sub(r"\1***", _IN_ADDRESS.sub(r"\1:***@", text))


def _kind_of(target: Any) -> str:
    """Return what was handed over; looked at by name, so that no driver is loaded for it."""
    home, name = type(target).__module__.split(".")[0], type(target).__name__
    if isinstance(target, str):
        return "address"
    if home == "adbc_driver_manager" and hasattr(target, "adbc_connection"):
        return "adbc"
    if home in ("duckdb", "_duckdb"):
        return "relation" if "Relation" in name else "duckdb"
    if home == "sqlalchemy" or any(
        base.__module__.startswith("sqlalchemy.") for base in type(target).__mro__
    ):
        known = {"Connection": "sqlalchemy", "Engine": "engine", "URL": "engine", "Session": "session"}
        if name in known:
            return known[name]
    elif callable(getattr(target, "cursor", None)) and callable(getattr(target, "commit", None)):
        return "dbapi"
    raise ConfigError(f"{name} is no database connection. Fix: pass {_KINDS}")


def _secrets(target: Any) -> frozenset[str]:
    """Return the secrets of an address or an engine, as written and decoded."""
    if isinstance(target, str):
        found = re.findall(r"://[^/]*?:([^/]*)@", target)
        for setting in target.partition("?")[2].split("&"):
            name, given, value = setting.partition("=")
            found += [value] if given and _SECRET_NAMES.search(name) else [] if given else [setting]
        return frozenset(form for text in found for form in (text, unquote(text)) if form)
    url = getattr(target, "url", None) or getattr(getattr(target, "engine", None), "url", None) or target
    password = getattr(url, "password", None)
    return frozenset({str(password)} if password else ())


def _open(address: str, secrets: frozenset[str], write: bool) -> Connected:
    scheme = _SCHEME.match(address)
    if scheme is None:
        raise ConfigError(
            f"{redacted(address[:40], secrets)!r} is no address of a database. Fix: pass {_KINDS}"
        )
    name, driver = scheme[1].lower(), scheme[2]
    if driver is None and name in ("postgresql", "postgres"):
        adbc = package("adbc_driver_postgresql.dbapi", "postgres")
        return Connected("adbc", adbc.connect(address), True, secrets)
    if driver is None and name == "sqlite":
        return Connected("dbapi", _open_sqlite(_path(address, secrets, write), write), True, secrets)
    if driver is None and name == "duckdb":
        path = _path(address, secrets, write)
        duckdb = importlib.import_module("duckdb")
        found = duckdb.connect(path, read_only=not write and path != ":memory:", config=dict(_SHUT))
        return Connected("duckdb", found, True, secrets)
    return Connected("sqlalchemy", _engine(address).connect(), True, secrets)


def _open_sqlite(path: str, write: bool) -> sqlite3.Connection:
    if path == ":memory:":
        return sqlite3.connect(path)
    return sqlite3.connect(f"file:{quote(path)}?mode={'rwc' if write else 'ro'}", uri=True)


def _path(address: str, secrets: frozenset[str], write: bool) -> str:
    """Return the file of an address such as ``sqlite:///shop.db`` (a fourth slash begins an absolute path)."""
    rest = address.split(":", 1)[1]
    path = (rest.removeprefix("///") if rest.startswith("///") else rest.removeprefix("//")) or ":memory:"
    if path != ":memory:" and not write and not Path(path).exists():
        raise ConfigError(f"no database {redacted(path, secrets)!r}. Fix: check the path")
    return path


def _engine(target: Any) -> Any:
    sqlalchemy = package("sqlalchemy", "sqlalchemy")
    if hasattr(target, "connect"):
        return target
    # one connection, closed at the end, and no parameters in its messages
    return sqlalchemy.create_engine(target, poolclass=sqlalchemy.pool.NullPool, hide_parameters=True)


def package(name: str, extra: str) -> Any:
    """Return an optional package.

    Raises
    ------
    MissingPackageError
        If it is not installed; the message names the extra that brings it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingPackageError(
            f"{name.split('.')[0]} is not installed. Fix: pip install 'journeylog[{extra}]'"
        ) from error
