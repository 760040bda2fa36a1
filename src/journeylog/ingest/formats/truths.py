"""Truths as vendors write them: ``true``, ``TRUE``, ``1``; one word for each in an attribute."""

from __future__ import annotations

from typing import Final

from journeylog.ingest.formats.fields import AnyField, Map

__all__ = ["FALSE", "TRUE", "truth"]

#: JSON and Arrow, CSV of most programs, PHP and SQL, Bitrix and Perl.
TRUE: Final = ("true", "TRUE", "True", "1", "Y", "yes")
FALSE: Final = ("false", "FALSE", "False", "0", "N", "no")


def truth(of: AnyField, turned: bool = False) -> Map:
    """Return a truth as ``true`` or ``false`` however it is written; `turned` says the opposite.

    Examples
    --------
    >>> truth("test").names["TRUE"], truth("livemode", turned=True).names["1"]
    ('true', 'false')
    """
    yes, no = ("false", "true") if turned else ("true", "false")
    return Map(of, {**dict.fromkeys(TRUE, yes), **dict.fromkeys(FALSE, no)})
