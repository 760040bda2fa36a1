"""The parts of a report: which are shown, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from journeylog.errors import ConfigError, cut, nearest
from journeylog.reporting.wording import Wording

__all__ = ["PARTS", "Part", "check_show", "parts_of"]

#: The names of the parts as a configuration has them, in the order of a page, each with its anchor.
PARTS: Final[Mapping[str, str]] = {
    "map": "map", "changes": "changed", "benchmark": "against", "short": "short", "design": "design", "flow": "flow",
    "funnel": "funnel", "drop_off": "leaves", "losses": "losses", "paths": "paths", "retention": "returns",
    "voices": "empathy", "experiments": "trials",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One part of a page: its name, its anchor, the word for it in the list of parts, and what it holds."""

    name: str
    id: str
    nav: str
    value: Any

    @property
    def kind(self) -> str:
        """How it is written."""
        return self.name if self.name in _OWN else "compared" if self.name in _COMPARED else "section"


_OWN: Final = ("map", "short", "voices", "experiments")
_COMPARED: Final = ("changes", "benchmark")
_NAVS: Final[Mapping[str, str]] = {"map": "map_nav", "voices": "empathy_nav", "experiments": "trials_nav"}


def check_show(show: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the parts to show, each once; all of them for None.

    Raises
    ------
    ConfigError
        If it is no list, or a name is not that of a part; the nearest is named.
    """
    if show is None:
        return tuple(PARTS)
    if isinstance(show, str) or not isinstance(show, Sequence) or not show:
        raise ConfigError(f"show={cut(show)} is no list of parts. Fix: some of {list(PARTS)}")
    for name in show:
        if name not in PARTS:
            near = nearest(str(name), PARTS)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {list(PARTS)}"
            raise ConfigError(f"show: a report has no part {name!r}. Fix: {hint}")
    return tuple(dict.fromkeys(show))


def parts_of(
    show: Sequence[str], found: Mapping[str, Any], sections: Iterable[Any], words: Wording
) -> list[Part]:
    """Return the parts that are asked for and have something to show, in the order asked for.

    Parameters
    ----------
    show : sequence of str
    found : mapping
        What the parts beside the sections hold, by their names; nothing or None has nothing to show.
    sections : iterable of Section
    words : Wording
    """
    known = {section.id: section for section in sections}
    parts = []
    for name in show:
        value = found.get(name) or known.get(PARTS[name])
        if value:
            nav = words.plain(_NAVS[name]) if name in _NAVS else getattr(value, "nav", "")
            parts.append(Part(name, PARTS[name], nav, value))
    return parts
