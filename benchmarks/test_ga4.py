"""The benchmark of GA4 in miniature: both sides build the same table, and a difference is seen."""

from __future__ import annotations

import pytest

from benchmarks import ga4


def test_both_sides_build_the_same_table(tmp_path, monkeypatch):
    monkeypatch.setattr(ga4, "CACHE", tmp_path)
    path = ga4.make(400)
    assert ga4.make(400) == path
    log, frame = ga4.ours(path), ga4.theirs(path)
    ga4.compare(log, frame)
    with pytest.raises(AssertionError, match="country"):
        ga4.compare(log, frame.assign(country="France"))
    with pytest.raises(AssertionError, match="events of"):
        ga4.compare(log, frame.head(10))
