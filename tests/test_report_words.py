"""The report in every language: nothing is left untranslated, and the numbers are the same."""

from __future__ import annotations

import html
import re
import string
import tomllib
import warnings
from pathlib import Path
from typing import Any

import pytest

import journeylog as jl
from journeylog.errors import ConfigError, LoadWarning
from journeylog.reporting.cli import run
from journeylog.reporting.page import build_page
from journeylog.reporting.sourcelist import read_source_list
from journeylog.reporting.wording import wording
from journeylog.steps.pains import usual_pains
from tests.test_report import Read

ROOT = Path(__file__).parent.parent
WORDS = ROOT / "src" / "journeylog" / "reporting" / "words"
OWN = (
    "report",
    "report_n",
    "report_tables",
    "report_heads",
    "report_helps",
    "report_define",
    "report_method",
    "changed",
    "reasons",
)


def catalogue(lang: str) -> dict[str, Any]:
    return tomllib.loads((WORDS / f"{lang}.toml").read_text(encoding="utf-8"))


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("part", OWN)
def test_every_language_has_every_text_with_the_same_places_for_values(part: str) -> None:
    english, russian = catalogue("en")[part], catalogue("ru")[part]
    assert list(english) == list(russian)
    for key, text in english.items():
        forms = [russian[key]] if isinstance(text, str) else list(russian[key].values())
        wanted = fields(text if isinstance(text, str) else " ".join(text.values()))
        assert all(fields(form) == wanted - {"were"} or fields(form) == wanted for form in forms), key
        if not isinstance(text, str):
            assert {"one", "other"} <= set(text) and {"one", "few", "other"} <= set(russian[key]), key


def test_plurals_numbers_and_intervals_are_right_in_russian() -> None:
    words = wording("ru")
    told = [str(words.several("journeys", n)) for n in (1, 2, 5, 11, 21, 22, 111, 1234567)]
    assert told == [
        "1 путь", "2 пути", "5 путей", "11 путей", "21 путь", "22 пути", "111 путей", "1\u202f234\u202f567 путей"
    ] or told[-1].replace("\u00a0", " ").replace("\u202f", " ") == "1 234 567 путей"  # fmt: skip
    assert [str(words.several("journeys", n)) for n in (1, 2, 5, 21)] == [
        "1 путь",
        "2 пути",
        "5 путей",
        "21 путь",
    ]
    assert words.share(0.1234).replace("\u00a0", " ") == "12,3 %"
    assert words.several("journeys", float("nan")) == "[скрыто] путей"


@pytest.fixture(scope="module")
def shop() -> jl.EventLog:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LoadWarning)
        return read_source_list(ROOT / "data" / "samples" / "shop.toml").load()


@pytest.fixture(scope="module")
def pages(shop: jl.EventLog) -> dict[str, bytes]:
    """The sample shop's page against that of its first weeks, in both languages."""
    question = jl.JourneyMap("delivered", stages="shop", patience="30d")
    before = question.fill(shop.between("2025-01-06", "2025-03-01"))
    later = shop.between("2025-03-01", "2025-05-05")
    options: dict[str, Any] = {"goal": "delivered", "patience": "30d", "stages": "shop", "before": before}
    return {lang: build_page(later, lang=lang, **options).html for lang in ("en", "ru")}


def numbers(text: str, lang: str) -> list[str]:
    """Return the numbers of a text as English writes them, in an order that does not depend on grammar."""
    text = re.sub(r"[\u00a0\u202f\u2009]", " ", text)
    if lang == "ru":
        text = re.sub(r"(?<=\d) (?=\d{3}(?!\d))", "", text)
        text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    else:
        text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    return sorted(re.findall(r"\d+(?:\.\d+)?", text))


def test_both_languages_hold_the_same_numbers(pages: dict[str, bytes]) -> None:
    english, russian = Read(pages["en"]), Read(pages["ru"])
    here, there = list(english.tables.values()), list(russian.tables.values())
    assert len(here) == len(there) >= 15
    for one, other in zip(here, there, strict=True):
        rows = [
            [[numbers(cell, lang) for cell in row] for row in table[1:]]
            for lang, table in (("en", one), ("ru", other))
        ]
        assert rows[0] == rows[1], one[0]
    drawn = [shapes(pages[lang]) for lang in ("en", "ru")]
    assert len(drawn[0]) > 200 and drawn[0] == drawn[1]


def shapes(page: bytes) -> list[tuple[bytes, ...]]:
    """Return the lengths of bars and where the shapes of drawings lie; only words may keep clear of others by language."""
    lines = re.findall(rb"()((?:width|left):[\d.]+%)", page)
    found = re.findall(rb"<(rect|circle|line|path|polygon|polyline)\b([^>]*)>", page)
    where = rb'\b(?:[xy][12]?|c[xy]|r|width|height|d|points)="[^"]*"'
    return [*lines, *((name, *re.findall(where, attributes)) for name, attributes in found)]


def sentences(page: bytes) -> list[str]:
    """Return the texts of the page's own paragraphs, captions and facts, markup removed."""
    pattern = rb'<p class="(?:lead|opening|sub|rows|value|axis)">(.*?)</p>|<figcaption>(.*?)</figcaption>|<dd>(.*?)</dd>'
    found = re.findall(pattern, page.split(b'id="words"')[0], re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]*>", " ", b"".join(parts).decode())) for parts in found]


def test_sentences_of_both_languages_hold_the_same_numbers(pages: dict[str, bytes]) -> None:
    english, russian = sentences(pages["en"]), sentences(pages["ru"])
    assert len(english) == len(russian) > 30
    for one, other in zip(english, russian, strict=True):
        assert numbers(one, "en") == numbers(other, "ru"), (one, other)


