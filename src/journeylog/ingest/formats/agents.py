"""Which user agents are machines, by the list that the package ``crawlerdetect`` keeps.

Its expressions are matched by RE2, in linear time, once for each distinct user agent: some of them take time
quadratic in the text by a matcher that tries again. It names the machines that say so; one that calls itself a
browser is found by how it behaves, not here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from journeylog.errors import MissingPackageError

try:
    from crawlerdetect.providers.crawlers import data as _CRAWLERS
    from crawlerdetect.providers.exclusions import data as _EXCLUSIONS
except ImportError:  # an extra of its own: only logs of requests need it
    _CRAWLERS = _EXCLUSIONS = None

__all__ = ["is_bot"]

#: Longest user agent that is looked at by the few expressions that RE2 does not take.
_LONGEST: Final = 1024
#: Verdicts by user agent: a log names the same few ten thousand again and again.
_SEEN: Final[dict[str | None, bool | None]] = {}
_MOST_SEEN: Final = 1 << 16
_NEW: Final = object()


def is_bot(agents: pa.Array) -> pa.Array:
    """Return for each user agent whether it names a machine: a crawler, a feed reader, a monitor, a library.

    A request without a user agent is no verdict: missing.

    Parameters
    ----------
    agents : pyarrow.Array of string

    Raises
    ------
    MissingPackageError
        If ``crawlerdetect`` is not installed.

    Examples
    --------
    >>> is_bot(pa.array(["Googlebot/2.1", "Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0", None])).to_pylist()
    [True, False, None]
    """
    encoded = agents if pa.types.is_dictionary(agents.type) else agents.dictionary_encode()
    return _judge(encoded.dictionary).take(encoded.indices)


def _judge(texts: pa.Array) -> pa.Array:
    """Return the verdicts on distinct user agents; those of earlier blocks are remembered."""
    found: dict[str | None, Any] = {word: _SEEN.get(word, _NEW) for word in texts.to_pylist()}
    new = [word for word, verdict in found.items() if verdict is _NEW]
    if new:
        judged = dict(zip(new, _match(pa.array(new, pa.string())).to_pylist(), strict=True))
        found.update(judged)
        if len(_SEEN) + len(judged) > _MOST_SEEN:
            _SEEN.clear()
        _SEEN.update(judged)
    return pa.array(found.values(), pa.bool_())


def _match(texts: pa.Array) -> pa.Array:
    crawlers, exclusions, others = _expressions()
    bare = pc.replace_substring_regex(pc.utf8_trim_whitespace(texts), exclusions, "")
    found = pc.match_substring_regex(bare, crawlers, ignore_case=True)
    if others is not None:
        seen = [t is not None and others.search(t[:_LONGEST]) is not None for t in bare.to_pylist()]
        found = pc.or_(found, pa.array(seen, pa.bool_()))
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.bool_()), found)


@lru_cache(maxsize=1)
def _expressions() -> tuple[str, str, re.Pattern[str] | None]:
    """Return the list as one expression of RE2, what is cut out before, and what only Python can match."""
    if _CRAWLERS is None or _EXCLUSIONS is None:
        raise MissingPackageError(
            "bots are told by a list of user agents, and the package that keeps it is not installed. "
            "Fix: pip install 'journeylog[weblogs]', or read the format without it: "
            "format.but(attributes={...}) without 'bot'"
        )
    fits = [p for p in _CRAWLERS if _is_re2(p)]
    rest = [p for p in _CRAWLERS if p not in set(fits)]
    crawlers = "|".join(f"(?:{p})" for p in fits)
    exclusions = "(?i)" + "|".join(f"(?:{p})" for p in _EXCLUSIONS)
    return crawlers, exclusions, re.compile("|".join(rest), re.IGNORECASE) if rest else None


def _is_re2(pattern: str) -> bool:
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid:
        return False
    return True
