"""``journeylog run``: the same input gives the same bytes, and a run that is killed leaves the last good output."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.reporting.cli import run
from journeylog.reporting.looks import time_lines
from tests.run_logs import CHANNEL, SOURCE, tree, written

CONFIG = f"""
title = "Tiny"
goal = "pay"
patience = "30min"
stages = {{ look = ["home", "search"], buy = ["cart", "pay"] }}
{SOURCE}{CHANNEL}
[map]
need = "channel"

[output]
folder = "out"
mask = 0
languages = ["en", "ru"]
files = ["map.html", "map.json", "map.md", "map.xlsx", "cells.parquet", "cells.csv", "rejects.jsonl"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return written_config(tmp_path)


def written_config(tmp_path: Path) -> Path:
    events = jl.datasets.tiny().to_pandas()[["actor", "event", "time", "channel"]]
    return written(tmp_path, CONFIG, events, "tiny.toml")


def good(folder: Path) -> str:
    """Return the newest folder, after a look that everything the manifest names is there whole."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for name, told in manifest["files"].items():
        data = (folder / manifest["latest"] / name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (told["bytes"], told["sha256"])
    return str(manifest["latest"])


def test_a_second_run_changes_no_byte(config: Path) -> None:
    out = config.parent / "out"
    assert run(["run", str(config)]) == 0
    first = tree(out)
    assert {Path(name).name for name in first} == {
        "manifest.json", "map.html", "map.ru.html", "map.json", "map.md", "map.ru.md", "map.xlsx", "map.ru.xlsx",
        "cells.parquet", "cells.csv", "rejects.jsonl",
    }  # fmt: skip
    assert run(["run", str(config)]) == 0
    assert tree(out) == first
    assert (out / "latest").resolve().name == good(out)


def test_by_default_everything_is_written_and_a_second_run_changes_no_byte(config: Path) -> None:
    text = CONFIG.replace(CONFIG[CONFIG.index("files = [") : CONFIG.index("rejects.jsonl")], "").replace(
        'rejects.jsonl"]', ""
    )
    config.write_text(text, encoding="utf-8")
    assert run(["run", str(config)]) == 0
    place = config.parent / "out" / "latest"
    names = {file.name for file in place.iterdir()}
    pages = ("map.html", "map.md", "map.svg", "map.xlsx", "report.html", "report.xlsx", "dictionary.csv")
    assert {*pages, *(name.replace(".", ".ru.") for name in pages)} <= names
    assert {
        "map.json",
        "rejects.jsonl",
        "manifest.json",
        "cells.parquet",
        "cells.csv",
        "paths.parquet",
        "losses.csv",
    } <= names
    first = tree(config.parent / "out")
    assert run(["run", str(config)]) == 0
    assert tree(config.parent / "out") == first
    log = jl.read_config(config)
    asked: dict[str, Any] = {
        "goal": "pay",
        "patience": "30min",
        "stages": {"look": ["home", "search"], "buy": ["cart", "pay"]},
    }
    for file in jl.tables(log, config.parent / "tables", mask=0, **asked):
        if not file.name.startswith("cells"):  # the run asks the map for needs, too
            assert file.read_bytes() == (place / file.name).read_bytes(), file.name


def test_the_facts_are_told_to_machines(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", str(config), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["card"]["rows_in"] == 12 and facts["events"] == 12 and facts["actors"] == 4
    assert facts["alerts"] == [] and facts["compared"] is False
    assert facts["seconds"] > 0 and facts["peak_bytes"] > 10**7
    assert facts["rows"] == 12 and facts["rejects"] == 0
    assert Path(facts["folder"]).is_dir() and len(facts["files"]) == 10


def test_a_later_window_is_compared_with_the_earlier_one(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", str(config), "--to", "2025-01-06 11:30"]) == 0
    assert run(["run", str(config), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert facts["compared"] is True
    page = (Path(facts["folder"]) / "map.html").read_text("utf-8")
    assert "What changed" in page
    assert run(["run", str(config), "--to", "2025-01-06 11:30"]) == 0
    assert len([p for p in (config.parent / "out").iterdir() if p.is_dir() and not p.is_symlink()]) == 2


def test_an_alert_that_holds_exits_with_4_and_stands_on_top(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alert = '\n[[alert]]\nstage = "look"\nrow = "volume"\nmeasure = "journeys"\n'
    config.write_text(CONFIG + alert + "above = 3\n", encoding="utf-8")
    assert run(["run", str(config)]) == 4
    assert "is above 3" in capsys.readouterr().out
    page = (config.parent / "out" / "latest" / "map.html").read_text("utf-8")
    assert "Look first" in page and "is above 3" in page
    config.write_text(CONFIG + alert + "below = 3\n", encoding="utf-8")
    assert run(["run", str(config)]) == 0


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture(scope="module")
def last_week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the output of an earlier run."""
    config = written_config(tmp_path_factory.mktemp("last"))
    assert run(["run", str(config), "--to", "2025-01-06 11:30"]) == 0
    return config.parent / "out"


@pytest.mark.parametrize("point", range(20))
def test_a_run_killed_at_any_point_leaves_the_last_good_output(
    config: Path, point: int, last_week: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = shutil.copytree(last_week, config.parent / "out", symlinks=True)
    before, name = tree(out), good(out)
    left = [point]

    def mortal(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return real(*args, **kwargs)

        return call

    for place, call in (
        (os, "fsync"),
        (Path, "rename"),
        (Path, "replace"),
        (Path, "mkdir"),
        (Path, "symlink_to"),
    ):
        monkeypatch.setattr(place, call, mortal(getattr(place, call)))
    killed = False
    try:
        run(["run", str(config)])
    except Killed:
        killed = True
    monkeypatch.undo()
    now = tree(out)
    assert all(now[file] == data for file, data in before.items() if file != "manifest.json")
    good(out)
    assert killed or point > 12, "the point lies behind the end of the run"
    assert run(["run", str(config)]) == 0
    assert good(out) != name
    assert not [p for p in out.iterdir() if p.name.endswith((".tmp", ".lock"))]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("[maps]\n", "unknown key 'maps'.*did you mean 'map'"),
        ('[map]\nneeds = "channel"\n', "unknown key 'needs'.*did you mean 'need'"),
        ('[output]\nfiles = ["map.htm"]\n', "did you mean 'map.html'"),
        ('[output]\nlanguages = ["xx"]\n', "languages: 'xx' is not possible. Fix"),
        ("[output]\nfolder = 3\n", "folder = 3 is not possible"),
        ('[[alert]]\nrow = "loss"\nmeasure = "drop"\nabov = 1\n', "did you mean 'above'"),
        (
            '[[alert]]\nstage = "nowhere"\nrow = "loss"\nmeasure = "drop"\nabove = 0.5\n',
            "no cell with stage = 'nowhere'. Fix: ",
        ),
    ],
)
def test_a_wrong_configuration_is_told_and_changes_nothing(
    config: Path, more: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    base = CONFIG.split("[map]")[0]
    config.write_text(base + more, encoding="utf-8")
    assert run(["run", str(config)]) == 2
    told = capsys.readouterr().err
    assert re.search(says, told), told
    assert not (config.parent / "out" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--from", "01.02.2025"], "'01.02.2025' is not a time. Fix: write '2025-01-31'"),
        (["--from", "2030-01-01"], "the data ends on .*before --from 2030-01-01. Fix: name the end"),
        (["--to", "2010-01-01"], "the data begins on .*after --to 2010-01-01. Fix: name the start"),
    ],
)
def test_a_window_that_is_not_understood_is_refused(
    config: Path, options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", str(config), *options]) == 2
    assert re.search(says, capsys.readouterr().err)
    assert not (config.parent / "out").exists()


def test_a_configuration_without_stages_is_told_what_a_configuration_can_say(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = config.read_text("utf-8")
    config.write_text(re.sub(r"(?m)^stages = .*$", "", text), encoding="utf-8")
    assert run(["run", str(config)]) == 2
    said = capsys.readouterr().err
    assert "names no stages" in said and 'Fix: stages = "shop"' in said and "jl." not in said


# The first configuration


def test_a_first_configuration_is_made_from_a_look_and_runs_once_it_is_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = jl.datasets.tiny().to_pandas()
    rows[["actor", "event", "time", "channel"]].rename(columns={"actor": "User ID", "time": "ts"}).to_csv(
        tmp_path / "clicks.csv", index=False, sep=";"
    )
    file = tmp_path / "made.toml"
    assert run(["init", str(tmp_path / "clicks.csv"), "--out", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sources"] == 1
    said = tomllib.loads(file.read_text("utf-8"))
    assert said["source"] == [
        {
            "name": "clicks",
            "path": "clicks.csv",
            "delimiter": ";",
            "actor": "User ID",
            "event": "event",
            "time": "ts",
            "channel": "channel",
        }
    ]
    text = (
        file.read_text("utf-8")
        .replace('# goal = "paid" ', 'goal = "pay" ')
        .replace('# stages = "shop"', 'stages = "shop"')
    )
    file.write_text(text, encoding="utf-8")
    assert run(["run", str(file)]) == 0
    assert (tmp_path / "out" / "latest" / "map.html").is_file()


def test_a_first_configuration_marks_what_it_cannot_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text('{"user_id": 1, "event": "x", "ts": 1700000000000}\n', encoding="utf-8")
    (tmp_path / "b.csv").write_text("customer,ordered_at,paid_at\nc,2025-01-01 10:00,\n", encoding="utf-8")
    (tmp_path / "c.csv").write_text("what,when\n", encoding="utf-8")
    (tmp_path / "d.csv").write_text("user,action,time,nps\nu,x,2025-01-01 10:00,9\n", encoding="utf-8")
    out = tmp_path / "made.toml"
    assert (
        run(
            [
                "init",
                *(str(tmp_path / name) for name in ("a.jsonl", "b.csv", "c.csv", "d.csv")),
                "-o",
                str(out),
            ]
        )
        == 0
    )
    text = out.read_text("utf-8")
    assert 'time_unit = "ms"   # CHECK' in text and 'tz = "UTC"   # CHECK' in text
    assert 'stamps = { ordered = "ordered_at", paid = "paid_at" }   # CHECK' in text
    assert "score_scale = [0, 10]   # CHECK: the scale; seen were ['9']" in text
    assert text.count('= "?"') == 3
    capsys.readouterr()
    assert run(["init", str(tmp_path / "a.jsonl"), "-o", str(out)]) == 2
    assert "is there already" in capsys.readouterr().err and out.read_text("utf-8") == text
    for name, says, code in (("none.csv", "no file", 3), ("made.toml", "is not looked into", 2)):
        assert run(["init", str(tmp_path / name), "-o", str(tmp_path / "new.toml")]) == code
        assert says in capsys.readouterr().err


GERMAN = """Kunde;Ereignis;Zeitpunkt;Betrag (€)
K1;Startseite;31.01.2025 10:00;
K1;Kauf;31.01.2025 11:30;12,50
K2;Startseite;unbekannt;
K2;Kauf;02.02.2025 09:00;8,00
"""


def test_a_first_configuration_of_files_from_elsewhere_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "klicks.csv").write_text(GERMAN, encoding="cp1252")
    days = tmp_path / "days"
    days.mkdir()
    for day in (1, 2):
        row = {
            "type": "track", "messageId": f"m{day}", "userId": f"K{day}", "anonymousId": "a", "event": "Opened",
            "timestamp": f"2025-02-0{day}T10:00:00Z", "properties": {"revenue": 1},
        }  # fmt: skip
        (days / f"{day}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    orders = pd.DataFrame({"mql_id": ["a", "b"], "won_date": ["2025-01-05 10:00:00", "2025-01-06 10:00:00"]})
    orders.to_parquet(tmp_path / "deals.parquet")
    jl.write(jl.datasets.tiny(), tmp_path / "tiny.xes")
    out = tmp_path / "made.toml"
    names = ("klicks.csv", "days", "deals.parquet", "tiny.xes")
    assert run(["init", *(str(tmp_path / name) for name in names), "-o", str(out)]) == 0
    clicks, days_of, deals, xes = tomllib.loads(out.read_text("utf-8"))["source"]
    assert clicks == {
        "name": "klicks", "path": "klicks.csv", "delimiter": ";", "encoding": "cp1252", "actor": "Kunde",
        "event": "Ereignis", "time": "Zeitpunkt", "time_format": "%d.%m.%Y %H:%M", "tz": "UTC", "value": "Betrag (€)",
        "decimal": ",",
    }  # fmt: skip
    assert days_of == {"name": "days", "path": "days", "format": "segment"}
    assert deals == {
        "name": "deals", "path": "deals.parquet", "actor": "mql_id", "event": {"constant": "deals"}, "time": "won_date",
        "tz": "UTC",
    }  # fmt: skip
    assert xes == {"name": "tiny", "path": "tiny.xes"}
    with pytest.warns(jl.errors.LoadWarning, match="1 of 4 rows were rejected"):
        log = jl.read_config(out)
    assert (log.card.kept, log.card.rejected) == (3 + 2 + 2 + 12, 1)


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ([1_700_000_000_000, 1_700_000_000_001, 5], ['time_unit = "ms"']),
        (["2025-01-01T10:00:00Z"] * 4 + ["2025-01-01 10:00:00"], []),
        (["13/01/2025", "02/03/2025"], ['time_format = "%d/%m/%Y"', 'tz = "UTC"']),
        (["01/02/2025"], ['time_format = "%d/%m/%Y"   # CHECK: or %m/%d/%Y?', 'tz = "UTC"']),
        (["10/Oct/2000:13:55:36 -0700"], ['time_format = "%d/%b/%Y:%H:%M:%S %z"']),
        (["home", "cart"], None),
        ([], None),
    ],
    ids=str,
)
def test_what_a_look_says_of_times(values: list[Any], lines: list[str] | None) -> None:
    found = time_lines(values)
    assert (found is None) == (lines is None)
    assert len(found or []) == len(lines or [])
    assert all(line.startswith(begin) for line, begin in zip(found or [], lines or [], strict=True))


def test_an_id_that_most_rows_lack_is_not_the_customer_but_joins_them(tmp_path: Path) -> None:
    rows = [f"d{i % 7},{'u1' if i % 9 == 0 else ''},home,2025-01-06T09:{i:02}:00Z" for i in range(40)]
    (tmp_path / "clicks.csv").write_text(
        "\n".join(["device_id,user_id,action,ts", *rows]) + "\n", encoding="utf-8"
    )
    out = tmp_path / "made.toml"
    assert run(["init", str(tmp_path / "clicks.csv"), "-o", str(out)]) == 0
    text = out.read_text("utf-8")
    assert 'actor = "device_id"' in text and "# user_id is missing in 35 of 40 rows   # CHECK: stitch" in text
    full = "device_id,user_id,action,ts\n" + "".join(
        f"d{i},u{i},home,2025-01-06T09:{i:02}:00Z\n" for i in range(40)
    )
    (tmp_path / "full.csv").write_text(full, encoding="utf-8")
    assert run(["init", str(tmp_path / "full.csv"), "-o", str(tmp_path / "full.toml")]) == 0
    assert 'actor = "user_id"' in (tmp_path / "full.toml").read_text("utf-8")


def test_notes_of_analysts_lie_beside_the_configuration_wherever_it_is_run(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (config.parent / "notes.toml").write_text(
        'author = "Ann"\n[stages.buy]\nthinks = "Is it safe?"\n', encoding="utf-8"
    )
    text = CONFIG.replace("[map]", '[map]\nnotes = "notes.toml"').replace(
        '"map.html"', '"map.html", "report.html"'
    )
    config.write_text(text, encoding="utf-8")
    monkeypatch.chdir(config.parent.parent)
    place = f"{config.parent.name}/{config.name}"
    assert run(["run", place]) == 0
    assert run(["report", place, "--out", str(config.parent / "one.html")]) == 0
    for file in (
        config.parent / "one.html",
        config.parent / "out/latest/report.html",
        config.parent / "out/latest/map.html",
    ):
        assert "Is it safe?" in file.read_text("utf-8"), file
