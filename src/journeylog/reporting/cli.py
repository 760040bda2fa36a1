"""The command line: report, describe, check, sample."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final

import typer

import journeylog as jl
from journeylog.errors import JourneylogError, JourneylogWarning, LoadWarning
from journeylog.reporting.commands import check_log, describe_log, list_formats, report_log, sample_log
from journeylog.reporting.exits import Exit, Stopped, code_of, stoppable
from journeylog.reporting.first import write_first_config
from journeylog.reporting.loading import Load, NothingToDo
from journeylog.reporting.options import AsJson, as_keys, as_options, loading
from journeylog.reporting.runs import run_config
from journeylog.reporting.schema import tell_schema
from journeylog.reporting.terminal import Voice, remark

__all__ = ["app", "main", "run"]

_NAMING: Final = ("--stages", "--out", "-o")
_ROLES: Final = "--actor user_id --event event --time timestamp"
_CODES: Final = """\b
Exit codes:
  0  fine                           4    data not good enough (the report is written all the same)
  1  internal error                 5    the output cannot be written; the old one is untouched
  2  wrong option or source list    99   nothing to do (--allow-empty)
  3  input cannot be read           130  interrupted; 143 terminated
"""

app = typer.Typer(
    name="journeylog",
    help="From behaviour data to customer journeys: where customers go, where they wait, where they leave.",
    epilog=f"\b\nBegin with:\n  journeylog check events.csv {_ROLES}\n  journeylog COMMAND --help\n\n{_CODES}",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "".join(f"  journeylog {line}\n" for line in lines) + f"\n{_CODES}"


def _tell_version(asked: bool) -> None:
    if asked:
        Voice().tell([f"journeylog {jl.__version__}"], {})
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_tell_version),
    ] = False,
) -> None:
    pass


@app.command(
    epilog=_examples(
        f"report events.csv {_ROLES} --goal pay",
        "report 'days/*.parquet' --actor id --event action --time ts --stages shop --out week.html",
        "report shop.toml --json",
    )
)
@loading
def report(
    load: Load,
    out: Annotated[Path, typer.Option("--out", "-o", help="The page that is written.")] = Path("report.html"),
    title: Annotated[str | None, typer.Option(help="Heading of the page.")] = None,
    goal: Annotated[
        str | None, typer.Option(help="Event a journey is meant to come to, e.g. pay or 'order*'.")
    ] = None,
    patience: Annotated[
        str | None, typer.Option(help="Silence that ends a journey, e.g. 14d. By default 30d.")
    ] = None,
    stages: Annotated[
        str | None, typer.Option(help="shop, saas, bank, or a .toml file with a table of stages.")
    ] = None,
    funnel: Annotated[
        list[str] | None, typer.Option("--step", help="Step of the funnel; repeat it, in order.")
    ] = None,
    within: Annotated[
        str | None, typer.Option(help="Time the funnel gives, e.g. 7d. By default no limit.")
    ] = None,
    top: Annotated[int | None, typer.Option(help="Bars and paths to draw. By default 10.")] = None,
    theme: Annotated[str | None, typer.Option(help="light or dark. By default light.")] = None,
    lang: Annotated[
        str | None,
        typer.Option(help="Language of the page: en, ru, or a catalogue (de.toml). By default en."),
    ] = None,
    interactive: Annotated[
        bool | None,
        typer.Option(
            "--interactive/--static",
            help="With a script that answers the pointer, or without any.",
            show_default=False,
        ),
    ] = None,
    before: Annotated[
        Path | None, typer.Option(help="map.json of an earlier period; the page tells what changed.")
    ] = None,
    mask: Annotated[
        int | None, typer.Option(help="Do not tell numbers of fewer customers; 0 tells all. By default 5.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write one page that answers where customers go, where they wait and where they leave.

    The page is one file that opens without a network. It is moved into place when it is complete, so a run that fails
    leaves the page of the run before.
    """
    named = {
        "title": title, "goal": goal, "patience": patience, "stages": stages, "funnel": funnel or None,
        "within": within, "top": top, "theme": theme, "lang": lang, "interactive": interactive,
        "before": before, "mask": mask,
    }  # fmt: skip
    wanted = {name: value for name, value in named.items() if value is not None}
    raise typer.Exit(report_log(load, out, wanted, Voice(as_json)))


@app.command(epilog=_examples(f"describe events.csv {_ROLES}", "describe shop.toml --json"))
@loading
def describe(load: Load, as_json: AsJson = False) -> None:
    """Tell what the data holds: rows, actors, events, and how often each event occurs."""
    raise typer.Exit(describe_log(load, Voice(as_json)))


