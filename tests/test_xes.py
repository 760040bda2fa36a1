"""XES: what is an event and what is not, whose an attribute is, and what no document may do; rows S07, S08 and T20."""

from __future__ import annotations

import gzip
import io
import time
import tracemalloc
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.errors import LoadWarning, ParseError, SchemaError
from journeylog.ingest.containers.base import Dialect
from journeylog.ingest.containers.files import File
from journeylog.ingest.containers.xes import XesLog
from journeylog.ingest.containers.xml import XmlStream

FORMATS = Path(__file__).parent / "formats"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1.0" xmlns="http://www.xes-standard.org/">\n'
)


def event(name: str, at: str, more: str = "") -> str:
    return f'<event><string key="concept:name" value="{name}"/><date key="time:timestamp" value="{at}"/>{more}</event>\n'


def trace(id: str, *events: str, more: str = "") -> str:
    return f'<trace><string key="concept:name" value="{id}"/>{more}{"".join(events)}</trace>\n'


def read(*traces: str, head: str = HEAD, **how: Any) -> jl.EventLog:
    return jl.read(io.BytesIO((head + "".join(traces) + "</log>").encode()), format="xes", **how)


def column(log: jl.EventLog, name: str) -> list[Any]:
    return log.to_arrow().column(name).to_pylist()


ONE = trace("c1", event("a", "2024-01-01T10:00:00Z"))


def test_roles_are_preset_and_attributes_keep_their_keys_and_kinds(tmp_path) -> None:
    more = (
        '<int key="n" value="7"/><float key="share" value="1.50"/><boolean key="paid" value="true"/>'
        '<date key="due" value="2024-02-01T00:00:00+01:00"/><string key="org:resource" value="Ann"/>'
        '<id key="uid" value="9"/>'
    )
    path = tmp_path / "log.xes.gz"
    text = HEAD + trace(
        "007", event("a", "2024-01-01T10:00:00+01:00", more), more='<float key="amount" value="3"/>'
    )
    path.write_bytes(gzip.compress((text + "</log>").encode()))
    log = jl.read(path)
    assert log.columns == {
        "event": "category", "case:amount": "number", "n": "number", "share": "number", "paid": "bool", "due": "time",
        "org:resource": "category", "uid": "category",
    }  # fmt: skip
    row = log.to_arrow().to_pylist()[0]
    assert (
        row["actor"] == "007"
        and row["event"] == "a"
        and row["time"].isoformat() == "2024-01-01T09:00:00+00:00"
    )
    assert (row["n"], row["share"], row["paid"], row["case:amount"]) == (7, 1.5, True, 3)
    assert row["due"].isoformat() == "2024-01-31T23:00:00+00:00"


def test_the_documented_shape_gives_the_table_by_hand() -> None:
    log = jl.read(FORMATS / "fixtures" / "process.xes")
    how = {"types": {"case:REG_DATE": "time", "case:AMOUNT_REQ": "number"}}
    golden = jl.read(FORMATS / "golden" / "process.csv", actor="actor", event="event", time="time", **how)
    found, by_hand = (one.to_arrow().to_pylist() for one in (log, golden))
    assert [{k: row[k] for k in by_hand[0]} for row in found] == by_hand and len(found) == 4
    assert log.card.rows_in == log.card.kept == 4


def test_roles_may_be_overridden() -> None:
    log = read(
        trace("c1", event("a", "2024-01-01T10:00:00Z", '<string key="who" value="Ann"/>')), actor="who"
    )
    assert column(log, "actor") == ["Ann"] and column(log, "case:concept:name") == ["c1"]


def test_global_defaults_are_no_events() -> None:
    defaults = (
        '<global scope="trace"><string key="concept:name" value="UNKNOWN"/></global>'
        '<global scope="event"><date key="time:timestamp" value="1970-01-01T00:00:00.000+01:00"/>'
        '<string key="concept:name" value="UNKNOWN"/></global>'
        '<classifier name="Activity" keys="concept:name"/><string key="meta" value="x"><int key="y" value="1"/></string>'
    )
    log = read(defaults, ONE)
    assert log.card.rows_in == log.n_events == 1 and column(log, "event") == ["a"]


