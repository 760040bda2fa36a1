"""CSV: one definition of a record, compared with a plain Python reader; rows F01 to F18, F22 to F24 of the catalogue."""

from __future__ import annotations

import base64
import gzip
import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.kernels.csv_rows import valid_utf8
from journeylog.errors import ConfigError, LoadWarning, MissingColumnError, ParseError, SchemaError
from journeylog.ingest.containers.base import Dialect
from journeylog.ingest.containers.blocks import blocks
from journeylog.ingest.containers.csv import CsvTable
from journeylog.ingest.containers.files import File

ROLES = {"actor": "user_id", "event": "event", "time": "ts", "tz": "UTC"}
DAY = "2024-01-01 10:00:00"


def read_csv(content: bytes | str, **how):
    raw = content.encode() if isinstance(content, str) else content
    return jl.read(io.BytesIO(raw), **{**ROLES, **how})


def events(log) -> list[tuple[str, str]]:
    frame = log.to_pandas()
    return list(zip(frame["actor"], frame["event"], strict=True))


def conserved(log) -> bool:
    card = log.card
    return card.rows_in == card.kept + card.rejected + card.deduplicated and card.kept == log.n_events


def rejected(log) -> list[dict]:
    assert conserved(log)
    assert log.card.rejected == log.rejects.num_rows
    return log.rejects.to_pylist()


# ---------------------------------------------------------------- the definition, written plainly


def plain_rows(text: str, n_columns: int, delimiter: str = ",", quote: str = '"', max_field: int = 1 << 16):
    """Read records as the kernels define them, one character after the other."""
    good, bad, i, record, line = [], [], 0, 0, 1
    while i < len(text):
        if text[i] in "\r\n":
            i = _after_break(text, i)
            line += 1
            continue
        fields, stop, why, inner = _plain_record(text, i, delimiter, quote, max_field)
        record += 1
        if why in ("open", "junk"):
            stop, inner = _line_end(text, i), 0
            verdict = (
                "too long"
                if why == "open" and _too_long_open(text, i, stop, delimiter, quote, max_field)
                else "quote"
            )
            bad.append((record, line, verdict, text[i:stop]))
        elif why == "long":
            bad.append((record, line, "too long", text[i:stop]))
        elif len(fields) != n_columns:
            bad.append((record, line, "count", text[i:stop]))
        else:
            good.append((record, line, fields))
        line += inner + 1
        i = _after_break(text, stop)
    return good, bad


def _plain_record(text, i, delimiter, quote, max_field):
    fields, why, inner = [], "", 0
    while True:
        if i < len(text) and text[i] == quote:
            start, value, i = i + 1, "", i + 1
            while True:
                if i >= len(text) or i - start > max_field:
                    return fields, start - 1, "open", inner
                if text[i] == quote and text[i + 1 : i + 2] == quote:
                    value, i = value + quote, i + 2
                elif text[i] == quote:
                    break
                else:
                    inner += text[i] == "\n" or (text[i] == "\r" and text[i + 1 : i + 2] != "\n")
                    value, i = value + text[i], i + 1
            size, i = i - start, i + 1
            if i < len(text) and text[i] not in (delimiter, "\r", "\n"):
                return fields, i, "junk", inner
        else:
            start = i
            while i < len(text) and text[i] not in (delimiter, "\r", "\n"):
                i += 1
            value, size = text[start:i], i - start
        fields.append(value)
        if size > max_field:
            why = "long"
        if i < len(text) and text[i] == delimiter:
            i += 1
        else:
            return fields, i, why, inner


def _too_long_open(text, i, stop, delimiter, quote, max_field):
    at = _plain_record(text, i, delimiter, quote, max_field)[1]
    return stop - at - 1 > max_field


def _line_end(text, i):
    while i < len(text) and text[i] not in "\r\n":
        i += 1
    return i


def _after_break(text, i):
    return i + 2 if text[i : i + 2] == "\r\n" else i + 1


