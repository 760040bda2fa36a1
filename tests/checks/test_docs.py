"""The page about checks says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from journeylog.checks.finding import LIMITS
from journeylog.checks.result import CHECKS
from journeylog.plots.labels import share

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")
#: Rows of the table by the limit they state.
ROWS = {
    "dropped_duplicates": "`repeated_ids`, dropped at the door",
    "conflicting_ids": "`repeated_ids`, other content",
    "repeated_ids": "`repeated_ids`, in the log",
    "outages": "`outages`, over",
    "gone_silent": "`outages`, to the end",
    "rejected_placeholders": "`placeholder_actors`, rejected",
    "placeholder_actors": "`placeholder_actors`, in the log",
    "currencies": "`currencies`, several",
    "no_currency": "`currencies`, none",
    "secrets": "`personal_data`, secrets",
}


def test_every_limit_stands_in_the_table() -> None:
    rows = {
        cells[0].strip(): cells
        for line in PAGE.splitlines()
        if line.startswith("| `")
        for cells in [line.strip("|").split("|")]
    }
    assert set(rows) == {ROWS.get(limit, f"`{limit}`") for limit in LIMITS}
    for limit, wanted in LIMITS.items():
        cells = rows[ROWS.get(limit, f"`{limit}`")]
        told = ["–" if x is None else "any" if x == 0 else share(x).replace(".0 %", " %") for x in wanted]
        assert [cell.strip() for cell in cells[-2:]] == told, limit


def test_every_check_is_named() -> None:
    assert set(re.findall(r"^\| `(\w+)`", PAGE, flags=re.MULTILINE)) == set(CHECKS)
