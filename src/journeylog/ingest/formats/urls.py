"""URLs as names of pages: the path with its ids blanked, what kind of thing it is, and single query parameters.

All of it is done by expressions of RE2, in time linear in the URL, on columns of texts.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from journeylog.errors import ConfigError, cut

__all__ = ["decoded", "kind_of_url", "parameter", "template"]

Rules = tuple[tuple[str, str], ...]

_NUMBER: Final = r"\d+"
_UUID: Final = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
#: No word is made of a to f alone at this length.
_HEX: Final = r"[0-9a-fA-F]{12,}"
#: ``ORD-10023``, ``p_48213``, and ``48213-a-title``.
_CODE: Final = r"[A-Za-z]{1,4}[-_]?\d{5,}|\d{5,}[-_][A-Za-z0-9_-]*"
_DAY: Final = r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_DAY_PATH: Final = r"(?:19|20)\d\d//(?:0[1-9]|1[0-2])(?://(?:0[1-9]|[12]\d|3[01]))?"
#: In order; every slash stands twice, so that segments side by side can each be replaced.
_BLANKS: Final[Rules] = (
    (rf"/(?:{_DAY}|{_DAY_PATH})/", "/{date}/"),
    (rf"/(?:{_NUMBER}|{_UUID}|{_HEX}|{_CODE})(\.[A-Za-z][A-Za-z0-9]{{0,4}})?/", r"/{id}\1/"),
)
_HOST: Final = r"^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*"
_ASSET: Final = (
    r"(?i)\.(?:css|js|mjs|map|png|jpe?g|gif|svgz?|webp|avif|bmp|ico|cur|woff2?|ttf|otf|eot|mp4|m4v|webm|ogv|mov|avi|"
    r"mp3|m4a|ogg|wav|flac|wasm|swf)$|/favicon\.ico$|/apple-touch-icon[^/]*$"
)
_FEED: Final = r"(?i)\.(?:rss|atom)$|^/(?:[^?]*/)?(?:feed|rss|atom)/?$"
_DOWNLOAD: Final = (
    r"(?i)\.(?:zip|gz|tgz|bz2|xz|zst|7z|rar|tar|exe|msi|dmg|pkg|deb|rpm|apk|jar|iso|bin|pdf|docx?|xlsx?|pptx?|"
    r"csv|tsv|parquet|epub)$"
)
_DATA: Final = r"(?i)\.(?:json|xml)$|^/(?:[^?]*/)?(?:api|graphql|rest|rpc|ajax)(?:/|$)|^/v\d+/"
_SYSTEM: Final = (
    r"(?i)^/(?:robots\.txt|sitemap[^/]*|\.well-known(?:/.*)?|crossdomain\.xml|healthz?|livez|readyz|ping|metrics|"
    r"server-status|nginx_status)/?$"
)
#: In order; the first that fits names the kind.
_KINDS: Final[Rules] = (
    ("system", _SYSTEM), ("asset", _ASSET), ("feed", _FEED), ("api", _DATA), ("download", _DOWNLOAD),
)  # fmt: skip


def template(urls: pa.Array, rules: Rules = ()) -> pa.Array:
    """Return the path of each URL with its ids blanked: the name of the page.

    Host, query and fragment are cut off, and parameters inside the path (``;jsessionid=...``). A segment that is a
    number, a UUID, at least twelve hexadecimal digits, or a number of five digits and more behind a short prefix
    or before a title (``ORD-10023``, ``48213-red-shoe``) becomes ``{id}``; its suffix stays. A date (``2025-01-31``,
    ``2025/01/31``, ``2025/01``) becomes ``{date}``. All else stays as it is written.

    Parameters
    ----------
    urls : pyarrow.Array of string
    rules : tuple of pair
        Further expressions of RE2, each with what takes the place of a match; they come first.

    Raises
    ------
    ConfigError
        If RE2 does not take an expression.

    Examples
    --------
    >>> template(pa.array(["/item/123?from=mail", "https://shop.example/o/2025/01/31/7.html#top"])).to_pylist()
    ['/item/{id}', '/o/{date}/{id}.html']
    >>> template(pa.array(["/blog/why-we-left"]), ((r"^/blog/[^/]+$", "/blog/{post}"),)).to_pylist()
    ['/blog/{post}']
    """
    return _by_value(urls, lambda texts: _template(texts, rules))


def kind_of_url(urls: pa.Array) -> pa.Array:
    """Return what is asked for, judged by the path alone.

    ``asset`` (styles, scripts, images, fonts, media), ``api`` (JSON, XML, a segment ``api``, ``graphql``...),
    ``feed``, ``download``, ``system`` (robots.txt, health checks) and, for all else, ``page``.

    Examples
    --------
    >>> kind_of_url(pa.array(["/cart", "/logo.png?v=3", "/api/cart", "/robots.txt"])).to_pylist()
    ['page', 'asset', 'api', 'system']
    """
    return _by_value(urls, _kind)


def parameter(urls: pa.Array, name: str) -> pa.Array:
    """Return one parameter of the query of each URL, decoded; missing where it is not there, or empty.

    The first counts where it stands twice.

    Examples
    --------
    >>> parameter(pa.array(["/?utm_source=spring%20mail&x=1", "/?q=1"]), "utm_source").to_pylist()
    ['spring mail', None]
    """
    return _by_value(urls, lambda texts: _parameter(texts, name))


def decoded(texts: pa.Array, plus: bool = True) -> pa.Array:
    """Return texts without their percent code; what is no UTF-8 then stays as it is written.

    Parameters
    ----------
    texts : pyarrow.Array of string
    plus : bool
        Whether ``+`` stands for a space.

    Examples
    --------
    >>> decoded(pa.array(["curl%2F8+(x)", "%ff", None])).to_pylist()
    ['curl/8 (x)', '%ff', None]
    """
    return pa.array([None if t is None else _decoded(t, plus) for t in texts.to_pylist()], pa.string())


def _template(urls: pa.Array, rules: Rules) -> pa.Array:
    path = pc.replace_substring_regex(urls, _HOST, "")
    path = pc.replace_substring_regex(path, r"[?#](?s:.*)$", "")
    path = pc.replace_substring_regex(path, r";[^/]*", "")
    for pattern, name in rules:
        try:
            path = pc.replace_substring_regex(path, pattern, name)
        except pa.ArrowInvalid as error:
            raise ConfigError(
                f"the rule {cut(pattern)} is no expression of RE2: {error}. Fix: leave out look-around"
            ) from error
    path = pc.binary_join_element_wise("", pc.replace_substring(path, "/", "//"), "", "/")
    for pattern, name in _BLANKS:
        path = pc.replace_substring_regex(path, pattern, name)
    path = pc.replace_substring(path, "//", "/")
    path = pc.utf8_slice_codeunits(path, 1, -1)
    return pc.if_else(pc.equal(path, ""), "/", path)


def _kind(urls: pa.Array) -> pa.Array:
    path = pc.replace_substring_regex(urls, _HOST, "")
    path = pc.replace_substring_regex(path, r"[?#;](?s:.*)$", "")
    found: Any = pc.if_else(path.is_valid(), pa.scalar("page"), pa.scalar(None, pa.string()))
    for name, pattern in reversed(_KINDS):
        found = pc.if_else(pc.match_substring_regex(path, pattern), pa.scalar(name), found)
    return found


def _parameter(urls: pa.Array, name: str) -> pa.Array:
    values = pc.extract_regex(urls, _parameter_pattern(name)).field("v").to_pylist()
    return pa.array([_decoded(v) if v else None for v in values], pa.string())


@lru_cache(maxsize=64)
def _parameter_pattern(name: str) -> str:
    return rf"^[^?#]*\?(?:[^#]*?[&;])?{re.escape(name)}=(?P<v>[^&;#]*)"


def _decoded(text: str, plus: bool = True) -> str:
    spaced = text.replace("+", " ") if plus else text
    try:
        return unquote(spaced, errors="strict") if "%" in spaced else spaced
    except UnicodeDecodeError:
        return text


def _by_value(texts: pa.Array, function: Any) -> pa.Array:
    """Apply a function to each distinct text once; the result is a dictionary over them."""
    encoded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    made = function(encoded.dictionary).dictionary_encode()
    return pa.DictionaryArray.from_arrays(made.indices.take(encoded.indices), made.dictionary)