def test_no_word_of_the_russian_page_is_english_but_names_and_code(
    pages: dict[str, bytes], shop: jl.EventLog
) -> None:
    page = re.sub(rb"<(style|script|pre)[ >].*?</\1>", b" ", pages["ru"], flags=re.DOTALL).decode()
    page = re.sub(
        r"(?s)<dl class=\"words method\">.*?</dl>", " ", page
    )  # holds steps as they are written in Python
    seen = set(re.findall(r"(?:aria-label|title|data-sort|data-through|data-all)=\"([^\"]*)\"", page))
    text = " ".join([*seen, re.sub(r"<[^>]*>", " ", page.split("<body")[1].split(">", 1)[1])])
    text = html.unescape(text)
    names: set[str] = set(shop.events) | {
        "journeylog",
        "log",
        "rejects",
        "of",
        "stretch",
        "q",
        "n",
        "RUB",
        "UTC",
        "actor",
    }
    names |= {"Python", "user_id", "stage", "ms", *usual_pains()}  # columns, units and kinds of pain
    for column in ("channel", "stage", "source", "page"):
        for chunk in shop.then(jl.Stages("shop")).source.map(lambda chunk: chunk, 0):
            found = chunk.columns.get(column)
            names |= set(getattr(found, "names", ()))
    codes = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text)) | {"ENCODING"}
    known = {word for name in names | codes for word in re.findall(r"[A-Za-z]+", str(name))}
    known |= {word for name in shop.card.sources for word in re.findall(r"[A-Za-z]+", name)}
    text = re.sub(r"[«][^»]*»", " ", text)  # values of the data are in quotation marks
    text = re.sub(r"\w+\.(?:csv|jsonl)(?:\.gz)?|\b\w+=", " ", text)  # files and arguments
    english = {word for word in re.findall(r"[A-Za-z]{2,}", text) if word not in known}
    assert not english, english


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"lang='xx'.*Fix"):
        build_page(jl.datasets.tiny(), lang="xx")


def test_changes_are_told_in_sentences(pages: dict[str, bytes]) -> None:
    said = Read(pages["en"]).said
    assert (
        "What changed since last time Compared with the earlier map (6 January 2025 to 1 March 2025)." in said
    )
    assert re.search(r"went|up from|down from", said) and "points (95 % interval" in said


def test_a_log_without_stages_cannot_be_compared_with_a_map() -> None:
    before = jl.JourneyMap("pay", stages={"a": "home", "b": "pay"}).fill(jl.datasets.tiny())
    with pytest.raises(ConfigError, match=r"has no stages\. Fix: stages="):
        build_page(jl.datasets.tiny(), before=before)


def test_the_command_line_asks_for_language_mask_and_a_page_without_scripts(tmp_path: Path) -> None:
    log, rules = jl.datasets.tiny(), tmp_path / "stages.toml"
    rules.write_text('[stages]\nlook = ["home", "search"]\nbuy = ["cart", "pay"]\n', encoding="utf-8")
    log.to_pandas().to_csv(tmp_path / "tiny.csv", index=False)
    question = jl.JourneyMap(
        "pay", stages={"look": ["home", "search"], "buy": ["cart", "pay"]}, patience="1h"
    )
    question.fill(log).save(tmp_path / "map.json", mask=0)
    out = tmp_path / "r.html"
    asked = [
        "report", tmp_path / "tiny.csv", "--actor", "actor", "--event", "event", "--time", "time", "--tz", "UTC", "--goal",
        "pay", "--patience", "1h", "--stages", rules, "--lang", "ru", "--static", "--mask", 0, "-o", out,
    ]  # fmt: skip
    assert run([*map(str, asked), "--before", str(tmp_path / "map.json")]) == 0
    page = out.read_text(encoding="utf-8")
    assert '<html lang="ru"' in page and "<script" not in page
    assert "Что изменилось с прошлого раза" in page and "скрыто" not in page
    (tmp_path / "no.json").write_text("[", encoding="utf-8")
    assert run([*map(str, asked), "--before", str(tmp_path / "no.json")]) == 2


def test_every_chart_tells_its_finding_with_its_uncertainty_and_has_its_numbers_behind_a_disclosure(
    pages: dict[str, bytes],
) -> None:
    for lang, interval in (("en", "95 % interval"), ("ru", "95 %-й интервал")):
        seen = set()
        for part in re.findall(r"(?s)<section class=\"part\".*?</section>", pages[lang].decode()):
            figures = re.findall(r"(?s)<figure id=\"([^\"]*)\">(.*?)</figure>", part)
            tables = re.findall(r"(?s)<details>\s*<summary>.*?</summary>.*?<tbody>(.*?)</tbody>", part)
            for name, figure in figures:
                seen.add(name)
                finding = re.search(r"(?s)<figcaption><b class=\"finding\">(.*?)</b> ", figure)
                assert finding is not None, name
                said = html.unescape(re.sub(r"<[^>]*>", "", figure.partition("<figcaption>")[2])).replace(
                    "\u00a0", " "
                )
                said = said.replace("\u2011", "-")  # where no line may break
                assert interval in said, (name, said)
                assert "[hidden] moves" not in said and "[скрыто] переходов" not in said
            assert len(tables) >= len(figures) and all("<tr>" in rows for rows in tables)
        assert seen == {
            "figure-flow", "figure-moves", "figure-funnel", "figure-leaves", "figure-event-leaves", "figure-losses",
            "figure-paths", "figure-returns",
        }  # fmt: skip
