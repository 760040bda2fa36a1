"""``journeylog check`` as a batch job meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.reporting.cli import run
from journeylog.reporting.exits import Exit
from tests.checks import planted

COLUMNS = ["--actor", "who", "--event", "what", "--time", "when", "--event-id", "id", "--now", planted.NOW]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("data")
    planted.clean(n=1500).to_parquet(place / "clean.parquet")
    dirty = planted.ties()[0]
    dirty.loc[:2, "comment"] = planted.SECRETS["card"]
    dirty.to_parquet(place / "dirty.parquet")
    return place


def code(*arguments: object) -> int:
    return run([str(a) for a in arguments])


def test_a_clean_file_passes_and_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("check", folder / "clean.parquet", *COLUMNS, "--fail-on", "warning") == Exit.OK
    said = capsys.readouterr()
    assert "Check: Nothing to remark in 1,500 events" in said.out and said.err == ""


def test_a_limit_exits_with_4_and_the_page_is_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "check.html"
    asked = ["check", folder / "dirty.parquet", *COLUMNS, "--out", page]
    assert code(*asked) == Exit.OK  # no limit was set
    page.unlink()
    assert code(*asked, "--fail-on", "error", "--title", "Monday") == Exit.QUALITY
    said = capsys.readouterr()
    assert "error: the data failed its check: personal_data" in said.err
    assert "**** 1111" in said.out and "4111 1111" not in said.out + said.err
    written = page.read_text(encoding="utf-8")
    assert "<title>Monday</title>" in written and "Failed" in written and "4111 1111" not in written
    assert code(*asked, "--fail-on", "ties=0.5") == Exit.OK
    assert code(*asked, "--fail-on", "ties=0.001") == Exit.QUALITY
    assert code(*asked, "--fail-on", "*=error", "--fail-on", "personal_data=1") == Exit.OK


def test_json_holds_the_whole_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("check", folder / "dirty.parquet", *COLUMNS, "--json", "--fail-on", "ties=0") == Exit.QUALITY
    said = capsys.readouterr()
    facts = json.loads(said.out)
    assert facts["check"]["ok"] is False and facts["check"]["worst"] == "error"
    ties = next(f for f in facts["check"]["findings"] if f["check"] == "ties")
    assert (ties["n"], ties["severity"], ties["of"]) == (40, "info", "events")
    assert "4111 1111" not in said.out + said.err


def test_arrival_and_source_can_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roles = ["--received", "got", "--source", "src", "--zone", "Europe/Berlin"]
    assert code("check", folder / "clean.parquet", *COLUMNS, *roles, "--json") == Exit.OK
    facts = json.loads(capsys.readouterr().out)["check"]
    assert {f["where"] for f in facts["findings"] if f["check"] == "late"} == {"app", "web"}
    assert facts["tz"] == "Europe/Berlin"


@pytest.mark.parametrize(
    "limit, told",
    [("bad", "--fail-on"), ("tie=0.1", "did you mean 'ties'"), ("ties=7", "ties"), ("ties=", "ties")],
)
def test_a_limit_that_means_nothing_is_a_wrong_option(
    limit: str, told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code("check", folder / "clean.parquet", *COLUMNS, "--fail-on", limit) == Exit.USAGE
    assert told in capsys.readouterr().err


def test_values_at_fault_are_masked_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"who": ["a", "b"], "what": "x", "when": ["2025-01-01", "ann.lee@example.com"]})
    frame.to_csv(tmp_path / "bad.csv", index=False)
    columns = ["--actor", "who", "--event", "what", "--time", "when", "--tz", "UTC"]
    for more in ([], ["--json"]):
        assert code("check", tmp_path / "bad.csv", *columns, *more) == Exit.QUALITY
        said = capsys.readouterr()
        assert "ann.lee" not in said.out + said.err and "a***@e***.com" in said.out


def test_the_old_page_stays_when_the_input_cannot_be_read(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "check.html"
    page.write_text("old", encoding="utf-8")
    assert code("check", folder / "missing.parquet", *COLUMNS, "-o", page) == Exit.INPUT
    assert page.read_text(encoding="utf-8") == "old"
    assert (
        code("check", folder / "clean.parquet", *COLUMNS, "-o", tmp_path / "no" / "check.html") == Exit.OUTPUT
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["check.html"]


def test_a_source_list_sets_limits_and_a_saved_log_is_checked(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "shop.toml"
    lines = [
        'title = "Shop"', "[fail_on]", "ties = 0.0", "[[source]]", 'name = "web"', f'path = "{folder / "dirty.parquet"}"',
        'actor = "who"', 'event = "what"', 'time = "when"', 'event_id = "id"',
    ]  # fmt: skip
    listed.write_text("\n".join(lines), encoding="utf-8")
    assert code("check", listed, "--now", planted.NOW) == Exit.QUALITY
    assert code("check", listed, "--now", planted.NOW, "--fail-on", "ties=0.9") == Exit.OK
    assert code("report", listed, "--out", tmp_path / "report.html") == Exit.OK  # the limits are the check's
    capsys.readouterr()
    roles: dict[str, Any] = {"actor": "who", "event": "what", "time": "when", "event_id": "id"}
    jl.read(folder / "dirty.parquet", **roles).save(tmp_path / "log.arrow")
    assert code("check", tmp_path / "log.arrow", "--json") == Exit.OK
    facts = json.loads(capsys.readouterr().out)
    assert next(f["n"] for f in facts["check"]["findings"] if f["check"] == "ties") == 40
