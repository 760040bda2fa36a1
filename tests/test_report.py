"""The page says what the tables say, stays text whatever the names are, and is the same bytes each time."""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.core.card import Card
from journeylog.errors import ConfigError, UnseenNameWarning
from journeylog.plots.labels import share
from journeylog.reporting.page import Page, build_page
from tests.report_logs import HOSTILE, hostile_log, make_log

#: What the map and the figures are drawn and unfolded with.
DRAWN = {
    "bdi",
    "code",
    "path",
    "th",
    "td",
    "pre",
    "svg",
    "line",
    "polygon",
    "polyline",
    "rect",
    "circle",
    "text",
    "input",
    "label",
}
VOID = {"meta", "link", "br", "img", "input", "hr"}
STAGES = {"browse": ["home", "search*"], "buy": ["cart", "pay"]}


class Read(HTMLParser):
    """A page taken apart: its tags, attributes, texts, scripts, styles and tables."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.inside: dict[str, list[tuple[dict[str, str | None], str]]] = {"script": [], "style": []}
        self.tables: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] = []
        self._caption = ""
        self.feed(page.decode("utf-8"))
        self.close()
        assert self.open == [], "tags are not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in self.inside:
            self.inside[tag].append((dict(attrs), ""))
        elif tag == "table":
            self._rows, self._caption = [], ""
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "table":
            self.tables[self._caption] = self._rows

    def handle_data(self, data: str) -> None:
        tag = self.open[-1] if self.open else ""
        if tag in self.inside:
            attrs, so_far = self.inside[tag][-1]
            self.inside[tag][-1] = (attrs, so_far + data)
            return
        self.text.append(data)
        if tag == "caption":
            self._caption += data
        elif tag in ("td", "th"):
            self._rows[-1][-1] += data

    @property
    def said(self) -> str:
        """All text, in one line, with plain spaces."""
        return " ".join(" ".join(self.text).replace("\u00a0", " ").split())


def page_of(log: jl.EventLog, **options: Any) -> tuple[Page, Read]:
    page = build_page(log, **{"mask": 0, **options})
    return page, Read(page.html)


@pytest.fixture(scope="module")
def shop() -> tuple[Page, Read]:
    log = jl.datasets.tiny()
    return page_of(log, goal="pay", patience="1h", stages=STAGES, title="Tiny")


# What it says


def test_tables_of_the_page_are_the_tables_of_the_results(shop: tuple[Page, Read]) -> None:
    page, read = shop
    answers = page.answers
    assert answers.funnel is not None
    shown = {
        "Moves between stages": (answers.flow.table, "Moves", "n"),
        "Moves between events": (answers.moves.table, "Moves", "n"),
        "Steps of the funnel": (answers.funnel.table, "Came", "n_cases"),
        "Paths through stages": (answers.paths.table, "Journeys", "n_cases"),
        "Paths through events": (answers.event_paths.table, "Journeys", "n_cases"),
        "Waits between two events": (answers.waits.edges, "Moves", "n"),
        "Stays at an event until the next": (answers.waits.nodes, "Moves", "n"),
        "What became of the visits to each stage": (answers.leaves.table, "Visits", "n_entered"),
        "What became of each event": (answers.event_leaves.table, "Dropped", "n_dropped"),
        "Kinds of events": (answers.facts.table, "Times", "n"),
    }
    for caption, (table, head, column) in shown.items():
        heads, *rows = read.tables[caption]
        assert [int(row[heads.index(head)].replace(",", "")) for row in rows] == table[column].tolist(), (
            caption
        )
    heads, *rows = read.tables["What became of each event"]
    assert [row[heads.index("Dropped off")].replace("\u00a0", " ") for row in rows] == [
        share(rate) for rate in answers.event_leaves.table["drop_rate"]
    ]


def test_every_part_is_there_with_a_sentence_of_its_own(shop: tuple[Page, Read]) -> None:
    _, read = shop
    ids = {attrs["id"] for tag, attrs in read.tags if tag == "section" and "id" in attrs}
    assert ids == {
        "map",
        "evidence",
        "flow",
        "funnel",
        "paths",
        "losses",
        "leaves",
        "data",
        "words",
        "method",
    }
    for sentence in (
        "2 of 4 journeys reached the goal “pay” so far: 50.0 % of all (95 % interval 15.0 % to 85.0 %).",
        "How 4 journeys move between stages, and how they end: 2 reached the goal, 1 dropped off and 1 was still open",
        "Of 4 journeys that came to “browse” , 2 came to “pay” : 50.0 % of 4",
        "The steps are the stages in their order, then the goal.",
        "The most frequent path is “browse” → “buy” : 2 journeys",
        "The wait that costs most time is from “cart” to “pay” : half of 2 moves took longer than 5 min .",
        "Most journeys that drop off do so after “home” : 1 of 1.",
        "12 rows came in: 12 kept, 0 rejected and 0 dropped as duplicates.",
        "A silence of more than 1 h means that the journey has dropped off.",
    ):
        assert sentence.replace(" ", "") in read.said.replace(" ", ""), sentence


def test_every_figure_says_what_it_shows_and_has_its_numbers_in_a_table(shop: tuple[Page, Read]) -> None:
    page, read = shop
    figures = {attrs["id"] for tag, attrs in read.tags if tag == "figure"}
    assert figures == {
        "figure-flow", "figure-moves", "figure-funnel", "figure-leaves", "figure-event-leaves", "figure-losses",
        "figure-paths",
    }  # fmt: skip
    drawings = [attrs for tag, attrs in read.tags if tag == "svg" and "role" in attrs]
    assert len(drawings) == 2 and all(len(attrs["aria-label"] or "") > 20 for attrs in drawings)
    captions = re.findall(rb"<figcaption>(.*?)</figcaption>", page.html, re.DOTALL)
    assert len(captions) == 7 and all(b'<b class="finding">' in caption for caption in captions)
    assert sum(b"95 % interval" in caption.replace(b"\xc2\xa0", b" ") for caption in captions) == 7
    assert read.text.count("Table: Losses, line by line") == 1
    assert sum(tag == "details" for tag, _ in read.tags) > 9


NOTES = {
    "author": "Ann <b>",
    "stages": {
        "browse": {
            "thinks": "Is it <i>that</i> big?",
            "needs": {"text": "A room", "link": "https://example.org"},
        }
    },
}


def test_what_customers_say_and_how_to_test_a_change_stand_below_the_map() -> None:
    """Two channels of which one is surely better, and scores with texts."""
    rows = []
    for i in range(400):
        way = "shop" if i % 2 else "web"
        steps = ["home", "search", *(["cart", "pay"] if i % 2 or i % 8 == 0 else [])]
        for k, event in enumerate(steps):
            stamp = pd.Timestamp("2025-01-06", tz="UTC") + pd.Timedelta(minutes=30 * i + k)
            score, text = (2.0, f"Slow again, and again {i % 4}") if k == 1 else (None, None)
            rows.append((f"u{i}", event, stamp, way, score, text))
    frame = pd.DataFrame(rows, columns=["actor", "event", "time", "channel", "score", "text"])
    log = jl.read(
        frame, actor="actor", event="event", time="time", channel="channel", score="score", score_scale=(0, 10),
        text="text",
    )  # fmt: skip
    options: dict[str, Any] = {
        "goal": "pay", "patience": "1d", "stages": STAGES, "mask": 5, "journey_map": {"voice": True, "notes": NOTES},
    }  # fmt: skip
    for lang, title, test in (
        ("en", "What customers say, do and feel", "is seen in 80 of 100 such experiments"),
        ("ru", "Что клиенты говорят, делают и чувствуют", "80"),
    ):
        page, read = page_of(log, lang=lang, **options)
        parts = dict(
            re.findall(rb'(?s)<section class="part" id="(empathy|trials)".*?>(.*?)</section>', page.html)
        )
        assert set(parts) == {b"empathy", b"trials"}
        voices, trials = (parts[key].decode() for key in (b"empathy", b"trials"))
        assert title in voices and "Slow again" in voices and "Is it &lt;i&gt;that&lt;/i&gt; big?" in voices
        assert 'href="https://example.org"' in voices and "Ann &lt;b&gt;" in voices
        assert test in trials.replace("\u00a0", " ")
        links = set(re.findall(r'href="#(c\d+)"', voices + trials))
        assert links and links <= {attrs.get("id") for _, attrs in read.tags}
        assert {"#empathy", "#trials"} <= {attrs.get("href") for tag, attrs in read.tags if tag == "a"}
    _, read = page_of(jl.datasets.tiny(), goal="pay", patience="1h", stages=STAGES)
    assert not {"empathy", "trials"} & {attrs.get("id") for _, attrs in read.tags}


def test_headings_go_down_one_level_at_a_time(shop: tuple[Page, Read]) -> None:
    _, read = shop
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert {"header", "main", "nav", "footer"} <= {tag for tag, _ in read.tags}
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {attrs["href"] for tag, attrs in read.tags if tag == "a"}
    assert {link for link in links if link} <= {f"#{name}" for name in ids}


def test_the_data_part_accounts_for_every_row() -> None:
    log = jl.datasets.tiny()
    card = Card(
        20,
        12,
        5,
        3,
        {"TS_NULL": 4, "ACTOR_NULL": 1},
        ties=2,
        sources={"a": {"rows_in": 20, "kept": 12, "rejected": 5, "deduplicated": 3}},
    )
    _page, read = page_of(jl.EventLog(log.source, log.window, card))
    assert "20 rows came in: 12 kept, 5 (25.0 %) rejected and 3 dropped as duplicates." in read.said
    assert "20 rows in = 12 kept + 5 rejected + 3 duplicates" in read.said
    assert [row[0:3:2] for row in read.tables["Rejected rows by reason"][1:]] == [
        ["TS_NULL", "4"],
        ["ACTOR_NULL", "1"],
    ]
    assert read.tables["Rows by source"][1][:3] == ["a", "20", "12"]


def test_examples_of_rejects_show_the_value_at_fault_and_no_row() -> None:
    rows = {"who": ["ada", "bob"], "what": ["home", "secret-row"], "when": ["2025-01-01", "no time at all"]}
    frame = pd.DataFrame(rows)
    with pytest.warns(jl.errors.LoadWarning):
        log = jl.read(frame, actor="who", event="what", time="when", tz="UTC")
    _, read = page_of(log)
    assert "“no time at all”" in read.said
    assert "secret-row" not in read.said and "bob" not in read.said


def test_actor_ids_are_not_on_the_page(shop: tuple[Page, Read]) -> None:
    page, _ = shop
    for actor in jl.datasets.tiny().chunk.actors.to_pylist():
        assert re.search(rb"\b" + actor.encode() + rb"\b", page.html.split(b"plotly.js v")[0]) is None


# What it asks


def test_a_log_with_journeys_keeps_them() -> None:
    log = jl.datasets.tiny().then(jl.Journeys(goal="cart", patience="2h"))
    page, read = page_of(log)
    assert page.answers.plan.added == ()
    assert "reached the goal “cart”" in read.said and "more than 2 h" in read.said
    with pytest.raises(ConfigError, match="journeys already"):
        build_page(log, goal="pay")


def test_without_stages_the_funnel_is_the_most_frequent_path_to_the_goal() -> None:
    log = make_log([(a, e, 60 * i) for a in "abc" for i, e in enumerate(["home", "cart", "pay"])])
    page, read = page_of(log, goal="pay")
    assert page.answers.funnel is not None
    assert page.answers.funnel.table["name"].tolist() == ["home", "cart", "pay"]
    assert "the most frequent path to the goal" in read.said


def test_stages_up_to_the_goal_make_the_funnel_whatever_comes_after() -> None:
    stages = {"see": "home", "think": "cart", "buy": "pay", "use": "search"}
    page = build_page(jl.datasets.tiny(), goal="pay", stages=stages)
    assert page.answers.funnel is not None
    assert page.answers.funnel.table["name"].tolist() == ["see", "think", "pay"]


def test_the_preset_and_the_rules_may_be_given_in_any_form() -> None:
    log = jl.datasets.tiny()
    by_name = build_page(log, stages="shop")
    by_step = build_page(log, stages=jl.Stages.preset("shop"))
    assert by_name.answers.flow.table.equals(by_step.answers.flow.table)


@pytest.mark.parametrize(
    "wrong",
    [{"top": 0}, {"top": True}, {"theme": "pink"}, {"within": "soon"}, {"patience": 3}, {"stages": "shpo"}],
    ids=repr,
)
def test_what_means_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Fix"):
        build_page(jl.datasets.tiny(), **wrong)


# Odd logs


def test_an_empty_log_makes_a_page_that_says_so() -> None:
    page, read = page_of(jl.datasets.tiny().where(channel="none"), stages=STAGES)
    assert "No events" in read.said and "There is nothing to show" in read.said
    assert len(page.html) < 100_000
    assert page.findings == ("No events: there is nothing to show.",)


def test_a_quiet_day_is_a_zero_and_a_warning() -> None:
    with pytest.warns(UnseenNameWarning, match="nix"):
        page, read = page_of(jl.datasets.tiny(), funnel=["nix", "pay"])
    assert "No journey enters at “nix”" in read.said
    assert page.answers.funnel is not None and not page.answers.funnel.table["n_cases"].any()


@pytest.mark.parametrize("rows", [1, 2])
def test_one_customer_is_enough(rows: int) -> None:
    _, read = page_of(make_log([("a", "home", 0), ("a", "pay", 10)][:rows]))
    said = "Nobody waits" if rows == 1 else "the one move took 10 s"
    assert "1 journey was followed" in read.said and said in read.said


def test_thousands_of_names_make_short_tables() -> None:
    rows = [(f"a{i}", f"page/{k}", i * 5000 + k) for i in range(40) for k in range(i * 125, i * 125 + 125)]
    page, read = page_of(make_log(rows))
    assert "The first 50 of 5,000 rows." in read.said
    assert len(page.html) < 6_000_000


# Safe


def hostile_page() -> tuple[Page, Read]:
    name, goal = HOSTILE[:2]
    stages = {name: {"event": {"is": name}}, "</style><b>": "*"}
    return page_of(hostile_log(), title=HOSTILE[1], goal=goal, patience="2d", stages=stages)


def test_names_stay_text() -> None:
    page, read = hostile_page()
    scripts = [attrs for attrs, _ in read.inside["script"]]
    assert scripts == [{}]
    allowed = {
        "html",
        "head",
        "body",
        "title",
        "meta",
        "link",
        "style",
        "script",
        "header",
        "main",
        "footer",
        "nav",
    }
    allowed |= {
        "section",
        "article",
        "div",
        "span",
        "p",
        "h1",
        "h2",
        "h3",
        "a",
        "b",
        "i",
        "small",
        "ul",
        "ol",
        "li",
        "dl",
    }
    allowed |= {
        "dt",
        "dd",
        "figure",
        "figcaption",
        "details",
        "summary",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
    }
    assert {tag for tag, _ in read.tags} <= allowed | DRAWN
    assert not [name for _, attrs in read.tags for name in attrs if name.startswith("on")]
    assert HOSTILE[0] in read.said and HOSTILE[6] in read.said
    assert "{{7*7}}" in read.said and "49" not in read.tables["Kinds of events"][1]
    assert "\\u202egnp.exe" in read.said and "\u202e" not in read.said
    assert b"\x1b" not in page.html and b"\x00" not in page.html


def test_without_interaction_the_page_has_no_script_and_the_same_figures(shop: tuple[Page, Read]) -> None:
    page, read = shop
    still = build_page(
        jl.datasets.tiny(), goal="pay", patience="1h", stages=STAGES, title="Tiny", mask=0, interactive=False
    )
    quiet = Read(still.html)
    assert not quiet.inside["script"] and b"script-src &#39;none&#39;" in still.html
    assert quiet.tables == read.tables and quiet.said == read.said
    assert len(still.html) < len(page.html) < 1_000_000
    drawn = [re.findall(rb"<svg.*?</svg>", one.html, re.DOTALL) for one in (page, still)]
    assert drawn[0] == drawn[1] and len(drawn[0]) >= 2


def test_the_policy_opens_these_scripts_and_styles_and_nothing_else(shop: tuple[Page, Read]) -> None:
    _, read = shop
    policy = next(
        a["content"] for t, a in read.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    rules = {words[0]: set(words[1:]) for words in (rule.split() for rule in policy.split(";"))}

    def hashes(texts: list[str]) -> set[str]:
        return {f"'sha256-{base64.b64encode(hashlib.sha256(t.encode()).digest()).decode()}'" for t in texts}

    code = [text for attrs, text in read.inside["script"] if attrs.get("type") != "application/json"]
    assert rules["default-src"] == {"'none'"}
    assert rules["script-src"] == hashes(code) and len(code) == 1
    assert rules["style-src"] == hashes([text for _, text in read.inside["style"]])
    assert rules["img-src"] == {"data:"}
    assert not {"connect-src", "font-src", "frame-src", "script-src-elem", "script-src-attr"} & set(rules)
    where = [i for i, (tag, a) in enumerate(read.tags) if a.get("http-equiv")]
    assert where[0] < next(i for i, (tag, _) in enumerate(read.tags) if tag in ("script", "style"))


def test_nothing_on_the_page_points_outside(shop: tuple[Page, Read]) -> None:
    _, read = shop
    addresses = {"src", "href", "action", "data", "poster", "srcset", "formaction", "background", "ping"}
    found = [value for _, attrs in read.tags for name, value in attrs.items() if name in addresses]
    assert found and all(value and value.startswith(("#", "data:,")) for value in found)
    styles = " ".join(text for _, text in read.inside["style"])
    assert "url(" not in styles and "@import" not in styles


# The same each time


def test_equal_logs_make_equal_bytes_whatever_the_machine(tmp_path: Path) -> None:
    code = """
