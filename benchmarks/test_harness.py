"""The benchmarks do not rot: the generator, the reference and one whole run in miniature."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from benchmarks import __main__ as command
from benchmarks import logs, targets
from benchmarks.check import wrong
from benchmarks.contenders import CONTENDERS
from benchmarks.measure import FailedError, Measured, Plan, check, imports, measure
from benchmarks.reference import Answers, answers

MINIATURE = ["--events", "20000", "--shapes", "plain", "--rounds", "1", "--repeats", "1"]
SMALL = logs.Log("plain", 2_000, 100, 40)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(logs, "CACHE", tmp_path)
    return tmp_path


def test_logs_are_seeded_and_lie_as_exports_do(cache: Path) -> None:
    first = pq.read_table(SMALL.make())
    SMALL.path.unlink()
    assert pq.read_table(SMALL.make()).equals(first)
    actor, time = first["actor"].to_pylist(), first["time"].cast("int64").to_pylist()
    assert first.column_names == ["actor", "event", "time"]
    assert (len(actor), len(set(actor))) == (2_000, 100)
    assert actor != sorted(actor)
    early = sum(later < before for before, later in pairwise(time))
    assert 0 < early < 200  # nearly in the order of time, not quite
    assert len(set(zip(actor, time, strict=True))) < 2_000  # some events of one actor share a time


@pytest.mark.parametrize("shape", ["wide", "single"])
def test_other_shapes_have_many_names(cache: Path, shape: str) -> None:
    log = logs.logs([shape], [20_000])[-1]
    table = pq.read_table(log.make())
    assert table.num_rows == 20_000
    assert len(set(table["event"].to_pylist())) > 2_000
    assert (len(set(table["actor"].to_pylist())) == 1) == (shape == "single")


def test_reference_equals_plain_loops(cache: Path) -> None:
    right = answers(SMALL.make())
    paths = defaultdict(list)
    for row in pq.read_table(SMALL.path).to_pylist():
        paths[row["actor"]].append((row["time"], row["event"]))
    steps, sessions, reached = defaultdict(list), [], [0, 0, 0]
    for path in paths.values():
        path.sort(key=lambda event: event[0])
        sizes = [1]
        for (before, source), (after, target) in pairwise(path):
            gap = (after - before).total_seconds()
            steps[source, target].append(gap)
            if gap <= logs.GAP_MINUTES * 60:
                sizes[-1] += 1
            else:
                sizes.append(1)
        sessions += sizes
        for step in range(furthest(path)):
            reached[step] += 1
    assert {pair: sorted(times) for pair, times in steps.items()} == {
        pair: [step / 1e6 for step in times.tolist()] for pair, times in right.steps_us.items()
    }
    assert right.sessions == (len(sessions), sum(size**2 for size in sessions))
    assert right.funnel == tuple(reached)
    assert right.funnel[2] < right.open_funnel[2]  # the window decides something


def furthest(path: list[tuple[datetime, str]]) -> int:
    """Try every chain of steps."""
    found = 0
    for i, (start, first) in enumerate(path):
        if first != logs.FUNNEL[0]:
            continue
        found = max(found, 1)
        inside = [
            event
            for time, event in path[i + 1 :]
            if (time - start).total_seconds() <= logs.FUNNEL_DAYS * 86_400
        ]
        if logs.FUNNEL[1] in inside:
            found = max(found, 2)
            if logs.FUNNEL[2] in inside[inside.index(logs.FUNNEL[1]) :]:
                return 3
    return found


def test_a_wrong_answer_is_named(cache: Path) -> None:
    right = answers(SMALL.make())
    given: list[list[Any]] = [
        [s, t, len(times), float(times.mean()) / 1e6, float(times[len(times) // 2]) / 1e6]
        for (s, t), times in right.steps_us.items()
    ]
    assert wrong(right, found(right, given)) == []
    for place, by in ((2, 1), (3, 0.01), (4, 1e6)):
        spoiled = [row.copy() for row in given]
        spoiled[7][place] += by
        assert len(wrong(right, found(right, spoiled))) == 1
    assert wrong(right, found(right, given[1:])) == [f"log: {len(given) - 1} pairs instead of {len(given)}"]
    assert len(wrong(right, {**found(right, given), "funnel_window": False})) == 1


def found(right: Answers, given: list[list[Any]]) -> dict[str, Any]:
    said = {"log": given, "sessions": right.sessions, "funnel": right.funnel}
    return {"answers": said, "median_relative": 0, "median_seconds": 0, "funnel_window": True}


def test_targets_compare_the_shortest_times() -> None:
    log = logs.Log("plain", 10_000_000, 500_000, 40)
    ours = Measured(
        {"file_mean": [2.0, 1.0], "log_mean": [0.1], "log_median": [0.7], "one_pass": [0.01]},
        {"file_mean": [10**9]},
        {"core_bytes": 170_000_000},
    )
    judged = {
        verdict.text: verdict
        for verdict in targets.one_log(
            {"journeylog": ours, "duckdb": Measured({"file_mean": [2.0, 9.0]})}, log
        )
    }
    first = judged["(a) file to counts, mean time: journeylog / DuckDB"]
    assert (first.value, first.holds) == (0.5, True)
    assert judged["(b) with median and p90 / mean time"].holds is False
    assert judged["(e) core columns, bytes an event"].holds is False
    assert judged["(e) peak of (a), GB"].holds is True
    assert judged["(a) with medians: pm4py / journeylog"].holds is None


def test_import_is_quiet() -> None:
    assert {name: imports(1)[name] for name in ("loaded", "printed")} == {"loaded": [], "printed": ""}


def test_a_process_that_fails_is_said_and_left_out(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = logs.Log("plain", 1_000, 50, 40)
    log.path.write_bytes(b"no Parquet")
    measured = measure(Plan(["pandas"], rounds=1), log)["pandas"]
    assert (measured.seconds, measured.facts) == ({}, {"failed": "FailedError"})
    assert "not measured: pandas failed" in capsys.readouterr().err
    with pytest.raises(FailedError):
        check(Plan(["pandas"]), log)


def test_the_whole_command_in_miniature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logs, "CACHE", tmp_path)
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    monkeypatch.delenv(command.PEERS_VARIABLE, raising=False)
    assert command.main(MINIATURE) == 0
    printed = capsys.readouterr().out
    assert "Targets" in printed
    (written,) = tmp_path.glob("*.json")
    page = json.loads(written.read_text())
    assert set(page["results"]["plain-20k"]) == set(CONTENDERS)
    for contender in CONTENDERS:
        assert {"file_mean", "log_median", "sessions", "funnel"} <= set(
            page["results"]["plain-20k"][contender]["seconds"]
        )
    assert str(tmp_path) not in written.read_text()