def test_offsets_may_differ_and_times_without_one_need_a_zone() -> None:
    mixed = trace("c1", event("a", "2012-03-25T01:30:00+01:00"), event("b", "2012-03-25T03:30:00+02:00"))
    assert np.diff(read(mixed).chunk.time).tolist() == [3600 * 1_000_000]
    naive = trace("c1", event("a", "2012-12-16T19:33:10"))
    with pytest.raises(jl.errors.ConfigError, match=r"no time zone.*tz="):
        read(naive)
    assert column(read(naive, tz="Europe/Amsterdam"), "time")[0].hour == 18


def test_nested_attributes_lists_and_containers_are_kept_as_json() -> None:
    more = (
        '<string key="a" value="x"><int key="b" value="2"><boolean key="c" value="false"/></int></string>'
        '<list key="l"><values><float key="v" value="1.5"/><float key="v" value="2"/></values></list>'
        '<container key="k"><string key="s" value="&lt;&amp;"/></container><list key="none"/>'
    )
    log = read(trace("c1", event("a", "2024-01-01T10:00:00Z", more)))
    row = log.to_arrow().to_pylist()[0]
    assert row["a"] == "x"
    assert row["a.attributes"] == '[{"key": "b", "value": 2, "attributes": [{"key": "c", "value": false}]}]'
    assert row["l"] == '[{"key": "v", "value": 1.5}, {"key": "v", "value": 2.0}]'
    assert row["k"] == '[{"key": "s", "value": "<&"}]'
    assert row["none"] is None


def test_comments_references_cdata_and_instructions_are_read_as_xml_says() -> None:
    text = (
        "<?xml version='1.0'?><!-- <event/> --><log><?pi <event/> ?><trace><![CDATA[<event/>]]>"
        "<string value='&#65;&#x1F600;&quot;&apos;&gt;' key='concept:name'/>"
        "<event><string\n key = \"concept:name\" value = 'a\tb\nc&#10;d'/>"
        "<date key='time:timestamp' value='2024-01-01T10:00:00Z'/>"
        "</event ></trace></log>\n<!-- end -->"
    )
    log = jl.read(io.BytesIO(text.encode()), format="xes")
    assert column(log, "actor") == ["A😀\"'>"] and column(log, "event") == ["a b c\nd"]


def test_namespaces_are_those_of_the_root() -> None:
    text = (
        '<x:log xmlns:x="http://www.xes-standard.org/" xmlns:o="urn:other"><o:trace><o:event/></o:trace><x:trace>'
        '<x:string key="concept:name" value="c"/><o:string key="concept:name" value="no"/><x:event>'
        "<o:note><x:event/></o:note>"
        '<x:string key="concept:name" value="a"/><x:date key="time:timestamp" value="2024-01-01T10:00:00Z"/></x:event>'
        "</x:trace></x:log>"
    )
    log = jl.read(io.BytesIO(text.encode()), format="xes")
    assert (column(log, "actor"), column(log, "event")) == (["c"], ["a"])


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1251", "utf-8"])
def test_the_declared_encoding_is_taken_up(encoding: str) -> None:
    name = "кофе" if encoding == "windows-1251" else "café"
    text = f'<?xml version="1.0" encoding="{encoding}"?><log>{trace(name, event("a", "2024-01-01T10:00:00Z"))}</log>'
    assert column(jl.read(io.BytesIO(text.encode(encoding)), format="xes"), "actor") == [name]


@pytest.mark.parametrize("encoding", ["rot13", "zlib", "unicode_escape", "idna", "no-such"])
def test_encodings_that_are_none_of_documents_are_refused(encoding: str) -> None:
    with pytest.raises(ParseError, match="says that it is written in"):
        jl.read(io.BytesIO(f'<?xml version="1.0" encoding="{encoding}"?><log/>'.encode()), format="xes")