import sys
import journeylog as jl
from tests.report_logs import hostile_log
jl.report(hostile_log(), sys.argv[1], patience="1d", stages={"a": "a*", "rest": "*"})
"""
    pages = []
    for i, (seed, zone) in enumerate([("0", "UTC"), ("4711", "Asia/Tokyo")]):
        path = tmp_path / f"{i}.html"
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C", "PYTHONUTF8": "0"}
        root = Path(__file__).parent.parent
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code, str(path)], env=env, cwd=root, check=False
        )
        assert done.returncode == 0
        pages.append(path.read_bytes())
    assert pages[0] == pages[1]


def test_report_is_a_function_whatever_was_imported(tmp_path: Path) -> None:
    code = "import journeylog.reporting.cli, journeylog as jl; assert callable(jl.report)"
    subprocess.run([sys.executable, "-c", code], check=True)
    path = jl.report(jl.datasets.tiny(), str(tmp_path / "x.html"))
    assert path.read_bytes().startswith(b"<!doctype html>")


# --- what to look at first


def said(read: Read) -> str:
    return re.sub(r" ([,.])", r"\1", read.said)


def test_a_goal_that_never_occurs_is_said_and_no_share_is_told() -> None:
    with pytest.warns(UnseenNameWarning, match="bought"):
        page, read = page_of(jl.datasets.tiny(), goal="bought", patience="1h")
    assert (
        "No event matches the goal “bought”, so nothing can have reached it. Events are called “home”"
        in said(read)
    )
    assert "The goal “bought” does not occur in the data" in said(read)
    assert "bought" in page.alerts[0] and page.findings[0].startswith("Where they go")


def test_events_without_a_stage_are_told_and_rules_that_fit_nothing_fall_back_to_events() -> None:
    page, read = page_of(jl.datasets.tiny(), stages={"look": ["home", "search"], "buy": "pay"}, patience="1h")
    assert "3 of 12 events belong to no stage and are left out of the stage figures: “cart”." in said(read)
    assert page.answers.plan.node == "stage"
    with pytest.warns(UnseenNameWarning):
        page, read = page_of(jl.datasets.tiny(), stages={"other": "nothing"}, patience="1h")
    assert "No event belongs to any of the stages, so this page follows events instead." in said(read)
    assert page.answers.plan.node == "event"


def test_events_outside_the_journeys_and_many_ties_are_told() -> None:
    log = make_log([("a", "pay", 0), ("a", "home", 10), ("b", "home", 5), ("b", "pay", 5), ("b", "pay", 6)])
    _, read = page_of(log, goal="pay", patience="1h")
    assert "2 of 5 events belong to no journey: they come after a journey's goal" in said(read)


def test_a_clean_log_raises_no_alert() -> None:
    page, read = page_of(jl.datasets.tiny(), goal="pay", patience="1h")
    assert "Look first" not in said(read)
    assert page.alerts == ()


def test_a_warning_points_at_the_callers_line(tmp_path: Path) -> None:
    with pytest.warns(UnseenNameWarning, match="payed") as warned:
        jl.report(jl.datasets.tiny(), tmp_path / "r.html", goal="payed")
    assert {Path(one.filename).name for one in warned} == {Path(__file__).name}


def test_styles_of_the_page_leave_the_map_alone() -> None:
    """A bare class of the page's styles that the map uses would change how the map looks."""
    templates = Path(jl.__file__).parent / "reporting" / "templates"
    body = (templates / "map_body.html.j2").read_text(encoding="utf-8")
    used = set(re.findall(r"[\w-]+", " ".join(re.findall(r'class="([^"]*)"', body)))) - {"unseen"}
    styles = (templates / "report.css").read_text(encoding="utf-8")
    for selectors in re.findall(r"(?m)^\s*([^{}@/]+?)\s*\{", styles):
        for selector in selectors.split(","):
            first = selector.strip().split(" ")[0]
            if not first.startswith(("header.", "figure", ".plot.")):
                assert not set(re.findall(r"\.([\w-]+)", first)) & used, selector
