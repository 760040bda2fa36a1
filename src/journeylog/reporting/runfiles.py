"""The files of a run: what each one asked for is made of, one for each language where it has words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from journeylog.core.log import EventLog
from journeylog.ingest.rejects import Rejects
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.persona.personas import Personas
from journeylog.reporting.costs import Costs
from journeylog.reporting.language import language
from journeylog.reporting.mapfiles import map_bytes
from journeylog.reporting.page import build_page
from journeylog.reporting.personafiles import persona_tables
from journeylog.reporting.personapage import persona_bytes
from journeylog.reporting.tidy import Shared, map_table, share, table_bytes, tidy_tables
from journeylog.reporting.tidyschema import DICTIONARY
from journeylog.reporting.workbook import workbook_bytes

__all__ = ["RunFiles"]

_REPORT: Final = ("goal", "patience", "stages", "funnel", "within", "design")


@dataclass
class RunFiles:
    """What the files of a run are made of.

    Parameters
    ----------
    log : EventLog
        With the steps a configuration asks for beyond those of the report.
    result : JourneyMapResult
        The map; not masked until :meth:`mask_all`.
    asked : mapping
        What the configuration asks of the report.
    languages : sequence of str
    output : mapping
        What the configuration says of the output: theme, mask, interactive.
    before : mapping or None
        The map of an earlier run.
    personas : mapping of str to Personas
        By the way of grouping, masked.
    costs : Costs
        What losses cost in the report.
    alerts : mapping of str to sequence of str
        By language.
    """

    log: EventLog
    result: JourneyMapResult
    asked: Mapping[str, Any]
    languages: Sequence[str]
    output: Mapping[str, Any]
    before: Mapping[str, Any] | None
    personas: Mapping[str, Personas] = field(default_factory=dict)
    costs: Costs = field(default_factory=Costs)
    alerts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _shared: Shared | None = field(default=None, repr=False)

    @property
    def theme(self) -> str:
        """The colours of pages."""
        return str(self.output.get("theme", "light"))

    @property
    def mask(self) -> int:
        """Numbers of fewer customers are not told."""
        return int(self.output.get("mask", 5))

    def mask_all(self, files: Sequence[str]) -> JourneyMapResult:
        """Mask the map, together with the report where one of the files tells its numbers, and return it."""
        both = any(name.startswith(("report.", "tables.")) for name in files)
        told = self._answers().filled if both else None
        self.result = self.result.masked(self.mask) if told is None else told
        return self.result

    def make(self, files: Sequence[str], alerts: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
        """Return all files by name; what is masked is the same in all of them.

        Parameters
        ----------
        files : sequence of str
        alerts : mapping of str to sequence of str
            What holds of the map as it is masked, in each language.
        """
        self.alerts = alerts
        return {name: data for file in files for name, data in self._make(file)}

    def _make(self, file: str) -> Iterator[tuple[str, bytes]]:
        stem, ending = file.split(".")
        if stem == "map":
            yield from self._map(ending)
        elif stem == "cells":
            yield file, table_bytes(map_table(self.result), ending)
        elif file == "report.html":
            yield from self._pages()
        elif file == "report.xlsx":
            for name, tongue in self._named(stem, ending):
                words = language(tongue)
                yield name, workbook_bytes(self._answers(), words, self.asked.get("title"), self.personas)
        elif stem == "personas":
            yield from self._personas(ending)
        elif stem == "tables":
            yield from self._tables(ending)
        elif self.log.rejects is not None:
            lines = Rejects(self.log.rejects).table.to_json(orient="records", lines=True, force_ascii=False)
            yield file, (lines if self.log.rejects.num_rows else "").encode("utf-8", "backslashreplace")

    def _named(self, stem: str, ending: str) -> Iterator[tuple[str, str]]:
        """Yield the name of a file for each language; the first one has the plain name."""
        for number, tongue in enumerate(self.languages):
            yield (f"{stem}.{language(tongue).name}.{ending}" if number else f"{stem}.{ending}"), tongue

    def _map(self, ending: str) -> Iterator[tuple[str, bytes]]:
        if ending == "json":
            yield "map.json", map_bytes(self.result, ".json", mask=0)
            return
        options: dict[str, Any] = {"title": self.asked["title"]} if "title" in self.asked else {}
        if ending in ("html", "svg"):
            options["theme"] = self.theme
        if ending == "html":
            options |= {"before": self.before, "benchmark": self.asked.get("benchmark")}
        for name, tongue in self._named("map", ending):
            if ending == "html":
                options["alerts"] = self.alerts.get(tongue, ())
            yield name, map_bytes(self.result, f".{ending}", mask=0, lang=tongue, **options)

    def _pages(self) -> Iterator[tuple[str, bytes]]:
        options = {
            key: self.asked[key]
            for key in ("title", "top", "benchmark", "show", *_REPORT)
            if key in self.asked
        }
        options |= {"theme": self.theme, "before": self.before, "mask": self.mask}
        options["interactive"] = bool(self.output.get("interactive", True))
        for name, tongue in self._named("report", "html"):
            shared = self._answers()
            page = build_page(
                self.log,
                lang=tongue,
                filled=shared.filled,
                answers=shared.answers,
                alerts=self.alerts.get(tongue, ()),
                costs=self.costs,
                **options,
            )
            self._shared = replace(shared, answers=page.answers)  # with the check of the data, made once
            yield name, page.html

    def _personas(self, ending: str) -> Iterator[tuple[str, bytes]]:
        """Yield a file for each way of grouping; those with words in each language."""
        for way, found in self.personas.items():
            if ending == "json":
                yield f"personas_{way}.json", persona_bytes(found, ".json", mask=0)
                continue
            look: dict[str, Any] = {"theme": self.theme} if ending == "html" else {}
            for name, tongue in self._named(f"personas_{way}", ending):
                yield name, persona_bytes(found, f".{ending}", mask=0, lang=tongue, **look)

    def _tables(self, ending: str) -> Iterator[tuple[str, bytes]]:
        for number, tongue in enumerate(self.languages):
            words = language(tongue)
            tables = tidy_tables(self._answers(), words)
            tables |= persona_tables(self.personas, words) if self.personas else {}
            for name, table in tables.items():
                if not number:
                    yield f"{name}.{ending}", table_bytes(table, ending)
                elif name == DICTIONARY:
                    yield f"{name}.{words.name}.{ending}", table_bytes(table, ending)

    def _answers(self) -> Shared:
        """Return what is handed on of the log, computed once."""
        if self._shared is None:
            options = {key: self.asked[key] for key in _REPORT if key in self.asked}
            self._shared = share(self.log, **options, mask=self.mask, filled=self.result, costs=self.costs)
        return self._shared
