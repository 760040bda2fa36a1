"""JSON lines: one object a line, compared with Python's own reader; row F35 of the catalogue."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.kernels.json_lines import DEEPEST
from journeylog.errors import LoadWarning, MissingColumnError, ParseError, SchemaError
from journeylog.ingest.containers.base import Dialect
from journeylog.ingest.containers.files import File
from journeylog.ingest.containers.jsonl import JsonLines

ROLES = {"actor": "user", "event": "event", "time": "ts", "tz": "UTC"}
ROW = '{"user": "u1", "event": "a", "ts": "2024-01-01"}'


def read_lines(*lines: str | bytes, **how):
    raw = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    return jl.read(io.BytesIO(raw), format="jsonl", **{**ROLES, **how})


def rejected(log) -> list[dict]:
    assert log.card.rows_in == log.card.kept + log.card.rejected + log.card.deduplicated
    assert log.card.rejected == log.rejects.num_rows
    return log.rejects.to_pylist()


def columns_of(content: bytes, block: int = 1 << 21, wanted=None) -> tuple[list[dict], list]:
    table = JsonLines(File("x.jsonl", None, io.BytesIO(content)), Dialect(block=block))
    good, bad = [], []
    for work in table.pieces(wanted):
        piece = work()
        assert piece.rows.validate(full=True) is None
        names = piece.rows.schema.names
        values = [piece.rows.column(n).to_pylist() for n in names] if names else [[None] * len(piece.row)]
        good += [
            (r, {n: v for n, v in zip(names, row, strict=False) if v is not None})
            for r, row in zip(piece.row.tolist(), zip(*values, strict=True), strict=True)
        ]
        bad += piece.bad
    return good, bad


class Repeated(ValueError):
    pass


def plain_object(line: str):
    """Return the line's values as text, the way the reader promises them, or raise ValueError."""

    def pairs(found):
        names = [k for k, _ in found]
        if depth[0] == 0 and len(set(names)) < len(names):
            raise Repeated
        return dict(found)

    depth = [1]
    value = json.loads(line, object_pairs_hook=pairs, parse_int=Raw, parse_float=Raw, parse_constant=Raw)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    depth[0] = 0
    json.loads(_flat(line), object_pairs_hook=pairs)
    return value


class Raw(str):
    """A number as it was written."""


def _flat(line: str) -> str:
    """Return the line with its nested values emptied, so that only the outer keys are seen."""
    out, depth, text, skip = "", 0, False, False
    for c in line.strip():
        if skip:
            skip = False
        elif text and c == "\\":
            skip = True
        elif c == '"':
            text = not text
        elif not text and c in "[{":
            depth += 1
            if depth == 2:
                out += "0"
        if depth < 2:
            out += c
        if not text and c in "]}" and not skip:
            depth -= 1
    return out


TOKENS = ["{", "}", "[", "]", ",", ":", '"a"', '"b"', '"k\\u00e9"', '"\\n"', "1", "-0.5e3", "01", "NaN",
          "-Infinity", "true",
          "null", "nul", " ", '"', "\\", "\t", "1.", ".5", "ж", '"ж🛒"',
          '"\\ud83d\\ude00"', '"a": 1', '"b": [1, {"c": 2}]']  # fmt: skip


@settings(max_examples=500)
@given(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join))
@example('{"a":1,"a":2}')
@example('{"a": {"a": 1, "a": 2}}')
@example("{}")
@example('{"a":1,}')
def test_a_line_is_read_exactly_when_python_reads_it(inner):
    for line in (inner, "{" + inner + "}"):
        if not line.strip(" \t"):
            continue
        good, bad = columns_of(b"{}\n" + line.encode() + b"\n")
        assert good.pop(0) == (1, {})
        try:
            expected = plain_object(line)
        except ValueError:
            assert not good
            assert len(bad) == 1
            continue
        assert not bad, line
        (_, found) = good[0]
        for key, value in expected.items():
            if value is None:
                assert key not in found
            elif isinstance(value, bool):
                assert found[key] == ("true" if value else "false")
            elif isinstance(value, str):
                assert found[key] == value
            else:
                assert json.loads(found[key], parse_int=Raw, parse_float=Raw, parse_constant=Raw) == value
        assert set(found) == {k for k, v in expected.items() if v is not None}


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ROWS = st.lists(st.dictionaries(TEXT, st.none() | TEXT | st.booleans(), max_size=5), min_size=1, max_size=6)


