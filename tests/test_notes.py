"""Notes: the same text in English as ever, and every one of them in every language that has a catalogue."""

from __future__ import annotations

import ast
import json
import pickle
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.core.notes import Moment, Note, Span, fields_of, note
from journeylog.core.pains import EXTRA_KINDS
from journeylog.reporting.language import Language, language
from journeylog.reporting.notewords import FORMS, plural_form
from journeylog.steps.pains import usual_pains

SOURCE = Path(jl.__file__).parent
WORDS = SOURCE / "reporting" / "words"
CATALOGUES = sorted(path.stem for path in WORDS.glob("*.toml"))
TRANSLATED = [name for name in CATALOGUES if name != "en"]


def trees() -> Iterator[tuple[Path, ast.AST]]:
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text("utf-8")
        if re.search(r"^from journeylog.core.notes import", text, re.MULTILINE) or ".append(" in text:
            yield path, ast.parse(text)


def templates() -> dict[str, str]:
    """Return every template of the source with the file it stands in."""
    found = {}
    for path, tree in trees():
        if "journeylog.core.notes" not in path.read_text("utf-8"):
            continue
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "note":
                assert call.args and isinstance(call.args[0], ast.Constant), (
                    f"{path}:{call.lineno}: no literal"
                )
                found[str(call.args[0].value)] = path.name
    return found


def named(template: str) -> set[str]:
    return {field.name.split("|")[0] for field in fields_of(template) if field.name}


