"""Personas as files: a page of cards with their maps, a text page, data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

import journeylog
from journeylog.persona.cards import Card
from journeylog.persona.clusters import EVERYONE, Clusters
from journeylog.persona.medoid import Journey
from journeylog.persona.personas import Personas
from journeylog.plots.style import theme_of
from journeylog.reporting.document import asset, environment, policy
from journeylog.reporting.language import Language, language
from journeylog.reporting.mappage import map_values
from journeylog.reporting.mapwords import written
from journeylog.reporting.names import markdown, short
from journeylog.reporting.wording import Wording
from journeylog.reporting.write import Writers, check_mask, reserved, writer_of
from journeylog.steps.rfm import RFM

__all__ = ["persona_bytes", "save_personas"]

_NAME: Final = 40
#: Steps of a journey on a card: as many from its begin, and one from its end.
_STEPS: Final = 9
_OF_WHOM: Final = ("touchpoint", "channel", "stage")
_LINK: Final = re.compile(r'(?<=<a)( class="[a-z]+")? href="#c\d+"')
#: From how much on that is found again a cluster is called stable, and a pattern.
_STABLE: Final = ((0.75, "stable"), (0.6, "pattern"), (0.0, "dissolves"))


@dataclass(frozen=True)
class Tell:
    """One thing that tells a group from the rest; `mine` and `rest` are widths in percent, of shares alone."""

    what: str
    name: str
    value: str
    other: str
    more: str
    mine: float = 0.0
    rest: float = 0.0
    up: bool = True


def save_personas(result: Personas, path: str | Path, **options: Any) -> Path:
    """Write personas as the ending of the path says; see :meth:`Personas.save`."""
    path = Path(path)
    data = persona_bytes(result, path.suffix, **options)
    with reserved(path) as target:
        return target.put(data)


def persona_bytes(result: Personas, ending: str, *, mask: int = 5, **options: Any) -> bytes:
    """Return personas as the bytes of a file with this ending; what tells of fewer customers than `mask` is left out."""
    check_mask(mask)
    write = writer_of(_WRITERS, "personas", ending, options)
    return write(result.masked(mask), **options)


def _data(result: Personas) -> bytes:
    return json.dumps(result.to_dict(), ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")


def _page(result: Personas, *, lang: str = "en", theme: str = "light", title: str | None = None) -> bytes:
    """Return the page; equal personas and arguments give equal bytes."""
    theme_of(theme)
    words = _words(result, lang)
    styles = asset("map.css") + asset("personas.css")
    page = environment().get_template("personas.html.j2")
    made = page.render(
        lang=words.name,
        theme=theme,
        policy=policy(scripts=(), styles=(styles,)),
        css=Markup(styles),
        version=journeylog.__version__,
        words=words,
        title=short(title, 200) if title is not None else words.of("personas", "title"),
        lead=_lead(result, words),
        verdict=_verdict(result, words),
        cards=[_shown(result, card, words, i) for i, card in _told(result)],
        few=_few(result, words),
        notes=_notes(result, words),
        definitions=_definitions(result, words),
    )
    # the numbers of an included map lead to no evidence here, so they are no links
    return _LINK.sub(r"\1", made).encode("utf-8", "backslashreplace")


def _text(result: Personas, *, lang: str = "en", title: str | None = None) -> bytes:
    """Return the personas as Markdown."""
    words = _words(result, lang)
    lines = [f"# {markdown(title or words.of('personas', 'title'))}", "", markdown(_lead(result, words)), ""]
    lines += [markdown(_verdict(result, words)), ""] if _verdict(result, words) else []
    for i, card in _told(result):
        shown = _shown(result, card, words, i)
        lines += [f"## {markdown(shown['name'])}", "", f"{shown['size']} {shown['bounds']}".strip(), ""]
        for heading, tells in shown["lists"]:
            lines += [f"### {heading}", ""]
            for tell in tells:
                named = f" {markdown(tell.name)}" if tell.name else ""
                lines.append(f"- {tell.what}{named}: **{tell.value}** ({tell.other}; {tell.more})")
            lines.append("")
        if shown["none"]:
            lines += [shown["none"], ""]
        if shown["stability"]:
            lines += [shown["stability"], ""]
        if shown["steps"]:
            lines += [f"### {words.of('personas', 'journey')}", "", shown["near"], ""]
            for when, event, stage, n in shown["steps"]:
                place = f" ({markdown(stage)})" if stage else ""
                lines.append(f"1. {when}: {markdown(event)}{n}{place}" if event else f"1. {when}")
        lines.append("")
    lines += [markdown(_few(result, words)), ""] if _few(result, words) else []
    lines += [f"- {line}" for line in _definitions(result, words)]
    lines += ["", *(f"- {markdown(note.striptags())}" for note in _notes(result, words))]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _words(result: Personas, lang: str) -> Language:
    """Return the language as it speaks of the stages of these personas."""
    maps = [found.stages for found in result.maps.values()]
    parts = result.table[result.table["part"] == "stage"]
    return language(lang).of_stages(maps[0] if maps else parts["name"].dropna().unique())


def _told(result: Personas) -> list[tuple[int, Card]]:
    """Return the cards that are told, each with its place."""
    return [(i, card) for i, card in enumerate(result.cards, 1) if not card.masked]


def _few(result: Personas, words: Language) -> str:
    """Return which groups are not told of; nothing where all are."""
    names = [_called(result, card, words) for card in result.cards if card.masked]
    return words.of("personas", "few").format(names=", ".join(names)) if names else ""


def _lead(result: Personas, words: Language) -> str:
    told = [card for card in result.cards if not card.masked]
    by = words.short(result.by, _NAME)
    kind = (
        "rfm" if isinstance(result.step, RFM) else "clusters" if isinstance(result.step, Clusters) else "by"
    )
    total = round(told[0].n / told[0].share) if told and told[0].share > 0 else 0
    hidden = any(card.masked for card in result.cards)
    parts = [
        words.of("personas", f"lead_{kind}").format(by=by),
        "" if hidden or not total else words.text("customers", n=total),
        words.period(result.window),
    ]
    return ", ".join(part for part in parts if part)


def _verdict(result: Personas, words: Language) -> str:
    """Return what is to be said of clusters before all else: whether there are any."""
    if not isinstance(result.step, Clusters):
        return ""
    said = short(words.note(result.step.notes[0]), 400)
    return f"{said[:1].upper()}{said[1:]}."


def _notes(result: Personas, words: Language) -> list[Markup]:
    told = result.step.notes if isinstance(result.step, Clusters) else ()
    return [Wording(words).note(note) for note in result.notes if note not in told]


def _definitions(result: Personas, words: Language) -> list[str]:
    keys = ["against", "medoid"]
    if isinstance(result.step, RFM):
        keys += ["rfm", "made_from"]
    elif isinstance(result.step, Clusters):
        keys += ["clusters", "made_from", "stability"]
    return [words.of("personas_define", key) for key in keys]


def _shown(result: Personas, card: Card, words: Language, place: int) -> dict[str, Any]:
    """Return what the template shows of a card."""
    name = _called(result, card, words)
    low, high = (words.share(bound) for bound in (card.low, card.high))
    rows = card.tells.to_dict("records")
    lists: dict[str, list[Tell]] = {"tells": [], "made": [], "facts": []}
    for row in rows:
        kind = "tells" if row["part"] in _OF_WHOM else "made" if row["defining"] else "facts"
        lists[kind].append(_tell(row, words))
    journey = card.journey
    return {
        "place": place,
        "name": name,
        "share": words.share(card.share),
        "size": f"{words.share(card.share)}: {words.text('customers', n=card.n)}",
        "customers": words.text("customers", n=card.n),
        "bounds": words.text("interval", range=words.range(low, high)),
        "width": round(100 * card.share, 1),
        "lists": [(words.of("personas", kind), found) for kind, found in lists.items() if found],
        "none": "" if rows or len(result.cards) < 2 else words.of("personas", "nothing"),
        "stability": "" if card.stability is None else _stability(card.stability, words),
        "near": "" if journey is None else _near(journey, words),
        "actor": None if journey is None or journey.actor is None else words.short(journey.actor, _NAME),
        "steps": [] if journey is None else _steps(journey, words),
        "map": None if card.map is None else map_values(card.map, words),
    }


def _called(result: Personas, card: Card, words: Language) -> str:
    """Return the name of a group in the language of the page; names of the data stay as they are."""
    if card.name is None:
        return words.of("personas", "without").format(by=words.short(result.by, _NAME))
    if isinstance(result.step, RFM):
        return words.of("personas_rfm", card.name)
    if isinstance(result.step, Clusters):
        if card.name == EVERYONE:
            return words.of("personas", "everyone")
        number = result.step.labels.index(card.name)
        staged = result.step.of == "stage"
        said = [
            _mark(sign, kind, words.stage(name) if staged and kind == "node" else name, words)
            for sign, kind, name in result.step.found["marks"][number]
        ]
        return f"{number + 1}: {', '.join(said) or words.of('personas', 'between')}"
    return words.short(card.name, _NAME)


def _mark(sign: str, kind: str, name: str, words: Language) -> str:
    if kind == "pace":
        return words.of("personas", f"{sign}_events")
    return words.of("personas", sign).format(name=words.short(name, 24))


def _tell(row: Mapping[Any, Any], words: Language) -> Tell:
    """Return one difference in words."""
    part, unit = str(row["part"]), str(row["unit"])
    name = row["name"] if isinstance(row["name"], str) else ""
    value, other = (_written(words, row[key], unit) for key in ("value", "value_rest"))
    low, high = (_gap(words, row[f"difference_{end}"], unit) for end in ("low", "high"))
    mine, rest = (
        round(100 * float(row[key]), 1) if unit == "share" else 0.0 for key in ("value", "value_rest")
    )
    return Tell(
        words.of("personas_parts", part),
        words.short(words.stage(name) if part == "stage" else name, _NAME)
        if isinstance(row["name"], str)
        else "",
        value,
        words.of("personas", "rest").format(value=other),
        words.of("personas", "difference").format(range=words.range(low, high)),
        mine,
        rest,
        row["difference"] > 0,
    )


def _written(words: Language, value: float, unit: str) -> str:
    if value != value:
        return "–"
    if unit in ("share", "score", "s"):
        return written(words, value, unit)
    if unit == "number":
        digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
        return words.number(f"{value:,.{digits}f}")
    return words.money(value, "" if unit == "money" else unit).strip("\u00a0").replace(" ", "\u00a0")


def _gap(words: Language, value: float, unit: str) -> str:
    """Write a bound of a difference, with its sign."""
    if value != value:
        return "–"
    if unit == "share":
        return words.number(f"{100 * value:+.0f}").replace("-", "−")
    sign = "+" if value >= 0 else "−"
    return words.signed(value) if unit == "score" else f"{sign}{_written(words, abs(value), unit)}"


def _stability(value: float, words: Language) -> str:
    kind = next(kind for least, kind in _STABLE if value >= least)
    return words.of("personas", kind).format(value=words.share(value))


def _near(journey: Journey, words: Language) -> str:
    if journey.n_compared < 2:
        return words.of("personas", "alone")
    share = words.share(journey.distance)
    return words.of("personas", "near").format(value=share, n=words.count(journey.n_compared - 1))


def _steps(journey: Journey, words: Language) -> list[tuple[str, str, str, str]]:
    """Return when, what, in which stage and how often, for the first steps and the last."""
    rows = journey.steps.to_dict("records")
    shown = [
        (
            words.of("personas", "begin") if i == 0 else f"+{words.duration(row['time_s'])}",
            words.short(row["event"], _NAME)
            if isinstance(row["event"], str)
            else words.of("personas", "rare"),
            words.short(words.stage(row["stage"]), _NAME)
            if isinstance(row["stage"], str) and row["stage"] != row["event"]
            else "",
            f" ×{words.count(row['n'])}" if row["n"] > 1 else "",
        )
        for i, row in enumerate(rows)
    ]
    left = journey.n_steps - _STEPS - 1
    if left < 1 or len(shown) < journey.n_steps:
        return shown[: _STEPS + 1]
    return [
        *shown[:_STEPS],
        (words.of("personas", "more_steps", left).format(n=words.count(left)), "", "", ""),
        shown[-1],
    ]


_WRITERS: Final[Writers] = {
    ".html": (_page, ("lang", "theme", "title")),
    ".json": (_data, ()),
    ".md": (_text, ("lang", "title")),
}
