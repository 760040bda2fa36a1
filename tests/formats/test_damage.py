"""Damaged records of CRM systems and shops: every row is accounted for, and what stops a load is an error of ours."""

from __future__ import annotations

import json
import random
import warnings
from pathlib import Path
from typing import Any

import pytest

import journeylog as jl
from journeylog.errors import JourneylogError, LoadWarning
from journeylog.ingest.formats import activities, crm, orders, payments
from journeylog.ingest.formats.known import fitting_formats
from tests.formats.goldens import fixture, records

FORMS = [form for family in (crm, activities, orders, payments) for form in family.FORMATS]
#: What may stand in a place where nobody expects it.
JUNK: list[Any] = [
    None, "", "  ", 0, -1, 1.5, True, [], {}, [1], ["a", None], {"a": 1}, [{}], [{"id": 1}], "2024-13-45", "null",
    "[{", "\x00", "ü😀", 2**63, "99999999999999999999",
]  # fmt: skip


def damaged(value: Any, random: random.Random) -> Any:
    """Return a record with some values replaced and some keys lost."""
    if random.random() < 0.06:
        return json.loads(json.dumps(random.choice(JUNK)))
    if isinstance(value, dict):
        return {k: damaged(v, random) for k, v in value.items() if random.random() > 0.02}
    return [damaged(v, random) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_damaged_records_are_all_accounted_for(form: Any, tmp_path: Path) -> None:
    n_kept = 0
    for seed in range(4):
        dice = random.Random(f"{form.name} {seed}")
        rows = [damaged(row, dice) for row in records(form.name)]
        rows = [row if isinstance(row, dict) else {"row": row} for row in rows]
        path = tmp_path / f"{seed}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LoadWarning)
            try:
                card = jl.read(path, format=form.but(tz=form.tz or "UTC")).card
            except JourneylogError:
                continue
        assert card.rows_in == card.kept + card.rejected + card.deduplicated
        n_kept += card.kept
    assert n_kept, "no seed left anything to keep: the damage is too great to say anything"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_columns_suggest_their_own_format_first(form: Any) -> None:
    found = list(dict.fromkeys(key for row in records(form.name) for key in row))
    fits = fitting_formats(found)
    assert fits[:1] == [form.name] or len(found) <= 3, "three columns are too few to say what they are"


def test_another_vendors_rows_say_whose_they_are() -> None:
    with pytest.raises(JourneylogError, match="these columns fit format='shopify_csv'"):
        jl.read(fixture("shopify_csv"), format="olist", tz="UTC")
