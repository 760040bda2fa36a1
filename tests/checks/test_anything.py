"""Whatever the texts hold, a check answers, adds up, and can be written."""

from __future__ import annotations

import json

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.checks.finding import Severity
from journeylog.reporting.checkpage import build
from tests.report_logs import HOSTILE

texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from([*HOSTILE, "a@b.co", "4111111111111111", "+4915112345678", "\u202e", "İ", " "]),
)
rows = st.lists(
    st.tuples(
        texts,
        texts,
        st.integers(0, 60 * 86_400),
        texts,
        st.one_of(st.none(), st.floats(-1e6, 1e6)),
        st.integers(-5, 10**6),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(rows)
def test_a_check_of_anything(found: list[tuple[str, str, int, str, float | None, int]]) -> None:
    frame = pd.DataFrame(found, columns=["who", "what", "when", "words", "amount", "delay"])
    frame = frame.astype({"who": "str", "what": "str", "words": "str", "amount": "float64"})
    frame["got"] = frame["when"] + frame["delay"]
    frame["when"], frame["got"] = (
        pd.to_datetime(frame[c].astype("int64") + 1_735_689_600, unit="s", utc=True) for c in ("when", "got")
    )
    roles = {
        "actor": "who",
        "event": "what",
        "time": "when",
        "received": "got",
        "value": "amount",
        "currency": "what",
    }
    roles["source" if len(frame) % 2 else "text"] = "words"
    check = jl.check(frame, **roles, fail_on="info", now="2025-06-01", show_ids=True)
    for f in check:
        assert 0 <= f.n <= max(f.total, f.n * (f.unit == "logs")), f
        assert f.severity is not Severity.OK or f.n == 0 or f.check in ("late", "night_peak")
        assert (f.first is None) == (f.last is None) and (f.first is None or f.first <= f.last)
        assert len(f.examples) <= 3 and all(len(example) <= 120 for example in f.examples)
    assert len(check.failures) == len(check.problems)
    json.dumps(check.to_dict(), allow_nan=False)
    assert build(check).startswith(b"<!doctype html>") and repr(check) and check._repr_html_()