def test_traces_without_events_and_events_without_trace_are_told() -> None:
    loose = event("x", "2024-01-01T10:00:00Z")
    with pytest.warns(LoadWarning, match="ACTOR_NULL 1"):
        log = read(ONE, "<trace/>", trace("c2"), loose)
    assert log.card.reasons == {"NOT_AN_EVENT": 2, "ACTOR_NULL": 1} and log.card.rows_in == 4
    assert log.rejects.column("line").to_pylist() == [5, 5, 6]


def test_faults_of_an_event_cost_the_event() -> None:
    twice = event("b", "2024-01-01T11:00:00Z", '<string key="k" value="1"/><string key="k" value="2"/>')
    keyless = event("c", "2024-01-01T12:00:00Z", '<string value="1"/>')
    timeless = '<event><string key="concept:name" value="d"/></event>'
    long = event("e", "2024-01-01T12:00:00Z", f'<string key="k" value="{"x" * 70_000}"/>')
    with pytest.warns(LoadWarning):
        log = read(trace("c1", event("a", "2024-01-01T10:00:00Z"), twice, keyless, timeless, long))
    assert log.card.reasons == {"ROW_SHAPE": 2, "FIELD_TOO_LONG": 1, "TS_NULL": 1} and log.n_events == 1
    assert "a key stands twice" in log.rejects.column("detail").to_pylist()[0]
    assert '<string key="k" value="1"/>' in log.rejects.column("raw").to_pylist()[0]


def test_repeated_trace_ids_are_one_actor_and_told() -> None:
    with pytest.warns(LoadWarning, match="traces have the id of a trace before them.*1 of 3"):
        log = read(
            ONE,
            trace("c2", event("b", "2024-01-02T10:00:00Z")),
            trace("c1", event("c", "2024-01-03T10:00:00Z")),
        )
    assert log.n_actors == 2 and "1 of 3" in log.card.notes[0]


def test_attributes_of_a_trace_after_its_events_are_refused() -> None:
    with pytest.raises(ParseError, match="line 4: an attribute of a trace stands after its events"):
        read(trace("c1", event("a", "2024-01-01T10:00:00Z"), '<string key="k" value="1"/>'))


def test_starts_and_completions_become_intervals() -> None:
    def step(name: str, what: str, at: str, instance: str = "") -> str:
        more = f'<string key="lifecycle:transition" value="{what}"/>'
        more += f'<string key="concept:instance" value="{instance}"/>' if instance else ""
        return event(name, f"2024-01-01T{at}:00Z", more)

    rows = trace(
        "c1", step("a", "START", "10:00"), step("a", "start", "10:05"), step("b", "complete", "10:10"),
        step("a", "COMPLETE", "10:20"), step("a", "suspend", "10:30"), step("a", "complete", "10:40"),
        step("i", "start", "11:00", "1"), step("i", "complete", "11:05", "2"), step("w", "start", "12:00"),
        step("w", "complete", "11:00"),
    )  # fmt: skip
    assert read(rows).n_events == 10  # each row, unless asked
    with pytest.warns(LoadWarning, match="DURATION_NEGATIVE 1"):
        log = read(rows, end=jl.Lifecycle())
    found = [(e, t.strftime("%H:%M"), None if u is None else u.strftime("%H:%M"))
             for e, t, u in zip(column(log, "event"), column(log, "time"), column(log, "end"), strict=True)]  # fmt: skip
    assert found == [
        ("a", "10:00", "10:20"), ("a", "10:05", "10:40"), ("b", "10:10", "10:10"), ("a", "10:30", None),
        ("i", "11:00", None), ("i", "11:05", "11:05"),
    ]  # fmt: skip
    assert log.card.rows_in == 7 and log.card.reasons == {"DURATION_NEGATIVE": 1}
    assert "3 completions are the end of the start before them" in log.card.notes[0]