def read_table(content: bytes, block: int = 1 << 21, max_field: int = 1 << 16):
    """Read a headless file of columns a, b, c with the real reader."""
    dialect = Dialect(names=("a", "b", "c"), block=block, max_field=max_field)
    table = CsvTable(File("x.csv", None, io.BytesIO(content)), dialect)
    good, bad = [], []
    for work in table.pieces(None):
        piece = work()
        assert piece.rows.validate(full=True) is None
        columns = [piece.rows.column(n).to_pylist() for n in piece.rows.schema.names]
        good += [
            (r, ln, list(f))
            for r, ln, *f in zip(piece.row.tolist(), piece.line.tolist(), *columns, strict=True)
        ]
        bad += piece.bad
    return good, bad


CSV_TEXT = st.lists(
    st.sampled_from(
        [
            "a",
            "b,",
            ",",
            ",",
            '"',
            '"',
            '""',
            "\n",
            "\n",
            "\r",
            "\r\n",
            "x,y,z\n",
            '"q",',
            "ж",
            "🛒",
            "\0",
            " ",
        ]
    ),
    max_size=40,
).map("".join)


@settings(max_examples=400)
@given(text=CSV_TEXT, block=st.sampled_from([1, 2, 3, 7, 1 << 16]), max_field=st.sampled_from([4, 1 << 16]))
@example(text='u1,"a,2024\nu2,b,2024\nu3,"c",2024\n', block=5, max_field=1 << 16)
@example(text='x,y,"\r\n\r"\r\n"",,""\r', block=1, max_field=1 << 16)
def test_the_reader_is_the_plain_definition_in_blocks_of_any_size(text, block, max_field):
    # the limit counts bytes and the plain reader characters, so long fields are compared on ASCII only
    text = text if max_field > 100 else text.replace("ж", "w").replace("🛒", "w")
    if not text:
        return
    good, bad = read_table(text.encode(), block, max_field)
    plain_good, plain_bad = plain_rows(text, 3, max_field=max_field)
    assert good == plain_good
    assert [(b.row, b.line, b.raw.decode()) for b in bad] == [(r, ln, raw) for r, ln, _, raw in plain_bad]
    kinds = {"count": "fields, the table", "quote": "quote", "too long": "longer"}
    assert all(kinds[k] in b.detail for b, (_, _, k, _) in zip(bad, plain_bad, strict=True))


FIELD = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(rows=st.lists(st.tuples(FIELD, FIELD, FIELD), min_size=1, max_size=8), block=st.integers(1, 64))
def test_what_is_written_with_quotes_is_read_as_it_was(rows, block):
    quoted = "".join(",".join('"' + f.replace('"', '""') + '"' for f in row) + "\r\n" for row in rows)
    good, bad = read_table(quoted.encode(), block)
    assert [tuple(f) for _, _, f in good] == rows
    assert not bad


@given(st.binary(max_size=12))
@example(b"\xed\xa0\x80")
@example(b"\xf4\x90\x80\x80")
@example(b"\xc0\x80")
@example("🛒ж".encode())
def test_utf8_is_what_python_says_it_is(raw):
    import numpy as np

    try:
        raw.decode("utf-8")
        fine = True
    except UnicodeDecodeError:
        fine = False
    assert valid_utf8(np.frombuffer(raw, np.uint8), 0, len(raw)) == fine


@given(
    parts=st.lists(st.sampled_from([b"a", b"bb", b"\n", b"\r", b"\r\n"]), max_size=20), size=st.integers(1, 9)
)
def test_blocks_are_whole_lines_and_lose_nothing(parts, size):
    content = b"".join(parts)
    found = list(blocks(io.BytesIO(content), size, lone_cr=True))
    assert b"".join(b.data for b in found) == content
    assert found[-1].final
    assert all(b.data[-1:] in (b"\n", b"\r") for b in found[:-1])


