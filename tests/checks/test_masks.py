"""Personal data: what it looks like, and that it is never told."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import journeylog as jl
from journeylog.core.masks import KINDS, hide, luhn, masked, removed, shown
from tests.checks import planted

FOUND = {
    "email": [
        "ann@example.com", "Иван@почта.рф", "/l?email=a.b%40c.com&x=1", "<Ann.Lee+news@mail.example.co.uk>", "x@y.io",
    ],
    "phone": [
        "+7 916 123-45-67", "+49 30 901820-00", "+1 (415) 555-2671", "(415) 555-2671", "415-555-2671", "8 (916) 123-45-67",
        "tel:79161234567", "?tel=%2B79161234567",
    ],
    "card": [
        "4111111111111111", "5500 0000 0000 0004", "3782-822463-10005", "pan=2200000000000004;", "6011000990139424",
        "card:4111-1111-1111-1111",
    ],
    "token": [
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_123", "/cb?access_token=abcdef123456&z=1", "?api_key=0123456789",
        "Authorization: Bearer abcdef.ghij", "sk_live_abcdefghijklmnop1234", "AKIAIOSFODNN7EXAMPLE", "password: hunter22",
    ],
    "ip": [
        "10.0.0.1", "http://192.168.1.10/x", "from 203.0.113.77.", "2001:0db8:0000:0000:0000:ff00:0042:8329",
        "2001:db8:1::42:8329",
    ],
    "passport": ["passport 45 10 123456", "паспорт 4510 123456", "SSN 123-45-6789"],
}  # fmt: skip
NOTHING = [
    "2025-01-06 09:00:00.123456", "2025-01-06T12:00:00.000+03:00", "12:30:45", "order 12345678", "4111111111111112",
    "00000000-0000-4000-8000-000000000000", "Chrome/120.0.0.0 Safari/537.36", "v1.2.3", "1.5", "a@b", "@ann", "100 %",
    "page?sid=1&token=abc", "https://shop.example/item/4711?ref=mail", "3,14159", "9e10", "de305d5475b4431badb2eb6b9e546014",
    "+100500", "10.01.2025", "192.168.1", "very good, delivered in 2 days", "sku-415-555-26",
]  # fmt: skip


@pytest.mark.parametrize("kind, text", [(kind, text) for kind, texts in FOUND.items() for text in texts])
def test_a_kind_is_known_in_columns_and_masked_when_shown(kind: str, text: str) -> None:
    kinds = {k.name: k for k in KINDS}
    assert pc.match_substring_regex(pa.scalar(text), kinds[kind].re2).as_py()
    hidden = masked(text)
    assert hidden != text and masked(hidden) == hidden
    assert shown(shown(text)) == shown(text)


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_not_personal_is_left_alone(text: str) -> None:
    hits = [k.name for k in KINDS if pc.match_substring_regex(pa.scalar(text), k.re2).as_py()]
    assert [kind for kind in hits if kind != "card" or luhn("".join(filter(str.isdigit, text)))] == []
    assert masked(text) == text


def test_two_in_a_row_are_both_masked() -> None:
    assert masked("4111111111111111 5500000000000004 4111111111111111") == "**** 1111 **** 0004 **** 1111"
    assert "67" not in masked("+79161234567,+79161234567,+79161234568").replace("*** 67", "")


def test_hidden_signs_are_written_out_and_long_texts_cut() -> None:
    assert shown("pay\u202e\x1b[2J\n") == "pay\\u202e\\x1b[2J\\n"
    assert shown("pay ") == "pay␣" and shown("") == "(blank)" and shown("   ") == "(blank, 3)"
    assert len(shown("x" * 10_000)) == 120
    assert hide("ann.lee@example.com") == "a***m" and hide("ab") == "a*"


HOSTILE = ["eyJ" * 4000, "a" * 9000 + "@", "a.-" * 3000, "1 " * 5000, "ab:" * 3000, "password" * 1000]


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:8] for text in HOSTILE])
def test_hostile_texts_take_no_time(text: str) -> None:
    began = time.process_time()
    shown(text)
    for kind in KINDS:
        pc.match_substring_regex(pa.array([text]), kind.re2)
    assert time.process_time() - began < 2.0


def test_nothing_personal_is_ever_told_in_clear(tmp_path: Path) -> None:
    frame = planted.clean()
    everything = " | ".join(planted.SECRETS.values())
    frame.loc[:9, "comment"] = everything
    frame.loc[10:19, "page"] = everything
    frame.loc[20:29, "what"] = [f"{everything} {i:05d}" for i in range(10)]
    frame.loc[30:34, "who"] = [
        "ann.lee@example.com",
        "Ann.Lee@example.com",
        "ann.lee@example.com ",
        "NULL",
        "null ",
    ]
    frame.loc[35:36, "src"] = "ann.lee@example.com"
    frame = frame.rename(columns={"page": everything})
    for show_ids in (False, True):
        found = planted.check(frame, fail_on="info", show_ids=show_ids)
        page = found.to_html(tmp_path / "check.html").read_text(encoding="utf-8")
        told = [
            repr(found),
            found._repr_html_(),
            json.dumps(found.to_dict()),
            page,
            found.table.to_csv(),
            *found.failures,
        ]
        for text in told:
            for clear in planted.CLEAR:
                assert clear not in text.replace("4510 123456", ""), clear
    assert {f.where.split(": ")[0] for f in found["personal_data"]} >= {"text", "event", "actor", "source"}


def test_ids_are_hidden_unless_asked_for() -> None:
    frame, _ = planted.lookalike_actors()
    assert "c00001" not in repr(planted.check(frame))
    assert "c00001" in repr(planted.check(frame, show_ids=True))
    assert isinstance(jl.check(jl.datasets.tiny()).to_dict(), dict)


@pytest.mark.parametrize(
    "text, left",
    [
        ("card 4111 1111 1111 1111, ok", "card ***, ok"),
        ("wrong check digit 4111111111111112", "wrong check digit ***"),
        ("звоните 8 916 123-45-67 или 89161234567", "звоните *** или ***"),
        ("почта ann.lee@почта.рф", "почта ***"),
        ("ann\u200b@exa\u00admple.com", "***"),
        ("４１１１１１１１１１１１１１１１", "***"),
        ("token=abcd1234 password: hunter2x", "*** ***"),
        ("see https://t.me/ann?x=1 and @annlee", "see *** and ***"),
        ("from 192.168.100.12", "from ***"),
        ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", "***"),
        ("customer A-77 is cross", "customer *** is cross"),
        ("two\nlines, 12 500 and 3 weeks", "two lines, 12 500 and 3 weeks"),
    ],
)
def test_nothing_personal_is_left_of_what_a_customer_wrote(text: str, left: str) -> None:
    assert removed(text, "A-77", "an") == left
    assert removed(left, "A-77") == left, "removing once is removing all"
