"""Kernels for second moments of sums (milliseconds, millionths of money) that leave 64 bits: words of 30 bits.

The square of one actor's sum can have 100 bits and more. It is kept as ``high * 2**60 + middle * 2**30 + low``, each
word a plain integer that adds up, so no partition changes a digit and nothing is rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]

WORD = 30
LOW = (1 << WORD) - 1

#: Columns of the words: of the sum of squares three, of the sum of products with a count two.
N_WORDS = 5

__all__ = ["N_WORDS", "WORD", "add_cross", "add_product", "add_square", "group_squares"]


@njit(cache=True, nogil=True, inline="always")
def add_square(words: Ints, row: int, x: int, n: int) -> None:
    """Add ``x ** 2`` and ``x * n`` to the words of a row; `x` may be negative and has at most 60 bits."""
    size = abs(x)
    a, b = size >> WORD, size & LOW
    square, middle = b * b, 2 * a * b
    words[row, 0] += square & LOW
    words[row, 1] += (square >> WORD) + (middle & LOW)
    words[row, 2] += (middle >> WORD) + a * a
    sign = 1 if x >= 0 else -1
    product = b * n
    words[row, 3] += sign * (product & LOW)
    words[row, 4] += sign * ((product >> WORD) + a * n)


@njit(cache=True, nogil=True, inline="always")
def add_product(words: Ints, row: int, column: int, x: int, n: int) -> None:
    """Add ``x * n`` to the two words that begin at a column; `x` may be negative and has at most 60 bits."""
    size, sign = abs(x), (1 if x >= 0 else -1)
    product = (size & LOW) * n
    words[row, column] += sign * (product & LOW)
    words[row, column + 1] += sign * ((product >> WORD) + (size >> WORD) * n)


@njit(cache=True, nogil=True)
def add_cross(words: Ints, row: int, column: int, x: int, y: int) -> None:
    """Add ``x * y`` to the three words that begin at a column; both may be negative and have at most 60 bits."""
    one, other = abs(x), abs(y)
    a, b, c, d = one >> WORD, one & LOW, other >> WORD, other & LOW
    small, middle = b * d, a * d + b * c
    sign = 1 if (x >= 0) == (y >= 0) else -1
    words[row, column] += sign * (small & LOW)
    words[row, column + 1] += sign * ((small >> WORD) + (middle & LOW))
    words[row, column + 2] += sign * ((middle >> WORD) + a * c)


@njit(cache=True, nogil=True)
def group_squares(row: Any, owner: Ints, value: Ints, weight: Ints, n_rows: int) -> Any:
    """Sum up by row, with second moments over owners.

    Parameters
    ----------
    row : ndarray of int
        The row of each entry, -1 for none. Entries of one owner stand together.
    owner : ndarray of int64
        The actor of each entry.
    value, weight : ndarray of int64
        What is summed up, and how many observations an entry counts for (0 or more).

    Returns
    -------
    sums : ndarray of int64, shape (n_rows, 4)
        Weight, value, owners with a weight, and the sum over owners of the squared weight.
    words : ndarray of int64, shape (n_rows, 5)
        Words of the sums over owners of value ** 2 and value * weight.
    """
    sums = np.zeros((n_rows, 4), np.int64)
    words = np.zeros((n_rows, N_WORDS), np.int64)
    mine = np.zeros((n_rows, 3), np.int64)
    first = 0
    for i in range(row.size):
        r = row[i]
        if r >= 0:
            mine[r, 0] += weight[i]
            mine[r, 1] += value[i]
            mine[r, 2] = 1
        if i + 1 < row.size and owner[i + 1] == owner[i]:
            continue
        for k in range(first, i + 1):
            r = row[k]
            if r < 0 or mine[r, 2] == 0:
                continue
            n, x = mine[r, 0], mine[r, 1]
            sums[r, 0] += n
            sums[r, 1] += x
            sums[r, 2] += n > 0
            sums[r, 3] += n * n
            add_square(words, r, x, n)
            mine[r, 0] = 0
            mine[r, 1] = 0
            mine[r, 2] = 0
        first = i + 1
    return sums, words
