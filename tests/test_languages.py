"""Another language is one file from outside of the package: whole or refused, and everything on a page comes from it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import journeylog as jl
from journeylog.core.notes import note
from journeylog.errors import ConfigError
from journeylog.reporting.cli import run
from journeylog.reporting.language import language, languages
from journeylog.reporting.mapfiles import map_bytes
from journeylog.reporting.page import build_page
from journeylog.reporting.personapage import persona_bytes
from tests.russian import Seen, World, latin

#: Warnings of the library are for the one who runs it, and in English.
pytestmark = pytest.mark.filterwarnings("ignore::journeylog.errors.JourneylogWarning")
WORDS = Path(jl.__file__).parent / "reporting" / "words"
_GREEK = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "αβψδεφγηιξκλμνοπϙρστθωςχυζ" * 2
)
_KEPT = re.compile(r"(\{[^}]*\}|<[^>]*>|jl\.\w+(?:\([^)]*\))?|log\.rejects|\b[a-z_]+=(?:\"[a-z]+\")?|&\w+;)")


def greek(text: str) -> str:
    """Return a text whose letters are Greek; fields, markup and code stay."""
    return "".join(part if i % 2 else part.translate(_GREEK) for i, part in enumerate(_KEPT.split(text)))


def translated(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: translated(one) for key, one in value.items()}
    return [translated(one) for one in value] if isinstance(value, list) else greek(value)


def written(words: dict[str, Any]) -> str:
    """Return a catalogue as TOML; texts in JSON's quotes are texts of TOML."""
    lines = []
    for key, value in sorted(words.items(), key=lambda item: isinstance(item[1], dict)):
        if isinstance(value, dict):
            lines.append(f"[{key}]")
            lines += [f"{json.dumps(k)} = {_inline(v)}" for k, v in value.items()]
        else:
            lines.append(f"{key} = {_inline(value)}")
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_inline(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def notes_in_greek() -> dict[str, str]:
    """Return a translation of every note, with the plain fields of its English sentence."""
    known = tomllib.loads((WORDS / "ru.toml").read_text("utf-8"))["notes"]
    return {said: greek(re.sub(r"\{(\w+)[^}]*\}", r"{\1}", said)) for said in known}


@pytest.fixture(scope="module")
def words() -> dict[str, Any]:
    """The English catalogue in Greek letters."""
    english = tomllib.loads((WORDS / "en.toml").read_text("utf-8"))
    signs = {"plural": "one", "decimal": ",", "thousands": ".", "percent": " %", "date": english["date"]}
    return {**translated(english), **signs, "notes": notes_in_greek()}


@pytest.fixture(scope="module")
def file(words: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A catalogue somewhere else."""
    path = tmp_path_factory.mktemp("words") / "el.toml"
    path.write_text(written(words), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def shop() -> World:
    return World("shop", 200)


def test_every_page_is_in_the_language_of_the_file_and_in_nothing_else(shop: World, file: str) -> None:
    filled = shop.question().fill(shop.log).with_notes(shop.notes)
    people = jl.personas(shop.log, "площадка", map=jl.JourneyMap(shop.goal, stages=shop.stages))
    pages = [
        map_bytes(filled, ".html", lang=file, before=shop.question().fill(shop.halves()[0])),
        map_bytes(filled, ".svg", lang=file),
        build_page(shop.log, lang=file, goal=shop.goal, stages=shop.stages).html,
        persona_bytes(people, ".html", lang=file),
    ]
    for page in pages:
        seen = Seen(page)
        assert latin(seen.texts) == {}
        assert re.search(rb'lang="el"', page) and not seen.english
    assert "ψθστομερ" in pages[0].decode() and "Карта" not in pages[0].decode()


def test_numbers_are_those_of_the_language_and_stages_of_presets_have_its_names(file: str) -> None:
    words = language(file)
    assert words.name == "el" and words.count(1_234_567) == "1.234.567" and words.share(0.125) == "12,5 %"
    assert words.of_stages(["awareness", "consideration", "decision"]).stage("decision") == greek("decision")
    assert words.note(note("{n:,} cases visit no node", n=1234)) == f"1.234 {greek('cases visit no node')}"


def test_the_public_ways_take_a_path(tmp_path: Path, file: str) -> None:
    log, rules = jl.datasets.tiny(), {"look": ["home", "search"], "buy": ["cart", "pay"]}
    asked: dict[str, Any] = {"goal": "pay", "patience": "1h", "stages": rules, "lang": file}
    jl.report(log, tmp_path / "r.html", **asked)
    jl.workbook(log, tmp_path / "r.xlsx", **asked)
    jl.tables(log, tmp_path / "tables", **asked, kinds=["csv"])
    assert greek("stage or event") in (tmp_path / "tables" / "dictionary.csv").read_text("utf-8")
    log.to_pandas().to_csv(tmp_path / "tiny.csv", index=False)
    (tmp_path / "el.toml").write_text(Path(file).read_text("utf-8"), encoding="utf-8")
    config = """goal = "pay"
patience = "1h"
[stages]
look = ["home", "search"]
buy = ["cart", "pay"]
[[source]]
name = "clicks"
path = "tiny.csv"
actor = "actor"
event = "event"
time = "time"
tz = "UTC"
[output]
languages = ["en", "el.toml"]
files = ["map.html", "dictionary.csv"]
mask = 0
""".replace('"dictionary.csv"', '"tables.csv"')
    (tmp_path / "c.toml").write_text(config, encoding="utf-8")
    assert run(["run", str(tmp_path / "c.toml")]) == 0
    made = tmp_path / "out" / "latest"
    assert '<html lang="el"' in (made / "map.el.html").read_text("utf-8")
    assert (made / "dictionary.el.csv").exists() and (made / "map.html").exists()
    out = tmp_path / "cli.html"
    asked_for = [
        "report",
        tmp_path / "tiny.csv",
        "--actor",
        "actor",
        "--event",
        "event",
        "--time",
        "time",
        "--tz",
        "UTC",
    ]
    assert run([*map(str, asked_for), "--lang", file, "-o", str(out)]) == 0
    assert '<html lang="el"' in out.read_text("utf-8")


def test_a_text_that_is_missing_is_an_error_unless_the_file_names_a_fallback(
    tmp_path: Path, words: dict[str, Any]
) -> None:
    less = {**words, "text": {key: text for key, text in words["text"].items() if key != "hidden"}}
    path = tmp_path / "el.toml"
    path.write_text(written(less), encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"el\.toml: texts are missing: 1, for example 'text\.hidden'\. Fix: .*fallback"
    ):
        language(str(path))
    path.write_text('fallback = "en"\n' + written(less), encoding="utf-8")
    assert language(str(path)).text("hidden") == "hidden"


def test_a_company_has_words_of_its_own(tmp_path: Path) -> None:
    own = '[text.customers]\none = "{n} patient"\nother = "{n} patients"\n'
    path = tmp_path / "en.toml"
    path.write_text('fallback = "en"\n' + own, encoding="utf-8")
    words = language(str(path))
    assert words.text("customers", n=1200) == "1,200 patients" and words.text("journeys", n=1) == "1 journey"
    assert words.name == "en"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"text": {"hiden": "x"}},
            r"nothing asks for texts: 1, for example 'text\.hiden'\. Fix: did you mean 'text\.hidden'",
        ),
        ({"rows": {"loss": "{stgae}"}}, r"cannot be told: 1, for example 'rows\.loss: \{stgae\}'"),
        ({"rows": {"loss": {"other": "x"}}}, "forms where one text is asked for"),
        ({"text": {"customers": {"other": "{n}", "few": "{n}"}}}, "are no forms of"),
        ({"text": {"customers": "{n}"}}, "one text in place of forms"),
        ({"notes": {"{n:,} cases visit no node": "{n} {n|a|b|c}"}}, "has not 2 forms"),
        ({"notes": {"{n:,} cases visit no node": "{m}"}}, r"\{m\}"),
        ({"sheets": {"paths": "a/b"}}, "is no name of a sheet"),
        ({"plural": "dual"}, "plural='dual' is no rule. Fix: one of"),
        ({"months": ["a"]}, "months=.* Fix: a list of 12 texts"),
        ({"fallback": "xx"}, "fallback='xx' is no language. Fix: one of"),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_said_before_a_page_is_made(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    path = tmp_path / "de.toml"
    path.write_text(written({"fallback": "en", **change}), encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        language(str(path))


@pytest.mark.parametrize(
    ("name", "said"), [("de.toml", "cannot be read"), ("my words.toml", "after no language")]
)
def test_a_file_that_is_none(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        language(str(tmp_path / name))
    (tmp_path / name).write_text("[", encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        language(str(tmp_path / name))


@pytest.mark.parametrize("name", languages())
def test_the_catalogues_of_the_library_pass_their_own_check(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.toml"
    path.write_text((WORDS / f"{name}.toml").read_text("utf-8"), encoding="utf-8")
    assert language(str(path)).words == language(name).words
