"""A page as a notebook shows it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Shown"]


@dataclass(frozen=True)
class Shown:
    """A page as a notebook shows it: in a frame of its own."""

    page: str

    def _repr_html_(self) -> str:
        escaped = self.page.replace("&", "&amp;").replace('"', "&quot;")
        return f'<iframe srcdoc="{escaped}" sandbox style="width: 100%; height: 760px; border: 0"></iframe>'
