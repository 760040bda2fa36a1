"""What a check of the data finds stands on the report, in words, without anything personal."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pandas as pd
import pytest

import journeylog as jl
from journeylog.checks.result import CHECKS
from journeylog.core.log import EventLog
from journeylog.errors import LoadWarning
from journeylog.reporting.language import language
from journeylog.reporting.page import build_page


def planted() -> EventLog:
    """Return forty customers of whom some rows came twice, some addresses hold mail, and some ids look alike."""
    day = pd.Timestamp("2025-03-03T09:00:00Z")
    rows = [
        (f"customer{i}", event, day + pd.Timedelta(hours=7 * i, minutes=j), "/p")
        for i in range(40)
        for j, event in enumerate(("home", "cart", "pay"))
    ]
    rows += [row for row in rows if row[1] == "cart"][:24]
    rows += [
        (f"customer{i}", "login", day + pd.Timedelta(days=20, minutes=i), f"/?m=ann{i}@example.com")
        for i in range(12)
    ]
    rows += [("customer3", "help", day + pd.Timedelta(days=21), "/?phone=+4915112345678")]
    frame = pd.DataFrame(rows, columns=["who", "what", "at", "url"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LoadWarning)
        return jl.read(frame, actor="who", event="what", time="at")


def part(page: bytes) -> str:
    """Return the text of the page's part about the data."""
    text = page.decode()
    text = text[text.index('id="data"') : text.index('id="words"')]
    return " ".join(re.sub(r"<[^>]+>", " ", text).replace("\u00a0", " ").replace("\u202f", " ").split())


def test_what_was_planted_is_told_worst_first_in_both_languages() -> None:
    log = planted()
    english, russian = (part(build_page(log, lang=lang, goal="pay").html) for lang in ("en", "ru"))
    assert "Error. Events equal to an earlier one of the same customer" in english
    assert "24 of 157 (15.3 %)" in english and "24 из 157 (15,3 %)" in russian
    assert "Ошибка. События, во всём равные более раннему событию того же клиента" in russian
    assert "Personal data in the data: e-mail address" in english and "12 of 157" in english
    assert "Персональные данные: адрес электронной почты" in russian
    assert english.index("Error.") < english.index("Warning.")
    assert "Table: What the checks of the data found" in english


def test_nothing_personal_and_no_number_of_few_stands_there() -> None:
    log = planted()
    told, whole = (part(build_page(log, mask=mask).html) for mask in (5, 0))
    for page in (told, whole):
        assert "@" not in page and "customer3" not in page and "4915" not in page and "5678" not in page
    assert "phone number ( “url” ): [hidden] of 157" in told
    assert "phone number ( “url” ): 1 of 157" in whole


def test_the_check_reads_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("journeylog.checks.run.dt", None)  # whoever asks it for the time fails
    assert "Checks of the data itself: 25" in part(build_page(planted()).html)


def test_a_page_in_a_second_language_asks_no_second_check(monkeypatch: pytest.MonkeyPatch) -> None:
    log = planted()
    first = build_page(log)
    monkeypatch.setattr("journeylog.reporting.page.check_data", None)
    again = build_page(log, lang="ru", answers=first.answers)
    assert "Ошибка." in part(again.html)


def test_every_check_has_words_in_every_language() -> None:
    for name in ("en", "ru"):
        assert set(CHECKS) - {"empty"} <= set(language(name).words["report_checks"])


def test_an_empty_log_has_no_line_of_checks(tmp_path: Path) -> None:
    none = jl.read(
        pd.DataFrame({"who": [], "what": [], "at": []}, dtype=str), actor="who", event="what", time="at"
    )
    page = jl.report(none, tmp_path / "page.html").read_bytes()
    assert "Checks of the data" not in part(page)


def test_pages_name_no_argument_of_python(tmp_path: Path) -> None:
    """Nor a function: what is said to who wrote the question stays in the notes of its result."""
    log = jl.datasets.tiny().then(jl.Stages({"look": ["home", "search"], "buy": ["cart", "pay"]}))
    filled = jl.JourneyMap("pay", stages={"look": ["home", "search"], "buy": ["cart", "pay"]}).fill(
        jl.datasets.tiny()
    )
    assert any("prices=" in note for note in filled.notes)
    for lang in ("en", "ru"):
        map_page = filled.save(tmp_path / "map.html", lang=lang, mask=0).read_text("utf-8")
        report = jl.report(log, tmp_path / "page.html", lang=lang, mask=0).read_text("utf-8")
        for page in (map_page, report):
            page = page.split('id="method"')[0]  # which records the steps as they are written
            told = re.sub(r"<(style|script|pre|svg)\b.*?</\1>", "", page, flags=re.DOTALL)
            texts = " ".join(re.findall(r">([^<]+)<", told))
            assert not re.findall(r"\b[a-z_]+=|jl\.\w+|log\.\w+", texts)
