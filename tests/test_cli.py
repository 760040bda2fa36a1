"""The command line as a stranger and as a scheduler meet it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.errors import ConfigError, OutputError, ParseError
from journeylog.reporting.cli import run
from journeylog.reporting.exits import Exit
from journeylog.reporting.options import ROLES
from journeylog.reporting.write import reserved

ROOT = Path(__file__).parent.parent
COLUMNS = ["--actor", "who", "--event", "what", "--time", "when", "--tz", "UTC"]
GOOD = """who,what,when
ada,home,2025-01-06 09:00:00
ada,cart,2025-01-06 09:05:00
ada,pay,2025-01-06 09:09:00
bob,home,2025-01-06 10:00:00
bob,cart,2025-01-06 10:20:00
"""


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(GOOD, encoding="utf-8")
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "report.html"


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def program(*arguments: object, **more: Any) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-c",
        "from journeylog.reporting.cli import main; main()",
        *map(str, arguments),
    ]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


# What a stranger meets


@pytest.mark.parametrize("command", ["report", "describe", "check", "sample"])
def test_help_has_examples_and_exit_codes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"journeylog {command} " in said and "Exit codes:" in said
    assert all(f"--{role.replace('_', '-')}" in said for role in ROLES)
    assert "\x1b" not in said


def test_every_column_option_is_an_argument_of_read() -> None:
    import inspect

    assert set(ROLES) <= set(inspect.signature(jl.read).parameters)


def test_the_version_and_nothing_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"journeylog {jl.__version__}\n"
    assert run([]) == Exit.USAGE


def test_report_ends_with_the_findings_and_the_path(
    events: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["report", str(events), *COLUMNS, "--goal", "pay", "--mask", "0", "--out", str(out)]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0] == "rows          5 in = 5 kept + 0 rejected + 0 duplicates"
    assert lines[-1].startswith(f"{out} (") and lines[-1].endswith(" MB)")
    assert "Where they go: 1 of 2 journeys reached the goal “pay”" in said.out
    assert "Where they wait: " in said.out and "Where they leave: " in said.out
    assert said.err == "" and out.read_bytes().startswith(b"<!doctype html>")


def test_json_is_alone_on_stdout(events: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(["report", str(events), *COLUMNS, "--goal", "pay", "--mask", "0", "--out", str(out), "--json"])
        == 0
    )
    said = capsys.readouterr()
    facts = json.loads(said.out)
    assert facts["report"] == str(out) and facts["bytes"] == out.stat().st_size
    assert facts["card"]["rows_in"] == 5 and facts["accepted"] is True
    assert {row["outcome"]: row["n"] for row in facts["journeys"]} == {"reached": 1, "dropped": 0, "open": 1}
    assert "rows          5 in" in said.err


@pytest.mark.parametrize("command", ["describe", "check"])
def test_other_commands_speak_json_too(
    command: str, events: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, str(events), *COLUMNS, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["actors"], facts["events"]) == (2, 5)


def test_describe_lists_the_events(events: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["describe", str(events), *COLUMNS]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["cart", "2", "40.0", "%", "2", "100", "%"] in lines


def test_check_tells_reasons_with_examples_and_saves_the_rows(
    events: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events.write_text(GOOD + "cy,home,yesterday\n", encoding="utf-8")
    kept = tmp_path / "rejects.jsonl"
    assert run(["check", str(events), *COLUMNS, "--rejects", str(kept)]) == Exit.QUALITY
    said = capsys.readouterr()
    assert "6 in = 5 kept + 1 rejected + 0 duplicates" in said.out
    assert "1 (16.7 %) TS_UNPARSEABLE" in said.out and "“yesterday” in line 7 of events.csv" in said.out
    assert "more than 1.0 %" in said.err and "--max-rejected" in said.err
    assert json.loads(kept.read_text(encoding="utf-8"))["reason"] == "TS_UNPARSEABLE"
    assert run(["check", str(events), *COLUMNS, "--max-rejected", "0.5"]) == 0


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl", "arrow"])
def test_a_sample_has_whole_actors_and_can_be_read_again(
    ending: str, events: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = tmp_path / f"small.{ending}"
    assert run(["sample", str(events), *COLUMNS, "--n", "1", "--out", str(small)]) == 0
    again = [] if ending == "arrow" else ["--actor", "actor", "--event", "event", "--time", "time"]
    capsys.readouterr()
    assert run(["check", str(small), *again, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["actors"] == 1 and facts["events"] in (2, 3)
    assert leftovers(tmp_path) == []


def test_several_files_and_standard_input(
    events: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = tmp_path / "more.csv"
    more.write_text(GOOD.replace("ada", "eve").replace("bob", "fay"), encoding="utf-8")
    assert run(["check", str(events), str(more), *COLUMNS, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["actors"] == 4
    started = program("check", "-", *COLUMNS, "--json", stdin=subprocess.PIPE)
    said, _ = started.communicate(GOOD)
    assert started.returncode == 0 and json.loads(said)["events"] == 5


# Exit codes


def code(*arguments: object) -> int:
    return run([str(a) for a in arguments])


def test_exit_codes_of_what_goes_wrong(
    events: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    naive = tmp_path / "naive.csv"
    naive.write_text("who,what,when\na,b,2025-01-01 10:00\n", encoding="utf-8")
    cases = [
        (Exit.USAGE, "no such option", ["report", events, *COLUMNS, "--gaol", "pay"]),
        (
            Exit.USAGE,
            "time= not declared",
            ["report", events, "--actor", "who", "--event", "what", "-o", out],
        ),
        (
            Exit.USAGE,
            "pass --tz, the zone their clocks were in, for example --tz 'UTC' or 'Europe/Berlin'",
            ["report", naive, *COLUMNS[:-2], "-o", out],
        ),
        (Exit.USAGE, "no preset is called", ["report", events, *COLUMNS, "--stages", "shpo", "-o", out]),
        (Exit.USAGE, "patience", ["report", events, *COLUMNS, "--patience", "0d", "-o", out]),
        (Exit.INPUT, "did you mean 'who'", ["report", events, *COLUMNS, "--actor", "whoo", "-o", out]),
        (Exit.INPUT, "empty", ["report", empty, *COLUMNS, "-o", out]),
        (Exit.INPUT, "nowhere.csv", ["report", tmp_path / "nowhere.csv", *COLUMNS, "-o", out]),
        (Exit.OUTPUT, "does not exist", ["report", events, *COLUMNS, "-o", tmp_path / "no" / "r.html"]),
        (Exit.OUTPUT, "is a folder", ["report", events, *COLUMNS, "-o", tmp_path]),
        (Exit.NOTHING, "nothing to do", ["report", empty, *COLUMNS, "--allow-empty", "-o", out]),
    ]
    for wanted, words, arguments in cases:
        assert code(*arguments) == wanted, arguments
        said = capsys.readouterr()
        assert words.lower() in said.err.lower(), said.err
        assert said.out == "" and "Traceback" not in said.err
    assert not out.exists() and leftovers(tmp_path) == []


def test_a_header_without_rows_is_a_report_without_events(tmp_path: Path, out: Path) -> None:
    bare = tmp_path / "bare.csv"
    bare.write_text("who,what,when\n", encoding="utf-8")
    assert code("report", bare, *COLUMNS, "-o", out) == 0
    assert b"No events" in out.read_bytes()
    out.unlink()
    assert code("report", bare, *COLUMNS, "-o", out, "--allow-empty") == Exit.NOTHING
    assert not out.exists()


def test_too_many_rejected_rows_are_4_and_the_report_is_written(tmp_path: Path, out: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("who,what,when\n,home,2025-01-06\n,pay,2025-01-07\n", encoding="utf-8")
    assert code("report", bad, *COLUMNS, "-o", out) == Exit.QUALITY
    assert b"ACTOR_NULL" in out.read_bytes()


def test_a_log_without_events_has_no_period_and_the_fix_is_told(
    tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    german = tmp_path / "german.csv"
    german.write_text("who,what,when\na,home,unbekannt\na,pay,31.01.2025 10:00\n", encoding="utf-8")
    assert code("report", german, *COLUMNS, "-o", out) == Exit.QUALITY
    said = capsys.readouterr()
    assert "period        no events\n" in said.out and "1970" not in said.out
    assert "hint: pass --time-format '%d.%m.%Y %H:%M'\n" in said.err


def test_a_failed_run_leaves_the_last_good_report(events: Path, out: Path, tmp_path: Path) -> None:
    assert code("report", events, *COLUMNS, "-o", out) == 0
    good = out.read_bytes()
    for arguments in (["--stages", "shpo"], ["--actor", "nobody"], ["--within", "-1d"]):
        assert code("report", events, *COLUMNS, *arguments, "-o", out) != 0
        assert out.read_bytes() == good
    assert leftovers(tmp_path) == []


def test_an_unexpected_fault_is_1_and_one_line(
    events: Path, out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("what\nnow")

    monkeypatch.setattr("journeylog.reporting.commands.build_page", fail)
    assert code("report", events, *COLUMNS, "-o", out) == Exit.INTERNAL
    said = capsys.readouterr().err
    assert said.startswith("internal error: KeyError") and "Traceback" not in said
    monkeypatch.setenv("JOURNEYLOG_DEBUG", "1")
    assert code("report", events, *COLUMNS, "-o", out) == Exit.INTERNAL
    assert "Traceback" in capsys.readouterr().err


# Terminals


def test_names_cannot_act_on_a_terminal_or_forge_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(
        'who,what,when\na,"x\n2026-01-01 ERROR paid",2025-01-06\na,\x1b[2J[red]wipe,2025-01-07\na,\u202edaer,2025-01-08\n',
        encoding="utf-8",
    )
    assert code("describe", path, *COLUMNS) == 0
    said = capsys.readouterr().out
    assert "x\\n2026-01-01 ERROR paid" in said and "\\x1b[2J[red]wipe" in said and "\\u202edaer" in said
    assert "\x1b" not in said and "\u202e" not in said
    assert not [line for line in said.splitlines() if line.startswith("2026")]


def test_secrets_of_addresses_are_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert code("check", "postgres://ann:hunter2@db/shop?password=hunter3", *COLUMNS) == Exit.INPUT
    said = capsys.readouterr()
    assert "hunter" not in said.err + said.out and "postgres://... is an address" in said.err
    assert code("check", "export?password=hunter3", *COLUMNS) == Exit.INPUT
    said = capsys.readouterr()
    assert "hunter" not in said.err + said.out and "***" in said.err


def test_a_reader_that_stops_early_is_no_failure(events: Path, out: Path) -> None:
    started = program("report", events, *COLUMNS, "-o", out)
    assert started.stdout is not None and started.stderr is not None
    started.stdout.close()
    said = started.stderr.read()
    started.stderr.close()
    assert started.wait() == 0 and said == "" and out.exists()


@pytest.mark.parametrize(
    "env", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"NO_COLOR": "1"}], ids=repr
)
def test_poor_terminals_get_plain_text(env: dict[str, str], events: Path) -> None:
    started = program("describe", events, *COLUMNS, env={**os.environ, "TERM": "dumb", **env})
    said, told = started.communicate()
    assert started.returncode == 0 and told == "" and "home" in said and "\x1b" not in said


# Stopping, and two at once


@pytest.mark.parametrize(("number", "wanted"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_cleans_up_and_leaves_what_was_there(
    number: signal.Signals, wanted: int, out: Path, tmp_path: Path
) -> None:
    out.write_text("the last good one", encoding="utf-8")
    started = program("report", "-", *COLUMNS, "-o", out, stdin=subprocess.PIPE)
    lock = tmp_path / ".report.html.lock"
    end = time.monotonic() + 30
    while not (lock.exists() and lock.stat().st_size) and time.monotonic() < end:
        time.sleep(0.05)
    started.send_signal(number)
    said, told = started.communicate()
    assert started.returncode == wanted
    assert said == "" and "stopped" in told and "Traceback" not in told
    assert out.read_text(encoding="utf-8") == "the last good one" and leftovers(tmp_path) == []


def test_two_runs_on_one_report_do_not_meet(
    events: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with reserved(out):
        assert code("report", events, *COLUMNS, "-o", out) == Exit.OUTPUT
    assert f"another run (process {os.getpid()})" in capsys.readouterr().err
    assert code("report", events, *COLUMNS, "-o", out) == 0


def test_what_a_killed_run_left_is_swept_up(out: Path, tmp_path: Path) -> None:
    (tmp_path / ".report.html.4711.tmp").write_text("half", encoding="utf-8")
    (tmp_path / ".report.html.lock").write_text("4711", encoding="utf-8")
    with reserved(out) as target:
        target.put(b"whole")
    assert out.read_bytes() == b"whole" and leftovers(tmp_path) == []


def test_a_full_disk_leaves_the_old_file(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out.write_bytes(b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with (
        pytest.raises(OutputError, match=r"No space left on device \(3 bytes are needed\)"),
        reserved(out) as target,
    ):
        target.put(b"new")
    assert out.read_bytes() == b"old" and leftovers(tmp_path) == []


def test_a_report_keeps_the_rights_of_the_one_before_and_follows_no_link(out: Path, tmp_path: Path) -> None:
    out.write_bytes(b"old")
    out.chmod(0o640)
    jl.report(jl.datasets.tiny(), out)
    assert out.stat().st_mode & 0o777 == 0o640
    link = tmp_path / "link.html"
    link.symlink_to(out)
    with pytest.raises(OutputError, match="symbolic link"):
        jl.report(jl.datasets.tiny(), link)


@pytest.mark.parametrize("name", ["a\x00b.html", "x" * 300 + ".html", ""])
def test_names_no_file_can_have_are_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        jl.report(jl.datasets.tiny(), f"{tmp_path}/{name}")


def test_a_name_of_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    for write, name, fix in ((jl.report, "x.pdf", "x.html"), (jl.workbook, "x.csv", "x.xlsx")):
        with pytest.raises(ConfigError, match=f"Fix: {fix}"):
            write(jl.datasets.tiny(), tmp_path / name)
    assert not list(tmp_path.iterdir())
    assert jl.report(jl.datasets.tiny(), tmp_path / "week.12", mask=0).exists()


def test_the_file_of_an_earlier_map_may_be_named(tmp_path: Path) -> None:
    stages, log = {"look": ["home", "search"], "buy": ["cart", "pay"]}, jl.datasets.tiny()
    result = jl.JourneyMap("pay", stages=stages, patience="1h").fill(log)
    earlier = result.save(tmp_path / "map.json")
    assert len(result.changes(earlier)) == len(result.changes(result))
    jl.report(log, tmp_path / "r.html", goal="pay", patience="1h", stages=stages, before=earlier, mask=0)
    assert result.save(tmp_path / "m.html", before=str(earlier)).exists()
    with pytest.raises(ParseError, match=r"no saved map.*Fix"):
        result.changes(tmp_path / "none.json")


# Source lists

LIST = """
title = "Two systems"
goal = "pay"
patience = "1h"
{more}
[[source]]
name = "web"
path = "events.csv"
actor = "who"
event = "what"
time = "when"
tz = "UTC"

