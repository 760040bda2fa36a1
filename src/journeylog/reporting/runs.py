"""``journeylog run``: everything a configuration asks for, into a folder that is changed whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import journeylog as jl
from journeylog.core.log import EventLog
from journeylog.core.schema import DAY
from journeylog.core.time import moment
from journeylog.core.window import utc_text
from journeylog.errors import ConfigError
from journeylog.journeymap.changes import map_data
from journeylog.journeymap.design import read_design
from journeylog.journeymap.spec import JourneyMap, JourneyMapResult
from journeylog.reporting.commands import card_facts, gate, prepared
from journeylog.reporting.costs import Costs
from journeylog.reporting.exits import Exit
from journeylog.reporting.language import language
from journeylog.reporting.loading import Load, Loaded
from journeylog.reporting.personafiles import find_personas
from journeylog.reporting.runalerts import alerts_that_hold
from journeylog.reporting.runfiles import RunFiles
from journeylog.reporting.schema import FILES
from journeylog.reporting.terminal import Voice, card_lines, remark
from journeylog.reporting.write import reserved, told

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

__all__ = ["run_config"]

MANIFEST: Final = "manifest.json"
_NAMED: Final = 8


def run_config(config: Path, *, start: str | None, end: str | None, out: Path | None, voice: Voice) -> Exit:
    """Read the sources of a configuration, fill the map, and write what it asks for.

    Parameters
    ----------
    config : Path
        A source list with, beside what a report is asked, the tables ``[map]``, ``[output]`` and ``[[alert]]``.
    start, end : str, optional
        The window, in place of that of the configuration.
    out : Path, optional
        The folder, in place of that of the configuration.

    Returns
    -------
    Exit
        ``QUALITY`` (4) when too many rows were rejected or an alert holds; everything is written all the same.
    """
    began = time.monotonic()
    loaded = Load((config,), {}, until=end)()
    asked = dict(loaded.asked)
    mapped = dict(asked.pop("map", {}))
    grouped, prices = asked.pop("personas", None), asked.pop("prices", None)
    costs = Costs.of(prices, mapped)
    noted = mapped.pop("notes", None)
    output = asked.pop("output", {})
    alerts = asked.pop("alert", [])
    folder = out or config.parent / str(output.get("folder", "out"))
    files, tongues = output.get("files", FILES), _tongues(output, config.parent)
    _check_stages(asked, mapped, loaded.log, config)
    log = loaded.log.between(*_window(loaded.log, start, end)) if start or end else loaded.log
    if "benchmark" in asked:
        asked["benchmark"] = map_data(asked["benchmark"])
    if "design" in asked:
        read_design(asked["design"])  # says what is wrong with it before anything is counted
    question = JourneyMap(
        asked.get("goal"),
        stages=asked.get("stages"),
        patience=asked.get("patience", "30d"),
        **{"prices": costs.of_map, **mapped},
    )
    ready, rest = prepared(log, asked)
    mask = output.get("mask", 5)
    result: JourneyMapResult = question.fill(ready)
    if noted is not None:
        result = result.with_notes(str(noted))
    groups = find_personas(ready, grouped, question, mask) if grouped and _wanted(files) else {}
    with told(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with reserved(folder / MANIFEST) as target:
        before = _earlier(folder, result)
        run = RunFiles(ready, result, rest, tongues, output, before, groups, costs)
        result = run.mask_all(files)
        told_in = {tongue: alerts_that_hold(result, alerts, before, tongue) for tongue in tongues}
        said = told_in[tongues[0]]
        made = run.make(files, told_in)
        place = _commit(folder, result, made)
        target.put(_json({"latest": place.name, "version": jl.__version__, **_described(result, made)}))
        _point(folder, place)
    facts = {
        **_facts(loaded, log), "folder": str(place), "files": sorted(made), "alerts": said,
        "compared": before is not None, "seconds": round(time.monotonic() - began, 3), "peak_bytes": _peak(),
    }  # fmt: skip
    summary = f"{place}: {len(made)} files, {log.n_actors:,} actors, {log.n_events:,} events, {facts['seconds']:.1f} s"
    voice.tell([*card_lines(log), "", *(f"Alert: {line}" for line in said), summary], facts)
    for line in said:
        remark(f"error: {line}")
    fix = f"journeylog check {config} shows them; max_rejected = 0.05 in it accepts that share"
    accepted = gate(loaded, fix)
    return Exit.QUALITY if said else accepted


def _facts(loaded: Loaded, log: EventLog) -> dict[str, Any]:
    """Return what machines are told of the input and of what lies in the interval."""
    card = loaded.log.card
    inside = {"actors": log.n_actors, "events": log.n_events, "window": log.window.to_dict()}
    return {**card_facts(loaded), **inside, "rows": card.rows_in, "rejects": card.rejected}


def _tongues(output: Mapping[str, Any], folder: Path) -> list[str]:
    """Return the languages, catalogues as paths; what is wrong with one is said before anything is counted."""
    asked = output.get("languages") or ["en"]
    found = [str(folder / name) if name.endswith(".toml") else name for name in asked]
    for name in found:
        language(name)
    return found


def _window(log: EventLog, start: str | None, end: str | None) -> tuple[Any, Any]:
    """Return the bounds asked for, and that of the data where one is not."""
    seen = log.window
    if start is not None and end is None and moment(start, "--from") > seen.end:
        raise ConfigError(
            f"the data ends on {utc_text(seen.end)}, before --from {start}. Fix: name the end, --to, as well"
        )
    if end is not None and start is None and moment(end, "--to") + DAY <= seen.start:
        raise ConfigError(
            f"the data begins on {utc_text(seen.start)}, after --to {end}. Fix: name the start, --from, too"
        )
    return start or utc_text(seen.start) + "Z", end or utc_text(seen.end) + "Z"


def _check_stages(asked: Mapping[str, Any], mapped: Mapping[str, Any], log: EventLog, config: Path) -> None:
    """Refuse a configuration whose map would have no columns, before anything is counted."""
    if asked.get("stages") is None and mapped.get("stage", "stage") not in log.columns:
        names = ", ".join(map(repr, log.events[:_NAMED])) + (" ..." if len(log.events) > _NAMED else "")
        told = f"; the events are called {names}" if names else "; no event was read"
        raise ConfigError(
            f'{config.name} names no stages, which are the columns of the map. Fix: stages = "shop" or another preset '
            f'above [[source]], or a table [stages] with lines such as buy = ["cart", "pay*"]{told}'
        )


def _wanted(files: Sequence[str]) -> bool:
    """Return whether any of the files tells of personas."""
    return any(file.startswith(("personas.", "tables.", "report.xlsx")) for file in files)


def _commit(folder: Path, result: JourneyMapResult, made: Mapping[str, bytes]) -> Path:
    """Write the files into a folder of their own, named by the days and the content, which appears whole."""
    days = "_".join(utc_text(t)[:10] for t in (result.window.start, result.window.end))
    place = folder / f"{days}-{_hash(b''.join(_hash(made[name]).encode() for name in sorted(made)))[:12]}"
    aside = folder / f".{place.name}.tmp"
    with told(place, sum(map(len, made.values()))):
        for rest in folder.glob(".*.tmp"):
            if rest.is_dir() and not rest.is_symlink():
                shutil.rmtree(rest)  # left by a run that was killed; the lock says that none is at work
        if place.is_dir():
            return place  # the name says that the same bytes stand in it
        aside.mkdir()
        for name, data in [*made.items(), (MANIFEST, _json(_described(result, made)))]:
            with (aside / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        aside.rename(place)
    return place


def _point(folder: Path, place: Path) -> None:
    """Let the link ``latest`` lead to the newest folder, where the system has links; the manifest says it, too."""
    link, aside = folder / "latest", folder / ".latest.tmp"
    with suppress(OSError):
        aside.unlink(missing_ok=True)
        aside.symlink_to(place.name, target_is_directory=True)
        aside.replace(link)


def _described(result: JourneyMapResult, made: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "window": result.window.to_dict(),
        "files": {name: {"bytes": len(made[name]), "sha256": _hash(made[name])} for name in sorted(made)},
    }


def _earlier(folder: Path, result: JourneyMapResult) -> Mapping[str, Any] | None:
    """Return the map of the run whose window ended last before this one's; None when there is none."""
    found: list[tuple[str, str, Mapping[str, Any]]] = []
    now = str(result.window.to_dict()["end"])
    for file in folder.glob("*/map.json"):
        with suppress(OSError, ValueError, KeyError):
            data = json.loads(file.read_text(encoding="utf-8"))
            own = json.loads((file.parent / MANIFEST).read_text(encoding="utf-8"))
            end = str(own["window"]["end"])
            if end < now:
                found.append((end, file.parent.name, data))
    return max(found, key=lambda one: one[:2])[2] if found else None


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(data: Mapping[str, Any]) -> bytes:
    return (json.dumps(data, indent=1, sort_keys=True) + "\n").encode()


def _peak() -> int | None:
    """Return the most memory this process had, where the system tells."""
    if resource is None:
        return None
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024
