"""Damaged, disguised, hostile and changing files; rows F23 to F35."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import os
import random
import socket
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journeylog as jl
from journeylog.core.kernels.json_lines import DEEPEST
from journeylog.errors import (
    ConfigError,
    JourneylogError,
    LoadWarning,
    MissingColumnError,
    ParseError,
    SchemaError,
)
from journeylog.ingest.containers import READERS
from tests.bad_inputs.boxes import (
    DAY,
    FILES,
    HEAD,
    ONE_ROW,
    OPTIONS,
    ROLES,
    TEXTS,
    Input,
    actors,
    boxes,
    command,
    kept,
    put,
    read,
    rejected,
    table,
)

MANY = table([f"u{i % 7}" for i in range(500)], note=[f"word {i * 7919 % 997}" for i in range(500)])


def packed(data: pa.Table, box: str, folder: Path, way: str) -> Path:
    """Return the table in a packed file."""
    content = put(data, box, folder).read_bytes()
    path = folder / f"p.{box}.{way}"
    if way == "gz":
        path.write_bytes(gzip.compress(content, mtime=0))
    else:
        with pa.CompressedOutputStream(str(path), "zstd") as out:
            out.write(content)
    return path


# Packed files


@pytest.mark.parametrize("way", ["gz", "zst"])
@boxes(*FILES)
def test_f23_truncated_gzip(box: str, way: str, tmp_path: Path) -> None:
    path = packed(MANY, box, tmp_path, way)
    assert jl.read(path, **ROLES).n_events == 500
    whole = path.read_bytes()
    for cut in (len(whole) // 2, len(whole) - 3, 12):
        path.write_bytes(whole[:cut])
        with pytest.raises(ParseError, match="damaged or cut off"):
            jl.read(path, **ROLES)


def test_f23_truncated_gzip_publishes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = packed(MANY, "csv", tmp_path, "gz"), tmp_path / "r.html"
    out.write_text("the page of yesterday")
    path.write_bytes(path.read_bytes()[:-9])
    assert command("report", path, *OPTIONS, "--out", out) == 3
    assert "damaged or cut off" in capsys.readouterr().err
    assert out.read_text() == "the page of yesterday"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.csv.gz", "r.html", "t.csv"]


@boxes(*FILES)
def test_f24_gzip_with_a_wrong_checksum(box: str, tmp_path: Path) -> None:
    path = packed(MANY, box, tmp_path, "gz")
    content = bytearray(path.read_bytes())
    content[-7] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(ParseError, match="damaged or cut off"):
        jl.read(path, **ROLES)


@boxes(*FILES)
def test_f25_gzip_of_two_members(box: str, tmp_path: Path) -> None:
    content = put(MANY, box, tmp_path).read_bytes()
    half = len(content) // 2
    path = tmp_path / f"two.{box}.gz"
    path.write_bytes(gzip.compress(content[:half]) + gzip.compress(content[half:]))
    assert kept(jl.read(path, **ROLES)) == kept(read(MANY, "pyarrow", tmp_path))


def a_zip(name: str = "t.csv") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, HEAD + ONE_ROW)
    return out.getvalue()


def a_table(box: str) -> Any:
    return lambda folder: put(table(), box, folder).read_bytes()


DISGUISED = [
    ("x.csv.gz", HEAD.encode(), "is named as gzip but is not packed"),
    ("x.jsonl.zst", gzip.compress(b"{}"), "is named as zstd but is gzip"),
    ("x.csv", a_zip(), "is a ZIP archive, not text. Fix: unpack it"),
    ("x.csv", a_zip("xl/workbook.xml"), "is an Excel workbook, not text"),
    ("x.csv", a_table("parquet"), "is a Parquet file, not text"),
    ("x.jsonl", a_table("parquet"), "is a Parquet file, not text"),
    ("x.tsv", a_table("arrow"), "is an Arrow file, not text"),
    ("x.parquet", a_table("arrow"), "is an Arrow file, not Parquet"),
    ("x.arrow", a_table("parquet"), "is a Parquet file, not Arrow"),
    ("x.parquet", HEAD.encode(), "is text, not Parquet"),
    ("x.parquet", b"\x00\x01\x02\x03" * 9, "is something else, not Parquet"),
    ("x.arrow", HEAD.encode(), "is no Arrow file"),
    ("x.csv", b"SQLite format 3\x00" + bytes(84), "is an SQLite database"),
    ("x.csv", b"BZh91AY&SY" + bytes(9), "is bzip2.* Fix: unpack it"),
    ("x.csv", b"\xfd7zXZ\x00" + bytes(9), "is xz"),
    ("x.csv", b"%PDF-1.7\n", "is a PDF"),
    ("x.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Excel workbook"),
    ("x.csv", b"\n<!DOCTYPE html><title>Sign in</title>", "is a web page.* Fix: sign in"),
    ("x.csv", b"x" * 257 + b"ustar\x0000", "is a tar archive"),
    ("x.jsonl", HEAD.encode(), "no line is a JSON object"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "said"), DISGUISED, ids=[f"{n}: {s[:24]}" for n, _, s in DISGUISED]
)
def test_f26_files_that_are_something_else(name: str, content: Any, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content(tmp_path))
    with pytest.raises(ParseError, match=said):
        jl.read(tmp_path / name, **ROLES)


@pytest.mark.parametrize("first", ["PARENT_ID", "PAR1", "ORCID", "FEA1", "BZh1", "Rar!"])
def test_f26_headers_that_begin_like_magic_are_headers(first: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"{first},{HEAD}x,{ONE_ROW}")
    assert kept(jl.read(tmp_path / "t.csv", **ROLES)) == [("u1", "a")]


BOMB = """
import resource, sys, warnings
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
import journeylog as jl
try:
    jl.read(sys.argv[1], actor="user_id", event="event", time="ts", tz="UTC", threads=1)
