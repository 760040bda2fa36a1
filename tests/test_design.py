"""A designed journey: read from a file, held against a log, and told on the page as masked as all else."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
import yaml

import journeylog as jl
from journeylog.core.differences import Estimates, difference
from journeylog.core.intervals import wilson
from journeylog.core.log import EventLog
from journeylog.core.source import Memory
from journeylog.errors import ConfigError, ParseError, UnseenNameWarning
from journeylog.reporting.cli import run
from journeylog.reporting.designschema import design_schema
from journeylog.reporting.page import build_page
from journeylog.reporting.schema import as_text
from journeylog.stats import conformance
from tests.test_report import Read
from tests.test_report_masking import OPTIONS, small_log
from tests.test_runs import CONFIG, written_config

ROOT = Path(__file__).parent.parent
DESIGN = """
start: [look]
ways:
  look: [buy]
  ask: [look]
rules:
  - within: [cart, pay, 1d]
  - name: looked first
    before: [search, cart]
  - never: help
    after: {event: cart}
"""
WHOLE: dict[str, Any] = yaml.safe_load(DESIGN)


def ready(log: jl.EventLog | None = None) -> jl.EventLog:
    log = small_log() if log is None else log
    return log.then(jl.Stages(OPTIONS["stages"]), jl.Journeys("pay", "3d"))


def test_a_file_says_the_same_in_yaml_and_toml(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(DESIGN, "utf-8")
    text = 'start = ["look"]\nways = {look = ["buy"], ask = ["look"]}\n[[rules]]\nwithin = ["cart", "pay", "1d"]\n'
    text += '[[rules]]\nname = "looked first"\nbefore = ["search", "cart"]\n'
    text += '[[rules]]\nnever = "help"\nafter = {event = "cart"}\n'
    (tmp_path / "a.toml").write_text(text, "utf-8")
    found = [jl.read_design(one) for one in (tmp_path / "a.yaml", str(tmp_path / "a.toml"), WHOLE)]
    assert found[0] == found[1] == found[2]
    rules = [{"ways": WHOLE["ways"], "start": ["look"]}, *WHOLE["rules"]]
    assert found[0] == jl.Conformance(rules)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"way": {"look": "buy"}}, "unknown key 'way'. Fix: did you mean 'ways'"),
        ({"rules": [{"befor": ["a", "b"]}]}, "rule 1: unknown key 'befor'. Fix: did you mean 'before'"),
        ({}, "designs nothing"),
        ({"start": ["look"]}, "go with ways"),
        ({"ways": ["look"]}, "lead nowhere"),
        ({"ways": {"look": 3}}, "lead nowhere"),
        ({"ways": {"look": "buy"}, "start": 3}, "no list of stages"),
        ({"rules": {"never": "a"}}, "no list"),
        ({"rules": ["a before b"]}, "no table"),
        ({"rules": [{"within": ["a", "b"]}]}, "needs 3 parts"),
        ({"ways": {"look": "buy"}, "case": 3}, "case 3 is no text"),
    ],
)
def test_what_is_no_design_is_told(given: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        jl.read_design(given)


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("- never: a", "utf-8")
    with pytest.raises(ParseError, match="holds no table of designs"):
        jl.read_design(tmp_path / "a.yaml")
    with pytest.raises(ParseError, match=r"designs are not read from '\.json'"):
        jl.read_design("a.json")


def test_names_the_log_does_not_know_are_warned_of() -> None:
    log = ready()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jl.read_design(WHOLE, log)
    for given, said in (
        ({"ways": {"loook": ["buy"]}}, "the log has no stage 'loook'; did you mean 'look'"),
        ({"ways": {"look": ["bye"]}}, "no stage 'bye'"),
        ({"rules": [{"never": {"stage": {"is": "bought"}}}]}, "no stage 'bought'"),
        ({"rules": [{"before": ["serch", "cart"]}]}, "no event 'serch'; did you mean 'search'"),
    ):
        with pytest.warns(UnseenNameWarning, match=re.escape(said)):
            jl.read_design(given, log)


def test_the_published_schema_lets_through_what_is_read() -> None:
    published = (ROOT / "docs" / "schemas" / "design.schema.json").read_text("utf-8")
    assert published == as_text(design_schema()), "journeylog schema design > docs/schemas/design.schema.json"
    valid = jsonschema.Draft202012Validator(json.loads(published)).is_valid
    assert valid(WHOLE)
    for wrong in ({}, {"way": {}}, {"start": ["look"]}, {"rules": [{"never": "a", "before": ["a", "b"]}]}):
        assert not valid(wrong)


def test_each_deviation_has_its_effect_on_the_outcome() -> None:
    log = ready()
    held = log.compute(jl.read_design({"ways": {"look": ["buy"]}, "start": ["look"]}))
    paths = {}
    for row in log.compute(jl.Variants(node="stage", merge=True, top=10_000)).table.to_dict("records"):
        paths[row["path"]] = (row["n_cases"] - row["n_open"], row["n_reached"], row["n_cases"])
    allowed = {(None, "look"), ("look", "buy")}

    def steps(path: Any) -> set[Any]:
        return set(zip((None, *path), path, strict=False))

    kept = np.sum([n for path, n in paths.items() if steps(path) <= allowed], axis=0)
    ways = held.deviations.astype(object).where(held.deviations.notna(), None).to_dict("records")
    assert {(r["from"], r["to"]) for r in ways} == set().union(*map(steps, paths)) - allowed
    for row in ways:
        n, k, cases = np.sum([c for p, c in paths.items() if (row["from"], row["to"]) in steps(p)], axis=0)
        assert (row["n_followed"], row["n_reached"], row["n_cases"], row["n_actors"]) == (n, k, cases, cases)
        if n:
            sides = [
                Estimates(np.array(b / a), *wilson(b, a)) for a, b in ((kept[0], kept[1]), (int(n), int(k)))
            ]
            got = [row[f"reach_difference{end}"] for end in ("", "_low", "_high")]
            np.testing.assert_allclose(np.array(got, float), np.array(difference(*sides)), atol=1e-9)


def test_examples_are_paths_of_enough_customers() -> None:
    log = ready()
    question = jl.read_design(WHOLE)
    held = log.compute(question)
    for least in (1, 3):
        found = held.typical(log, 50, least)
        for row in found.to_dict("records"):
            mine = held.examples(log, row["rule"], n=1000)
            if "ways" in row["rule"]:
                continue
            same = [path for path in mine["path"] if _merged(path)[:12] == row["path"]]
            assert len(same) >= least
    assert len(held.typical(log, 50, 3)) < len(held.typical(log, 50, 1))


def test_paths_are_of_the_same_customers_whatever_the_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    log = ready()
    question = jl.read_design(WHOLE)
    held = log.compute(question)
    everything = held.typical(log, 50)
    monkeypatch.setattr(conformance, "_LOOKED_AT", 7)
    some = held.typical(log, 50)
    assert 0 < len(some) < len(everything)
    for n in (3, 8):
        parted = EventLog(Memory(tuple(log.chunk.split(n))[::-1]), log.window, log.card)
        pd.testing.assert_frame_equal(held.typical(parted, 50), some)


def _merged(path: Any) -> tuple[str, ...]:
    return tuple(name for i, name in enumerate(path) if not i or path[i - 1] != name)


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_page_tells_who_keeps_to_it(lang: str) -> None:
    read = Read(build_page(small_log(), design=WHOLE, mask=0, lang=lang, **OPTIONS).html)
    held = ready().compute(jl.read_design(WHOLE))
    caption = {"en": "Rules of the designed journey", "ru": "Правила задуманного пути"}[lang]
    heads, *rows = read.tables[caption]
    assert len(rows) == len(held.table)
    assert [row[3] for row in rows] == [str(n) for n in held.table["n_broken"]]
    if lang == "ru":
        assert rows[-1][0] == "все правила вместе" and rows[0][0].startswith("только задуманные")
        assert not re.search("[A-Za-z]", " ".join(heads))


def test_without_a_design_nothing_is_said_of_one() -> None:
    assert b'id="design"' not in build_page(small_log(), **OPTIONS).html


@pytest.mark.parametrize("seed", range(3))
def test_no_few_customers_are_told(seed: int) -> None:
    page = build_page(small_log(seed=seed), design=WHOLE, mask=5, **OPTIONS)
    held = page.answers.design
    assert held is not None
    for frame in (held.table, held.deviations):
        for name in [name for name in frame.columns if name.startswith("n") and not name.endswith("most")]:
            values = frame[name].dropna().to_numpy(float)
            assert not ((values > 0) & (values < 5)).any(), name
    for row in held.table.to_dict("records"):
        if row["n_conform"] == row["n_conform"] and row["n_followed"] == row["n_followed"]:
            assert not 0 < row["n_followed"] - row["n_conform"] < 5
        else:
            assert np.isnan(row["conform_rate"])
    moves = page.answers.flow.table
    for row in held.deviations.to_dict("records"):
        start = "start" if row["from"] is None or row["from"] != row["from"] else "node"
        same = moves[
            (moves["to"] == row["to"]) & (moves["to_kind"] == "node") & (moves["from_kind"] == start)
        ]
        same = same[same["from"] == row["from"]] if start == "node" else same
        assert same["n"].isna().tolist() == [np.isnan(row["n"])]  # told in both tables or in none


def test_a_run_writes_its_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written_config(tmp_path)
    (tmp_path / "designed.yaml").write_text("ways: {look: [buy]}\n", "utf-8")
    text = CONFIG.replace('goal = "pay"', 'goal = "pay"\ndesign = "designed.yaml"')
    text = re.sub(r"files = .*", 'files = ["report.html", "tables.csv"]', text)
    file.write_text(text, "utf-8")
    assert run(["run", str(file)]) == 0
    made = tmp_path / "out" / "latest"
    assert "only the planned ways between stages" in (made / "design.csv").read_text("utf-8")
    assert (made / "design_ways.csv").read_text("utf-8").startswith('"rule","from","to"')
    assert 'id="design"' in (made / "report.ru.html").read_text("utf-8")
    file.write_text(text.replace("designed.yaml", "other.yaml"), "utf-8")
    capsys.readouterr()
    assert run(["run", str(file)]) != 0
    assert "the designs cannot be read" in capsys.readouterr().err
