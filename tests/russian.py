"""Logs in which every word of the data is Russian, and what a page shows: for looking for what stays English."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from typing import Any

import numpy as np

import journeylog as jl
from journeylog.core.log import EventLog
from journeylog.errors import LoadWarning

_LETTERS = dict(zip("abcdefghijklmnopqrstuvwyz_-", "абцдефгхийклмнопкрстуввыз  ", strict=True)) | {"x": "кс"}
#: Attributes whose values are read out, shown on hover, or put on the page by its script.
SHOWN = ("aria-label", "alt", "title", "placeholder", "data-sort", "data-through", "data-all", "data-stage")
#: Latin letters that are no words of a language: this library and Python, zones, currencies, signs of statistics.
TECHNICAL = {"journeylog", "Python", "UTC", "RUB", "q", "n"}
#: Names of arguments and of functions in a sentence, which are code, and codes of reasons: ``within=``, ``jl.Journeys``.
CODE = re.compile(
    r"jl\.\w+(\([^)]*\))?|log\.rejects|\b[a-z_]+=(\"[a-z]+\"|'[a-z]+'|None)?|\b[A-Z]+(_[A-Z]+)+\b"
)


def russian(text: Any) -> Any:
    """Return a word of the data in Cyrillic letters; what is no text stays."""
    return "".join(_LETTERS.get(sign, sign) for sign in text.lower()) if isinstance(text, str) else text


class World:
    """Simulated customers of an industry whose events, channels, segments, stages, texts and needs are in Russian.

    With `preset` the events keep their English names, which the presets of stages know.
    """

    def __init__(self, name: str, n: int, preset: bool = False) -> None:
        made = jl.datasets.industry(name, n)
        tell: Callable[[Any], Any] = str if preset else russian
        frame = made.events.copy()
        for column in ("event", "channel", made.segment):
            frame[column] = frame[column].map(tell, na_action="ignore")
        heard, rng = frame["score"].notna(), np.random.default_rng(1)
        texts = ("очень долго ждали", "всё прекрасно работает", "пишите на a@b.example")
        frame["слова"] = None
        frame.loc[heard, "слова"] = [texts[i % 3] for i in range(heard.sum())]
        frame["ищут"] = [("диван", "стол", None, "  ")[i] for i in rng.integers(0, 4, len(frame))]
        frame["повод"] = [("сломалось", None, "где заказ")[i % 3] for i in range(len(frame))]
        frame = frame.rename(columns={made.segment: "площадка"})
        roles = {name: name for name in ("actor", "event", "time", "channel", "value", "currency", "score")}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LoadWarning)
            self.log: EventLog = jl.read(frame, **roles, score_scale="nps", text="слова")
        self.stages = {
            tell(stage): [tell(event) for event in events] for stage, events in made.stages.items()
        }
        self.goal, self.first = tell(made.goal), next(iter(self.stages))
        self.channels = sorted(frame["channel"].dropna().unique())
        self.segments = sorted(frame["площадка"].dropna().unique())

    @property
    def middle(self) -> str:
        """The day in the middle of the period."""
        return str(np.datetime64((self.log.window.start + self.log.window.end) // 2, "us").astype("M8[D]"))

    def halves(self) -> tuple[EventLog, EventLog]:
        """Return the log before the day in the middle and from then on."""
        window: dict[str, Any] = self.log.window.to_dict()
        return self.log.between(window["start"], self.middle), self.log.between(self.middle, window["end"])

    def question(self, **more: Any) -> jl.JourneyMap:
        """Return the question of a map with everything it can be asked."""
        first, last = next(iter(self.stages.values())), list(self.stages.values())[-1]
        asked = {
            "segment": "площадка", "need": "ищут", "reason": "повод", "voice": True, "again": "30d", "currency": "RUB",
            "pains": {"ошибки сайта": first[:1], "возвраты": last[-1:]},
            "prices": {"ошибки сайта": 3, "waiting": 2, "rework": 15},
            "spend": {self.channels[0]: 10000.0, self.channels[1]: 500.0},
        }  # fmt: skip
        return jl.JourneyMap(self.goal, **{"stages": self.stages, **asked, **more})

    @property
    def notes(self) -> dict[str, Any]:
        """Notes of analysts."""
        told = {"thinks": "А надо ли?", "needs": ["Счёт"], "pains": "Долго", "ideas": "Короче форма"}
        return {"author": "Анна Ли", "date": "2025-04-02", "stages": {self.first: told}}


class Seen(HTMLParser):
    """The texts of a page that a person sees or hears; code, styles and scripts are left out."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        #: What is marked as English on a page in another language.
        self.english = 0
        self._inside: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the attributes that are shown."""
        if tag not in ("meta", "link", "input", "br", "img"):
            self._inside.append(tag)
        self.texts += [" ".join(value.split()) for name, value in attrs if name in SHOWN and value]
        self.texts += [
            said for name, value in attrs if name == "data-choices" for _, said in json.loads(value or "[]")
        ]
        self.english += ("lang", "en") in attrs

    def handle_endtag(self, tag: str) -> None:
        """Leave an element, and those in it that were not closed."""
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        if data.strip() and not {"style", "script", "pre", "code"} & set(self._inside):
            self.texts.append(" ".join(data.split()))


def latin(texts: Iterable[str], data: Iterable[str] = ()) -> dict[str, str]:
    """Return the words in Latin letters that are neither technical nor of the data, each with a text it stands in."""
    found: dict[str, str] = {}
    known = {part for name in data for part in re.findall(r"[A-Za-z]+", name)} | TECHNICAL
    for text in texts:
        for word in re.findall(r"[A-Za-z]+", CODE.sub(" ", text)):
            if word not in known:
                found.setdefault(word, text[:200])
    return found
