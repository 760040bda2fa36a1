"""Personal data in text: how it looks, and how it is shown without being told.

Every pattern runs in linear time: over whole columns in Arrow (RE2), over the few texts that are shown in Python with
patterns that cannot backtrack far.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

__all__ = [
    "GONE",
    "KINDS",
    "Kind",
    "hide",
    "luhn",
    "masked",
    "masked_values",
    "removed",
    "shown",
    "unstacked",
]

#: What stands where something personal was removed.
GONE: Final = "***"

_WIDTH = 120
#: What moves the cursor, turns the writing around, or is not there to see.
_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\ud800-\udfff]"
)
_ODD_SPACE: Final = re.compile(r"^ +| +$|  +")
_MARKS = 4
#: Two in a row share the sign between them, so one round finds every other.
_ROUNDS = 3
#: In what customers wrote: links, names at a service, and numbers of six digits and more, however they are spaced.
_TELLING: Final = re.compile(
    r"(?i:https?://|www\.)[^\s]{1,500}|(?<!\w)@\w{3,64}|[+(]?[0-9](?:[ ().\u2010-\u2015/-]{0,2}[0-9]){5,40}"
    r"|(?i:token|api_?key|password|пароль)\s{0,3}[:=]\s{0,3}[^\s]{1,200}|(?<![\w-])(?=[\w-]{0,200}[0-9])[\w-]{16,200}"
)
#: Texts are masked up to this length; and the longest a pattern can match.
_LONG, _LONGEST = 8192, 4096
#: Shorter ids are words like others.
_TOLD_APART = 3


class Kind(NamedTuple):
    """A kind of personal data.

    Parameters
    ----------
    name : str
    words : str
        How it is called in a sentence.
    pattern : str
        What it looks like; the group ``it`` is the data, what stands around it is context. ``\\pL`` is any letter.
    mask : callable
        What is shown instead of the data.
    secret : bool
        Whether it opens something: found, it is an error.
    """

    name: str
    words: str
    pattern: str
    mask: Callable[[str], str]
    secret: bool = False

    @property
    def re2(self) -> str:
        """The pattern for Arrow, which takes linear time and so needs no upper bounds."""
        letters = r"A-Za-z\x{80}-\x{10FFFF}"
        open_ended = re.sub(r"\{(\d+),\d{2,}\}", r"{\1,}", self.pattern)
        return (
            open_ended.replace(r"[^\pL\pN]", f"[^0-9{letters}]")
            .replace(r"\pN", "0-9")
            .replace(r"\pL", letters)
        )

    @property
    def python(self) -> re.Pattern[str]:
        """The pattern for the few texts that are shown; bounded, so that it cannot go back far."""
        return re.compile(self.pattern.replace(r"\pL\pN", r"\w").replace(r"\pL", "A-Za-zÀ-\uffff"))


def luhn(digits: str) -> bool:
    """Return whether the check digit of a card number is right.

    Examples
    --------
    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    total = 0
    for i, digit in enumerate(reversed(digits)):
        value = ord(digit) - 48
        if i % 2:
            value = value * 2 - 9 * (value > 4)
        total += value
    return total % 10 == 0


def masked(text: str) -> str:
    """Return text with all personal data in it masked.

    Examples
    --------
    >>> masked("/login?email=ann.lee@example.com&card=4111111111111111")
    '/login?email=a***@e***.com&card=**** 1111'
    """
    for kind in KINDS:
        pattern = _COMPILED[kind.name]
        for _ in range(_ROUNDS):
            text, n = pattern.subn(partial(_replaced, kind), text)
            if not n:
                break
    return text


def removed(text: str, *names: str) -> str:
    """Return what a customer wrote in one line, without personal data: nothing of it is left, not even its ends.

    Beside what :func:`masked` finds, links, names at a service (``@ann``) and every number of six digits and more go.
    Names of people are not found.

    Parameters
    ----------
    text : str
    *names : str
        Further texts that have to go, such as the customer's id.

    Examples
    --------
    >>> removed("Call +49 (30) 1234567 or ann@example.com, order 10 000 017!")
    'Call *** or ***, order ***!'
    >>> removed("u4711 was right", "u4711")
    '*** was right'
    """
    plain = _HIDDEN.sub(
        lambda found: " " if found.group().isspace() else "", unicodedata.normalize("NFKC", text)
    )
    plain = unstacked(plain[:_LONG])
    for kind in KINDS:
        pattern = _COMPILED[kind.name]
        for _ in range(_ROUNDS):
            plain, n = pattern.subn(partial(_replaced, kind._replace(mask=_nothing)), plain)
            if not n:
                break
    for name in names:
        if len(name) >= _TOLD_APART:
            plain = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", GONE, plain, flags=re.IGNORECASE)
    return " ".join(_TELLING.sub(GONE, plain).split())


def shown(text: object, width: int = _WIDTH) -> str:
    r"""Return text as evidence may show it: masked, in one line, hidden signs written out, cut at the width.

    Examples
    --------
    >>> print(shown("pay\u200b\n"))
    pay\u200b\n
    """
    whole = str(text)
    if len(whole) > _LONG:
        whole = masked(whole[:_LONG])[:-_LONGEST]  # the end may hold half of something private
    else:
        whole = masked(whole)
    line = _HIDDEN.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), whole)
    line = unstacked(line)
    if not line.strip():
        return "(blank)" if not line else f"(blank, {len(line)})"
    line = _ODD_SPACE.sub(lambda found: "\u2423" * len(found.group()), line)
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def masked_values(values: Any) -> Any:
    """Return JSON-able values with personal data in their texts and keys masked."""
    if isinstance(values, str):
        return masked(values)
    if isinstance(values, Mapping):
        return {masked(key) if isinstance(key, str) else key: masked_values(v) for key, v in values.items()}
    if isinstance(values, (list, tuple)):
        return [masked_values(v) for v in values]
    return values