def catalogue(name: str) -> dict[str, Any]:
    return tomllib.loads((WORDS / f"{name}.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", TRANSLATED)
def test_every_note_of_the_source_has_an_entry_with_the_same_fields(name: str) -> None:
    known, there = catalogue(name)["notes"], templates()
    assert len(there) > 100
    assert sorted(set(there) - set(known)) == [], "not translated"
    assert sorted(set(known) - set(there)) == [], "translated, and no longer in the source"
    for template in there:
        assert named(known[template]) == named(template), template


@pytest.mark.parametrize("name", TRANSLATED)
def test_every_plural_has_as_many_forms_as_the_language(name: str) -> None:
    words = catalogue(name)
    for entry in words["notes"].values():
        for field in fields_of(entry):
            if "|" in field.name:
                assert len(field.name.split("|")) == 1 + len(FORMS[words["plural"]]), entry


def test_no_result_is_given_a_plain_text_as_a_note() -> None:
    """What is put into ``notes`` is a note; the report of an identity is not for pages."""
    plain = []
    for path, tree in trees():
        if path.parent.name in ("reporting", "plots", "identity", "checks"):
            continue
        for one in ast.walk(tree):
            if (
                isinstance(one, ast.Call)
                and isinstance(one.func, ast.Attribute)
                and one.func.attr == "append"
            ):
                held, values = one.func.value, one.args
            elif isinstance(one, ast.Assign | ast.AugAssign) and isinstance(one.value, ast.List | ast.Tuple):
                held, values = (one.targets[0] if isinstance(one, ast.Assign) else one.target), one.value.elts
            else:
                continue
            if getattr(held, "id", getattr(held, "attr", "")) == "notes":
                plain += [
                    f"{path.name}:{one.lineno}" for v in values if isinstance(v, ast.JoinedStr | ast.Constant)
                ]
    assert plain == []


def shop() -> jl.EventLog:
    log = jl.datasets.tiny()
    return log.then(
        jl.Stages({"look": ["home", "search"], "buy": ["cart", "pay"]}),
        jl.Journeys("pay", "30min", goal_ends=False),
    )


QUESTIONS = [
    jl.Transitions(),
    jl.DropOff(),
    jl.Bottlenecks(),
    jl.Funnel(["home", "cart", "pay"], within="1h"),
    jl.Funnel(["home", "cart"]),
    jl.Outcomes(),
    jl.Variants(top=1),
    jl.Ledger(),
    jl.Model(),
    jl.Moments("pay", "20min"),
    jl.Retention(interval="day"),
    jl.Retention(interval="1h"),
    jl.MemoryTest(),
    jl.StepMatrix(),
    jl.TimeTo({"goal": "pay"}),
    jl.JourneyMap("pay", stages=None),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: type(q).__name__)
def test_the_notes_of_a_result_are_told_in_russian_without_an_english_word(question: jl.Outcomes) -> None:
    result = shop().compute(question)
    for one in result.notes:
        assert isinstance(one, Note), one
        told = language("ru").note(one)
        assert told != one
        code = re.sub(
            r"jl\.\w+(\([^)]*\))?|\w+=|share_within|n_alone|case='actor'|top=None|\bNone\b|'value'|\bq\b|\bUTC\b",
            "",
            told,
        )
        code = re.sub(r"«[^»]*»|'[^']*'|\(stage\)", "", code)
        assert not re.search(r"[A-Za-z]{2,}", code), told


def test_a_note_is_its_text() -> None:
    one = note("{n:,} of {total:,} cases visit no node", n=1200, total=5000)
    assert one == "1,200 of 5,000 cases visit no node" and hash(one) == hash(str(one))
    assert json.loads(json.dumps([one])) == [str(one)]
    again = pickle.loads(pickle.dumps(one))
    assert again == one and again.template == one.template and again.values == one.values
    assert {one: 1}[str(one)] == 1


@pytest.mark.parametrize(
    ("n", "said"),
    [(1, "1 путь не заходит"), (2, "2 пути не заходят"), (5, "5 путей не заходят"), (11, "11 путей не заходят"),
     (21, "21 путь не заходит"), (1234, "1 234 пути не заходят")],
)  # fmt: skip
def test_words_go_with_their_number(n: int, said: str) -> None:
    assert language("ru").note(note("{n:,} cases visit no node", n=n)) == f"{said} ни в один узел"


def test_numbers_times_and_lists_are_written_as_the_language_has_them() -> None:
    words = language("ru")
    within = note("the window is shorter than {within}, so nothing can be told", within=Span(5_400_000_000))
    assert words.note(within) == "окно короче 1 ч 30 мин, поэтому сказать ничего нельзя"
    usual = note("expected drop-off: {percent:.3g} %, the median of the nodes", percent=12.34)
    assert words.note(usual) == "ожидаемый уход: 12,3 %, медиана по узлам"
    silent = note(
        "no score follows {nodes!r:, }{more}: nothing is known there",
        nodes=("cart", "pay"),
        more=note(" and {n:,} more", n=3),
    )
    assert silent == "no score follows 'cart', 'pay' and 3 more: nothing is known there"
    assert words.note(silent) == "ни одной оценки после «cart», «pay» и ещё 3: там ничего не известно"
    period = note(
        "{name}: of this period only what lies in {start} to {end} UTC was observed",
        name="a",
        start=Moment(1_736_164_200_000_000),
        end=Moment(1_736_164_261_000_000),
    )
    assert "6 января 2025 г., 11:50 и 6 января 2025 г., 11:51:01 UTC" in words.note(period)
    assert words.duration(1500 * 86400) == "1 500 д"  # no comma, which would be a decimal mark


def test_a_note_of_a_saved_log_is_known_by_its_text(tmp_path: Path) -> None:
    words = language("ru")
    rows = [
        ("a", "2025-01-01", "EUR", "1.5"),
        ("b", "2025-01-02", "USD", "2"),
        ("b", "2025-01-03", "EUR", "3"),
    ]
    frame = pd.DataFrame(rows, columns=["actor", "time", "currency", "value"]).assign(event="buy")
    log = jl.read(
        frame, actor="actor", event="event", time="time", tz="UTC", value="value", currency="currency"
    )
    log.save(tmp_path / "log.arrow")
    notes = jl.load(tmp_path / "log.arrow").card.notes
    assert notes and not any(isinstance(one, Note) for one in notes)
    assert "суммы в 2 валютах, которые никогда не складываются: «EUR», «USD»" in [
        words.note(one) for one in notes
    ]
    text = str(note("{n:,} values are NaN and count as missing", n=1200))
    assert words.note(text) == "1 200 значений NaN, они считаются пропущенными"
    assert words.note("nobody wrote this") == "nobody wrote this"
    within = str(
        note("patience {patience}: what nothing follows for longer is dropped", patience=Span(10**9))
    )
    assert words.note(within).startswith("терпение 16 мин 40 с:")


def test_a_note_without_an_entry_stays_english() -> None:
    assert language("ru").note(note("nobody translated this: {n}", n=3)) == "nobody translated this: 3"
    assert language("en").note(note("{n:,} cases visit no node", n=3)) == "3 cases visit no node"


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_catalogue_has_what_the_english_one_has(name: str) -> None:
    """Another language is one file: the same tables with the same keys, and the notes."""
    english, other = catalogue("en"), catalogue(name)
    assert sorted(other) == sorted([*english, "notes"])
    for part, words in english.items():
        if isinstance(words, dict) and part not in ("units", "large"):
            assert sorted(other[part]) == sorted(words), part
    assert english["plural"] in FORMS and other["plural"] in FORMS


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("none", ["other"] * 6),
        ("one", ["other", "one", "other", "other", "other", "other"]),
        ("zero-one", ["one", "one", "other", "other", "other", "other"]),
        ("east-slavic", ["other", "one", "few", "other", "other", "one"]),
        ("polish", ["other", "one", "few", "other", "other", "other"]),
        ("czech", ["other", "one", "few", "other", "other", "other"]),
    ],
)
def test_rules_of_plurals(rule: str, told: list[str]) -> None:
    assert [plural_form(rule, n) for n in (0, 1, 3, 5, 12, 21)] == told


def test_a_language_of_ones_own_is_one_file() -> None:
    signs = {"decimal": ",", "thousands": ".", "percent": " %", "quotes": ["„", "“"]}
    said = {"{n:,} cases visit no node": "{n} {n|Fall besucht|Fälle besuchen} keinen Knoten"}
    german = Language("de", {"plural": "one", **signs, "notes": said})
    assert german.note(note("{n:,} cases visit no node", n=1)) == "1 Fall besucht keinen Knoten"
    assert german.note(note("{n:,} cases visit no node", n=1234)) == "1.234 Fälle besuchen keinen Knoten"


@pytest.mark.parametrize("name", CATALOGUES)
def test_kinds_of_pain_that_the_library_names_have_words(name: str) -> None:
    assert list(catalogue(name)["usual_pains"]) == [*EXTRA_KINDS, *usual_pains()]
    assert language(name).item("pains", "lost in the post") == "lost in the post"


def test_a_map_that_is_masked_twice_says_so_once() -> None:
    stages = {"look": ["home", "search"], "buy": ["cart", "pay"]}
    filled = jl.JourneyMap("pay", stages=stages, patience="30min").fill(jl.datasets.tiny())
    notes = filled.masked(5).masked(5).notes
    assert len(notes) == len(set(notes)) and sum("no group of fewer than" in one for one in notes) == 1
    assert filled.masked(5).masked(0).notes == filled.masked(5).notes
