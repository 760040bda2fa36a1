"""Access logs: each format's fixture becomes its golden table in every container, and the traps of such logs."""

from __future__ import annotations

import io
import re
import time

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.errors import ConfigError, ParseError, SchemaError
from journeylog.ingest.containers.base import Dialect
from journeylog.ingest.containers.files import File
from journeylog.ingest.containers.lines import Lines, group_names
from journeylog.ingest.containers.w3c import W3cLines
from journeylog.ingest.formats import agents, urls
from journeylog.ingest.formats.weblogs import access_log
from tests.formats.goldens import as_golden, fixture, golden, read, records, written

#: Rejects of each fixture, in the order of the file.
REJECTS = {
    "apache_common": ["EVENT_NULL", "ROW_SHAPE", "ROW_SHAPE"],
    "apache_combined": ["EVENT_NULL", "ROW_SHAPE", "TS_UNPARSEABLE", "ENCODING"],
    "nginx_combined": ["EVENT_NULL"],
    "nginx_json": ["EVENT_NULL"],
    "caddy": ["NOT_AN_EVENT"],
    "traefik": [],
    "elb": ["EVENT_NULL"],
    "alb": ["EVENT_NULL"],
    "cloudfront": ["ROW_SHAPE"],
    "iis": ["ROW_SHAPE"],
}


def fields(name: str) -> list[dict[str, str | None]]:
    """Return the lines of a fixture that can be taken apart, by the columns."""
    raw = fixture(name).read_bytes().decode("utf-8", "replace")
    pattern = jl.formats()[name].pattern
    if pattern is not None:
        found = [re.match(pattern, line) for line in raw.splitlines()]
        return [match.groupdict() for match in found if match]
    rows, names = [], []
    for line in raw.splitlines():
        values = line.split()
        if line.startswith("#Fields:"):
            names = values[1:]
        elif not line.startswith("#") and len(values) == len(names):
            rows.append({n: None if v == "-" else v for n, v in zip(names, values, strict=True)})
    return rows


@pytest.mark.parametrize("name", REJECTS)
def test_golden(name):
    log = read(fixture(name), name)
    columns, expected = golden(name)
    assert as_golden(log, columns) == expected
    assert log.rejects.column("reason").to_pylist() == REJECTS[name]
    assert log.card.rows_in == log.card.kept + log.card.rejected + log.card.deduplicated


@pytest.mark.parametrize("name", REJECTS)
def test_every_container_holds_the_same_log(name, tmp_path):
    json = fixture(name).suffix == ".jsonl"
    rows = [r for r in (records(name) if json else fields(name)) if "�" not in str(r)]
    columns, expected = golden(name)
    for container, data in written(rows, tmp_path, flat=not json):
        assert as_golden(read(data, name), columns) == expected, container


def test_a_log_may_be_packed_numbered_streamed_and_many(tmp_path):
    import gzip

    raw = fixture("nginx_combined").read_bytes()
    (tmp_path / "access.log.1").write_bytes(raw)
    (tmp_path / "access.log.2.gz").write_bytes(gzip.compress(raw))
    one = read(io.BytesIO(raw), "nginx_combined")
    assert read(tmp_path / "access.log.1", "nginx_combined").to_pandas().equals(one.to_pandas())
    assert read(tmp_path / "access.log.2.gz", "nginx_combined").to_pandas().equals(one.to_pandas())
    both = read([tmp_path / "access.log.1", tmp_path / "access.log.2.gz"], "nginx_combined")
    assert both.n_events == 2 * one.n_events


def test_rejected_lines_keep_their_number_and_their_text():
    log = read(fixture("apache_common"), "apache_common")
    bad = log.rejects.to_pylist()
    assert [(b["row"], b["line"]) for b in bad] == [(4, 5), (5, 6), (6, 7)]  # the third line is empty
    assert (bad[1]["raw"], bad[1]["raw_kind"]) == ("this is no line of a log", "text")
    assert '"\\\\x16' not in bad[0]["raw"] and bad[0]["raw_kind"] == "json"
    broken = read(fixture("apache_combined"), "apache_combined").rejects.to_pylist()[-1]
    assert broken["raw_kind"] == "base64" and "cp1252" in broken["detail"]


@pytest.mark.parametrize("block", [64, 200, 1000, 1 << 21])
@pytest.mark.parametrize("name", ["apache_combined", "iis", "cloudfront"])
def test_blocks_do_not_matter(name, block):
    def pieces(size):
        data = io.BytesIO(fixture(name).read_bytes())
        dialect = Dialect(block=size, pattern=jl.formats()[name].pattern)
        table = (Lines if dialect.pattern else W3cLines)(File(f"{name}.log", None, data), dialect)
        rows, bad = [], []
        for work in table.pieces(None):
            piece = work()
            assert piece.rows.validate(full=True) is None
            rows += zip(piece.row.tolist(), piece.line.tolist(), piece.rows.to_pylist(), strict=True)
            bad += piece.bad
        return rows, sorted(bad), list(table.columns)

    assert pieces(block) == pieces(1 << 22)


