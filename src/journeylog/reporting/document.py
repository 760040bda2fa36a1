"""The one file: template, styles, scripts, and the policy that lets nothing else in."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

__all__ = ["asset", "environment", "policy", "render", "tight"]

_FOLDER = Path(__file__).parent / "templates"
_UNIT = re.compile(
    r"(?<=\d) (?=\d{3}(?!\d))"
    r"|(?<=\d) (?=(?:%|d|h|min|s|д|ч|мин|с)(?![a-zа-я]))|(?<=\d [dhдч]) (?=\d)|(?<=\d (?:min|мин)) (?=\d)"
)


def render(theme: str, *, interactive: bool, **values: Any) -> bytes:
    """Return the page as bytes; equal values give equal bytes."""
    css = asset("report.css") + asset("map.css") + asset("map_empathy.css")
    script = asset("report.js") if interactive else ""
    page = environment().get_template("report.html.j2")
    return page.render(
        theme=theme,
        policy=policy(scripts=(script,) if script else (), styles=(css,)),
        css=Markup(css),
        script=Markup(script),
        **values,
    ).encode("utf-8", "backslashreplace")


def policy(scripts: tuple[str, ...], styles: tuple[str, ...]) -> str:
    """Return the Content-Security-Policy: these scripts, these styles, pictures made here, and no connection at all.

    Style attributes are allowed because the length of a bar is one; they cannot load anything, since no address but
    ``data:`` is open.
    """
    rules = (
        "default-src 'none'",
        "script-src " + (" ".join(map(_hash, scripts)) or "'none'"),
        "style-src " + " ".join(map(_hash, styles)),
        "style-src-attr 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return "; ".join(rules)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@functools.cache
def environment() -> Environment:
    """Return what renders pages: everything that is put in is escaped, and nothing may be missing."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["tight"] = tight
    return made


def tight(text: str) -> str:
    """Return text in which no line breaks inside a quantity."""
    return type(text)(_UNIT.sub("\u00a0", text).replace("n = ", "n\u00a0=\u00a0").replace("%-", "%\u2011"))


def asset(name: str) -> str:
    """Return a text file that lies with the templates."""
    return (_FOLDER / name).read_text(encoding="utf-8").replace("\r\n", "\n")
