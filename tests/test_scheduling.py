"""The examples of docs/scheduling.md: scripts run, code compiles, and the command line takes their arguments."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import typer.main

import journeylog as jl
from journeylog.reporting.cli import app, run
from journeylog.reporting.exits import Exit

PAGE = (Path(__file__).parent.parent / "docs" / "scheduling.md").read_text("utf-8")
CONFIG = """
goal = "pay"
patience = "30min"
stages = { look = ["home", "search"], buy = ["cart", "pay"] }
source = [{ name = "clicks", path = "events.csv", actor = "actor", event = "event", time = "time" }]
output = { mask = 0, files = ["map.json"] }
"""


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def parsed(command: list[str]) -> dict[str, Any]:
    """Return what the command line understands, without doing it."""
    assert command[:2] == ["journeylog", "run"]
    group = typer.main.get_command(app)
    commands: dict[str, Any] = group.commands  # type: ignore[attr-defined]
    context = commands["run"].make_context("run", command[2:])
    return dict(context.params)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    frame = jl.datasets.tiny().to_pandas()[["actor", "event", "time"]]
    frame.to_csv(tmp_path / "events.csv", index=False)
    file = tmp_path / "shop.toml"
    file.write_text(CONFIG, "utf-8")
    return file


def test_the_first_line_is_understood() -> None:
    found = parsed(shlex.split(blocks("sh")[0]))
    assert (found["start"], found["end"], found["as_json"]) == ("2025-03-31", "2025-04-06", True)


def script(folder: Path) -> Path:
    file = folder / "weekly.sh"
    file.write_text(next(block for block in blocks("sh") if block.startswith("#!")), "utf-8")
    file.chmod(0o755)
    return file


@pytest.mark.skipif(shutil.which("date") is None or sys.platform != "linux", reason="needs the date of GNU")
@pytest.mark.parametrize("day", ["2025-01-13", "2025-01-15", "2025-01-19"])
def test_the_script_hands_over_the_last_whole_week(tmp_path: Path, day: str) -> None:
    program = tmp_path / "journeylog"
    program.write_text('#!/bin/sh\necho "$@"\nexit 4\n', "utf-8")
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        [script(tmp_path), "shop.toml", day], capture_output=True, text=True, env=environment, check=False
    )
    assert done.stdout == "run shop.toml --from 2025-01-06 --to 2025-01-12 --json\n"
    assert done.returncode == 4 and "2025-01-06 to 2025-01-12" in done.stderr


@pytest.mark.skipif(shutil.which("date") is None or sys.platform != "linux", reason="needs the date of GNU")
def test_the_script_runs(config: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [script(config.parent), config, "2025-01-13"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["window"]["start"] == "2025-01-06 00:00:00" and told["window"]["end"].startswith(
        "2025-01-12 23:59:59"
    )
    manifest = json.loads((config.parent / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["latest"] == Path(told["folder"]).name and "map.json" in manifest["files"]


def test_every_metric_of_the_page_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", str(config), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    table = PAGE.partition("| key | meaning |")[2].partition("\n\n")[0]
    named = {
        key
        for line in table.splitlines()
        for key in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")
    }
    assert named == set(told) - {"max_rejected"}


def test_every_exit_code_of_a_run_is_explained() -> None:
    table = PAGE.partition("| exit code |")[2].partition("\n\n")[0]
    codes = {int(code) for line in table.splitlines()[2:] for code in re.findall(r"\d+", line.split("|")[1])}
    assert codes == {code.value for code in Exit} - {Exit.NOTHING.value}


def test_the_example_for_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    code = next(block for block in blocks("python") if "airflow" in block)
    operator = MagicMock()
    for name in (
        "airflow", "airflow.providers", "airflow.providers.standard", "airflow.providers.standard.operators",
        "airflow.providers.standard.operators.bash", "airflow.sdk", "airflow.timetables", "airflow.timetables.interval",
    ):  # fmt: skip
        module: Any = types.ModuleType(name)
        module.BashOperator, module.DAG, module.CronDataIntervalTimetable = operator, MagicMock(), MagicMock()
        monkeypatch.setitem(sys.modules, name, module)
    exec(compile(code, "airflow.py", "exec"), {})
    import jinja2

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.filters["ds"] = lambda moment: f"{moment:%Y-%m-%d}"
    macros = types.SimpleNamespace(
        ds_add=lambda day, n: str(dt.date.fromisoformat(day) + dt.timedelta(days=n))
    )
    line = environment.from_string(operator.call_args.kwargs["bash_command"]).render(
        data_interval_start=dt.datetime(2025, 3, 31), data_interval_end=dt.datetime(2025, 4, 7), macros=macros
    )
    found = parsed(shlex.split(line))
    assert (found["start"], found["end"], found["as_json"]) == ("2025-03-31", "2025-04-06", True)


def test_the_example_for_dagster(
    monkeypatch: pytest.MonkeyPatch, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = next(block for block in blocks("python") if "dagster" in block)
    dagster: Any = types.ModuleType("dagster")
    dagster.WeeklyPartitionsDefinition = MagicMock()
    dagster.asset = lambda **_: lambda function: function
    dagster.AssetExecutionContext = dagster.Failure = RuntimeError
    dagster.MaterializeResult = lambda metadata: metadata
    dagster.define_asset_job = dagster.build_schedule_from_partitioned_job = dagster.Definitions = MagicMock()
    monkeypatch.setitem(sys.modules, "dagster", dagster)
    assert run(["run", str(config), "--json"]) == 0
    line = capsys.readouterr().out
    called: list[list[str]] = []

    def answer(code: int) -> Any:
        def ended(command: list[str], **_: Any) -> Any:
            called.append(command)
            return types.SimpleNamespace(returncode=code, stdout=line)

        return ended

    names: dict[str, Any] = {}
    exec(compile(code, "dagster.py", "exec"), names)
    context = types.SimpleNamespace(partition_time_window=(dt.datetime(2025, 3, 31), dt.datetime(2025, 4, 7)))
    for ends in (0, 4):
        monkeypatch.setattr(subprocess, "run", answer(ends))
        told = names["journey_map"](context)
        assert told["rows"] == 12 and told["alerts"] == []
    found = parsed(called[0])
    assert (found["start"], found["end"], found["as_json"]) == ("2025-03-31", "2025-04-06", True)
    monkeypatch.setattr(subprocess, "run", answer(3))
    with pytest.raises(RuntimeError, match="ended with 3"):
        names["journey_map"](context)


def test_a_second_run_is_told_who_writes(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from journeylog.reporting.write import reserved

    out = config.parent / "out"
    out.mkdir()
    with reserved(out / "manifest.json"):
        assert run(["run", str(config)]) == 5
    assert f"another run (process {os.getpid()})" in capsys.readouterr().err
    assert run(["run", str(config)]) == 0