PATTERN = r"^(?P<who>\S+) (?:(?P<what>[A-Z]+)|-)(?: (?P<rest>.*))?$"


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [b"ada", b" ", b"GET", b"-", b"\n", b"\r", b"\r\n", b"\xff", "ß".encode(), b"\0", b'"']
        )
    ),
    st.integers(1, 40),
)
@example([b"\n", b"\r\n", b"ada", b" ", b"-", b"\r"], 3)
def test_lines_are_the_plain_definition_in_blocks_of_any_size(parts, block):
    raw = b"".join(parts)
    rows, bad, number = [], [], 0
    for place, line in enumerate(raw.split(b"\n"), 1):
        line = line.removesuffix(b"\r")
        number += bool(line)
        try:
            found = re.match(PATTERN, line.decode("utf-8"), re.ASCII)
        except UnicodeDecodeError:
            bad.append((number, place, "ENCODING", line))
            continue
        if found:
            rows.append((number, place, {k: v or "" for k, v in found.groupdict().items()}))
        elif line:
            bad.append((number, place, "ROW_SHAPE", line))
    if not raw:
        return
    table = Lines(File("x.log", None, io.BytesIO(raw)), Dialect(pattern=PATTERN, block=block))
    got, lost = [], []
    for work in table.pieces(None):
        piece = work()
        got += zip(piece.row.tolist(), piece.line.tolist(), piece.rows.to_pylist(), strict=True)
        lost += [(b.row, b.line, b.reason.value, b.raw) for b in piece.bad]
    assert (got, sorted(lost)) == (rows, bad)


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["apache_combined", "alb", "iis", "caddy"]))
def test_any_bytes_give_typed_errors_and_lose_no_row(raw, name):
    head = (
        b"#Fields: date time c-ip cs-method cs-uri-stem cs(User-Agent)\n"
        if name in ("iis", "cloudfront")
        else b""
    )
    try:
        log = read(io.BytesIO(head + raw), name)
    except jl.errors.JourneylogError:
        return
    assert log.card.rows_in == log.card.kept + log.card.rejected + log.card.deduplicated


def test_only_the_groups_that_are_asked_for_are_taken():
    data = io.BytesIO(b"a 1\nb 2\nbad\n")
    table = Lines(File("x.log", None, data), Dialect(pattern=r"^(?P<who>\w+) (?P<n>\d)$"))
    (work,) = table.pieces(["n"])
    piece = work()
    assert piece.rows.to_pydict() == {"n": ["1", "2"]} and len(piece.bad) == 1


def test_lines_without_columns_still_count():
    table = Lines(File("x.log", None, io.BytesIO(b"a 1\nbad\n")), Dialect(pattern=r"^(?P<who>\w+) \d$"))
    (work,) = table.pieces([])
    piece = work()
    assert piece.rows.num_rows == 1 and len(piece.bad) == 1


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (r"(?P<a>.)(?=b)", "RE2"),
        (r"(a)", "names no group"),
        (r"(?P<a>(b|c))", "(?:"),
        (r"(?P<a>.)(?P<a>.)", "twice"),
        (r"(?P<a>.)\1", "RE2"),
    ],
)
def test_a_pattern_that_cannot_be_one(pattern, says):
    with pytest.raises(ConfigError, match=re.escape(says)):
        group_names(pattern)


def test_a_hostile_pattern_runs_in_linear_time():
    start = time.perf_counter()
    form = jl.formats()["apache_common"].but(
        pattern=r"^(?P<ip>(?:a+)+)(?P<user>x)(?P<method>x)(?P<url>x)(?P<time>x)(?P<status>x)(?P<bytes>x)$"
    )
    with pytest.raises(SchemaError, match="none of the first 1 lines"):
        read(io.BytesIO(b"a" * 60_000 + b"!\n"), form)
    assert time.perf_counter() - start < 5


def test_a_log_of_another_format_names_the_one_that_fits():
    with pytest.raises(SchemaError, match="format='apache_combined' fits"):
        jl.read(fixture("nginx_combined"), format="elb")
    with pytest.raises(SchemaError, match=r"jl\.formats"):
        jl.read(io.BytesIO(b"nothing of the kind\n" * 9), format="alb")


def test_lines_need_a_pattern():
    with pytest.raises(ConfigError, match="pattern="):
        jl.read(io.BytesIO(b"x\n"), format=access_log("mine", "", time="time", container="lines"))


def test_w3c_without_its_heading():
    with pytest.raises(SchemaError, match="#Fields:"):
        jl.read(io.BytesIO(b"#Version: 1.0\n2023-05-01 08:00:01 GET /\n"), format="iis")
    with pytest.raises(SchemaError, match="twice"):
        jl.read(io.BytesIO(b"#Fields: date time date\n1 2 3\n"), format="iis")


def test_a_line_that_never_ends_is_given_up():
    long = b"a" * (1 << 24) + b"a\n"
    log = read(io.BytesIO(long + fixture("nginx_combined").read_bytes()), "nginx_combined")
    assert log.card.reasons == {"FIELD_TOO_LONG": 1, "EVENT_NULL": 1} and log.n_events == 2


