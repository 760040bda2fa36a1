"""Text in figures: names made safe and short, numbers and durations as people write them."""

from __future__ import annotations

import html
import math
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from journeylog.core.window import format_duration

__all__ = [
    "amount",
    "card",
    "count",
    "duration",
    "full",
    "interval",
    "label",
    "label_blocks",
    "labels",
    "plain",
    "rate",
    "safe",
    "share",
    "text_width",
    "time_unit",
    "wrap",
]

#: Marks that switch the writing direction; one left open would turn the numbers behind a name around.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SPACE = re.compile(r"\s+")
_JOINER = "\u200d"
#: What a figure shows of a name in the hover box; longer ones end with an ellipsis.
_FULL = 240


def safe(text: str) -> str:
    """Return text that plotly draws as it is: no markup, no link, no template, no formula.

    Quotes stay, because plotly would show ``&quot;``. ``%{`` is broken up, because titles and annotations of a
    figure with ``layout.meta`` are templates; so is the dollar sign, because a page with MathJax would read two
    of them as a formula.

    Examples
    --------
    >>> safe("<b>5 $ & %{x}</b>")
    '&lt;b&gt;5 &#36; &amp; %&#123;x}&lt;/b&gt;'
    """
    return html.escape(text, quote=False).replace("$", "&#36;").replace("%{", "%&#123;")


def label(name: str, width: int = 28) -> str:
    """Return a name for an axis or a block: one line, safe, at most about `width` letters wide.

    Examples
    --------
    >>> label("a name that goes on and on", 12)
    'a name tha…'
    >>> label("two\\nlines"), label("")
    ('two lines', '(empty name)')
    """
    return _isolated(_short(_one_line(name), width))


def labels(names: Sequence[str], width: int = 28) -> list[str]:
    """Return labels that differ wherever the names do: shortened in the middle, numbered where that is not enough.

    Examples
    --------
    >>> labels(["/shop/pay/card", "/shop/pay/cash"], 10)
    ['/sho…/card', '/sho…/cash']
    """
    return [_isolated(text) for text in _distinct(names, width)]


def label_blocks(names: Sequence[str], width: int, lines: int = 2) -> list[list[str]]:
    """Return each name in up to `lines` safe lines of at most about `width` letters, broken where a word ends.

    Examples
    --------
    >>> label_blocks(["after the purchase", "checkout_start", "x" * 30], 10)
    [['after the', 'purchase'], ['checkout_', 'start'], ['xxxxxxxxxx', 'xxxxxxxxx…']]
    """
    return [
        [_isolated(line) for line in _broken(text, width, lines)] for text in _distinct(names, width * lines)
    ]


def full(name: str) -> str:
    """Return the whole name for a hover box: safe, wrapped, line breaks shown, very long ones cut."""
    clean = _CONTROL.sub("\ufffd", _DIRECTION.sub("", name))
    clean = _SPACE.sub(" ", re.sub(r"\r\n|[\n\r\v\f\u2028\u2029]", " ↵ ", clean)).strip() or "(empty name)"
    clean = clean if len(clean) <= _FULL else clean[: _FULL - 1] + "…"
    return "<br>".join(_isolated(line) for line in _wrapped(clean, 56))


def wrap(text: str, width: int = 110) -> str:
    """Return the library's own text (not a name) in lines; a number stays with its percent sign."""
    return "<br>".join(_wrapped(text.replace(" %", "\u00a0%"), width))


