"""What is hidden: small numbers cannot be worked out, nothing is hidden for nothing, and the same comes out twice."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from journeylog.core.disclosure import FIXED, Books


def table_of(values: dict[tuple[int, int], int], rows: int, columns: int) -> Books:
    """Return the books of a table with the sums of its rows and columns."""
    books = Books()
    for place, n in values.items():
        books.tell(place, n)
    for i in range(rows):
        books.tell(("row", i), sum(values[i, j] for j in range(columns)), rank=3)
        books.sums(("row", i), [(i, j) for j in range(columns)])
    for j in range(columns):
        books.tell(("column", j), sum(values[i, j] for i in range(rows)), rank=3)
        books.sums(("column", j), [(i, j) for i in range(rows)])
    return books


@pytest.mark.parametrize("seed", range(8))
def test_a_table_with_its_sums_gives_no_small_number_away(seed: int) -> None:
    chance, k = random.Random(seed), 3 + seed % 3
    rows, columns = chance.randint(2, 5), chance.randint(2, 5)
    values = {(i, j): chance.choice([0, 1, 2, 4, 9, 30, 200]) for i in range(rows) for j in range(columns)}
    hidden = table_of(values, rows, columns).hide(k)
    assert hidden == table_of(values, rows, columns).hide(k)
    small = {place for place, n in values.items() if 0 < n < k}
    assert small <= hidden.gone and not hidden.given
    places = sorted(values)
    told = [place for place in places if place not in hidden]
    equations, totals = [], []
    for axis, n in ((0, rows), (1, columns)):
        for i in range(n):
            if ("row" if axis == 0 else "column", i) not in hidden:
                equations.append([float(place[axis] == i) for place in places])
                totals.append(sum(values[place] for place in places if place[axis] == i))
    for place in small:
        aim = [-float(one == place) for one in places]
        found: Any = linprog(
            aim, A_eq=np.array(equations) if equations else None, b_eq=totals or None,
            bounds=[(values[one], values[one]) if one in told else (0, 10_000) for one in places],
        )  # fmt: skip
        assert -found.fun >= k - 1e-6, (place, values, hidden.gone)


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    assert not table_of({(0, 0): 9, (0, 1): 0, (1, 0): 5, (1, 1): 70}, 2, 2).hide(5).gone
    assert not Books().hide(5).gone


def test_what_is_told_again_is_not_needed() -> None:
    books = table_of({(0, 0): 2, (0, 1): 40, (1, 0): 50, (1, 1): 60, (0, 2): 45, (1, 2): 70}, 2, 3)
    assert len(books.hide(5).gone) == 4  # two rows and two columns


def test_the_same_number_in_two_tables_is_hidden_in_both_or_in_none() -> None:
    books = Books()
    for name, n in (("help", 3), ("buy", 30), ("leave", 20), ("all", 53)):
        books.tell(name, n, rank=FIXED if name == "all" else 0)
    books.sums("all", ["help", "buy", "leave"])
    books.tell("leave", 20, rank=1)  # it stands in another table that matters more
    hidden = books.hide(5)
    assert hidden.gone == {"help", "buy"} and hidden.most == {"buy": 32.0} and hidden.few == {"help"}


def test_what_fixed_numbers_give_away_is_said() -> None:
    books = Books()
    for name, n in (("all", 10), ("most", 8)):
        books.tell(name, n, rank=FIXED)
    books.tell("few", 2)
    books.sums("all", ["most", "few"])
    hidden = books.hide(5)
    assert hidden.gone == {"few"} and hidden.given == {"few"}


def test_many_moves_of_few_customers_are_not_worked_out_either() -> None:
    books = Books()
    for name, n in (("a", 20), ("b", 30), ("c", 25), ("all", 75)):
        books.tell(name, n, rank=FIXED if name == "all" else 0)
    books.sums("all", ["a", "b", "c"])
    books.few("a")
    assert books.hide(5).gone == {"a", "c"}


def test_a_sum_that_does_not_hold_is_no_relation() -> None:
    books = Books()
    books.tell("all", 50, rank=FIXED)
    books.tell("few", 2)
    books.tell("rest", 30)
    books.sums("all", ["few", "rest"])
    assert books.hide(5).gone == {"few"}
