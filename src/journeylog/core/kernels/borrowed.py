"""Arrays whose owner is known to wait: what a kernel passes on need not be counted.

Numba counts the references to an array with an atomic operation wherever it is passed on and cannot prove that this is
needless, which costs a kernel of many small functions more than its work. Who calls a kernel holds its arrays until it
returns, so a kernel that returns none of them may let go of the counting.
"""

from __future__ import annotations

from typing import Any, TypeVar

from numba.core import cgutils
from numba.extending import intrinsic, overload

__all__ = ["borrowed"]

A = TypeVar("A")


def borrowed(array: A) -> A:
    """Return the same array without a count of who uses it; never to be returned to Python."""
    return array


@intrinsic
def _uncounted(context: Any, array: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = target.make_array(array)(target, builder, arguments[0])
        made.meminfo = cgutils.get_null_value(made.meminfo.type)
        return made._getvalue()

    return array(array), generate


@overload(borrowed, inline="always")
def _(array: Any) -> Any:
    def compiled(array: Any) -> Any:
        return _uncounted(array)

    return compiled
