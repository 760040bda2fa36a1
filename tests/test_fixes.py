"""What an error tells people to do is what makes their call work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import journeylog as jl
from journeylog.errors import EmptyResultWarning, JourneylogError

LOG: Any = jl.datasets.tiny()  # as somebody without a checker of types calls it
PLAIN: Any = jl.read(
    LOG.to_pandas()[["actor", "event", "time"]], actor="actor", event="event", time="time"
)  # no amounts
CLASSES: dict[str, Any] = {"stat": jl.DropOff, "step": jl.Clusters}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: LOG.compute(jl.Funnel), r"jl\.Funnel is a class. Fix: make one, log\.compute\(jl\.Funnel\(\.\.\.\)\)"),
        (lambda: LOG.compute(jl.Transitions), r"Fix: make one, log\.compute\(jl\.Transitions\(\)\)"),
        (lambda: LOG.compute(jl.Sessions), r"Fix: make one, log\.then\(jl\.Sessions\(\)\)"),
        (lambda: LOG.compute(jl.Sessions()), r"Sessions is a step, not a statistic. Fix: log\.then\(jl\.Sessions\(\)\)"),
        (lambda: LOG.then(jl.Stages), r"Fix: make one, log\.then\(jl\.Stages\(\.\.\.\)\)"),
        (lambda: LOG.then(jl.DropOff()), r"DropOff is a statistic, not a step. Fix: log\.compute\(jl\.DropOff\(\)\)"),
        (lambda: jl.segments(LOG, CLASSES["stat"], by="channel"), r"Fix: jl\.segments\(log, jl\.DropOff\(\), by="),
        (lambda: jl.personas(LOG, CLASSES["step"]), r"Fix: make one, jl\.Clusters\(\)"),
        (lambda: jl.personas(LOG, "clusters"), r"Fix: jl\.personas\(log, jl\.Clusters\(\)\)"),
        (lambda: jl.personas(LOG, "kmeans"), r"Fix: jl\.personas\(log, jl\.Clusters\(\)\)"),
        (lambda: jl.personas(LOG, "RFM"), r"Fix: jl\.personas\(log, jl\.RFM\('paid'\)\)"),
        (lambda: PLAIN.then(jl.RFM("pay")), "no column 'value' of amounts.*Fix: .*value=None"),
        (lambda: jl.personas(PLAIN, jl.RFM("pay")), "Fix: .*value=None"),
    ],
)  # fmt: skip
def test_the_fix_names_what_was_meant(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(JourneylogError, match=says):
        call()


def test_the_fix_for_amounts_works() -> None:
    assert PLAIN.then(jl.RFM("pay", value=None)).n_events == PLAIN.n_events


@pytest.mark.parametrize("question", [jl.DropOff(), jl.Transitions(), jl.Funnel(["home", "pay"])])
def test_an_empty_log_has_empty_segments_and_comparisons_of_full_columns(question: Any) -> None:
    empty = LOG.then(jl.Drop({"event": "*"}))
    assert empty.n_events == 0
    with pytest.warns(EmptyResultWarning, match="no events, so there are no segments"):
        found = jl.segments(empty, question, by="channel")
    assert len(found.table) == 0
    assert list(found.table) == list(jl.segments(LOG, question, by="channel").table)
    asked: list[dict[str, Any]] = [{}, {"a": "web", "b": "app"}]
    for names in asked:
        with pytest.warns(EmptyResultWarning, match="no events, so there is nothing to compare"):
            both = jl.compare(empty, question, by="channel", **names)
        assert list(both.table) == list(jl.compare(LOG, question, by="channel", **names).table)
        assert not both.table["supported"].any()
