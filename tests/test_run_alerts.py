"""Alerts of a run: levels and supported changes, in the language of each page, with exit code 4."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylog.reporting.cli import run
from tests.run_logs import CHANNEL, SOURCE, UTC, written
from tests.test_attack import rare_log

CONFIG = f"""
goal = "pay"
patience = "1d"
stages = {{ look = "home", buy = ["cart", "pay"] }}
{SOURCE}{UTC}
[output]
languages = ["en", "ru"]
files = ["map.html", "map.json", "report.html"]
"""
ALERT = '\n[[alert]]\nstage = "look"\nrow = "ways"\nmeasure = "goal"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Two weeks: in the first 60 of 100 customers pay, in the second 30."""
    chance = np.random.default_rng(1)
    rows = []
    for i in range(800):
        week, begin = (
            i // 400,
            pd.Timestamp("2025-01-06") + pd.Timedelta(days=7 * (i // 400), minutes=int(i % 400) * 9),
        )
        rows.append((f"u{i}", "home", begin))
        if chance.random() < (0.6, 0.3)[week]:
            rows += [
                (f"u{i}", "cart", begin + pd.Timedelta("1h")),
                (f"u{i}", "pay", begin + pd.Timedelta("2h")),
            ]
    return written(tmp_path, CONFIG, pd.DataFrame(rows, columns=["actor", "event", "time"]))


def weeks(config: Path, more: str) -> tuple[int, int]:
    """Run the first week and the second one; return both exit codes."""
    config.write_text(CONFIG + more, encoding="utf-8")
    first = run(["run", str(config), "--from", "2025-01-06", "--to", "2025-01-12"])
    return first, run(["run", str(config), "--from", "2025-01-13", "--to", "2025-01-19", "--json"])


def test_a_supported_drop_beyond_the_threshold_exits_with_4_and_stands_on_top(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert weeks(config, ALERT + "falls = 0.1\n") == (0, 4)
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert facts["compared"] and len(facts["alerts"]) == 1
    assert re.search(
        r"down from 6\d\.\d % to \d\d\.\d %, surely by more than 10\.0 points", facts["alerts"][0]
    )
    latest = config.parent / "out" / "latest"
    for name, heading, said in (
        ("report.html", "Look first", "surely by more than"),
        ("report.ru.html", "Обратите внимание", "наверняка более чем на 10,0 п. п."),
        ("map.html", "Look first", "surely by more than"),
        ("map.ru.html", "Обратите внимание", "наверняка более чем на"),
    ):
        text = (latest / name).read_text("utf-8").replace("\u00a0", " ")
        assert heading in text and said in text, name
        assert text.index(said) < text.index('<table role="table"'), name


@pytest.mark.parametrize("limit", ["falls = 0.35", "rises = 0.05", "rises = 0"])
def test_less_than_the_threshold_or_the_other_way_is_no_alert(config: Path, limit: str) -> None:
    assert weeks(config, f"{ALERT}{limit}\n") == (0, 0)


def test_levels_and_changes_go_together(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weeks(config, ALERT + "falls = 0.1\nbelow = 0.5\n") == (0, 4)
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(facts["alerts"]) == 2 and "is below 50.0 %" in facts["alerts"][0]


def test_what_cannot_be_compared_is_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(
        CONFIG + ALERT.replace("ways", "volume").replace("goal", "journeys") + "falls = 3\n", "utf-8"
    )
    assert run(["run", str(config)]) == 2
    assert "is a count, which grows with the period" in capsys.readouterr().err
    assert not (config.parent / "out" / "manifest.json").exists()


def test_changes_are_told_in_sentences_of_each_language(config: Path) -> None:
    assert weeks(config, "") == (0, 0)
    latest = config.parent / "out" / "latest"
    told = {}
    for lang, name in (("en", "report.html"), ("ru", "report.ru.html")):
        part = (latest / name).read_text("utf-8").split('id="changed"')[1].split("</section>")[0]
        told[lang] = " ".join(html.unescape(re.sub(r"<[^>]*>", "", part)).replace("\u00a0", " ").split())
    assert re.search(
        r"In “look” the share of journeys that reach the goal from there went down from \d\d\.\d % to \d\d\.\d %, by "
        r"\d\d\.\d points \(95 % interval \d\d\.\d points to \d\d\.\d points; q < 0\.001\)\.",
        told["en"],
    )
    assert re.search(
        r"На этапе «look» доля путей, доходящих отсюда до цели: \d\d,\d % вместо \d\d,\d %, на \d\d,\d п\. п\. меньше",
        told["ru"],
    )


def test_a_run_makes_pages_without_scripts(config: Path) -> None:
    config.write_text(CONFIG.replace("[output]", "[output]\ninteractive = false"), encoding="utf-8")
    assert run(["run", str(config)]) == 0
    page = (config.parent / "out" / "latest" / "report.html").read_bytes()
    assert b"<script" not in page and b"script-src &#39;none&#39;" in page and len(page) < 1_000_000


JOINT = f"""
goal = "pay"
patience = "3d"
stages = {{ look = ["home", "search"], buy = ["cart", "pay"], ask = ["help", "rare"] }}
{SOURCE}{UTC}{CHANNEL}
[output]
files = ["map.json"%s]

[[alert]]
stage = "ask"
row = "volume"
measure = "journeys"
above = 5
"""


def test_an_alert_tells_no_number_that_is_hidden_only_because_a_report_stands_beside_the_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = rare_log(0).to_pandas()[["actor", "event", "time", "channel"]]
    told = {}
    for more, code in (("", 4), (', "report.html"', 0)):
        config = written(tmp_path, JOINT % more, frame)
        assert run(["run", str(config), "--json"]) == code
        told[code] = json.loads(capsys.readouterr().out.splitlines()[-1])["alerts"]
        cells = pd.DataFrame(json.loads((tmp_path / "out/latest/map.json").read_text("utf-8"))["table"])
        [cell] = cells[(cells["stage"] == "ask") & (cells["measure"] == "journeys")].to_dict("records")
        assert cell["masked"] == (code == 0) and (cell["value"] == 6) == (code == 4)
    assert len(told[4]) == 1 and "6" in told[4][0] and told[0] == []