def test_a_packed_file_that_is_no_text():
    with pytest.raises(ParseError, match="SQLite"):
        jl.read(io.BytesIO(b"SQLite format 3\0" + b"x" * 64), format="apache_common")


def test_the_time_of_a_balancer_is_that_of_the_request():
    log = read(fixture("alb"), "alb")
    seen = log.to_pandas().sort_values("time")
    assert (seen["time"] < pd.to_datetime(seen["response_time"])).all()


def test_an_address_is_no_user_and_links_to_one():
    form = jl.formats()["apache_combined"]
    assert "not a person" in " ".join(form.traps)
    assert [link.to_id for link in form.links] == ["user"]


def test_a_request_is_no_page_view():
    log = read(fixture("apache_combined"), "apache_combined").to_pandas()
    assert set(log.loc[log["kind"] == "page", "event"]) == {
        "GET /",
        "GET /item/{id}",
        "GET /orders/{date}/{id}",
    }
    assert set(log["kind"]) == {"page", "asset", "api", "system"}


def test_templates_of_urls():
    cases = {
        "/item/123": "/item/{id}",
        "/item/123/": "/item/{id}/",
        "/1/2/3": "/{id}/{id}/{id}",
        "/item/123.html?x=1": "/item/{id}.html",
        "/u/123e4567-e89b-12d3-a456-426614174000/edit#top": "/u/{id}/edit",
        "/f/5f19187f9c0ca3ba4e5f85a4": "/f/{id}",
        "/commit/da39a3ee5e6b4b0d3255bfef95601890afd80709": "/commit/{id}",
        "/order/ORD-10023": "/order/{id}",
        "/shop/48213-red-shoe": "/shop/{id}",
        "/blog/2025/01/31/a-title": "/blog/{date}/a-title",
        "/report/2025-01-31/2025-02-01": "/report/{date}/{date}",
        "/archive/2025/01": "/archive/{date}",
        "/top-10-shoes": "/top-10-shoes",
        "/v1.2/p-12": "/v1.2/p-12",
        "/face2face": "/face2face",
        "/a;jsessionid=12AB/b": "/a/b",
        "https://shop.example/": "/",
        "https://shop.example": "/",
        "//cdn.example/x": "/x",
        "/a//7": "/a//{id}",
        "*": "*",
        "": "/",
        None: None,
    }
    found = urls.template(pa.array(list(cases), pa.string()))
    assert found.to_pylist() == list(cases.values())


def test_templates_do_not_change_what_is_one_already():
    made = urls.template(pa.array(["/item/1/x", "/2025/01/31", "/a//b", "/x/"]))
    assert urls.template(made).to_pylist() == made.to_pylist()


def test_rules_of_ones_own_come_first():
    form = jl.formats()["nginx_combined"]
    own = form.but(event=jl.fields.Template("url", rules=((r"^/user/.*$", "/user"),)))
    assert set(read(fixture("nginx_combined"), own).to_pandas()["event"]) == {"/search", "/user"}
    with pytest.raises(ConfigError, match="RE2"):
        urls.template(pa.array(["/x"]), ((r"(?=x)", ""),))


def test_urls_of_hostile_length_take_linear_time():
    start = time.perf_counter()
    hostile = pa.array(["/" + "1/" * 50_000, "/?" + "a=&" * 50_000 + "utm_source=x", "/" + "%" * 100_000])
    urls.template(hostile), urls.kind_of_url(hostile), urls.parameter(hostile, "utm_source")
    agents.is_bot(pa.array(["a" * 100_000, "bot" * 30_000]))
    assert time.perf_counter() - start < 5


def test_bots_by_what_they_say():
    machine = [
        "Googlebot/2.1",
        "curl/8.4.0",
        "python-requests/2.31",
        "Mozilla/5.0 (compatible; YandexBot/3.0)",
    ]
    person = [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 "
        "Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 9; CUBOT_X18) AppleWebKit/537.36 Chrome/74.0 Mobile Safari/537.36",
    ]
    found = agents.is_bot(pa.array([*machine, *person, "", None]))
    assert found.to_pylist() == [True] * 4 + [False] * 3 + [None, None]


def test_bots_need_the_list(monkeypatch):
    monkeypatch.setattr(agents, "_CRAWLERS", None)
    monkeypatch.setattr(agents, "_SEEN", {})
    agents._expressions.cache_clear()
    with pytest.raises(jl.errors.MissingPackageError, match="weblogs"):
        agents.is_bot(pa.array(["x"]))
    agents._expressions.cache_clear()


def test_the_list_is_the_same_by_re2_as_by_its_own_package():
    from crawlerdetect import CrawlerDetect
    from crawlerdetect.providers.crawlers import data

    detector = CrawlerDetect()
    sample = [re.sub(r"[\\^$()?*+|\[\]]", "", p) for p in data][:400] + [
        f"Mozilla/5.0 {p[:8]}/1.0" for p in data[400:800]
    ]
    sample = [s for s in sample if s.strip()]
    assert agents.is_bot(pa.array(sample)).to_pylist() == [detector.isCrawler(s) for s in sample]
