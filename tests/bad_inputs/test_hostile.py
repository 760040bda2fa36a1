"""Names that act in spreadsheets, places, queries and programs; rows S05 to S12 and S15 to S18."""

from __future__ import annotations

import ast
import gzip
import io
import os
import pickle
import stat
import struct
import tomllib
import warnings
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.errors import (
    ConfigError,
    DatabaseError,
    JourneylogError,
    LoadWarning,
    OutputError,
    ParseError,
    UnseenNameWarning,
)
from tests.bad_inputs.boxes import HEAD, ONE_ROW, OPTIONS, ROLES, boxes, command, kept, put, read, table

SRC = Path(jl.__file__).parent
ROOT = SRC.parent.parent

# Spreadsheets

FORMULAS = [
    "=1+1",
    '=HYPERLINK("https://evil.example")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1",
    ";=1",
    "'=1",
    "\n=1",
    "－1",
]


@boxes("csv", "jsonl", "parquet", "pandas")
def test_s05_formulas_in_csv(box: str, tmp_path: Path) -> None:
    harmless = ["a", "1", "é", "a=1", " x"]
    names = [*FORMULAS, *harmless]
    log = read(table([f"u{i}" for i in range(len(names))], names, amount=[-1] * len(names)), box, tmp_path)
    safe = pd.read_csv(jl.write(log, tmp_path / "safe.csv").path, keep_default_na=False, dtype=str)
    raw = pd.read_csv(
        jl.write(log, tmp_path / "raw.csv", safe_csv=False).path, keep_default_na=False, dtype=str
    )
    marked = dict(zip(raw["event"], safe["event"], strict=True))
    assert marked == {name: name if name in harmless else "'" + name for name in names} | (
        {} if "\r=1" in marked else {"\n=1": marked["\n=1"]}  # pandas reads both breaks as one
    )
    if box != "csv":  # there a number is a text
        assert set(safe["amount"]) == {"-1"}  # a number stays one
    assert jl.read(tmp_path / "raw.csv", actor="actor", event="event", time="time").events == log.events


def test_s05_names_of_columns_in_csv(tmp_path: Path) -> None:
    log = read(table(**{"=1+1": ["x"]}), "pandas", tmp_path)
    head = jl.write(log, tmp_path / "t.csv").path.read_text().splitlines()[0]
    assert "'=1+1" in head


def parts_of(path: Path) -> dict[str, str]:
    """Return the documents that a workbook is made of."""
    with zipfile.ZipFile(path) as book:
        return {name: book.read(name).decode("utf-8") for name in book.namelist()}


def test_s06_texts_of_a_workbook_are_no_formulas_and_no_links(tmp_path: Path) -> None:
    odd = [
        "=1+1",
        '=HYPERLINK("http://x")',
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "＝1",
        "{=1}",
        "http://x.example",
        "7",
        "'=1",
    ]
    events = pa.table(
        {"a": odd, "e": odd, "t": ["2024-01-01"] * len(odd), "=head()": odd, "v": [-1] * len(odd)}
    )
    log = jl.read(events, actor="a", event="e", time="t", tz="UTC")
    written = jl.write(log, tmp_path / "log.xlsx")
    parts = parts_of(written.path)
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert "<f>" not in sheet and "<f " not in sheet and "hyperlink" not in "".join(parts).lower()
    assert sheet.count("<v>-1</v>") == len(odd), "a number stays a number"
    assert parts["xl/styles.xml"].count('quotePrefix="1"') == 1, "also when a cell is edited"
    risky = [text for text in odd if text[0] in "=+-@\t＝'"]
    assert sheet.count(' s="1"') == 3 * len(risky) + 1
    back = written.read()
    assert written.changed == 0
    assert back.to_arrow().select(["actor", "event", "=head()"]) == log.to_arrow().select(
        ["actor", "event", "=head()"]
    )