except jl.errors.ParseError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, error)
"""


@pytest.mark.parametrize("content", ["rows", "no line break"])
@pytest.mark.parametrize("box", ["csv", "jsonl", "parquet"])
def test_f27_bombs_stop_before_the_memory_is_full(box: str, content: str, tmp_path: Path) -> None:
    if content == "rows":
        part = (
            put(
                table(["u1"] * 40_000, times=DAY), "jsonl" if box == "jsonl" else "csv", tmp_path
            ).read_bytes()
            * 20
        )
    else:
        part = b"x" * (64 << 20)
    member = gzip.compress(part, 9)
    times = (10 << 30) // len(part) + 1
    path = tmp_path / f"bomb.{box}.gz"
    with path.open("wb") as file:
        for _ in range(times):
            file.write(member)
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    megabytes, told = done.stdout.split(" ", 1)
    assert "unpacks to more than" in told and "max_decompressed_bytes=" in told
    assert int(megabytes) < 1500


def test_f27_the_limit_is_declared(tmp_path: Path) -> None:
    path = packed(MANY, "csv", tmp_path, "gz")
    with pytest.raises(ParseError, match=r"more than 1,000 bytes from .* \(gzip\)"):
        jl.read(path, max_decompressed_bytes=1000, **ROLES)
    assert jl.read(path, max_decompressed_bytes=1 << 20, **ROLES).n_events == 500
    same = packed(table(["u1"] * 20_000, times=DAY), "csv", tmp_path, "gz")  # 300 times its size, and small
    assert jl.read(same, **ROLES).n_events == 20_000


def test_f27_a_workbook_that_is_a_bomb(tmp_path: Path) -> None:
    path = put(table(), "xlsx", tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.bin", bytes(100 << 20))
    with pytest.raises(ParseError, match=r"the workbook of .* bytes unpacks to .* max_decompressed_bytes="):
        jl.read(path, **ROLES)
    assert jl.read(path, max_decompressed_bytes=1 << 30, **ROLES).n_events == 1


@pytest.mark.parametrize("member", ["../../etc/cron.d/x", "/etc/cron.d/x", "t.csv"])
@pytest.mark.parametrize("name", ["x.zip", "x.csv", "x.parquet"])
def test_f28_archives_are_not_unpacked(name: str, member: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(a_zip(member))
    with pytest.raises((ParseError, ConfigError), match="Fix"):
        jl.read(tmp_path / "in" / name, **ROLES)
    with pytest.raises(ParseError, match="is a ZIP archive"):
        jl.read(tmp_path / "in" / name, format="csv", **ROLES)
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")) == ["in", f"in/{name}"]


# Parquet and our own files


def test_f29_damaged_parquet(tmp_path: Path) -> None:
    put(table(["u0"]), "parquet", tmp_path).rename(tmp_path / "1.parquet")
    whole = put(MANY, "parquet", tmp_path).read_bytes()
    (tmp_path / "t.parquet").unlink()
    footer = bytearray(whole)
    footer[-100] ^= 0xFF
    header = bytearray(whole)
    header[4:9] = b"\xff" * 5  # of the first page
    for content in (whole[:-20], whole[:100], bytes(footer), bytes(header)):
        (tmp_path / "2.parquet").write_bytes(content)
        with pytest.raises(
            ParseError, match=r"2\.parquet: the Parquet file is damaged .*read together with .*1\.parquet"
        ):
            jl.read(tmp_path, columns=[], **ROLES)
    (tmp_path / "2.parquet").write_bytes(b"")
    with pytest.raises(SchemaError, match=r"2\.parquet: the file is empty"):
        jl.read(tmp_path, columns=[], **ROLES)


@pytest.mark.parametrize("box", ["parquet", "arrow"])
def test_f29_no_damage_is_more_than_an_error(box: str, tmp_path: Path) -> None:
    path = put(table([f"u{i % 3}" for i in range(20)], note=["x", None] * 10), box, tmp_path)
    whole, rng = path.read_bytes(), random.Random(7)
    outcomes = set()
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(rng.choice([1, 1, 4])):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(content[: rng.choice([len(content)] * 5 + [rng.randrange(len(content))])])
        try:
            jl.read(path, on_error="raise", **ROLES)
            outcomes.add("read")
        except JourneylogError as error:
            outcomes.add(type(error).__name__)
    assert {"read", "ParseError"} <= outcomes


def test_f30_a_bit_inside_a_page_with_a_checksum(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(
        table(["AAAAAAAA", "BBBBBBBB"]),
        path,
        compression=None,
        use_dictionary=False,
        write_page_checksum=True,
    )
    whole = path.read_bytes()
    at = (
        whole.index(b"\x08\0\0\0AAAAAAAA") + 4
    )  # where the page holds it; its header is not under the checksum
    path.write_bytes(whole[:at] + b"Z" + whole[at + 1 :])
    with pytest.raises(ParseError, match=r"damaged .*could not verify page integrity"):
        jl.read(path, **ROLES)


def test_f30_our_own_files_see_any_bit(tmp_path: Path) -> None:
    with pytest.warns(LoadWarning):
        log = read(table(["u1", None, "u2"]), "pyarrow", tmp_path).then(jl.Sessions(gap="30min"))
    saved = log.save(tmp_path / "log.arrow")
    assert jl.load(saved).n_events == 2
    whole = saved.read_bytes()
    for at in range(0, len(whole), 5):
        saved.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
        with pytest.raises(ParseError, match=r"is damaged|not a saved log"):
            jl.load(saved)
    rejects = jl.Rejects(log.rejects).save(tmp_path / "rejects.parquet")
    whole = rejects.read_bytes()
    at = whole.index(b"ACTOR_NULL")
    rejects.write_bytes(whole[:at] + b"Z" + whole[at + 1 :])
    with pytest.raises(ParseError, match="holds no rejects"):
        jl.read_rejects(rejects)


def test_f30_a_sample_carries_checksums(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"{HEAD}AAAAAAAA,a,{DAY}\n")
    out = tmp_path / "s.parquet"
    assert command("sample", tmp_path / "t.csv", *OPTIONS, "--out", out) == 0
    whole = out.read_bytes()
    at = whole.index(b"AAAAAAAA")
    out.write_bytes(whole[:at] + b"Z" + whole[at + 1 :])
    with pytest.raises(ParseError, match="could not verify page integrity"):
        jl.read(out, actor="actor", event="event", time="time")


# Folders


@boxes("csv", "tsv", "parquet", "arrow")
def test_f31_a_folder_whose_files_differ(box: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    put(table(["u1"], x=["a"]), box, tmp_path).rename(folder / f"1.{box}")
    put(table(pa.array([2]), y=["b"]), box, tmp_path).rename(folder / f"2.{box}")
    with pytest.raises(
        SchemaError, match=rf"2\.{box} has other columns than .* without \['x'\], with \['y'\]"
    ):
        jl.read(folder, **ROLES)
    log = jl.read(folder, schema_drift="null", **ROLES)
    assert actors(log) == ["2", "u1"]
    assert sorted(log.to_pandas()["x"].astype(object).fillna("missing")) == ["a", "missing"]
    assert "without ['x'], with ['y']; what is not there is missing" in log.card.notes[0]
    put(table(["u3"], x=["c"]).drop_columns("ts"), box, tmp_path).rename(folder / f"3.{box}")
    for drift in ("error", "null"):
        with pytest.raises(MissingColumnError, match=rf"3\.{box}: no column 'ts' for time="):
            jl.read(folder, schema_drift=drift, columns=[], **ROLES)


def test_f31_keys_of_json_lines_may_be_absent(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    put(table(["u1"], x=["a"]), "jsonl", tmp_path).rename(folder / "1.jsonl")
    put(table(["u2"], y=["b"]), "jsonl", tmp_path).rename(folder / "2.jsonl")
    frame = jl.read(folder, **ROLES).to_pandas().astype(object).fillna("missing")
    assert sorted(zip(frame["x"], frame["y"], strict=True)) == [("a", "missing"), ("missing", "b")]
    put(table(["u3"]).drop_columns("ts"), "jsonl", tmp_path).rename(folder / "3.jsonl")
    with pytest.warns(LoadWarning, match="TS_NULL 1"):
        assert rejected(jl.read(folder, **ROLES)) == [(1, "TS_NULL")]


@boxes(*FILES)
def test_f32_folders_that_contradict_a_column(box: str, tmp_path: Path) -> None:
    root = tmp_path / "in"
    for day in ("2024-01-01", "2024-01-02"):
        (root / f"dt={day}" / "month=01").mkdir(parents=True)
        put(table([f"u{day[-1]}"]), box, tmp_path).rename(root / f"dt={day}" / "month=01" / f"x.{box}")
    for given in (root, str(root / "*" / "*" / f"*.{box}")):
        frame = jl.read(given, **ROLES).to_pandas()  # the names of the folders are columns
        assert list(zip(frame["actor"], frame["dt"], frame["month"], strict=True)) == [
            ("u1", "2024-01-01", "01"),
            ("u2", "2024-01-02", "01"),
        ]
    assert "dt" not in jl.read(root, columns=[], **ROLES).columns
    assert jl.read(root, channel="dt", columns=[], **ROLES).chunk.category("channel").names == (
        "2024-01-01",
        "2024-01-02",
    )
    for day in ("2024-01-01", "2024-01-02"):
        agreeing = table(["u1"], dt=[day], month=[1])
        put(agreeing, box, tmp_path).rename(root / f"dt={day}" / "month=01" / f"x.{box}")
    if box not in TEXTS:  # as text, 1 is not 01
        assert jl.read(root, **ROLES).n_events == 2
    assert jl.read(root, columns=["dt"], **ROLES).n_events == 2
    put(table(["u1", "u2"], dt=["2024-01-02", "1999-01-01"], month=["01", "01"]), box, tmp_path).rename(
        root / "dt=2024-01-02" / "month=01" / f"x.{box}"
    )
    with pytest.raises(
        SchemaError, match=r"the folder says dt='2024-01-02'.* other values: 1 of 2, for example '1999-01-01'"
    ):
        jl.read(root, columns=["dt"], **ROLES)
    assert jl.read(root, columns=[], **ROLES).n_events == 3


def test_f32_names_of_folders_are_decoded(tmp_path: Path) -> None:
    for folder in ("shop=a%2Fb%20%F0%9F%9B%92", "shop=__HIVE_DEFAULT_PARTITION__"):
        (tmp_path / "in" / folder).mkdir(parents=True)
        (tmp_path / "in" / folder / "x.csv").write_text(HEAD + ONE_ROW.replace("u1", str(len(folder))))
    shops = jl.read(tmp_path / "in", **ROLES).to_pandas()["shop"].astype(object)
    assert sorted(shops.fillna("missing")) == ["a/b 🛒", "missing"]


# Files that change


def when_opened(box: str, act: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something once a file of this kind has been opened and its columns are known."""
    reader = READERS[f".{box}"]

    def opened(*given: Any) -> Any:
        table = reader(*given)
        act()
        return table

    monkeypatch.setitem(READERS, f".{box}", opened)


