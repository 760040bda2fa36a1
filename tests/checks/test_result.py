"""The result: its table, its limits, and that it does not depend on how the log lies in memory."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import journeylog as jl
from journeylog.checks.finding import LIMITS, Severity, grade
from journeylog.checks.result import CHECKS
from journeylog.core.source import Memory
from journeylog.errors import ConfigError, DataQualityError, MissingColumnError
from tests.checks import planted
from tests.checks.planted import check, clean

COLUMNS = {
    "check": "str", "severity": "str", "where": "str", "of": "str", "n": "int64", "n_total": "int64", "rate": "float64",
    "first": "datetime64[us, UTC]", "last": "datetime64[us, UTC]", "finding": "str", "examples": "object", "fix": "str",
}  # fmt: skip


UNASKED = {"bot_rate", "bot_gaps", "bot_endless", "heavy_actors", "no_time_of_day", "night_peak"}


def messy() -> pd.DataFrame:
    frames = [planted.ties()[0], planted.lookalike_events()[0].head(400), planted.bot_gaps()[0].tail(120)]
    frame = pd.concat(frames, ignore_index=True)
    frame.loc[:4, "comment"] = planted.SECRETS["card"]
    return frame


def test_the_table_has_one_row_a_finding_worst_first() -> None:
    found = check(messy())
    table = found.table
    assert {name: str(kind) for name, kind in table.dtypes.items()} == COLUMNS
    assert len(table) == len(found) and set(table["check"]) <= set(CHECKS)
    ranks = [Severity(s).rank for s in table["severity"]]
    assert ranks == sorted(ranks, reverse=True) and table["severity"][0] == found.worst == "error"
    rated = table[table["n_total"] > 0]
    assert np.array_equal(rated["rate"], rated["n"] / rated["n_total"])
    assert all(len(examples) <= 3 for examples in table["examples"])
    assert (table["first"].dropna() <= table["last"].dropna()).all()


def test_every_check_is_told_once_at_least_and_an_empty_log_is_no_accident() -> None:
    for frame in (messy(), clean().head(0)):
        found = check(frame)
        missing = set(CHECKS) - {f.check for f in found} - {"empty"}
        assert missing <= (UNASKED if frame.empty else set())
        assert list(found.table.columns) == list(COLUMNS)
        json.dumps(found.to_dict(), allow_nan=False)
        assert found.headline in repr(found) and found.headline in found._repr_html_()
    assert [f.check for f in found.problems] == ["empty"]


def test_limits_by_severity_share_and_star() -> None:
    frame = messy()
    assert check(frame).ok and check(frame).require()
    assert len(check(frame, fail_on="error").failures) == check(frame).count("error") > 0
    assert len(check(frame, fail_on="info").failures) == len(check(frame).problems)
    rate = check(frame)["ties"][0].rate
    assert check(frame, fail_on={"ties": rate}).ok
    failed = check(frame, fail_on={"ties": rate / 2})
    assert failed.failures[0].startswith("ties: ") and "are more than" in failed.failures[0]
    with pytest.raises(DataQualityError, match="ties"):
        failed.require()
    assert check(frame, fail_on={"*": "error", "personal_data": 1.0}).ok
    assert check(clean(), fail_on={"ties": 0.0, "*": "info"}).ok


@pytest.mark.parametrize(
    "wrong, told",
    [
        ({"fail_on": "bad"}, "fail_on='bad'"),
        ({"fail_on": {"tie": 0.1}}, "did you mean 'ties'"),
        ({"fail_on": {"ties": 5}}, r"fail_on\['ties'\]=5"),
        ({"fail_on": {"ties": True}}, "True"),
        ({"fail_on": {"*": 0.5}}, "0.5"),
        ({"fail_on": 3}, "fail_on=3"),
        ({"false_alarm": 0}, "false_alarm=0"),
        ({"late_after": "soon"}, "late_after"),
        ({"tz": "Europe/Berlinn"}, "Europe/Berlin"),
        ({"now": "yesterday"}, "now"),
        ({"actor": "who"}, "actor= is for data that is read"),
    ],
)
def test_arguments_that_mean_nothing(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        jl.check(jl.datasets.tiny(), **wrong)  # type: ignore[arg-type]


def test_names_of_checks_are_known_or_refused() -> None:
    found = jl.check(jl.datasets.tiny())
    assert found["ties"][0].check == "ties"
    with pytest.raises(ConfigError, match="did you mean 'ties'"):
        found["tie"]
    with pytest.raises(MissingColumnError):
        jl.check(clean(), actor="nobody", event="what", time="when")


def test_severities_follow_the_table_of_limits() -> None:
    assert [grade("ties", n, 1000).value for n in (0, 1, 49, 50, 1000)] == [
        "ok",
        "info",
        "info",
        "warning",
        "warning",
    ]
    assert [grade("rejected", n, 1000).value for n in (0, 1, 9, 10)] == ["ok", "warning", "warning", "error"]
    assert grade("secrets", 1, 10**9) is Severity.ERROR
    for warning, error in LIMITS.values():
        assert warning is None or error is None or warning <= error


@pytest.mark.parametrize("pieces", [2, 5])
def test_partitions_and_threads_change_nothing(pieces: int) -> None:
    frame = pd.concat([messy(), planted.clock_behind()[0].head(2000)], ignore_index=True).drop(columns="id")
    log = jl.read(frame, **{k: v for k, v in planted.ROLES.items() if k != "event_id"})
    parts = replace(log, source=Memory(tuple(log.chunk.split(pieces))))
    whole, split = (jl.check(one, now=planted.NOW).to_dict() for one in (log, parts))
    assert split == whole


def test_the_caller_s_frame_and_log_are_untouched() -> None:
    frame = messy()
    before = frame.copy(deep=True)
    log = jl.read(clean(), **planted.ROLES)
    told = log.to_arrow()
    check(frame)
    jl.check(log, now=planted.NOW)
    pd.testing.assert_frame_equal(frame, before)
    assert log.to_arrow().equals(told)
