"""Logs in which every word of the data is Russian, and what a page shows of them, for looking for what stays English."""

from __future__ import annotations

import html
import io
import re
import warnings
import zipfile
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd

import journeylog as jl
from journeylog.errors import JourneylogWarning

_LETTERS = dict(
    zip("abcdefghijklmnopqrstuvwxyz_-", "абцдефгхийклмнопкрстуввкыз  ", strict=True)
) | {"w": "в", "x": "кс"}
#: Attributes whose values are read out, shown on hover or shown by the page's script.
SHOWN = ("aria-label", "alt", "title", "placeholder", "data-sort", "data-through", "data-all", "data-stage")


def russian(text: Any) -> Any:
    """Return a word of the data in Cyrillic letters; what is no text stays."""
    return "".join(_LETTERS.get(sign, sign) for sign in text.lower()) if isinstance(text, str) else text


class Seen(HTMLParser):
    """The texts of a page that a person sees or hears; code, styles and scripts are left out."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.english: list[str] = []
        self._inside: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "input", "br", "img"):
            self._inside.append(tag)
        for name, value in attrs:
            if name in SHOWN and value:
                self.texts.append(value)
            if name == "lang" and value == "en":
                self.english.append(str(self.getpos()))

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"style", "script", "pre", "code"} & set(self._inside):
            self.texts.append(" ".join(data.split()))