@given(rows=ROWS, block=st.integers(1, 200), ascii_only=st.booleans())
def test_what_python_writes_is_read_as_it_was(rows, block, ascii_only):
    content = "".join(json.dumps(row, ensure_ascii=ascii_only) + "\r\n" for row in rows).encode()
    good, bad = columns_of(content, block)
    assert not bad
    spelled = [
        {k: str(v).lower() if isinstance(v, bool) else v for k, v in row.items() if v is not None}
        for row in rows
    ]
    assert [found for _, found in good] == spelled
    some = sorted({k for row in rows for k in row})[:2]
    if some:
        good, _ = columns_of(content, block, some)
        assert [found for _, found in good] == [
            {k: v for k, v in row.items() if k in some} for row in spelled
        ]


def test_F35_bad_lines_are_set_apart():
    bad = ['{"user": "u2", "event": "a", "ts": "2024-01-01",}', "nonsense", '["u2"]', '"u2"', '{"user": "u2"', "{'user': 1}",
           '{"user": "u2", "user": "u3", "event": "a", "ts": "2024-01-01"}', ROW + ROW]  # fmt: skip
    with pytest.warns(LoadWarning, match="ROW_SHAPE 8"):
        log = read_lines(ROW, *bad, ROW, "", "  ")
    assert log.n_events == 2
    rows = rejected(log)
    assert [(r["row"], r["line"], r["raw"]) for r in rows] == [
        (i + 2, i + 2, line) for i, line in enumerate(bad)
    ]
    assert {r["reason"] for r in rows} == {"ROW_SHAPE"}
    assert rows[6]["detail"] == "a key stands twice"


def test_F35_nested_values_stay_json_and_the_order_of_keys_does_not_matter():
    log = read_lines(
        '{"ts": "2024-01-01", "items": [{"id": 1.10}, null], "event": "a", "user": "u1"}',
        '{"user": "u1", "event": "b", "ts": "2024-01-02", "items": {}}',
    )
    assert log.to_pandas()["items"].tolist() == ['[{"id": 1.10}, null]', "{}"]


def test_F35_numbers_are_as_written_and_special_ones_do_not_crash():
    log = read_lines(
        '{"user": 9007199254740993, "event": 1e5, "ts": "2024-01-01", "x": NaN, "n": 1}',
        '{"user": 99999999999999999999999, "event": true, "ts": "2024-01-02", "x": 2.5, "n": 2}',
    )
    frame = log.to_pandas()
    assert set(frame["actor"]) == {"9007199254740993", "99999999999999999999999"}
    assert set(frame["event"]) == {"1e5", "true"}
    assert log.columns["n"] == log.columns["x"] == "number"
    with pytest.warns(LoadWarning, match="VALUE_INF 1"):
        log = read_lines(
            *(
                f'{{"user": "u", "event": "a", "ts": "2024-01-01", "v": {v}}}'
                for v in ("NaN", "Infinity", "1.5")
            ),
            value="v",
        )
    assert log.card.kept == 2
    assert any("1 values are NaN" in note for note in log.card.notes)


@pytest.mark.parametrize("depth", [DEEPEST, DEEPEST + 1, 10_000])
def test_F35_deep_nesting(depth):
    deep = '{"user": "u1", "event": "a", "ts": "2024-01-01", "x": ' + "[" * depth + "]" * depth + "}"
    if depth <= DEEPEST:
        assert read_lines(deep, ROW).n_events == 2
        return
    with pytest.warns(LoadWarning, match="ROW_SHAPE 1"):
        assert read_lines(deep, ROW).n_events == 1


def test_F10_F12_bytes_and_escapes_that_are_no_text():
    with pytest.warns(LoadWarning, match="ENCODING 2"):
        log = read_lines(
            ROW, b'{"user": "\xff", "event": "a", "ts": "2024-01-01"}', ROW.replace("u1", "\\ud800"), ROW
        )
    assert log.n_events == 2
    assert [r["line"] for r in rejected(log)] == [2, 3]
    assert log.rejects.to_pylist()[1]["raw"] == ROW.replace("u1", "\\ud800")


def test_F13_a_value_that_is_too_long():
    with pytest.warns(LoadWarning, match="FIELD_TOO_LONG 2"):
        log = read_lines(
            ROW.replace('"a"', '"' + "a" * 70_000 + '"'), ROW, ROW.replace("u1", "u" * 17_000_000), ROW
        )
    assert log.n_events == 2
    assert all(len(r["raw"]) <= 1 << 16 for r in rejected(log))


def test_one_array_is_not_json_lines():
    with pytest.raises(ParseError, match="one JSON array"):
        read_lines("[" + ROW + "]")