@app.command(
    epilog=_examples(
        f"check events.csv {_ROLES}",
        "check shop.toml --max-rejected 0.05 --rejects rejects.jsonl",
        "check 'days/*.parquet' --actor id --event action --time ts --fail-on error --fail-on ties=0.05 -o check.html",
    )
)
@loading
def check(
    load: Load,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the check as a page here.", show_default=False)
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            help="What exits with 4: a severity (info, warning, error), or for one check a share or a severity, e.g. "
            "ties=0.05. Repeat it.",
            show_default=False,
        ),
    ] = None,
    late_after: Annotated[
        str | None, typer.Option(help="Delay after which an event is late. By default 1d.")
    ] = None,
    now: Annotated[
        str | None, typer.Option(help="The present, e.g. 2025-03-01. By default the clock.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="Zone of people's day and night, e.g. Europe/Berlin. By default --tz.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Heading of the page.")] = None,
    theme: Annotated[str | None, typer.Option(help="light or dark. By default light.")] = None,
    show_ids: Annotated[
        bool, typer.Option("--show-ids", help="Show customers' ids among the examples.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what is wrong with the data, and where every row went: kept, rejected and why, duplicates.

    Looked for are duplicates, ties, late arrivals, wrong clocks, outages, machines, look-alike names, ids in names,
    placeholder ids, zone mistakes, mixed currencies and personal data. The exit code is 4 when too many rows were rejected
    or a limit of --fail-on is passed; the page is written all the same.
    """
    named = {
        "late_after": late_after,
        "now": now,
        "tz": zone,
        "title": title,
        "theme": theme,
        "show_ids": show_ids or None,
    }
    wanted = {name: value for name, value in named.items() if value is not None}
    raise typer.Exit(check_log(load, out, fail_on or [], wanted, Voice(as_json)))


@app.command(
    "run",
    epilog=_examples(
        "run shop.toml", "run shop.toml --from 2025-04-01 --to 2025-05-01 --out /srv/maps --json"
    ),
)
def run_file(
    config: Annotated[
        Path, typer.Argument(help="A source list (.toml, .yaml), with the tables [map], [output], [[alert]].")
    ],
    start: Annotated[
        str | None, typer.Option("--from", help="First moment of the window, e.g. 2025-04-01.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last moment of the window.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write to.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fill the journey map and write all files a configuration asks for, as a scheduled job does.

    Each run goes to a folder of its own, named by its days and its content, that appears whole; manifest.json and the
    link latest lead to the newest one. The same input gives the same bytes. A map of an earlier window in the folder is
    what changes are told against. The exit code is 4 when an alert holds or too many rows were rejected.
    """
    raise typer.Exit(run_config(config, start=start, end=end, out=out, voice=Voice(as_json)))


@app.command("schema", epilog=_examples("schema", "schema map > journey_map.schema.json"))
def print_schema(
    what: Annotated[
        str, typer.Argument(help="config, map (the map as it is saved), or design (a designed journey).")
    ] = "config",
) -> None:
    """Print the JSON Schema of a configuration, for editors that check and complete it, or of the map's data."""
    raise typer.Exit(tell_schema(what, Voice()))


@app.command("init", epilog=_examples("init clicks.csv orders.csv feedback.jsonl --out shop.toml"))
def init_file(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files to look at: CSV, TSV, JSON, Parquet, Excel, XES; a folder; a pattern in quotes."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The configuration to write.")] = Path(
        "journeylog.toml"
    ),
    as_json: AsJson = False,
) -> None:
    """Write a first configuration from a look at the files; every guess in it says CHECK."""
    raise typer.Exit(write_first_config(files, out, Voice(as_json)))


@app.command(epilog=_examples(f"sample events.csv {_ROLES} --n 500 --out small.parquet"))
@loading
def sample(
    load: Load,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write: .parquet, .csv, .jsonl or .arrow.")
    ],
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="Actors to keep.")] = 1000,
    seed: Annotated[int, typer.Option(help="Another number chooses other actors.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write a smaller file: some actors with all their events, the same ones on every machine."""
    raise typer.Exit(sample_log(load, out, n, seed, Voice(as_json)))


@app.command(epilog=_examples("formats", "formats ga4", "report events.jsonl --format ga4"))
def formats(
    name: Annotated[str | None, typer.Argument(help="One of them: what it makes of a row.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the vendors' formats that --format knows, with what each needs."""
    raise typer.Exit(list_formats(name, Voice(as_json)))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; errors are told on stderr in one line."""
    worded = as_keys if _listed(sys.argv[1:] if arguments is None else arguments) else as_options
    with warnings.catch_warnings(), stoppable():
        warnings.simplefilter("always", JourneylogWarning)
        warnings.showwarning = _teller(worded)
        try:
            app(arguments, prog_name="journeylog")
        except SystemExit as done:
            return done.code if isinstance(done.code, int) else Exit.OK
        except Stopped as stopped:
            remark("stopped; nothing was changed")
            return stopped.code
        except NothingToDo:
            remark("nothing to do: there is no row")
            return Exit.NOTHING
        except (JourneylogError, OSError) as error:
            remark(f"error: {worded(str(error))}")
            return code_of(error)
        except Exception as error:  # the last resort of a program that must not print a bare traceback
            return _internal(error)
        return Exit.OK


def main() -> None:
    """Run the command line as a program."""
    sys.exit(run())


def _internal(error: Exception) -> Exit:
    remark(f"internal error: {type(error).__name__}: {error}")
    if os.environ.get("JOURNEYLOG_DEBUG"):
        for line in "".join(traceback.format_exception(error)).splitlines():
            remark(line)
    else:
        remark("This is a fault of journeylog. Set JOURNEYLOG_DEBUG=1 to see where it happened")
    return Exit.INTERNAL


def _listed(arguments: Sequence[str]) -> bool:
    """Return whether the input is a source list; what an option names is no input."""
    options = ("", *arguments)
    return any(
        this.endswith((".toml", ".yaml", ".yml")) and not this.startswith("-") and before not in _NAMING
        for before, this in pairwise(options)
    )


def _teller(worded: Callable[[str], str]) -> Callable[..., None]:
    """Return what tells warnings, each once; of those of loading the fix, as every command tells where the rows went."""
    told: set[str] = set()

    def tell(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        text = str(message)
        if issubclass(category, LoadWarning):
            fix = text.rpartition(" Fix: ")[2] if " Fix: " in text else ""
            text = f"hint: {fix}" if fix else ""
        else:
            text = f"warning: {text}"
        if text and text not in told:
            told.add(text)
            remark(worded(text))

    return tell
