"""A map held against figures of a target or an industry."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import journeylog as jl
from journeylog.errors import ConfigError, ParseError, UnseenNameWarning
from journeylog.journeymap.figures import read_figures
from journeylog.reporting.cli import run
from journeylog.reporting.designschema import figures_object
from tests.test_report_masking import OPTIONS, small_log
from tests.test_runs import CONFIG, written_config

FIGURES: dict[str, Any] = {
    "name": "Targets 2025",
    "figure": [
        {"stage": "look", "row": "loss", "measure": "drop", "value": "2 %"},
        {"stage": "buy", "row": "time", "measure": "stay", "value": "1h"},
        {"row": "loss", "measure": "dropped", "value": 0.9},
    ],
}


CHANGED = {"en": "What changed", "ru": "Что изменилось"}


def filled() -> Any:
    return jl.JourneyMap("pay", patience="3d", stages=OPTIONS["stages"]).fill(small_log())


def test_forms_of_a_file_say_the_same(tmp_path: Path) -> None:
    toml = '[[figure]]\nstage = "look"\nrow = "loss"\nmeasure = "drop"\nvalue = 0.02\n'
    yaml = "figure:\n  - {stage: look, row: loss, measure: drop, value: 2 %}\n"
    csv = "stage,row,measure,item,value,low,high\nlook,loss,drop,,0.02,,\n"
    for name, text in (("a.toml", toml), ("a.yaml", yaml), ("a.csv", csv), ("b.csv", csv.replace(",", ";"))):
        (tmp_path / name).write_text(text, "utf-8")
    found = [read_figures(tmp_path / name)["figure"] for name in ("a.toml", "a.yaml", "a.csv", "b.csv")]
    assert found[0] == found[1] == found[2] == found[3]
    assert found[0][0]["value"] == 0.02 and found[0][0]["item"] is None
    changes = [filled().changes(tmp_path / name) for name in ("a.toml", "a.csv")]
    assert changes[0].equals(changes[1]) and len(changes[0]) == 1


def test_a_figure_is_known_exactly_and_one_with_bounds_is_not() -> None:
    now = filled()
    cell = now.cell("look", "loss", "drop")
    exact = {"stage": "look", "row": "loss", "measure": "drop", "value": 0.02}
    row = now.changes({"figure": [exact]}).iloc[0]
    assert (row["before"], row["now"]) == (0.02, cell.value)
    np.testing.assert_allclose(
        [row["difference_low"], row["difference_high"]], [cell.low - 0.02, cell.high - 0.02]
    )
    wide = now.changes({"figure": [{**exact, "low": 0.01, "high": 0.05}]}).iloc[0]
    assert wide["difference_low"] < row["difference_low"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stage": "loook"}, "no stage 'loook'. Fix: did you mean 'look'"),
        ({"row": "los"}, "no row 'los'. Fix: did you mean 'loss'"),
        ({"measure": "dropp"}, "no measure 'dropp'. Fix: did you mean 'drop'"),
        ({"value": 20}, "is a share from 0 to 1"),
        ({"value": "much"}, "is no number"),
        ({"value": None}, "has no value"),
        ({"value": True}, "is no number"),
        ({"low": 0.1}, "one bound"),
        ({"stag": "look"}, "unknown key 'stag'. Fix: did you mean 'stage'"),
        ({"stage": 3}, "is no text"),
    ],
)
def test_what_is_no_figure_is_told(change: dict[str, Any], said: str) -> None:
    figure = {"stage": "look", "row": "loss", "measure": "drop", "value": 0.1, **change}
    with pytest.raises(ConfigError, match=re.escape(said)):
        filled().changes({"figure": [figure]})


def test_a_figure_of_what_the_map_has_not_today_is_warned_of() -> None:
    with pytest.warns(UnseenNameWarning, match="held against nothing"):
        table = filled().changes(
            {"figure": [{"stage": "look", "row": "emotion", "measure": "score", "value": 0}]}
        )
    assert table.empty


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="cannot be read"):
        read_figures(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_text("row,measure,value\nloss,drop,0,2\n", "utf-8")
    with pytest.raises(ParseError, match="more fields than the head"):
        read_figures(tmp_path / "a.csv")
    (tmp_path / "a.toml").write_text('name = "x"\n', "utf-8")
    with pytest.raises(ConfigError, match="has no figures"):
        read_figures(tmp_path / "a.toml")


def test_the_schema_lets_through_what_is_read() -> None:
    valid = jsonschema.Draft202012Validator(figures_object()).is_valid
    assert valid(FIGURES)
    for wrong in ({}, {"figure": []}, {"figure": [{"row": "loss"}]}, {**FIGURES, "names": "x"}):
        assert not valid(wrong)


def test_pages_tell_what_lies_above_and_below(tmp_path: Path) -> None:
    file = tmp_path / "targets.toml"
    file.write_text(
        'name = "Targets 2025"\n[[figure]]\nstage = "look"\nrow = "loss"\nmeasure = "drop"\nvalue = 0.02\n',
        "utf-8",
    )
    for lang, title, way in (
        ("en", "Against the benchmark", "above it"),
        ("ru", "В сравнении с ориентиром", "выше"),
    ):
        page = jl.report(small_log(), tmp_path / "r.html", benchmark=file, lang=lang, mask=0, **OPTIONS)
        text = page.read_text("utf-8")
        part = text[text.index('id="against"') :].partition("</section>")[0]
        assert title in part and way in part and "Targets 2025" in part
        assert 'href="#against"' in text and 'id="changed"' not in text
        map_page = filled().save(tmp_path / "m.html", before=file, lang=lang, mask=0).read_text("utf-8")
        assert title in map_page
        other = jl.JourneyMap("pay", patience="3d", stages=OPTIONS["stages"]).fill(small_log())
        both = filled().save(tmp_path / "b.html", before=other, benchmark=file, lang=lang, mask=0)
        heads = re.findall(r'<section class="changed">\s*<h2>(.*?)</h2>\s*<(ul|p)>', both.read_text("utf-8"))
        assert heads == [(CHANGED[lang], "p"), (title, "ul")]  # nothing changed, and one figure is passed


def test_a_run_holds_its_map_against_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = written_config(tmp_path)
    text = CONFIG.replace('goal = "pay"', 'goal = "pay"\nbenchmark = "targets.csv"')
    config.write_text(re.sub("files = .*", 'files = ["report.html", "map.html", "map.json"]', text), "utf-8")
    (tmp_path / "targets.csv").write_text("stage,row,measure,value\nlook,loss,drop,0.99\n", "utf-8")
    assert run(["run", str(config), "--to", "2025-01-06 11:30"]) == 0
    assert _headings(tmp_path) == ["Against the benchmark"]
    assert run(["run", str(config)]) == 0
    for name in ("report.html", "report.ru.html"):
        assert 'id="against"' in (tmp_path / "out" / "latest" / name).read_text("utf-8")
    assert _headings(tmp_path) == ["What changed", "Against the benchmark"]
    (tmp_path / "targets.csv").write_text("stage,row,measur,value\nlook,loss,drop,0.99\n", "utf-8")
    capsys.readouterr()
    assert run(["run", str(config)]) == 2
    assert "did you mean 'measure'" in capsys.readouterr().err


def _headings(folder: Path) -> list[str]:
    """Return the headings of what the map of the last run is compared with."""
    page = (folder / "out" / "latest" / "map.html").read_text("utf-8")
    return re.findall(r'<section class="changed">\s*<h2>(.*?)</h2>', page)


def test_data_of_a_map_is_no_figures(tmp_path: Path) -> None:
    now = filled()
    (tmp_path / "map.json").write_text(json.dumps(now.to_dict()), "utf-8")
    assert not now.changes(tmp_path / "map.json")["supported"].any()