def test_a_role_that_is_in_no_line():
    with pytest.raises(MissingColumnError, match="did you mean 'user'"):
        read_lines(ROW, actor="usr")
    with pytest.raises(MissingColumnError, match=r"found \['user', 'event', 'ts'\]"):
        read_lines(ROW, actor="usr", columns=[])


def test_F05_keys_that_differ_in_case_only():
    lines = [ROW.replace("}", ', "Page": 1}'), ROW.replace("}", ', "page": 2}')]
    with pytest.raises(SchemaError, match="differ only in case"):
        read_lines(*lines)
    assert read_lines(*lines, columns=["page"]).n_events == 2


def test_a_role_that_comes_late_and_keys_that_are_not_wanted():
    lines = [ROW] * 50 + [ROW.replace("}", ', "channel": "web", "extra": 1}')]
    log = read_lines(*lines, channel="channel", columns=[])
    assert list(log.columns) == ["event", "channel"]
    assert log.chunk.category("channel").names == ("web",)


def test_a_file_may_lack_what_another_has(tmp_path):
    (tmp_path / "1.jsonl").write_text(ROW)
    (tmp_path / "2.jsonl").write_text(ROW.replace("}", ', "channel": "web"}'))
    assert jl.read(tmp_path, channel="channel", **ROLES).chunk.category("channel").names == ("web",)
    with pytest.raises(MissingColumnError, match="did you mean 'channel'"):
        jl.read(tmp_path, channel="chanel", **ROLES)


def test_keys_that_come_late_become_columns():
    log = read_lines(ROW, ROW.replace("}", ', "x": "1"}'), ROW.replace("}", ', "\\u0079": 2}'))
    assert log.to_pandas()["x"].tolist()[1] == "1"
    assert log.columns["y"] == "number"


def test_data_written_as_keys_is_refused():
    lines = [f'{{"user": "u", "event": "a", "ts": "2024-01-01", "id{i}": 1}}' for i in range(2100)]
    with pytest.raises(SchemaError, match="data written as keys"):
        read_lines(*lines)
    log = read_lines(*lines, lines[0].replace('"id0"', '"late"'), columns=["id7", "late"])
    assert log.chunk.columns["id7"].valid.sum() == log.chunk.columns["late"].valid.sum() == 1


def test_ids_as_numbers_and_as_text_are_the_same_actor():
    assert (
        read_lines(
            '{"user": 12, "event": "a", "ts": "2024-01-01"}',
            '{"user": "12", "event": "a", "ts": "2024-01-02"}',
        ).n_actors
        == 1
    )


def ga4_line(i: int, campaign: str | None, more: str = "") -> str:
    params = [{"key": "campaign", "value": {"string_value": campaign}}] if campaign else []
    row = {
        "event_timestamp": str(1_704_067_200_000_000 + i),
        "event_name": "page_view",
        "user_pseudo_id": "u1",
    }
    return json.dumps({**row, "more": more, "event_params": params})


def read_ga4(lines: list[str], **how) -> jl.EventLog:
    raw = io.BytesIO("\n".join(lines).encode())
    return jl.read(raw, format="ga4", container="jsonl", columns=["campaign"], **how)


def test_what_a_rejected_line_holds_is_not_the_next_ones():
    lines = [ga4_line(0, "a"), ga4_line(1, "cut off")[:-1], ga4_line(2, None), ga4_line(3, "b")]
    with pytest.warns(LoadWarning):
        log = read_ga4(lines)
    assert log.to_pandas()["campaign"].astype(object).fillna("").tolist() == ["a", "", "b"]


def test_short_lines_after_long_ones_find_room():
    lines = [
        ga4_line(0, "c0", "x" * 70_000),
        *(ga4_line(i, f"c{i}" if i % 3 else None) for i in range(1, 2000)),
    ]
    lines[5:5] = ["no object"] * 1500
    with pytest.warns(LoadWarning):
        log = read_ga4(lines, max_field_bytes=1 << 17)
    found = log.to_pandas()["campaign"].astype(object).fillna("").tolist()
    assert found == ["c0", *(f"c{i}" if i % 3 else "" for i in range(1, 2000))]
    assert log.card.rejected == 1500


def test_memory_that_is_used_again_is_none_that_is_looked_at(tmp_path):
    lines = [f'{{"n": {i}, "t": "{"ab" * (i % 40)}"}}' for i in range(3_000)]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines))
    with File(str(path), path).opened() as file:
        works = list(JsonLines(file, Dialect(block=4096)).pieces(None))
    rows = [row for work in works for row in work().rows.to_pylist()]
    assert rows == [{"n": str(i), "t": "ab" * (i % 40)} for i in range(3_000)]