def test_a_line_longer_than_the_limit_is_skipped_without_being_held():
    content = b"x\n" + b"y" * 1000 + b"\r\nz\n"
    for size in (1, 7, 64, 5000):
        found = list(blocks(io.BytesIO(content), size, lone_cr=True, longest=100, keep=10))
        assert (
            b"|".join(b.data for b in found if b.data) in (b"x\n|z\n", b"x\nz\n", b"x\n|z|\n") or size == 5000
        )
        lost = [b.lost for b in found if b.lost]
        assert lost == ([b"y" * 10] if size < 5000 else lost)


# ---------------------------------------------------------------- the catalogue, row by row


def test_F01_empty_file(tmp_path: Path):
    for name, content in (
        ("a.csv", b""),
        ("b.csv", b"\n\n"),
        ("c.csv.gz", gzip.compress(b"")),
        ("d.jsonl", b"\n"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SchemaError, match=r"file is empty"):
            jl.read(tmp_path / name, **ROLES)
    (tmp_path / "e.parquet").write_bytes(b"")
    with pytest.raises(SchemaError, match=r"file is empty"):
        jl.read(tmp_path / "e.parquet", **ROLES)


@pytest.mark.parametrize(
    "content", ["user_id,event,ts,extra\n", "user_id,event,ts,extra", "\ufeffuser_id,event,ts,extra\r\n"]
)
def test_F02_header_only_is_an_empty_log(content):
    log = read_csv(content)
    assert (log.n_events, log.n_actors, log.card.rows_in) == (0, 0, 0)
    assert list(log.columns) == ["event", "extra"]
    table = log.compute(jl.Transitions()).table
    assert len(table) == 0
    assert {"from", "to", "n"} <= set(table.columns)
    assert "rows in" in repr(log)


def test_F03_missing_column_names_the_role_the_columns_and_the_nearest():
    with pytest.raises(
        MissingColumnError, match=r"'ts' for time=; found \['user_id', 'event', 'timestamp '\]"
    ):
        read_csv("user_id,event,timestamp \n")
    with pytest.raises(MissingColumnError, match="did you mean 'timestamp '"):
        read_csv("user_id,event,timestamp \n", time="timestamp")
    with pytest.raises(ConfigError, match=r"actor=, time= not declared; .* \['user_id', 'event', 'ts'\]"):
        jl.read(io.BytesIO(b"user_id,event,ts\n"), event="event")


def test_F04_duplicate_column_names():
    with pytest.raises(SchemaError, match="column 'event' appears 2 times"):
        read_csv("user_id,event,event,ts\n")
    content = f"user_id,event,ts,x,x\nu,a,{DAY},1,2\n"
    with pytest.raises(SchemaError, match="column 'x' appears 2 times"):
        read_csv(content)
    assert read_csv(content, columns=[]).n_events == 1  # a column that is not read harms nobody


def test_F05_names_that_differ_in_case_only():
    with pytest.raises(SchemaError, match=r"\['Event', 'event'\] differ only in case"):
        read_csv("user_id,Event,event,ts\n")


@pytest.mark.parametrize(
    "name", ['a"; drop table x; --', "order", "select", "имя клиента", "a.b", "a`b", "", "x" * 300]
)
def test_F06_any_column_name_works(name):
    quoted = '"' + name.replace('"', '""') + '"'
    log = read_csv(f"user_id,{quoted},ts,x\nu1,cart,{DAY},v\n", event=name)
    assert events(log) == [("u1", "cart")]
    log = read_csv(f"user_id,event,ts,{quoted}\nu1,cart,{DAY},v\n")
    assert log.chunk.category(name).names == ("v",)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_F07_byte_order_mark(pack, tmp_path: Path):
    log = read_csv(pack(b"\xef\xbb\xbf" + f"user_id,event,ts\nu1,a,{DAY}\n".encode()))
    assert events(log) == [("u1", "a")]
    line = b'\xef\xbb\xbf{"user_id": "u1", "event": "a", "ts": "2024-01-01"}\n'
    assert events(jl.read(io.BytesIO(pack(line)), format="jsonl", **ROLES)) == [("u1", "a")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_F08_utf16(encoding):
    content = f"user_id,event,ts\nu1,корзина,{DAY}\n".encode(encoding)
    with pytest.raises(ParseError, match=r"encoding=.utf-16"):
        read_csv(content)
    assert events(read_csv(content, encoding=encoding)) == [("u1", "корзина")]


def test_F09_cp1251():
    content = f"user_id,event,ts\nu1,корзина,{DAY}\nu1,оплата,{DAY}\nu2,home,{DAY}\n".encode("cp1251")
    with pytest.raises(ParseError, match="encoding='cp1251'"):
        read_csv(content)
    with pytest.raises(ParseError, match="encoding='cp1251'"):
        read_csv("имя,событие,время\n".encode("cp1251"))
    assert events(read_csv(content, encoding="cp1251")) == [
        ("u1", "корзина"),
        ("u1", "оплата"),
        ("u2", "home"),
    ]


def test_F10_one_row_with_bad_utf8():
    raw = b"u2,\xff\xfeb," + DAY.encode()
    content = f"user_id,event,ts\nu1,a,{DAY}\n".encode() + raw + f"\nu3,корзина,{DAY}\n".encode()
    with pytest.warns(LoadWarning, match="ENCODING 1"):
        log = read_csv(content)
    assert events(log) == [("u1", "a"), ("u3", "корзина")]
    (row,) = rejected(log)
    assert (row["row"], row["line"], row["reason"], row["raw_kind"]) == (2, 3, "ENCODING", "base64")
    assert base64.b64decode(row["raw"]) == raw


def test_F10_bytes_that_mean_nothing_in_a_declared_encoding():
    content = b"user_id,event,ts\nu1,a,2024-01-01\nu2,\x98b,2024-01-01\n"  # 0x98 is nothing in cp1251
    with pytest.warns(LoadWarning):
        log = read_csv(content, encoding="cp1251")
    assert [r["reason"] for r in rejected(log)] == ["ENCODING"]


def test_F11_nul_inside_a_field():
    assert events(read_csv(f"user_id,event,ts\nu1,a\0b,{DAY}\n")) == [("u1", "a\0b")]


def test_F13_ten_megabytes_in_one_field():
    for field in ("x" * 10_000_000, '"' + "x" * 10_000_000 + '"', '"' + "x" * 10_000_000):
        with pytest.warns(LoadWarning):
            log = read_csv(f"user_id,event,ts\nu1,{field},{DAY}\nu2,b,{DAY}\n")
        assert events(log) == [("u2", "b")]
        (row,) = rejected(log)
        assert row["reason"] == "FIELD_TOO_LONG"
        assert len(row["raw"]) <= 1 << 16
    long = "x" * 70_000
    assert read_csv(f"user_id,event,ts\nu1,{long},{DAY}\n", max_field_bytes=80_000).events == (long,)


def test_F14_ragged_rows():
    with pytest.warns(LoadWarning, match="2 of 3"):
        log = read_csv(f"user_id,event,ts\nu1,a\nu2,b,{DAY}\nu3,c,{DAY},more\n")
    assert events(log) == [("u2", "b")]
    rows = rejected(log)
    assert [(r["row"], r["line"], r["reason"], r["raw"]) for r in rows] == [
        (1, 2, "ROW_SHAPE", "u1,a"),
        (3, 4, "ROW_SHAPE", f"u3,c,{DAY},more"),
    ]
    assert "2 fields, the table has 3" in rows[0]["detail"]


def test_F15_unterminated_quote():
    with pytest.warns(LoadWarning, match="1 of 3"):
        log = read_csv(f'user_id,event,ts\nu1,"a,{DAY}\nu2,b,{DAY}\nu3,"c",{DAY}\n')
    assert events(log) == [("u2", "b"), ("u3", "c")]
    (row,) = rejected(log)
    assert (row["line"], row["reason"], row["raw"]) == (2, "ROW_SHAPE", f'u1,"a,{DAY}')
    assert row["detail"] == "a quote is opened and not closed"


def test_F16_mixed_line_ends():
    log = read_csv(f"user_id,event,ts\r\nu1,a,{DAY}\ru2,b,{DAY}\nu3,c,{DAY}\r\n\r\nu4,d,{DAY}")
    assert events(log) == [("u1", "a"), ("u2", "b"), ("u3", "c"), ("u4", "d")]
    assert log.card.rows_in == 4


def test_F17_semicolons_and_dates_of_two_readings():
    content = "user_id;event;ts\nu1;a;01.02.2024 10:00:00\n"
    with pytest.raises(SchemaError, match="delimiter=';'"):
        read_csv(content)
    with pytest.warns(
        LoadWarning, match=r"only you can know: '%d\.%m\.%Y %H:%M:%S' or '%m\.%d\.%Y %H:%M:%S'"
    ):
        log = read_csv(content, delimiter=";")
    assert [r["reason"] for r in rejected(log)] == ["TS_UNPARSEABLE"]
    proved = content + "u1;b;13.02.2024 10:00:00\n"
    with pytest.warns(LoadWarning, match=r"Fix: pass time_format='%d\.%m\.%Y %H:%M:%S'"):
        read_csv(proved, delimiter=";")
    log = read_csv(content, delimiter=";", time_format="%d.%m.%Y %H:%M:%S")
    assert str(log.to_pandas()["time"][0]) == "2024-02-01 10:00:00+00:00"


def test_F18_ids_are_text():
    log = read_csv(f"user_id,event,ts\n00123,a,{DAY}\n123,a,{DAY}\n1e5,007,{DAY}\n")
    assert events(log) == [("00123", "a"), ("123", "a"), ("1e5", "007")]


def test_F19_words_for_missing_stay_text_and_placeholders_are_set_apart():
    ids = ["NA", "null", "None", "N/A", "nan", ""]
    content = "user_id,event,ts\n" + "".join(f"{i},NA,{DAY}\n" for i in ids)
    with pytest.warns(LoadWarning):
        log = read_csv(content)
    assert {a for a, _ in events(log)} == {"N/A", "NA", "nan"}
    assert log.card.reasons == {"ACTOR_PLACEHOLDER": 2, "ACTOR_NULL": 1}
    with pytest.warns(LoadWarning):
        kept = read_csv(content, placeholders=())
    assert kept.n_actors == 5
    assert conserved(kept)


def test_F20_F21_large_numbers_are_exact_ids():
    ids = ["9007199254740993", "9007199254740992", "99999999999999999999999"]
    log = read_csv("user_id,event,ts\n" + "".join(f"{i},a,{DAY}\n" for i in ids))
    assert {a for a, _ in events(log)} == set(ids)


def test_F22_a_type_that_changes_late():
    content = "user_id,event,ts\n" + "".join(f"{i},a,{DAY}\n" for i in range(1, 40_001)) + f"x1,b,{DAY}\n"
    log = read_csv(content)
    assert (log.n_events, log.n_actors) == (40_001, 40_001)


def test_F23_truncated_gzip(tmp_path: Path):
    packed = gzip.compress(("user_id,event,ts\n" + f"u1,a,{DAY}\n" * 20_000).encode())
    for cut in (len(packed) // 2, len(packed) - 5, 15):
        (tmp_path / "x.csv.gz").write_bytes(packed[:cut])
        with pytest.raises(ParseError, match="damaged or cut off"):
            jl.read(tmp_path / "x.csv.gz", **ROLES)


def test_F24_gzip_with_a_wrong_checksum(tmp_path: Path):
    packed = bytearray(gzip.compress(("user_id,event,ts\n" + f"u1,a,{DAY}\n" * 20_000).encode()))
    packed[-6] ^= 0xFF
    (tmp_path / "x.csv.gz").write_bytes(packed)
    with pytest.raises(ParseError, match="damaged or cut off"):
        jl.read(tmp_path / "x.csv.gz", **ROLES)


def test_F25_gzip_of_two_members():
    packed = gzip.compress(f"user_id,event,ts\nu1,a,{DAY}\n".encode()) + gzip.compress(
        f"u2,b,{DAY}\n".encode()
    )
    assert events(read_csv(packed)) == [("u1", "a"), ("u2", "b")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.csv.gz", b"user_id,event,ts\n", "is named as gzip but is not packed"),
        ("x.csv", b"PK\x03\x04....", "ZIP archive"),
        ("x.csv", b"PAR1\x15\x04\x15....", "is a Parquet file, not text"),
        ("x.parquet", b"user_id,event,ts\n", "is text, not Parquet"),
        ("x.xlsx", b"PK\x03\x04", "the workbook is damaged or is none"),
    ],
)
def test_F26_files_that_are_something_else(name, content, said, tmp_path: Path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises((ParseError, ConfigError), match=said):
        jl.read(tmp_path / name, **ROLES)


def test_zstd_and_its_damage(tmp_path: Path):
    content = ("user_id,event,ts\n" + f"u1,a,{DAY}\n" * 500).encode()
    with pa.CompressedOutputStream(str(tmp_path / "x.csv.zst"), "zstd") as out:
        out.write(content)
    assert jl.read(tmp_path / "x.csv.zst", **ROLES).n_events == 500
    packed = (tmp_path / "x.csv.zst").read_bytes()
    (tmp_path / "y.csv.zst").write_bytes(packed[:-3])
    with pytest.raises(ParseError, match="damaged or cut off"):
        jl.read(tmp_path / "y.csv.zst", **ROLES)


def test_the_dialect_is_declared():
    assert events(read_csv(f"user_id|event|ts\nu1|'a|b'|{DAY}\n", delimiter="|", quote="'")) == [
        ("u1", "a|b")
    ]
    assert events(read_csv(f'user_id,event,ts\nu1,"a,{DAY}\n', quote=None)) == [("u1", '"a')]
    assert events(read_csv(f"u1,a,{DAY}\n", names=["user_id", "event", "ts"])) == [("u1", "a")]
    for wrong in ({"delimiter": ""}, {"delimiter": "ab"}, {"quote": "«"}, {"encoding": "utf-99"}):
        with pytest.raises(ConfigError, match="Fix"):
            read_csv("user_id,event,ts\n", **wrong)


def test_a_header_that_is_none():
    with pytest.raises(ParseError, match="first line is no header"):
        read_csv('user_id,"event,ts\nu1,a,b\n')
    assert events(read_csv(f'"user\nid",event,ts\nu1,a,{DAY}\n', actor="user\nid")) == [("u1", "a")]


def test_empty_fields_are_missing_and_attributes_keep_their_names():
    log = read_csv(f'user_id,event,ts,index,time\nu1,a,{DAY},,\nu1,b,{DAY},"",x\n')
    assert log.chunk.category("index").names == ()
    assert log.chunk.category("time").names == ("x",)


def test_an_attribute_called_like_a_role_gets_a_number():
    log = read_csv(f"user_id,action,ts,event,channel\nu1,a,{DAY},click,web\n", event="action")
    assert log.events == ("a",)
    assert log.chunk.category("event_2").names == ("click",)
    assert log.chunk.category("channel").names == ("web",)
    log = read_csv(f"user_id,event,ts,utm,channel\nu1,a,{DAY},ad,web\n", channel="utm")
    assert log.chunk.category("channel").names == ("ad",)
    assert log.chunk.category("channel_2").names == ("web",)
