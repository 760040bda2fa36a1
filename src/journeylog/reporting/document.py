"""The one file: template, styles, scripts, and the policy that lets nothing else in."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from pathlib import Path
from typing import Any

import plotly.offline
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from journeylog.plots.style import CONFIG
from journeylog.reporting.figures import embedded

__all__ = ["asset", "environment", "policy", "render"]

_FOLDER = Path(__file__).parent / "templates"
#: Plotly looks for style elements of these ids before it would make some, which the policy forbids. It fills the
#: first through the style sheet's own interface, which the policy allows; the others belong to maps.
_PLOTLY_STYLE = "plotly.js-style-global"
_OWN_STYLE = re.compile(r'getElementById\("([0-9a-f]{64})"\)')
_UNIT = re.compile(
    r"(?<=\d) (?=(?:%|d|h|min|s|д|ч|мин|с)(?![a-zа-я]))|(?<=\d [dhдч]) (?=\d)|(?<=\d (?:min|мин)) (?=\d)"
)
_KEEP = "/* filled by plotly */"


def render(theme: str, **values: Any) -> bytes:
    """Return the page as bytes; equal values give equal bytes."""
    plotly_js, ids = _plotly()
    script, css = asset("report.js"), asset("report.css") + asset("map.css")
    page = environment().get_template("report.html.j2")
    return page.render(
        theme=theme,
        policy=policy(scripts=(plotly_js, script), styles=(css, _KEEP)),
        css=Markup(css),
        keep=Markup(_KEEP),
        style_ids=(_PLOTLY_STYLE, *ids),
        plotly_js=Markup(plotly_js),
        script=Markup(script),
        config=Markup(embedded(CONFIG)),
        **values,
    ).encode("utf-8", "backslashreplace")


def policy(scripts: tuple[str, ...], styles: tuple[str, ...]) -> str:
    """Return the Content-Security-Policy: these scripts, these styles, pictures made here, and no connection at all.

    Style attributes have to be allowed because plotly sets them on the text it draws; they cannot load anything,
    since no address but ``data:`` and ``blob:`` is open.
    """
    rules = (
        "default-src 'none'",
        "script-src " + (" ".join(map(_hash, scripts)) or "'none'"),
        "style-src " + " ".join(map(_hash, styles)),
        "style-src-attr 'unsafe-inline'",
        "img-src data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return "; ".join(rules)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@functools.cache
def _plotly() -> tuple[str, tuple[str, ...]]:
    """Return plotly.js as it can stand inside a script element, and the ids of styles it would make."""
    code: str = plotly.offline.get_plotlyjs()
    code = (
        code.replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("</script", "<\\/script")
        .replace("<!--", "<\\!--")
    )
    return code, tuple(dict.fromkeys(_OWN_STYLE.findall(code)))


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
    made.filters["tight"] = _tight
    return made


def _tight(text: str) -> str:
    """Return text in which no line breaks inside a quantity."""
    return type(text)(_UNIT.sub("\u00a0", text))


def asset(name: str) -> str:
    """Return a text file that lies with the templates."""
    return (_FOLDER / name).read_text(encoding="utf-8").replace("\r\n", "\n")
