"""The gallery: each map says first what was planted in its data, and the pages are what the code makes."""

from __future__ import annotations

import re
import struct
from typing import Any

import pytest
from scripts.gallery import FOLDER, SIZE, chapter, told

import journeylog as jl
from journeylog.datasets import Industry, industry
from journeylog.errors import ConfigError
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.language import language
from journeylog.reporting.mapfindings import findings
from journeylog.reporting.mappage import map_page

Made = tuple[str, Industry, JourneyMapResult]


@pytest.fixture(scope="module", params=list(jl.datasets.INDUSTRIES))
def made(request: Any) -> Made:
    """An industry with its map."""
    return (request.param, *told(request.param))


def said(filled: JourneyMapResult, lang: str) -> dict[str, str]:
    words = language(lang)
    keys = {
        words.text(f"short_{key}"): key
        for key in ("lost", "pain", "slow", "hit", "moment", "unhappy", "gain")
    }
    return {keys[title]: sentence for title, sentence, _ in findings(filled, words)}


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_what_was_planted_is_what_the_map_says_first_in_words(made: Made, lang: str) -> None:
    _, one, filled = made
    spec, first = one.spec, said(filled, lang)
    stage = {node.name: node.stage for node in spec.nodes}
    start, end = (stage[name] for name in spec.bottleneck)
    assert re.search(rf"{re.escape(start)} \w+ {re.escape(end)}:", first["slow"]), "the planted wait"
    assert first["pain"].startswith(f"{language(lang).item('pains', 'waiting')}, ") and start in first["pain"]
    assert spec.moment is not None and first["moment"].startswith(f"{spec.moment.event},")
    assert spec.segment is not None and first["hit"].startswith(f"{spec.segment.value},")
    assert stage[spec.segment.node] in first["hit"]
    assert first["unhappy"].startswith(f"{spec.unhappy_stage}:")


def test_the_pages_are_what_the_code_makes(made: Made) -> None:
    name, one, filled = made
    page = map_page(filled, title=one.title)
    assert (FOLDER / f"{name}.html").read_bytes() == page, "write it anew: make gallery"
    assert len(page) < 400_000
    assert chapter(name, one, filled) in (FOLDER / "README.md").read_text("utf-8"), "make gallery"


def test_every_map_has_its_picture(made: Made) -> None:
    data = (FOLDER / f"{made[0]}.png").read_bytes()
    assert struct.unpack(">II", data[16:24]) == SIZE


def test_industries_are_seeded_and_wrong_names_get_a_suggestion() -> None:
    one, other = industry("clinic", 50), industry("clinic", 50)
    assert one.events.equals(other.events) and not one.events.equals(industry("clinic", 50, seed=2).events)
    assert one.segment in one.events and set(one.events["event"]) <= {
        e for s in one.stages.values() for e in s
    }
    with pytest.raises(ConfigError, match="did you mean 'clinic'"):
        industry("clinik")