def test_s06_texts_too_long_for_a_cell_are_cut_and_counted(tmp_path: Path) -> None:
    texts = ["x" * 32_767, "x" * 32_768, "🛒" * 16_384, "🛒" * 16_383, "\ufffe"]
    events = pa.table(
        {"a": [f"u{i}" for i in range(5)], "e": ["a"] * 5, "t": ["2024-01-01"] * 5, "note": texts}
    )
    log = jl.read(events, actor="a", event="e", time="t", tz="UTC", max_field_bytes=1 << 20)
    written = jl.write(log, tmp_path / "log.xlsx")
    assert written.changed == 3
    found = (
        jl.read(written, **written.reads, max_field_bytes=1 << 20).to_pandas()["note"].astype(str).tolist()
    )
    assert [len(text.encode("utf-16-le")) // 2 <= 32_767 for text in found] == [True] * 5
    assert [found[0], found[3], found[4]] == [texts[0], texts[3], "\ufffd"]
    assert [found[1][:9], found[1][-8:], found[2][0], found[2][-8:]] == [
        "x" * 9,
        "… (cut)"[-8:].rjust(8),
        "🛒",
        "… (cut)".rjust(8),
    ]


def test_s06_more_rows_than_a_sheet_are_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.xlsx"
    jl.write(jl.datasets.tiny(), path)
    before = path.read_bytes()
    monkeypatch.setattr("journeylog.exports.workbook._ROWS", 12)
    with pytest.raises(
        ConfigError, match=r"a sheet holds 11 events .* the log has 12 .*Fix: write \.parquet or \.csv"
    ):
        jl.write(jl.datasets.tiny(), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_s06_sheets_are_not_called_by_what_the_data_says(tmp_path: Path) -> None:
    hostile = pa.table({"a": ["u"], "e": ["a/b:c*?[]" * 9], "t": ["2024-01-01"]})
    written = jl.write(jl.read(hostile, actor="a", event="e", time="t", tz="UTC"), tmp_path / "log.xlsx")
    assert '<sheet name="events"' in parts_of(written.path)["xl/workbook.xml"]
    assert written.read().to_pandas()["event"].tolist() == ["a/b:c*?[]" * 9]


# XES


def xes(body: str, head: str = "") -> str:
    return f'<?xml version="1.0"?>{head}<log xmlns="http://www.xes-standard.org/">{body}</log>'


TRACE = (
    '<trace><string key="concept:name" value="u1"/><event><string key="concept:name" value="{}"/>'
    '<date key="time:timestamp" value="2024-01-01T10:00:00Z"/></event></trace>'
)
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha"}">' for i in range(12))
EXPLOSIVE = {
    "billion laughs": xes(TRACE.format("&l11;"), f"<!DOCTYPE log [{LAUGHS}]>"),
    "quadratic": xes(TRACE.format("&q;" * 2000), f'<!DOCTYPE log [<!ENTITY q "{"x" * 50_000}">]>'),
    "external entity": xes(TRACE.format("&x;"), '<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/hostname">]>'),
    "external DTD": xes(TRACE.format("a"), '<!DOCTYPE log SYSTEM "http://192.0.2.1/log.dtd">'),
    "parameter entity": xes(
        TRACE.format("a"), '<!DOCTYPE log [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]>'
    ),
    "undeclared entity": xes(TRACE.format("&nobody;")),
}


@pytest.mark.parametrize("name", EXPLOSIVE)
def test_s07_entities_and_external_documents(name: str, tmp_path: Path) -> None:
    path = tmp_path / "t.xes"
    path.write_text(EXPLOSIVE[name])
    hostname = Path("/etc/hostname").read_text().strip() if Path("/etc/hostname").exists() else "no name"
    with pytest.raises(JourneylogError) as told:
        log = jl.read(path, on_error="raise")
        assert hostname not in str(log.events)
    assert hostname not in str(told.value)


def test_s07_xinclude_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "t.xes"
    include = (
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>'
    )
    path.write_text(xes(include + TRACE.format("a")))
    with pytest.raises(ParseError, match="include another file, which is never followed"):
        jl.read(path)


HOSTILE_XES = {
    "deep": xes(f"{'<a>' * 200_000}{'</a>' * 200_000}"),
    "not closed": xes(TRACE.format("a"))[:-30],
    "no times": xes(TRACE.format("a").replace("time:timestamp", "time:other")),
    "no XES": '<?xml version="1.0"?><rss xmlns="http://www.example.org/"><channel/></rss>',
    "long attribute": xes(TRACE.format("x" * 20_000_000)),
    "many attributes": xes("<trace " + " ".join(f'a{i}="1"' for i in range(100_000)) + "/>"),
}


@pytest.mark.parametrize("name", HOSTILE_XES)
def test_s08_documents_beyond_bounds(name: str, tmp_path: Path) -> None:
    path = tmp_path / "t.xes"
    path.write_text(HOSTILE_XES[name])
    with pytest.raises(JourneylogError, match="Fix"):
        jl.read(path, on_error="raise")


def test_s08_traces_of_one_name_are_one_actor(tmp_path: Path) -> None:
    path = tmp_path / "t.xes"
    path.write_text(xes(TRACE.format("a") + TRACE.format("b")))
    with pytest.warns(LoadWarning, match="traces have the id of a trace before them"):
        log = jl.read(path)
    assert (log.n_actors, log.n_events) == (1, 2)


def test_s08_a_packed_bomb(tmp_path: Path) -> None:
    member = gzip.compress(b"<a/>" * (4 << 20), 9)
    path = tmp_path / "t.xes.gz"
    path.write_bytes(gzip.compress(b"<log>") + member * 64)
    with pytest.raises(ParseError, match="unpacks to more than"):
        jl.read(path, max_decompressed_bytes=1 << 22)


# Places


BAD_NAMES = ["..", ".", "", "a\0b.html", "x" * 300 + ".html", "no/such/folder/r.html"]


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda n: n[:12] or "none")
def test_s09_names_that_no_file_can_have(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    log = jl.datasets.tiny()
    for write in (lambda p: log.save(p), lambda p: jl.report(log, p)):
        with pytest.raises((OutputError, ConfigError), match="Fix"):
            write(name)
    (tmp_path / "t.csv").write_text(HEAD + ONE_ROW)
    assert command("report", tmp_path / "t.csv", *OPTIONS, "--out", name) in (2, 5)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["in", "t.csv"]


@pytest.mark.parametrize("name", ["CON", "C:\\x", "a\nb", "-rf", "%2e%2e", "🛒", "=1", "~", "$HOME"])
def test_s09_odd_names_are_names(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = jl.datasets.tiny()
    assert jl.load(log.save(name)).n_events == 12
    jl.report(log, f"{name}.html")
    jl.write(log, f"{name}.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, f"{name}.csv", f"{name}.html"])


def test_s09_links_are_not_followed(tmp_path: Path) -> None:
    log = jl.datasets.tiny()
    secret = tmp_path / "secret"
    for i, write in enumerate(
        (lambda p: log.save(p), lambda p: jl.write(log, p, format="csv"), lambda p: jl.report(log, p))
    ):
        secret.write_text("kept")
        link = tmp_path / f"link{i}"
        link.symlink_to(secret)
        try:
            write(link)
        except OutputError as refused:
            assert "symbolic link" in str(refused)  # refused, or replaced by a file of its own
        else:
            assert not link.is_symlink()
        assert secret.read_text() == "kept"


def test_s09_names_from_data_name_no_file(tmp_path: Path) -> None:
    """Actors, events, columns and titles are content: nothing written is called by them."""
    hostile = "../../etc/cron.d/x"
    log = read(table([hostile] * 2, [hostile, "/abs"], **{hostile: ["..", "C:\\x"]}), "pyarrow", tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    log.save(out / "log.arrow")
    jl.report(log, out / "r.html", title=hostile)
    jl.write(log, out / "log.jsonl")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["log.arrow", "log.jsonl", "out", "r.html"]


def test_s09_rights_are_those_of_the_file_before(tmp_path: Path) -> None:
    log = jl.datasets.tiny()
    path = log.save(tmp_path / "log.arrow")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    path.chmod(0o640)
    assert stat.S_IMODE(log.save(path).stat().st_mode) == 0o640


VALUES = ["../x", "a/b", "%2e%2e", "__HIVE_DEFAULT_PARTITION__x", "x" * 100, "🛒", "a=b", "a b"]


@pytest.mark.parametrize("value", VALUES)
def test_s10_values_in_names_of_folders(value: str, tmp_path: Path) -> None:
    """They are read as other programs write them, encoded; we write none."""
    from urllib.parse import quote

    folder = tmp_path / "in" / f"shop={quote(value, safe='')}"
    folder.mkdir(parents=True)
    (folder / "t.csv").write_text(HEAD + ONE_ROW)
    assert jl.read(tmp_path / "in", **ROLES).to_pandas()["shop"].tolist() == [value]
    assert "partition_by" not in jl.write.__doc__


# Databases


SQL = ['a"; drop table t; --', "x' OR 1=1 --", "$$", "select", '"', "'", "a;b", "--", "/* x */", "имя"]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a file of DuckDB with a table called t."""
    with duckdb.connect(str(tmp_path / "t.duckdb")) as db:
        db.register("given", table(["u1", "u2"]))
        db.execute("create table t as select * from given")
    return tmp_path / "t.duckdb"


@pytest.mark.parametrize("name", SQL)
@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_s11_names_of_tables_and_columns(kind: str, name: str, base: Path, tmp_path: Path) -> None:
    address = f"{kind}:///{base if kind == 'duckdb' else tmp_path / 't.sqlite'}"
    rows = table(["u1", "u2"], more=["x", "y"]).rename_columns(["user_id", "event", "ts", name])
    quoted = '"' + name.replace('"', '""') + '"'
    for _ in range(2):  # made, then replaced
        assert jl.write_sql(rows, address, name) == 2
    log = jl.read_sql(address, f"select * from {quoted}", **ROLES)
    assert sorted(log.to_pandas()[name]) == ["x", "y"]
    if kind == "duckdb":
        assert jl.read_sql(address, "select * from t", **ROLES).n_events == 2  # nothing was dropped


@pytest.mark.parametrize("name", [*SQL, "\0", "a\0b"])
@boxes("csv", "parquet", "pyarrow", "duckdb")
def test_s11_names_in_conditions(box: str, name: str, tmp_path: Path) -> None:
    data = table(["u1", "u1"], [name, "b"], more=[name, "y"])
    if box == "duckdb" and "\0" in name:
        pytest.skip("a NUL ends a text of DuckDB's Arrow reader")
    log = read(data, box, tmp_path)
    assert log.where({"event": [name]}).n_events == 1
    assert log.where(more=[name]).n_events == 1


def test_s11_a_list_of_very_many_values_with_quotes(tmp_path: Path) -> None:
    many = [f"x{i}'\"" for i in range(200_000)]
    log = read(table([f"u{i}" for i in range(200_000)], many, "2024-01-01", more=many), "parquet", tmp_path)
    assert log.where(more=many[1:]).n_events == 199_999
    assert log.where({"event": many[:-2]}).n_events == 199_998


def test_s11_very_many_names_that_do_not_occur_are_told_in_short() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert jl.datasets.tiny().where(["home", *(f"y{i}'" for i in range(10_000))]).n_events == 5
    assert len(told) == 6
    assert str(told[-1].message) == "9,995 more names of the condition match no event"


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_s11_values_are_bound(kind: str, base: Path, tmp_path: Path) -> None:
    address = f"{kind}:///{base if kind == 'duckdb' else tmp_path / 't.sqlite'}"
    jl.write_sql(table(["u1", "x' OR 1=1 --"]), address, "t")
    for value, found in (("u1", 1), ("x' OR 1=1 --", 1), ("' OR 1=1 --", 0)):
        assert (
            jl.read_sql(address, "select * from t where user_id = ?", params=[value], **ROLES).n_events
            == found
        )


SHUT_OUT = [
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/passwd.csv'",
    "copy t to 'stolen.csv'",
    "install httpfs",
    "attach 'other.duckdb'",
    "set enable_external_access = true",
    "load httpfs",
]


@pytest.mark.parametrize("query", SHUT_OUT)
def test_s11_a_file_of_duckdb_reads_and_writes_nothing_else(
    query: str, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(JourneylogError):
        jl.read_sql(f"duckdb:///{base}", query, **ROLES)
    assert [p.name for p in tmp_path.iterdir()] == [base.name]


def test_s12_variables_are_no_tables(base: Path) -> None:
    secret = table(["the secret"])
    assert secret.num_rows == 1
    with pytest.raises(DatabaseError, match="secret"):
        jl.read_sql(f"duckdb:///{base}", "select * from secret", **ROLES)


def test_s12_a_frame_is_read_under_no_name() -> None:
    t = table(["u1"])
    with duckdb.connect() as db:
        db.execute("create view t as select 'other' as user_id, 'x' as event, '2024-01-01' as ts")
        assert kept(jl.read(t, **ROLES)) == [("u1", "a")]
        assert kept(jl.read(db.table("t"), **ROLES)) == [("other", "x")]


# Code in data


FORBIDDEN_MODULES = {
    "pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "torch",
    "yaml",
    "jsonpickle",
}
FORBIDDEN_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "read_pickle",
    "to_pickle",
    "literal_eval",
    "system",
    "popen",
}


@pytest.mark.parametrize("path", sorted(SRC.rglob("*.py")), ids=lambda p: str(p.relative_to(SRC)))
def test_s15_s16_no_source_loads_objects_or_runs_texts(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & FORBIDDEN_MODULES
        elif isinstance(node, ast.ImportFrom):
            assert str(node.module).split(".")[0] not in FORBIDDEN_MODULES
        elif isinstance(node, ast.Call):
            whole = ast.unparse(node.func)
            assert whole in ("re.compile", "_compile") or whole.split(".")[-1] not in FORBIDDEN_CALLS, whole
            assert not (isinstance(node.func, ast.Attribute) and node.func.attr in ("query", "eval")), whole
            for keyword in node.keywords:
                assert not (keyword.arg == "allow_pickle" and getattr(keyword.value, "value", True)), whole
                assert not (keyword.arg == "shell" and getattr(keyword.value, "value", True)), whole


class Bomb:
    """An object whose unpickling makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("suffix", ["pkl", "joblib", "npy", "csv", "parquet", "jsonl", "arrow", "pt"])
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_s15_pickles_are_never_opened(protocol: int, suffix: str, tmp_path: Path) -> None:
    path, mark = tmp_path / f"t.{suffix}", tmp_path / "mark"
    content = pickle.dumps(Bomb(mark), protocol)
    if suffix == "npy":
        sink = io.BytesIO()
        np.save(sink, np.array([Bomb(mark)], dtype=object), allow_pickle=True)
        content = sink.getvalue()
    path.write_bytes(content)
    for kind in (None, "csv", "parquet", "jsonl", "arrow"):
        with pytest.raises(JourneylogError, match="Fix"):
            jl.read(path, format=kind, **ROLES)
    for load in (jl.load, jl.read_rejects):
        with pytest.raises(ParseError):
            load(path)
    assert not mark.exists()


def test_s15_a_list_of_sources_is_toml_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("!!python/object/apply:os.system ['touch mark']")
    assert command("report", path, "--out", tmp_path / "r.html") in (2, 3)
    toml = tmp_path / "shop.toml"
    toml.write_text("!!python/object/apply:os.system ['touch mark']")
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(toml.read_text())
    assert command("report", toml, "--out", tmp_path / "r.html") == 2
    assert not (tmp_path / "mark").exists()


CODE = [
    "__import__('os').system('touch mark')",
    "@pd.io",
    "1 == 1 or event",
    "{event.__class__}",
    "%(x)s",
    "${HOME}",
    "`id`",
]


@pytest.mark.parametrize("text", CODE)
def test_s16_conditions_are_data(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = read(table(["u1", "u1"], [text, "b"]), "pyarrow", tmp_path)
    assert log.where(text.replace("*", "?")).n_events == 1  # the name itself, and nothing that it would mean
    assert log.where(event=[text]).n_events == 1
    with pytest.warns(UnseenNameWarning):
        assert log.where(event=[text + "x"]).n_events == 0
    assert log.compute(jl.Funnel([text, "b"])).table["n_cases"].tolist() == [1, 1]
    for odd in ({"event": {"eval": text}}, {"event": {text: 1}}):
        with pytest.raises(ConfigError, match="Fix"):
            log.where(odd)
    assert list(tmp_path.iterdir()) == []


def test_s16_goals_of_a_list_of_sources_are_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.csv").write_text(HEAD + ONE_ROW)
    body = '[[source]]\nname = "web"\npath = "t.csv"\nactor = "user_id"\nevent = "event"\ntime = "ts"\ntz = "UTC"\n'
    (tmp_path / "shop.toml").write_text(f'goal = "{CODE[0]}"\n{body}')
    assert command("report", tmp_path / "shop.toml", "--out", tmp_path / "r.html") == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.html", "shop.toml", "t.csv"]


# Arrow that does not hold together


def broken() -> dict[str, pa.Array]:
    """Return columns whose buffers point nowhere."""
    words, wide = pa.py_buffer(b"abc"), pa.py_buffer(struct.pack("<3q", 0, 999_999_999, 3))
    return {
        "offset beyond": pa.Array.from_buffers(
            pa.string(), 2, [None, pa.py_buffer(struct.pack("<3i", 0, 999_999_999, 3)), words]
        ),
        "offset back": pa.Array.from_buffers(
            pa.string(), 2, [None, pa.py_buffer(struct.pack("<3i", 0, 3, 1)), words]
        ),
        "offset below": pa.Array.from_buffers(
            pa.string(), 2, [None, pa.py_buffer(struct.pack("<3i", 0, -9, 3)), words]
        ),
        "wide offset": pa.Array.from_buffers(pa.large_string(), 2, [None, wide, words]),
        "index beyond": pa.DictionaryArray.from_arrays(
            pa.array([0, 7], pa.int32()), pa.array(["a"]), safe=False
        ),
        "words beyond": pa.DictionaryArray.from_arrays(
            pa.array([0, 1], pa.int32()),
            pa.Array.from_buffers(
                pa.string(), 2, [None, pa.py_buffer(struct.pack("<3i", 0, 99_999, 3)), words]
            ),
            safe=False,
        ),
        "list beyond": pa.Array.from_buffers(
            pa.list_(pa.int8()),
            2,
            [None, pa.py_buffer(struct.pack("<3i", 0, 99_999, 1))],
            children=[pa.array([1], pa.int8())],
        ),
    }


class Stream:
    """What any other program hands over through the C stream."""

    def __init__(self, data: pa.Table) -> None:
        self.data = data

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.data.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("name", broken())
@pytest.mark.parametrize("place", ["user_id", "event", "more"])
@pytest.mark.parametrize("box", ["stream", "table", "batch", "file", "feed"])
def test_s17_arrow_that_points_nowhere(box: str, place: str, name: str, tmp_path: Path) -> None:
    data = table(["u1", "u2"], more=["x", "y"])
    data = data.set_column(data.column_names.index(place), place, broken()[name])
    given: Any = Stream(data) if box == "stream" else data.to_batches()[0] if box == "batch" else data
    if box in ("file", "feed"):
        given = tmp_path / "t.arrow"
        try:
            with (pa.ipc.new_file if box == "file" else pa.ipc.new_stream)(given, data.schema) as writer:
                writer.write_table(data)
        except pa.ArrowException:
            return  # what pyarrow does not write, it cannot be given to read
    with pytest.raises(JourneylogError, match=r"damaged .*Fix"):
        jl.read(given, **ROLES)


def test_s17_texts_of_arrow_that_are_no_text_cost_their_row(tmp_path: Path) -> None:
    odd = pa.array([b"u1", b"\xff\xfe", b"\xed\xa0\x80"], pa.binary()).view(pa.string())
    for given in (Stream(table(odd)), table(odd), put(table(odd), "arrow", tmp_path)):
        with pytest.warns(LoadWarning, match="ENCODING 2"):
            assert jl.read(given, **ROLES).n_events == 1


# Personal data


PERSONAL = {
    "e-mail": "pay?email=ann.smith@example.com",
    "phone": "call +7 916 123-45-67",
    "card": "paid with 4111 1111 1111 1111",
    "token": "login eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0."
    "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
}


@pytest.mark.parametrize("kind", PERSONAL)
@boxes()
def test_s18_personal_data_in_names(box: str, kind: str, tmp_path: Path) -> None:
    log = read(table(["u1"] * 5, [PERSONAL[kind], "b", "c", "d", "e"]), box, tmp_path)
    found = [f for f in jl.check(log).findings if f.check == "personal_data"]
    assert found and {f.severity.value for f in found} <= {"warning", "error"}
    told = " ".join(str(f.to_dict()) for f in found)
    for whole in ("ann.smith@example.com", "123-45-67", "4111 1111 1111 1111", "dozjgNryP4J3jVmNHl0w5N"):
        assert whole not in told  # a report of it does not spread it


def test_s18_actors_are_not_on_the_page(tmp_path: Path) -> None:
    log = read(table(["ann.smith@example.com"] * 2, ["a", "b"]), "pyarrow", tmp_path)
    assert "ann.smith" not in jl.report(log, tmp_path / "r.html").read_text(encoding="utf-8")


def test_f28_a_workbook_is_read_and_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/../../../evil", "x")
    with pytest.raises(JourneylogError, match="Fix"):
        jl.read(path, **ROLES)
    assert [p.name for p in tmp_path.iterdir()] == ["t.xlsx"]