@boxes(*FILES)
def test_f33_a_file_that_is_written_to_while_it_is_read(
    box: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(MANY, box, tmp_path)

    def append() -> None:
        with path.open("ab") as file:
            file.write(b"u9,late,2024-01-01,x\n")

    when_opened(box, append, monkeypatch)
    with pytest.raises(
        ParseError, match=rf"t\.{box}(: something follows the JSON array| was written to while it was read)"
    ):
        jl.read(path, **ROLES)


@boxes(*FILES)
def test_f33_a_file_that_is_replaced_while_it_is_read_is_the_old_one(
    box: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(MANY, box, tmp_path)

    def replace() -> None:
        path.unlink()
        path.write_bytes(b"something else")

    when_opened(box, replace, monkeypatch)
    assert jl.read(path, **ROLES).n_events == 500


@boxes(*FILES)
def test_f33_two_files_of_the_same_content(box: str, tmp_path: Path) -> None:
    data = table(["u1", "u2"], id=["1", "2"])
    first, second = tmp_path / f"1.{box}", tmp_path / f"2.{box}"
    for path in (first, second):
        put(data, box, tmp_path).rename(path)
    with pytest.warns(
        LoadWarning, match=rf"2\.{box} holds the same bytes as .*1\.{box}; its events count twice"
    ):
        assert jl.read([first, second], **ROLES).n_events == 4
    log = jl.read([first, second], event_id="id", **ROLES)
    assert (log.card.kept, log.card.deduplicated) == (2, 2)


def test_f33_two_days_without_a_row_are_no_copies(tmp_path: Path) -> None:
    for name in "12":
        (tmp_path / f"{name}.csv").write_text(HEAD)
    assert jl.read(tmp_path, **ROLES).n_events == 0


# Odd places


@boxes(*FILES)
def test_f34_a_pipe(box: str, tmp_path: Path) -> None:
    content = put(MANY, box, tmp_path).read_bytes()
    pipe = tmp_path / f"pipe.{box}"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    assert jl.read(pipe, **ROLES).n_events == 500
    writer.join()


@boxes(*FILES)
def test_f34_standard_input(box: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = put(MANY, box, tmp_path).read_bytes()
    monkeypatch.setattr("sys.stdin", Input(content))
    assert jl.read("-", format=box, **ROLES).n_events == 500
    if box == "csv":
        code = "import journeylog as jl, sys; print(jl.read(sys.argv[1], format='csv', actor='user_id', "
        code += "event='event', time='ts', tz='UTC').n_events)"
        for name in ("-", "/dev/stdin"):
            done = subprocess.run(
                [sys.executable, "-c", code, name], input=content, capture_output=True, check=True
            )
            assert done.stdout == b"500\n"


@boxes(*FILES)
@pytest.mark.parametrize(
    "name", ["with space", "🛒 корзина", "new\nline", "a[1]*?", "-", "=1+1", "%41", "a'b\"c"]
)
def test_f34_odd_names(box: str, name: str, tmp_path: Path) -> None:
    path = put(table(), box, tmp_path).rename(tmp_path / f"{name}.{box}")
    assert kept(jl.read(path, **ROLES)) == [("u1", "a")]
    assert kept(jl.read(tmp_path, **ROLES)) == [("u1", "a")]


def test_f34_what_cannot_be_opened(tmp_path: Path) -> None:
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(tmp_path / "door.csv"))
    with (
        door,
        pytest.raises(
            ParseError, match=r"door\.csv cannot be opened: .* Fix: check the path and your rights"
        ),
    ):
        jl.read(tmp_path / "door.csv", **ROLES)
    (tmp_path / "empty").mkdir()
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "t.csv").symlink_to(tmp_path / "gone.csv")
    for given, said in (
        (tmp_path / "links", "is a link to nothing"),
        (tmp_path / "none.csv", "no file"),
        (tmp_path / "empty", "is empty"),
        (tmp_path / ("x" * 300 + ".csv"), "cannot be opened"),
        (tmp_path / "a\0b.csv", "no file"),
        (tmp_path / "*.csv.gz", "no file matches"),
    ):
        with pytest.raises(ParseError, match=said):
            jl.read(given, **ROLES)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            "https://host/x.csv?signature=secret",
            r"https://\.\.\. is an address, not a file\. Fix: fetch it first, .*from 'https:",
        ),
        ("s3://bucket/*.parquet", "s3://.*duckdb"),
        ("postgresql://reader:secret@host/shop", r"Fix: jl\.read_sql\('postgresql://"),
    ],
)
def test_f34_an_address_is_no_path(given: str, says: str) -> None:
    with pytest.raises(ParseError, match=says) as told:
        jl.read(given, **ROLES)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("log.zip", b"PK\x03\x04" + bytes(26) + b"a.csv", "a ZIP archive. Fix: unpack it"),
        (
            "shop.db",
            b"SQLite format 3\0" + bytes(90),
            r"an SQLite database. Fix: .*jl\.read_sql\(.*container='sqlite'",
        ),
        ("shop.duckdb", bytes(8) + b"DUCK" + bytes(90), r"a DuckDB database. Fix: .*jl\.read_sql\("),
    ],
)
def test_f26_a_name_without_a_kind_is_judged_by_its_bytes(
    name: str, content: bytes, says: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ParseError, match=says):
        jl.read(tmp_path / name, **ROLES)
    (tmp_path / name).write_text(HEAD + ONE_ROW)
    with pytest.raises(ConfigError, match=r"the name does not say what it is\. Fix: pass container="):
        jl.read(tmp_path / name, **ROLES)


