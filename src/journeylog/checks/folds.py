"""What makes two names look alike: case, spaces, signs that are not seen, ways to write a letter, other alphabets."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["difference", "folded", "skeleton"]

#: Signs nobody sees: zero-width, joiners, direction and variation marks, soft hyphens (RE2).
_UNSEEN: Final = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0]"
)
#: Letters of other alphabets by the Latin letter they are printed like.
_ALIKE: Final = {
    "a": "аɑα", "c": "сϲ", "d": "ԁ", "e": "еҽ", "g": "ɡ", "h": "һ", "i": "іı", "j": "ј", "k": "κ", "l": "ӏ", "o": "оοօ",
    "p": "рρ", "q": "ԛ", "s": "ѕ", "u": "ս", "v": "νѵ", "w": "ԝ", "x": "хχ", "y": "уү",
    "A": "АΑ", "B": "ВΒ", "C": "СϹ", "E": "ЕΕ", "G": "Ԍ", "H": "НΗ", "I": "ІΙӀ", "J": "Ј", "K": "КΚ", "M": "МΜ", "N": "Ν",
    "O": "ОΟ", "P": "РΡ", "Q": "Ԛ", "S": "Ѕ", "T": "ТΤ", "V": "Ѵ", "W": "Ԝ", "X": "ХΧ", "Y": "ҮΥ", "Z": "Ζ",
}  # fmt: skip


def folded(texts: pa.Array) -> pa.Array:
    """Return texts without case, surrounding and repeated spaces, unseen signs and ways to write a letter (NFKC).

    Examples
    --------
    >>> folded(pa.array(["Cafe\u0301 ", "  CAF\u00c9", "ca\u200bfé"])).to_pylist()
    ['café', 'café', 'café']
    """
    if not pc.all(pc.string_is_ascii(texts)).as_py():
        plain = pc.string_is_ascii(texts)
        some = texts.filter(pc.invert(plain))
        some = pc.utf8_normalize(pc.replace_substring_regex(some, _UNSEEN, ""), "NFKC")
        some = pc.utf8_normalize(pc.utf8_lower(pc.utf8_upper(some)), "NFKC")
        some = pc.replace_substring(some, "\u0307", "")  # what lower case leaves of the Turkish İ
        some = pc.replace_substring(some, "ß", "ss")  # which upper case writes in two letters
        texts = pc.replace_with_mask(pc.utf8_lower(texts), pc.invert(plain), some)
    else:
        texts = pc.ascii_lower(texts)
    if pc.any(pc.match_substring_regex(texts, r"^\s|\s$|\s\s|[\t\r\n\f\v]")).as_py():
        texts = pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, r"\s+", " "))
    return texts


def skeleton(texts: pa.Array) -> pa.Array:
    """Return texts as they look in print: letters of other alphabets by the Latin letter they are printed like.

    Examples
    --------
    >>> skeleton(pa.array(["раy", "pay"])).to_pylist()
    ['pay', 'pay']
    """
    if pc.all(pc.string_is_ascii(texts)).as_py():
        return texts
    other = pc.invert(pc.string_is_ascii(texts))
    some = pc.utf8_normalize(pc.replace_substring_regex(texts.filter(other), _UNSEEN, ""), "NFKC")
    for latin, others in _ALIKE.items():
        some = pc.replace_substring_regex(some, f"[{others}]", latin)
    return pc.replace_with_mask(texts, other, some)


def difference(names: list[str]) -> str:
    """Return in words how names that look alike differ.

    Examples
    --------
    >>> difference(["Pay", "pay"]), difference(["pay", "pay\u200b"])
    ('case', 'signs that are not seen')
    """
    unseen = re.compile(_UNSEEN)
    steps = (
        ("signs that are not seen", lambda text: unseen.sub("", text)),
        ("how letters are written (NFC, NFD)", lambda text: unicodedata.normalize("NFKC", text)),
        ("spaces", lambda text: " ".join(text.split())),
        ("case", lambda text: text.casefold().replace("\u0307", "")),
    )
    words = []
    seen = list(names)
    for word, fold in steps:
        after = [fold(text) for text in seen]
        if len(set(after)) < len(set(seen)):
            words.append(word)
        seen = after
    if len(set(seen)) > 1:
        words.append("letters of another alphabet")
    return ", ".join(words)
