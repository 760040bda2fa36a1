"""The table of bad input is true: every row is there, and every test it names, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "bad_inputs.md"

#: How many rows each part has; of the last, hostile input, those that are met on the way in and out.
PARTS = {
    "F": range(1, 36),
    "T": range(1, 24),
    "A": range(1, 8),
    "E": range(1, 8),
    "V": range(1, 7),
    "D": range(1, 5),
}
IDS = [f"{part}{n:02d}" for part, numbers in PARTS.items() for n in numbers]
IDS += [f"S{n:02d}" for n in (*range(5, 13), *range(15, 19))]


def rows() -> dict[str, list[str]]:
    """Return the cells of each row of the page, by its id."""
    found = re.findall(r"^\| ([A-Z]\d\d) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    cells = {name: [cell.strip() for cell in re.split(r"(?<!\\)\|", rest)] for name, rest in found}
    assert len(cells) == len(found), "a row is there twice"
    return cells


def named(row: list[str]) -> set[tuple[str, str]]:
    """Return the files and the tests that a row names."""
    return set(re.findall(r"`((?:tests/)?[\w/]+\.py)::(test_\w+)`", row[-1]))


def by_id() -> dict[str, set[tuple[str, str]]]:
    """Return the tests of this folder by the ids in their names."""
    found: dict[str, set[tuple[str, str]]] = {}
    for path in sorted(HERE.glob("test_*.py")):
        for ids, rest in re.findall(
            r"^def test((?:_[a-z]\d\d)+)(_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            for name in ids.strip("_").split("_"):
                place = str(path.relative_to(ROOT))
                found.setdefault(name.upper(), set()).add((place, f"test{ids}{rest}"))
    return found


def test_every_row_is_on_the_page_in_order() -> None:
    assert list(rows()) == IDS


@pytest.mark.parametrize("name", IDS)
def test_every_row_says_what_is_done_and_names_its_tests(name: str) -> None:
    row = rows()[name]
    assert len(row) == 3 and all(row), "input, what is done, tests"
    assert named(row) >= by_id()[name], "the tests of this row"
    for place, test in named(row):
        text = (ROOT / place).read_text(encoding="utf-8")
        assert re.search(rf"^def {test}\(", text, re.MULTILINE), f"{place}::{test} is not there"


def test_no_test_names_a_row_that_is_not_there() -> None:
    assert set(by_id()) == set(IDS)