def test_f34_no_permission(tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir()
    (shut / "t.csv").write_text(HEAD + ONE_ROW)
    (tmp_path / "t.csv").write_text(HEAD + ONE_ROW)
    (tmp_path / "open.csv").write_text(HEAD + ONE_ROW)
    (tmp_path / "t.csv").chmod(0)
    shut.chmod(0)
    code = f"""
import os, journeylog as jl
roles = dict(actor="user_id", event="event", time="ts", tz="UTC")
jl.read({str(tmp_path / "open.csv")!r}, **roles)  # all that is needed is loaded while it may be read
if os.geteuid() == 0:
    os.seteuid(65534)  # to root nothing is forbidden
for path in ({str(tmp_path / "t.csv")!r}, {str(shut / "t.csv")!r}, {str(shut)!r}):
    try:
        jl.read(path, **roles)
    except jl.errors.ParseError as error:
        print(error)
"""
    for folder in (tmp_path, *tmp_path.parents):  # those of pytest are its user's alone
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o005:
            folder.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    shut.chmod(0o755)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert len(told) == 3
    assert all(
        "cannot be opened: Permission denied. Fix: check the path and your rights" in line for line in told
    )


# JSON lines


def lines_of(*rows: str) -> bytes:
    return "".join(row + "\n" for row in rows).encode()


GOOD = '{"user_id": "u1", "event": "a", "ts": "2024-01-01"}'
BAD_LINES = [
    GOOD[:-1] + ",}",
    GOOD[:-1],
    "[]",
    "5",
    "null",
    GOOD + GOOD,
    GOOD.replace('"a"', "a"),
    GOOD[:-1] + ', "event": "b"}',
    GOOD[:-1] + ', "x": 01}',
    GOOD[:-1] + ', "x": {"y": [1, 2}}',
    "not JSON",
]


@pytest.mark.parametrize("bad", BAD_LINES)
def test_f35_a_bad_line_costs_itself(bad: str, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(lines_of(GOOD, bad, GOOD.replace("u1", "u2")))
    with pytest.warns(LoadWarning, match="ROW_SHAPE 1"):
        log = jl.read(path, **ROLES)
    assert (actors(log), rejected(log)) == (["u1", "u2"], [(2, "ROW_SHAPE")])
    assert log.rejects.to_pylist()[0]["raw"] == bad


def test_f35_nested_values_order_of_keys_and_special_numbers(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(
        lines_of(
            '{"ts": "2024-01-01", "x": {"y": [1, {"z": "}"}]}, "event": "a", "user_id": "u1"}',
            '{"user_id": "u2", "event": "a", "ts": "2024-01-01", "x": NaN}',
            '{"user_id": "u3", "event": "a", "ts": "2024-01-01", "x": -Infinity}',
        )
    )
    frame = jl.read(path, **ROLES).to_pandas()
    assert frame["actor"].tolist() == ["u1", "u2", "u3"]
    assert json.loads(frame["x"][0]) == {"y": [1, {"z": "}"}]}


@pytest.mark.parametrize("depth", [DEEPEST, DEEPEST + 1, 10_000])
@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_f35_deep_nesting(opens: str, closes: str, depth: int, tmp_path: Path) -> None:
    inner = opens * depth + "1" + closes * depth
    path = tmp_path / "t.jsonl"
    path.write_bytes(lines_of(GOOD, GOOD.replace("u1", "u2")[:-1] + f', "x": {inner}}}'))
    if depth <= DEEPEST:
        assert jl.read(path, **ROLES).n_events == 2
        return
    with pytest.warns(LoadWarning, match="1 of 2 rows"):
        assert rejected(jl.read(path, max_field_bytes=1 << 20, **ROLES)) == [(2, "ROW_SHAPE")]


@pytest.mark.parametrize("depth", [40, 900])
def test_f35_deep_nesting_in_a_frame(depth: int) -> None:
    inner: Any = 1
    for _ in range(depth):
        inner = [inner]
    frame = table(["u1", "u2"]).to_pandas().astype(object)
    frame["x"] = [inner, "plain"]
    assert jl.read(frame, **ROLES).n_events == 2


def test_rows_are_numbered_across_batches(tmp_path: Path) -> None:
    data = table([*(f"u{i}" for i in range(8)), None], times=dt.datetime(2024, 1, 1).isoformat())
    for box in FILES:
        with pytest.warns(LoadWarning):
            assert rejected(read(data, box, tmp_path)) == [(9, "ACTOR_NULL")]
    assert np.all(np.diff(read(MANY, "arrow", tmp_path).chunk.offsets) > 0)