def hide(text: str) -> str:
    """Return an id of which only the two signs at its ends are left, so that its owner cannot be looked up.

    Examples
    --------
    >>> hide("customer-4711"), hide("u1")
    ('c***1', 'u*')
    """
    plain = _HIDDEN.sub("", text)
    return plain[:1] + "*" if len(plain) < 4 else f"{plain[0]}***{plain[-1]}"


def unstacked(text: str) -> str:
    """Return text with at most a few accents on one letter, so that none runs over its neighbours."""
    if text.isascii():
        return text
    kept, run = [], 0
    for sign in text:
        run = run + 1 if unicodedata.combining(sign) else 0
        if run <= _MARKS:
            kept.append(sign)
    return "".join(kept)


def _replaced(kind: Kind, found: re.Match[str]) -> str:
    whole, it = found.group(), "it"
    if kind.name == "token" and found["it"] is None:
        it = "too"  # a password after its name: nothing of it is shown
    data = found[it]
    if kind.name == "card" and not luhn(re.sub(r"\D", "", data)):
        return whole
    start, end = found.start(it) - found.start(), found.end(it) - found.start()
    return whole[:start] + ("***" if it == "too" else kind.mask(data)) + whole[end:]


def _nothing(text: str) -> str:
    return GONE


def _mask_email(text: str) -> str:
    name, _, domain = re.sub("%40", "@", text, flags=re.IGNORECASE).partition("@")
    return f"{name[:1]}***@{domain[:1]}***.{domain.rpartition('.')[2]}"


def _mask_phone(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    return f"{'+' if text.startswith('+') else ''}{digits[:1]}*** {digits[-2:]}"


def _mask_card(text: str) -> str:
    return f"**** {re.sub(r'[^0-9]', '', text)[-4:]}"


def _mask_token(text: str) -> str:
    return f"{text[:3]}***"


def _mask_ip(text: str) -> str:
    return f"{text.partition('.')[0]}.*.*.*" if "." in text else f"{text.partition(':')[0]}:***"


def _mask_number(text: str) -> str:
    return "*** " + text[-2:]


_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_HEX4 = r"[0-9A-Fa-f]{1,4}"
#: First digits and lengths of card numbers: Visa, Mastercard, Mir, Amex, Discover, UnionPay, JCB.
_CARD = (
    r"(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|6(?:011|5[0-9]{2}|2[0-9]{2})|35[2-8][0-9])"
    r"[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}"
)

#: The kinds, those that hold others first: a token may hold what looks like a number.
KINDS: Final = (
    Kind(
        "token",
        "tokens or passwords",
        r"(?:^|[^A-Za-z0-9])(?P<it>eyJ[A-Za-z0-9_-]{8,500}\.eyJ[A-Za-z0-9_-]{8,900}(?:\.[A-Za-z0-9_-]{0,900})?"
        r"|(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{16,99}|gh[pousr]_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,99}"
        r"|AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35})"
        r"|(?i:[?&;#](?:access_|auth_|id_|refresh_)?(?:token|api_?key|password|passwd|pwd|secret|signature)="
        r"|bearer +|(?:password|passwd|secret|api_?key) *[:=] *)(?P<too>[^&\s\"',;#*]{4,900})",
        _mask_token,
        secret=True,
    ),
    Kind(
        "email",
        "e-mail addresses",
        r"(?P<it>[\pL\pN][\pL\pN._+-]{0,63}(?:@|%40)[\pL\pN](?:[\pL\pN-]{0,62}\.){1,8}[\pL]{2,24})",
        _mask_email,
    ),
    Kind(
        "card",
        "card numbers",
        rf"(?:^|[^0-9A-Za-z.+-])(?P<it>{_CARD})(?:$|[^0-9A-Za-z-])",
        _mask_card,
        secret=True,
    ),
    Kind(
        "phone",
        "phone numbers",
        r"(?:^|[^0-9A-Za-z+])(?P<it>(?:\+|%2[Bb])[1-9](?:[ .()-]{0,2}[0-9]){9,14}"
        r"|\([0-9]{3}\) ?[0-9]{3}[ -][0-9]{4}|[0-9]{3}-[0-9]{3}-[0-9]{4}"
        r"|8[ (-]{1,2}9[0-9]{2}[ )-]{1,2}[0-9]{3}[ -]?[0-9]{2}[ "
        r"-]?[0-9]{2}|(?:tel|phone)[=:]8?[0-9]{10,14})(?:$|[^0-9A-Za-z])",
        _mask_phone,
    ),
    Kind(
        "ip",
        "IP addresses",
        rf"(?:^|://|[^0-9A-Za-z./:-])(?P<it>{_OCTET}(?:\.{_OCTET}){{3}}|(?:{_HEX4}:){{7}}{_HEX4}"
        rf"|(?:{_HEX4}:){{2,6}}(?::{_HEX4}){{1,5}})(?:$|[^0-9A-Za-z.]|\.(?:$|[^0-9A-Za-z]))",
        _mask_ip,
    ),
    Kind(
        "passport",
        "passport or social security numbers",
        r"(?i:passport|паспорт|ssn|снилс)[^0-9]{0,20}(?P<it>[0-9]{2} ?[0-9]{2} ?[0-9]{5,6}|[0-9]{3}-[0-9]{2}-[0-9]{4}"
        r"|[0-9]{3}-[0-9]{3}-[0-9]{3} [0-9]{2}|[A-Z]{1,2}[0-9]{6,8})",
        _mask_number,
    ),
)

_COMPILED: Final = {kind.name: kind.python for kind in KINDS}