def card(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """Return a hover box: a safe title in bold and one line for each (what, value)."""
    return "<br>".join([f"<b>{title}</b>", *(f"{what}: {value}" if what else value for what, value in rows)])


def count(n: Any) -> str:
    """Write a whole number; missing is a dash.

    Examples
    --------
    >>> count(1234567), count(float("nan"))
    ('1,234,567', '–')
    """
    return "–" if n != n or n is None else f"{round(n):,}"


def amount(value: float, sign: bool = False) -> str:
    """Write a number short enough for an axis: whole thousands with separators, from a million on in words.

    Examples
    --------
    >>> amount(12.5), amount(20_000), amount(2_500_000), amount(-1e9), amount(3.0, sign=True)
    ('12.5', '20,000', '2.5 M', '-1 bn', '+3')
    """
    size, plus = abs(value), "+" if sign else ""
    for limit, word in ((1e9, " bn"), (1e6, " M")):
        if size >= limit:
            return f"{value / limit:{plus},.4g}{word}"
    return f"{value:{plus},.0f}" if size >= 9999.5 else f"{value:{plus},.4g}"


def share(part: Any) -> str:
    """Write a share as a percentage with three digits at most.

    Examples
    --------
    >>> share(0.1234), share(0.00042), share(1.0), share(0), share(float("nan"))
    ('12.3 %', '0.042 %', '100 %', '0 %', '–')
    """
    if part is None or part != part:
        return "–"
    value = 100 * float(part)
    if value == 0 or abs(value) >= 99.95:
        return f"{value:.0f} %"
    return f"{value:.1f} %" if value >= 0.1 else f"{value:.1g} %" if value < 0.01 else f"{value:.2g} %"


def interval(low: Any, high: Any) -> str:
    """Write a 95 % interval of a share."""
    return "–" if low != low or high != high else f"{share(low)} to {share(high)}"


def rate(part: Any, low: Any, high: Any) -> str:
    """Write a share with its interval.

    Examples
    --------
    >>> rate(0.5, 0.4, 0.6)
    '50.0 % (95 % interval 40.0 % to 60.0 %)'
    """
    return share(part) if low != low else f"{share(part)} (95 % interval {interval(low, high)})"


def duration(seconds: Any) -> str:
    """Write seconds as people do; missing is a dash.

    Examples
    --------
    >>> duration(5400), duration(float("nan"))
    ('1 h 30 min', '–')
    """
    return "–" if seconds is None or not math.isfinite(seconds) else format_duration(float(seconds) * 1e6)


def time_unit(seconds: float) -> tuple[float, str]:
    """Return how many seconds the unit has that suits an axis up to `seconds`, and its name."""
    units = ((2 * 86_400, 86_400, "days"), (2 * 3_600, 3_600, "hours"), (2 * 60, 60, "minutes"))
    return next(((float(size), name) for least, size, name in units if seconds >= least), (1.0, "seconds"))


def plain(text: str) -> str:
    """Return what plotly shows of safe text: entities read, tags gone.

    Examples
    --------
    >>> plain("<i>&lt;b&gt; 5 &#36;</i>")
    '<b> 5 $'
    """
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def text_width(text: str) -> float:
    """Return the width of plain text in letters; wide scripts and emoji count double.

    Examples
    --------
    >>> text_width("pay"), text_width("支付")
    (3.0, 4.0)
    """
    return float(sum(_cluster_width(c) for c in _clusters(text)))


def _distinct(names: Sequence[str], width: int) -> list[str]:
    lines = [_one_line(name) for name in names]
    shown = [_short(line, width) for line in lines]
    middle = [_short_middle(line, width) for line in lines]
    shown = [m if shown.count(s) > 1 else s for s, m in zip(shown, middle, strict=True)]
    taken: set[str] = set()
    for i, text in enumerate(shown):
        turn = 2
        while shown[i] in taken:
            shown[i] = f"{_short(text, max(width - 4, 4))} #{turn}"
            turn += 1
        taken.add(shown[i])
    return shown


def _broken(text: str, width: int, lines: int) -> list[str]:
    out: list[str] = []
    while len(out) < lines - 1 and text_width(text) > width:
        head = _head(_clusters(text), width)
        whole = text[len(head) : len(head) + 1] == " "
        cut = len(head) if whole else max(head.rfind(sign) for sign in " _/-.") + 1
        head = head[:cut] if cut > width // 3 else head
        out.append(head.rstrip())
        text = text[len(head) :].lstrip()
    return [*out, _short_middle(text, width)]


def _one_line(name: str) -> str:
    clean = _CONTROL.sub("\ufffd", _DIRECTION.sub("", name))
    return "".join(_clusters(_SPACE.sub(" ", clean).strip())) or "(empty name)"


def _short(line: str, width: int) -> str:
    return line if text_width(line) <= width else _head(_clusters(line), width - 1).rstrip() + "…"


def _short_middle(line: str, width: int) -> str:
    if text_width(line) <= width:
        return line
    parts = _clusters(line)
    tail = _head(parts[::-1], width // 2, backwards=True)
    return _head(parts, width - 1 - width // 2).rstrip() + "…" + tail.lstrip()


def _head(parts: Sequence[str], width: float, backwards: bool = False) -> str:
    taken: list[str] = []
    used = 0.0
    for part in parts:
        used += _cluster_width(part)
        if used > width:
            break
        taken.append(part)
    return "".join(taken[::-1] if backwards else taken)


def _clusters(text: str) -> list[str]:
    """Split into what the eye sees as one sign, so that a family emoji or an accent is never cut in two."""
    out: list[str] = []
    for sign in text:
        joined = out and (
            unicodedata.category(sign) in ("Mn", "Me", "Mc") or sign == _JOINER or out[-1][-1] == _JOINER
        )
        tone = out and "\U0001f3fb" <= sign <= "\U0001f3ff"
        if joined or tone:
            out[-1] += sign if len(out[-1]) < 12 else ""  # stacks of accents would run over other rows
        else:
            out.append(sign)
    return out


def _cluster_width(cluster: str) -> float:
    wide = unicodedata.east_asian_width(cluster[0]) in "WF"
    return 2.0 if wide else _BROAD.get(cluster, 1.0)


_BROAD = {**dict.fromkeys("mwMW@%&—", 1.35), **dict.fromkeys("ЖШЩЮМФжшщюмф", 1.6)}


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=True, break_on_hyphens=False) or [""]


def _isolated(line: str) -> str:
    """Return the line safe, and closed off where it is written from right to left."""
    turned = any(unicodedata.bidirectional(sign) in ("R", "AL", "AN") for sign in line)
    return f"\u2068{safe(line)}\u2069" if turned else safe(line)