[[source]]
name = "orders"
path = "orders.csv"
actor = "customer"
tz = "UTC"
stamps = {{ ordered = "ordered_at", paid = "paid_at" }}
"""


@pytest.fixture
def listed(events: Path, tmp_path: Path) -> Path:
    orders = {"customer": ["ada"], "ordered_at": ["2025-01-06 09:10:00"], "paid_at": ["2025-01-06 09:12:00"]}
    pd.DataFrame(orders).to_csv(tmp_path / "orders.csv", index=False)
    path = tmp_path / "shop.toml"
    path.write_text(LIST.format(more=""), encoding="utf-8")
    return path


def test_a_source_list_joins_what_it_names(
    listed: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code("report", listed, "-o", out, "--json", "--mask", 0) == 0
    facts = json.loads(capsys.readouterr().out)
    assert set(facts["card"]["sources"]) == {"web", "orders"} and facts["events"] == 7
    assert b"<h1>Two systems</h1>" in out.read_bytes()
    assert code("report", listed, "-o", out, "--title", "Mine", "--goal", "paid", "--mask", 0) == 0
    assert b"<h1>Mine</h1>" in out.read_bytes()
    assert "1 of 2 journeys reached the goal “paid”" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("patience", "patiance"), "shop.toml: unknown key 'patiance'. Fix: did you mean 'patience'?"),
        (("actor = ", "acter = "), "shop.toml: source 1: unknown key 'acter'. Fix: did you mean 'actor'?"),
        (('"1h"', "60"), "shop.toml: patience = 60 is not possible. Fix: a duration such as '30d'"),
        (('goal = "pay"', 'goal = "pay"\ngoal = "cart"'), "is no TOML"),
        (('name = "web"', ""), "shop.toml: source 1 has no name"),
        (('name = "web"', 'name = "orders"'), "two sources are called 'orders'"),
        (("[[source]]", "[[sauce]]"), "names no source"),
        (('"1h"', '"soon"'), "patience='soon' is not a duration"),
        (('goal = "pay"', 'stages = "nix.toml"'), "nix.toml cannot be read"),
        (('event = "what"', "event = { word = 1 }"), "source 1 (web): event"),
        (('goal = "pay"', "max_rejected = true"), "max_rejected = True is not possible"),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_a_mistake_in_a_source_list_is_2_and_named(
    change: tuple[str, str], words: str, listed: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed.write_text(listed.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    assert code("report", listed, "-o", out) == Exit.USAGE
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_a_fault_of_a_source_names_the_source(listed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = listed.read_text(encoding="utf-8")
    listed.write_text(text.replace('actor = "customer"', 'actor = "custmer"'), encoding="utf-8")
    assert code("check", listed) == Exit.INPUT
    assert "shop.toml, source 2 (orders)" in capsys.readouterr().err


def test_the_fix_of_a_source_list_is_a_key_of_it(
    listed: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = listed.read_text("utf-8")
    listed.write_text(text.replace('tz = "UTC"\n', "", 1), encoding="utf-8")
    assert code("report", listed, "-o", out) == Exit.USAGE
    said = capsys.readouterr().err
    assert "tz = 'UTC' or" in said and "--tz" not in said
    listed.write_text(text.replace('"1h"', '"1h"\nstages = {look = "hom", pay = "paid"}'), encoding="utf-8")
    assert code("report", listed, "-o", out) == 0
    assert capsys.readouterr().err.count("'hom'") == 1


def test_a_source_list_says_what_a_journey_is_and_what_was_observed(
    listed: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.toml").write_text('[stages]\nsee = "home"\nbuy = ["cart", "pay*"]\n', encoding="utf-8")
    more = 'of = "session"\ngap = "10min"\nstages = "mine.toml"\nwindow = ["2025-01-06", "2025-01-07"]\nmax_rejected = 0.1'
    listed.write_text(LIST.format(more=more).replace('patience = "1h"', ""), encoding="utf-8")
    assert code("report", listed, "-o", out, "--json", "--mask", 0) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["window"] == {
        "start": "2025-01-06 00:00:00",
        "end": "2025-01-07 23:59:59.999999",
        "declared": True,
    }
    assert sum(row["n"] for row in facts["journeys"]) == 3 and facts["max_rejected"] == 0.1


def test_a_source_list_stands_alone(listed: Path, events: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("check", listed, events) == Exit.USAGE
    assert code("check", listed, "--actor", "who") == Exit.USAGE
    assert "--actor does not go with a source list" in capsys.readouterr().err


def test_the_sample_shop_is_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "shop.html"
    assert code("report", ROOT / "data" / "samples" / "shop.toml", "-o", out, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    truth = json.loads((ROOT / "data" / "samples" / "truth.json").read_text(encoding="utf-8"))
    for balance in truth["balance"]:
        found = facts["card"]["sources"][balance["table"]]
        assert [found[k] for k in ("rows_in", "kept", "rejected", "deduplicated")] == [
            balance[k] for k in ("n_events", "n_kept", "n_rejected", "n_deduplicated")
        ]
    start, end = truth["bottleneck"]
    assert f"The wait that costs most time is from “{start}” to “{end}”" in facts["findings"][1]
