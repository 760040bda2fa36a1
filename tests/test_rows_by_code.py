from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from journeylog.core import rows_by_code
from journeylog.core.rows_by_code import by_code


@pytest.mark.laws
@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("given", [False, True])
def test_rows_of_a_code_lie_side_by_side_and_keep_their_order(
    threads: int, given: bool, monkeypatch: Any
) -> None:
    """A loop is the definition; in how many parts the rows are counted must not matter."""
    monkeypatch.setattr(rows_by_code, "_ROWS", 1)
    monkeypatch.setattr(rows_by_code, "_ROWS_A_CODE", 1)
    monkeypatch.setattr("os.cpu_count", lambda: threads)
    rng = np.random.default_rng(threads)
    for n_rows, n_codes in ((0, 0), (0, 3), (1, 1), (40, 5), (41, 11)):
        codes = rng.integers(0, max(n_codes - 1, 1), n_rows).astype(np.int32)  # the last code never occurs
        order = rng.permutation(n_rows) if given else np.arange(n_rows)
        offsets, rows = by_code(codes, n_codes, *([order] if given else []))
        expected = [[int(i) for i in order if codes[i] == code] for code in range(n_codes)]
        assert rows.tolist() == [i for listed in expected for i in listed]
        assert offsets.tolist() == np.cumsum([0, *map(len, expected)]).tolist()
