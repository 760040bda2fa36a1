"""How every figure looks: colours, type, frame."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from journeylog.core.contracts import Result
from journeylog.core.window import Window
from journeylog.errors import ConfigError, explain
from journeylog.plots.labels import label, wrap

__all__ = [
    "CONFIG",
    "HOVER",
    "Theme",
    "blank",
    "faded",
    "followed",
    "ink_on",
    "luminance",
    "no_data",
    "node_colors",
    "not_shown",
    "period",
    "theme_of",
]

#: For ``figure.write_html(config=CONFIG)``: nothing leaves the page, no logo, fits its place.
CONFIG: Final[dict[str, Any]] = {
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "responsive": True,
    "typesetMath": False,
    "displayModeBar": "hover",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}

#: The one hover template: all text is made before and comes as data, so no name is ever read as a template.
HOVER: Final = "%{customdata[0]}<extra></extra>"

FONT: Final = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif"


@dataclass(frozen=True)
class Theme:
    """Colours of a figure. All pairs of node and end colours differ for the three kinds of colour blindness."""

    name: str
    paper: str
    text: str
    muted: str
    grid: str
    quiet: str
    nodes: tuple[str, ...]
    start: str
    back: str
    reached: str
    dropped: str
    open: str
    reached_ink: str
    dropped_ink: str
    scale: tuple[str, ...]

    def of_kind(self, kind: str) -> str:
        """Return the colour of a typed node."""
        return {"start": self.start, "reached": self.reached, "dropped": self.dropped, "open": self.open}[
            kind
        ]

    def ink(self, kind: str) -> str:
        """Return the colour of text about a typed node, dark enough to read."""
        return {"reached": self.reached_ink, "dropped": self.dropped_ink}.get(kind, self.muted)


# Derived from Okabe and Ito (2008), https://jfly.uni-koeln.de/color/; vermillion, green and grey are kept for ends.
_LIGHT = Theme(
    "light", "#FFFFFF", "#1F2933", "#5B6673", "#E6E9ED", "#CFDCE8",
    ("#0072B2", "#E69F00", "#56B4E9", "#CC79A7", "#2B2A7A", "#8A5A2B", "#7A1F4B", "#F0E442", "#BFD8F2"),
    "#5B6675", "#A05195", "#009E73", "#D55E00", "#B9BFC8", "#00704F", "#A84300",
    ("#F4F8FC", "#BBD7EE", "#5FA3D3", "#1F6FB0", "#0B3C6E"),
)  # fmt: skip
_DARK = Theme(
    "dark", "#14181F", "#E8ECF1", "#A3ADBA", "#2C333D", "#34465A",
    ("#2F86D1", "#EBB23C", "#7CC7F2", "#DDA0C8", "#6C5BD4", "#9C7A4A", "#C4578F", "#F5EC80", "#D5E6F7"),
    "#8A96A6", "#C77DBB", "#2BB58A", "#E8743B", "#59616D", "#4CCBA2", "#F2915F",
    ("#1B212A", "#1D3F5E", "#22679B", "#58A8DC", "#C4E5FA"),
)  # fmt: skip
_THEMES: Final = {"light": _LIGHT, "dark": _DARK}


def theme_of(name: str) -> Theme:
    """Return a theme by its name."""
    if name not in _THEMES:
        raise ConfigError(f"theme={name!r} is not possible. Fix: one of {list(_THEMES)}")
    return _THEMES[name]


def node_colors(
    names: Iterable[str], theme: str = "light", colors: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return one colour for each name, the same in every figure of the same names.

    Parameters
    ----------
    names : iterable of str
        Names of nodes. The first nine by alphabet never share a colour; later ones may.
    theme : {"light", "dark"}
    colors : mapping of str to str, optional
        Colours that are fixed, as ``#rrggbb``.

    Examples
    --------
    >>> both = node_colors(["home", "pay"])
    >>> both == node_colors(["pay", "home"]) and both["home"] != both["pay"]
    True
    """
    palette = theme_of(theme).nodes
    fixed = _checked(colors or {})
    out: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(set(names)):
        slot = int.from_bytes(hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=4).digest(), "big")
        turns = [palette[(slot + i) % len(palette)] for i in range(len(palette))]
        out[name] = fixed.get(name) or next((color for color in turns if color not in taken), turns[0])
        taken.add(out[name])
    return out