def test_the_end_of_an_event_may_be_a_column() -> None:
    rows = trace(
        "c1", event("a", "2024-01-01T10:00:00Z", '<date key="until" value="2024-01-01T10:30:00Z"/>'),
        event("b", "2024-01-01T11:00:00Z", '<date key="until" value="2024-01-01T10:59:59Z"/>'),
        event("c", "2024-01-01T12:00:00Z"),
    )  # fmt: skip
    with pytest.warns(LoadWarning, match="DURATION_NEGATIVE 1"):
        log = read(rows, end="until")
    assert log.columns["end"] == "time" and "until" not in log.columns
    assert [e is not None for e in column(log, "end")] == [True, False]
    with pytest.raises(jl.errors.MissingColumnError, match="did you mean 'until'"):
        read(rows, end="untill")


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "lol"}">' for i in range(10))
ATTACKS = {
    "billion laughs": f'<!DOCTYPE log [{LAUGHS}]><log><trace><string key="concept:name" value="&l9;"/></trace></log>',
    "quadratic": f'<!DOCTYPE log [<!ENTITY a "{"a" * 50_000}">]><log><trace>{"&a;" * 2000}</trace></log>',
    "external entity": '<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/hostname">]><log>&x;</log>',
    "external DTD": '<!DOCTYPE log SYSTEM "http://127.0.0.1:9/log.dtd"><log/>',
    "parameter entity": '<!DOCTYPE log [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]><log/>',
    "entity without a type": "<log><trace>&nbsp;</trace></log>",
    "include": '<log xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/hostname"/></log>',
    "conditional section": "<log><![INCLUDE[<trace/>]]></log>",
    "depth": "<log>" + "<a>" * 200_000,
    "attributes": "<log " + " ".join(f'a{i}=""' for i in range(100)) + "/>",
    "names": "<log>" + "".join(f"<n{i}/>" for i in range(2000)) + "</log>",
    "number of no character": "<log><trace>&#0;</trace></log>",
    "number of half a pair": "<log><trace>&#xD800;</trace></log>",
    "number too large": "<log><trace>&#99999999999999999999;</trace></log>",
    "control character": '<log><trace a="\x01"/></log>',
    "wrong namespace": '<log xmlns="http://example.org/other"/>',
    "undeclared prefix": "<x:log/>",
    "other root": "<html/>",
    "two roots": "<log/><log/>",
    "text after": "<log/>x",
    "mismatch": "<log><trace></log></trace>",
    "cut off": "<log><trace>",
    "cut in a tag": "<log><trace",
    "cut in a reference": "<log>&am",
    "open comment": "<log><!-- ",
    "repeated attribute": '<log><trace a="1" a="2"/></log>',
    "no space": '<log a="1"b="2"/>',
    "less than in a value": '<log a="<"/>',
    "no quotes": "<log a=1/>",
    "nothing": "  ",
    "no XML": "a,b\n1,2\n",
}


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
def test_what_no_log_does_is_refused_at_once(text: str) -> None:
    jl.read(io.BytesIO(b"<log/>"), format="xes")  # compiled
    begun = time.process_time()
    with pytest.raises((ParseError, SchemaError)) as told:
        jl.read(io.BytesIO(text.encode()), format="xes")
    assert time.process_time() - begun < 1
    assert "Fix: " in str(told.value) and len(str(told.value)) < 600


class Endless(io.RawIOBase):
    """A document with a text that does not end."""

    def __init__(self, begin: bytes, size: int) -> None:
        self.begin, self.left, self.given = begin, size, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        out = self.begin or b"x" * min(size, self.left)
        self.begin, self.left = b"", self.left - len(out)
        self.given += len(out)
        return out


@pytest.mark.parametrize(
    "begin", [b"<log><trace>", b'<log><trace><string key="', b"<log><!-- ", b"<log ", b"<log><event>"]
)
def test_a_text_of_a_gigabyte_is_given_up_in_bounded_memory(begin: bytes) -> None:
    source = Endless(begin, 1 << 30)
    tracemalloc.start()
    with pytest.raises(ParseError, match="16 MiB"):
        jl.read(source, format="xes")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert source.given < 1 << 26 and peak < 200 << 20


