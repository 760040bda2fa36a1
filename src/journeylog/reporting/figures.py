"""Figures on the page: their frame gives way to the page's own headings, their data stays."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import Any

__all__ = ["Picture", "picture"]

_TAGS = re.compile(r"</?[a-z][^>]*>")
_TOP = 10


@dataclass(frozen=True)
class Picture:
    """A figure as the page holds it.

    Parameters
    ----------
    id : str
    spec : str
        Data and layout as JSON that no HTML parser can take for markup.
    height : int
        Height in pixels, kept free until the figure is drawn.
    caption : str
        How to read it.
    alt : str
        What it shows, for those who do not see it.
    heading : str
        What tells it from other figures of its section.
    """

    id: str
    spec: str
    height: int
    caption: str
    alt: str
    heading: str = ""


def picture(figure: Any, name: str, alt: str, heading: str = "") -> Picture:
    """Return a figure without its title; the line below the title becomes the caption."""
    layout = figure.layout
    subtitle = layout.title.subtitle.text or ""
    caption = html.unescape(_TAGS.sub("", subtitle.replace("<br>", " ")))
    lines = subtitle.count("<br>") + 1 if subtitle else 0
    spare = max(0, min(46 + 17 * lines + 8 if lines else 54, int(layout.margin.t or 0)) - _TOP)
    top, height = int(layout.margin.t or 0) - spare, int(layout.height or 400) - spare
    figure.update_layout(title=None, margin={"t": top}, height=height)
    return Picture(name, embedded(json.loads(figure.to_json())), height, caption, alt, heading)


def embedded(value: Any) -> str:
    r"""Return JSON for a script element: no sign in it can end the element or begin a comment.

    Examples
    --------
    >>> embedded({"a": "</script><!--"})
    '{"a":"\\u003c/script\\u003e\\u003c!--"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
    return (
        text.replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )
