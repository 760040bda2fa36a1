"""Options of the command line that several commands share: what to read, and what is accepted."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import typer

from journeylog.reporting.loading import Load

__all__ = ["ROLES", "AsJson", "as_keys", "as_options", "loading"]

AsJson = Annotated[
    bool, typer.Option("--json", help="Write one JSON object to stdout; what people read goes to stderr.")
]
_INPUTS = Annotated[
    list[Path],
    typer.Argument(
        help="Data files (.csv, .parquet, .jsonl, also .gz or .zst; a folder; a pattern in quotes), or one log made by "
        "log.save (.arrow), or one source list (.toml, .yaml) that describes several files.",
        show_default=False,
    ),
]
#: Options that are arguments of :func:`journeylog.read`, with what they mean.
ROLES: Final = {
    "format": "Vendor's format of the files, e.g. ga4; see journeylog formats.",
    "actor": "Column with the customer's id.",
    "event": "Column with what happened.",
    "time": "Column with when it happened.",
    "tz": "Zone of times that have none, e.g. Europe/Berlin.",
    "time_unit": "Unit of numeric times: s, ms, us or ns.",
    "time_format": "How times are written, e.g. '%d.%m.%Y %H:%M'.",
    "event_id": "Column with the event's own id; it finds duplicates.",
    "order_by": "Column that orders a customer's events of one time.",
    "received": "Column with when the event arrived; it shows late events and wrong clocks.",
    "source": "Column with the system the event comes from.",
    "channel": "Column with the channel.",
    "value": "Column with the amount of money.",
    "currency": "Column with the currency.",
    "delimiter": "Sign between the fields of a CSV file.",
    "encoding": "Encoding of a text file, e.g. cp1251.",
    "decimal": "Decimal mark of amounts.",
}
_CHECKS: Final[dict[str, tuple[Any, Any]]] = {
    "max_rejected": (
        Annotated[
            float | None,
            typer.Option(
                min=0.0,
                max=1.0,
                help="Share of rejected rows above which the exit code is 4. [default: 0.01]",
                show_default=False,
            ),
        ],
        None,
    ),
    "rejects": (
        Annotated[Path | None, typer.Option(help="Save the rejected rows here (.parquet or .jsonl).")],
        None,
    ),
    "allow_empty": (
        Annotated[
            bool, typer.Option("--allow-empty", help="When there is no row, do nothing and exit with 99.")
        ],
        False,
    ),
}


_ARGUMENT: Final = re.compile(
    rf"\b(pass|see|example) ({'|'.join([*ROLES, *_CHECKS, 'goal', 'patience', 'stages'])})=(?=(['\"\[\w.])?)"
)


def as_options(text: str) -> str:
    """Return a message of the library with the arguments it proposes as options of the command line.

    Examples
    --------
    >>> as_options("Fix: pass tz='Europe/Berlin' (see time_format=)")
    "Fix: pass --tz 'Europe/Berlin' (see --time-format)"
    """
    return _ARGUMENT.sub(
        lambda found: f"{found[1]} --{found[2].replace('_', '-')}" + (" " if found[3] else ""), text
    )


def as_keys(text: str) -> str:
    """Return a message of the library with the arguments it proposes as keys of a configuration.

    Examples
    --------
    >>> as_keys("Fix: pass tz='Europe/Berlin' (see time_format=)")
    "Fix: pass tz = 'Europe/Berlin' (see time_format)"
    """
    return _ARGUMENT.sub(lambda found: f"{found[1]} {found[2]}" + (" = " if found[3] else ""), text)


def loading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the inputs and the options of loading; it gets them as one :class:`Load`, its first argument."""
    hints = get_type_hints(command, include_extras=True)
    own = list(inspect.signature(command).parameters.values())[1:]
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("inputs", keyword, annotation=_INPUTS)]
    parameters += [p.replace(kind=keyword, annotation=hints[p.name]) for p in own]
    for name, words in ROLES.items():
        kind = Annotated[str | None, typer.Option(help=words)]
        parameters.append(inspect.Parameter(name, keyword, annotation=kind, default=None))
    for name, (kind, default) in _CHECKS.items():
        parameters.append(inspect.Parameter(name, keyword, annotation=kind, default=default))

    @functools.wraps(command)
    def run(inputs: list[Path], **values: Any) -> Any:
        roles = {name: found for name in ROLES if (found := values.pop(name)) is not None}
        load = Load(tuple(inputs), roles, **{name: values.pop(name) for name in _CHECKS})
        return command(load, **values)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    del run.__wrapped__  # or signatures would be looked up behind this one
    return run