def test_more_keys_than_a_table_has_columns_are_data() -> None:
    many = "".join(f'<string key="k{i}" value="1"/>' for i in range(2100))
    with pytest.raises(SchemaError, match="more than 2,000 different keys"):
        read(trace("c1", event("a", "2024-01-01T10:00:00Z", many)))


def test_an_empty_log_has_no_events_and_an_empty_file_is_none() -> None:
    assert jl.read(io.BytesIO(b"<log/>"), format="xes").n_events == 0
    with pytest.raises(SchemaError, match="empty"):
        jl.read(io.BytesIO(b""), format="xes")


# Any cut into blocks, and Python's own parser.

NAMES = st.sampled_from(["a", "b & c", "<d>", "é😀", "x\ty", "", "long" * 20])


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Draw a log as ElementTree writes it."""
    root = ET.Element("log")
    for _ in range(draw(st.integers(0, 4))):
        one = ET.SubElement(root, "trace")
        for key in draw(st.lists(st.sampled_from(["concept:name", "kind"]), unique=True)):
            ET.SubElement(one, draw(st.sampled_from(["string", "id"])), key=key, value=draw(NAMES))
        for _ in range(draw(st.integers(0, 4))):
            cell = ET.SubElement(one, "event")
            keys = st.lists(st.sampled_from(["concept:name", "x", "y", "z&"]), unique=True)
            for key in draw(keys):
                inner = ET.SubElement(cell, "string", key=key, value=draw(NAMES))
                if draw(st.booleans()):
                    ET.SubElement(inner, "int", key="n", value="1")
    text = ET.tostring(root, encoding="unicode")
    gap = draw(st.sampled_from(["", "\n", "\n  <!-- <event> -->\t"]))
    return text.replace("><", f">{gap}<")


def rows_of(text: str, block: int) -> list[dict[str, Any]]:
    table = XesLog(File("x.xes", None, io.BytesIO(text.encode())), Dialect(block=block))
    found = []
    for work in table.pieces(None):
        piece = work()
        assert piece.rows.validate(full=True) is None
        columns = {n: piece.rows.column(n).to_pylist() for n in piece.rows.schema.names}
        found += [
            (int(row), {n: v[i] for n, v in columns.items() if v[i] is not None})
            for i, row in enumerate(piece.row)
        ]
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]


@pytest.mark.filterwarnings("ignore::journeylog.errors.LoadWarning")
@settings(max_examples=60)
@given(text=documents(), block=st.integers(1, 90))
def test_any_cut_into_blocks_reads_what_pythons_parser_reads(text: str, block: int) -> None:
    expected = []
    for one in ET.fromstring(text).iter("trace"):
        own = {"case:" + a.get("key"): a.get("value") for a in one if a.tag != "event"}
        for cell in one.iter("event"):
            row = dict(own)
            for a in cell:
                row[a.get("key")] = a.get("value")
                if len(a):
                    row[a.get("key") + ".attributes"] = '[{"key": "n", "value": 1}]'
            expected.append(row)
    assert rows_of(text, block) == expected == rows_of(text, 1 << 21)


def test_lines_are_counted_through_blocks() -> None:
    text = HEAD + "".join(trace(f"c{i}", event("a", "bad")) for i in range(50)) + "</log>"
    table = XesLog(File("x.xes", None, io.BytesIO(text.encode())), Dialect(block=97))
    lines = [line for work in table.pieces(None) for line in work().line.tolist()]
    assert lines == [3 + 2 * i for i in range(50)]


def test_texts_are_whole_however_they_are_cut() -> None:
    text = "<log><a>one &amp; t&#119;o<![CDATA[ <&> ]]>\r\nthree</a></log>"
    for block in range(1, len(text)):
        stream = XmlStream(File("x", None, io.BytesIO(text.encode())), Dialect(block=block), texts=True)
        found = b"".join(b.data[t[3] : t[4]] for b in stream.blocks() for t in b.tokens.tolist() if t[0] == 4)
        assert found == b"one &amp; t&#119;o <&> \r\nthree"
