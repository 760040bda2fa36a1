"""Names of the data as a page or a terminal may show them: one line, nothing hidden, nothing that acts."""

from __future__ import annotations

import re
from typing import Final

from journeylog.core.masks import unstacked

__all__ = ["BLANK", "Name", "markdown", "redacted", "short", "visible"]

#: What moves the cursor, turns the writing around, or is not there to see: controls, direction marks, odd spaces.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
#: What Markdown would take for its own, and for HTML.
_MARKS = "\\`*_{}[]()#+-.!|~$@:"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SECRETS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*:/{1,2})[^/\s@]+@|(?P<key>(?:password|passwd|pwd|secret|token|api_?key)\s*[=:]\s*)[^\s&;,'\"]+",
    re.IGNORECASE,
)
#: What stands for a text in which nothing is to be seen.
BLANK: Final = "(blank)"


class Name(str):
    """A name in a table cell: templates show it short and give the whole of it on hover."""

    __slots__ = ()


def visible(text: object, blank: str = BLANK) -> str:
    r"""Return text in one line with every hidden sign written out.

    Examples
    --------
    >>> print(visible("paid\n2026 ERROR \x1b[2J"))
    paid\n2026 ERROR \x1b[2J
    >>> visible("  ")
    '(blank)'
    """
    shown = _HIDDEN.sub(_spelled, str(text))
    return unstacked(shown) if shown.strip() else blank


def short(text: object, width: int = 60, blank: str = BLANK) -> str:
    """Return text in one line, cut at the width with an ellipsis.

    Examples
    --------
    >>> short("a" * 100, 10)
    'aaaaaaaaa…'
    """
    shown = visible(text, blank)
    return shown if len(shown) <= width else shown[: width - 1].rstrip() + "…"


def markdown(text: object, width: int = 200) -> str:
    r"""Return text in one line as Markdown shows it, whatever signs it holds.

    Examples
    --------
    >>> print(markdown("*paid* <b>"))
    \*paid\* &lt;b&gt;
    """
    return "".join(
        _ENTITIES.get(sign, f"\\{sign}" if sign in _MARKS else sign) for sign in short(text, width)
    )


def redacted(text: str) -> str:
    """Return text without the secrets of addresses and connection strings.

    Examples
    --------
    >>> redacted("postgres://ann:pw@db/shop password=pw")
    'postgres://***@db/shop password=***'
    """
    return _SECRETS.sub(
        lambda found: f"{found['scheme']}***@" if found["scheme"] else f"{found['key']}***", text
    )


def _spelled(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode("ascii")