def blank(theme: Theme, title: str, subtitle: str, height: int, user_title: str | None = None) -> go.Figure:
    """Return an empty figure with its frame: what is drawn as the title, how to read it below.

    Parameters
    ----------
    title : str
        The library's own words; names in it are safe already.
    subtitle : str
        Wrapped here.
    height : int
        Height of the plotting area in pixels.
    user_title : str, optional
        Takes the place of the title; any text.
    """
    lines = wrap(subtitle)
    top = 46 + 17 * (lines.count("<br>") + 1) if subtitle else 46
    layout = go.Layout(
        template="none",
        autosize=True,
        height=int(height + top + 48),
        margin={"l": 24, "r": 24, "t": top + 8, "b": 40, "autoexpand": True},
        paper_bgcolor=theme.paper,
        plot_bgcolor=theme.paper,
        font={"family": FONT, "size": 12, "color": theme.text},
        title={
            "text": f"<b>{label(user_title, 90) if user_title is not None else title}</b>",
            "x": 0, "xref": "container", "xanchor": "left", "y": 1, "yref": "container", "yanchor": "top",
            "pad": {"l": 24, "t": 16}, "font": {"size": 17},
            "subtitle": {"text": lines, "font": {"size": 12.5, "color": theme.muted}},
        },
        hoverlabel={
            "align": "left", "namelength": -1, "bgcolor": theme.paper, "bordercolor": theme.muted,
            "font": {"family": FONT, "size": 12.5, "color": theme.text},
        },
        showlegend=False,
        hovermode="closest",
        dragmode=False,
    )  # fmt: skip
    return go.Figure(layout=layout)


def no_data(theme: Theme, title: str, result: Result, user_title: str | None = None) -> go.Figure:
    """Return the figure of an empty result: it says so, and what was looked at."""
    seen = f"Observed: {period(result.window)}" if result.window.end > result.window.start else ""
    figure = blank(theme, title, seen, 160, user_title)
    figure.update_xaxes(visible=False, range=[0, 1], fixedrange=True)
    figure.update_yaxes(visible=False, range=[0, 1], fixedrange=True)
    return figure.add_annotation(
        x=0.5, y=0.5, text="No data: nothing was counted for this question.", showarrow=False,
        font={"size": 15, "color": theme.muted},
    )  # fmt: skip


def period(window: Window) -> str:
    """Return the observed window in days."""
    first, last = (part.split(" ")[0] for part in str(window).split(" to "))
    return first if first == last else f"{first} to {last}"


def not_shown(n: int, what: str = "more") -> str:
    """Return the sentence on the rows that a figure leaves out, empty where it shows all.

    Examples
    --------
    >>> not_shown(5, "more nodes"), not_shown(0)
    (' Not shown: 5 more nodes.', '')
    """
    return f" Not shown: {n:,} {what}." if n > 0 else ""


def followed(result: Result) -> str:
    """Return the plural of what the question follows, as safe text."""
    case = getattr(result.question, "case", None)
    known = {None: "journeys", "journey": "journeys", "session": "sessions", "actor": "actors"}
    return known[case] if case in known else f"journeys by {label(str(case))}"


def faded(color: str, alpha: float) -> str:
    """Return the colour with an opacity."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def ink_on(color: str) -> str:
    """Return black or white, whichever reads better on the colour.

    Examples
    --------
    >>> ink_on("#F0E442"), ink_on("#2B2A7A")
    ('#111111', '#FFFFFF')
    """
    return "#111111" if luminance(color) > 0.179 else "#FFFFFF"


def luminance(color: str) -> float:
    """Return the relative luminance of WCAG 2."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _checked(colors: Mapping[str, str]) -> Mapping[str, str]:
    wrong = [
        c
        for c in colors.values()
        if not (len(c) == 7 and c[0] == "#" and set(c[1:]) <= set("0123456789abcdefABCDEF"))
    ]
    if wrong:
        raise ConfigError(
            explain("a colour is not written as #rrggbb", count=len(wrong), examples=wrong, fix="'#0072B2'")
        )
    return colors
