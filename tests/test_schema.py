"""One model of a configuration: what it lets through is what its published schema lets through."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import journeylog as jl
from journeylog.errors import ConfigError
from journeylog.reporting.cli import run
from journeylog.reporting.schema import as_text, check_config, config_schema, map_schema
from journeylog.reporting.sourcelist import read_source_list

ROOT = Path(__file__).parent.parent
PUBLISHED = ROOT / "docs" / "schemas"
SAMPLE = ROOT / "data" / "samples" / "shop.toml"
SOURCE = {"name": "clicks", "path": "events.csv", "actor": "actor", "event": "event", "time": "time"}


def valid(data: Any) -> bool:
    return jsonschema.Draft202012Validator(config_schema()).is_valid(data)


def known(data: Any) -> bool:
    try:
        check_config(data, "shop.toml")
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize(("name", "made"), [("config", config_schema), ("journey_map", map_schema)])
def test_the_published_schema_is_what_the_code_makes(name: str, made: Any) -> None:
    published = (PUBLISHED / f"{name}.schema.json").read_text("utf-8")
    assert published == as_text(made()), f"journeylog schema > docs/schemas/{name}.schema.json"
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


def test_the_command_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    for what, made in (("config", config_schema), ("map", map_schema)):
        assert run(["schema", what]) == 0
        assert json.loads(capsys.readouterr().out) == made()
    assert run(["schema", "maps"]) == 2
    assert "Fix: one of ['config', 'map', 'design']" in capsys.readouterr().err


def test_the_sample_is_valid() -> None:
    data = tomllib.loads(SAMPLE.read_text("utf-8"))
    assert valid(data) and known(data)


WHOLE = {
    "title": "Shop", "goal": ["paid", "sent"], "patience": "30d", "stages": {"look": ["home"], "buy": ["cart"]},
    "window": ["2025-01-01", "2025-02-01"], "max_rejected": 0.05, "top": 5, "theme": "dark", "source": [SOURCE],
    "map": {"need": "term", "pains": {"errors": "error*"}, "top": 4, "voice": True, "spend": {"ads": 12.5}},
    "output": {"folder": "out", "languages": ["en", "ru"], "files": ["map.html", "tables.csv"], "mask": 0},
    "alert": [{"row": "loss", "measure": "drop", "stage": "buy", "above": 0.3}],
    "personas": {
        "attribute": "channel", "rfm": {"order": ["paid", "sent"], "recency": ["30d", "90d", "180d", "365d"]},
        "clusters": {"k": 3, "seed": 1}, "maps": False, "top": 5,
    },
    "precedence": ["clicks"],
    "offsets": {"clicks": "-2min"},
    "identity": {
        "by": "user", "policy": "back", "shared": "split", "lookback": "30d",
        "links": [{"path": "links.csv", "start": "device", "end": "user", "time": "at", "tz": "UTC"}],
    },
}  # fmt: skip


def changed(**more: Any) -> dict[str, Any]:
    return {**WHOLE, **more}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (changed(patiance="30d"), "unknown key 'patiance'. Fix: did you mean 'patience'"),
        (changed(patience=30), "patience = 30 is not possible. Fix: a duration such as '30d'"),
        (changed(theme="drak"), "theme: 'drak' is not possible. Fix: did you mean 'dark'"),
        (changed(top=0), "top = 0 is not possible"),
        (changed(top=True), "top = True is not possible"),
        (changed(max_rejected=2), "max_rejected = 2 is not possible. Fix: a share from 0 to 1"),
        (changed(window=["2025-01-01"]), "window = "),
        (changed(map={"needs": "term"}), "map: unknown key 'needs'. Fix: did you mean 'need'"),
        (changed(map={"top": "3"}), "map: top = '3' is not possible. Fix: a whole number"),
        (
            changed(output={"files": ["map.htm"]}),
            "output: files: 'map.htm' is not possible. Fix: did you mean 'map.html'",
        ),
        (changed(output={"languages": ["xx"]}), "output: languages: 'xx' is not possible"),
        (changed(output={"mask": -1}), "output: mask = -1 is not possible"),
        (changed(output="out"), "output = 'out' is not possible. Fix: a table"),
        (changed(alert=[{"row": "loss", "measure": "drop"}]), "alert 1 has no limit"),
        (changed(alert=[{"measure": "drop", "above": 1}]), "alert 1 has no row"),
        (changed(alert=[{"row": "loss", "measure": "drop", "abov": 1}]), "did you mean 'above'"),
        (changed(source=[]), "names no source"),
        (changed(source=[{"path": "a.csv"}]), "source 1 has no name"),
        (
            changed(source=[{**SOURCE, "acter": "x"}]),
            "source 1: unknown key 'acter'. Fix: did you mean 'actor'",
        ),
        (
            changed(source=[{**SOURCE, "numbers": "x"}]),
            "source 1: numbers = 'x' is not possible. Fix: a list",
        ),
        (changed(source=["a.csv"]), "source 1 is no table"),
        (
            changed(personas={"atribute": "x"}),
            "personas: unknown key 'atribute'. Fix: did you mean 'attribute'",
        ),
        (changed(personas={"top": 3}), "personas: no groups are asked for"),
        (changed(personas={"clusters": False}), "personas: no groups are asked for"),
        (changed(personas={"clusters": "yes"}), "personas: clusters = 'yes' is not possible. Fix: true"),
        (changed(personas={"clusters": {"kk": 3}}), "personas: clusters: unknown key 'kk'"),
        (changed(personas={"rfm": {"value": "v"}}), "personas: rfm has no order"),
        (changed(personas={"rfm": {"order": "paid", "recencies": []}}), "did you mean 'recency'"),
        (
            changed(identity={"polcy": "back", "by": "user"}),
            "unknown key 'polcy'. Fix: did you mean 'policy'",
        ),
        (changed(identity={"policy": "back"}), "identity names no ids"),
        (changed(identity={"by": "user", "policy": "bak"}), "did you mean 'back'"),
        (changed(identity={"map": "who.json", "by": "user"}), "leave out by"),
        (changed(identity={"links": [{"source": "clicks", "path": "a.csv"}]}), "needs path or source"),
        (changed(stitch="user"), "stitch and [identity] both say"),
        (changed(offsets={"clicks": {"on": "order"}}), "offsets: clicks has no against"),
        (changed(offsets={"clicks": 3}), "clicks = 3 has no unit"),
        (changed(same=[{"events": {"clicks": "pay"}, "on": "order"}]), "events names one source"),
        (changed(same=[{"events": {"clicks": "pay", "crm": "won"}}]), "same 1"),
        (
            {
                key: value
                for key, value in changed(output={"files": ["personas.md"]}).items()
                if key != "personas"
            },
            "'personas.md' needs a table [personas]",
        ),
    ],
)
def test_what_the_model_refuses_the_schema_refuses(data: dict[str, Any], says: str) -> None:
    assert valid(WHOLE) and known(WHOLE)
    with pytest.raises(ConfigError) as caught:
        check_config(data, "shop.toml")
    assert says in str(caught.value)
    assert not valid(data)


def test_every_argument_of_read_may_stand_in_a_source() -> None:
    found = config_schema()["properties"]["source"]["items"]["properties"]
    assert {"tz", "history", "score_scale", "stamps", "placeholders", "pseudonym_key"} <= set(found)
    assert found["numbers"]["type"] == "array" and found["max_field_bytes"]["type"] == "integer"
    assert all(len(key["description"]) > 5 for key in found.values())


@pytest.fixture
def files(tmp_path: Path) -> Path:
    jl.datasets.tiny().to_pandas()[["actor", "event", "time", "channel"]].to_csv(
        tmp_path / "events.csv", index=False
    )
    return tmp_path


YAML = """
title: Tiny
goal: pay
patience: 30min
window: [2025-01-06, 2025-01-07]
stages:
  look: [home, search]
  buy: [cart, pay]
source:
  - name: clicks
    path: events.csv
    actor: actor
    event: event
    time: time
    channel: channel
output:
  mask: 0
  files: [map.json, cells.csv]
"""


def test_yaml_says_what_toml_says(files: Path) -> None:
    (files / "tiny.yaml").write_text(YAML, "utf-8")
    data = yaml.safe_load(YAML)
    data["window"] = [str(day) for day in data["window"]]
    lines = [f"{key} = {json.dumps(data[key])}" for key in ("title", "goal", "patience", "window")]
    lines += ["[stages]", *(f"{name} = {json.dumps(events)}" for name, events in data["stages"].items())]
    lines += ["[[source]]", *(f"{key} = {json.dumps(value)}" for key, value in data["source"][0].items())]
    lines += ["[output]", "mask = 0", 'files = ["map.json", "cells.csv"]']
    (files / "tiny.toml").write_text("\n".join(lines), "utf-8")
    one, other = (read_source_list(files / f"tiny.{kind}") for kind in ("yaml", "toml"))
    assert one.sources == other.sources and dict(one.asked) == dict(other.asked)
    assert valid(data)
    for kind in ("yaml", "toml"):
        assert run(["run", str(files / f"tiny.{kind}"), "--out", str(files / kind)]) == 0
    made = [
        {p.name: p.read_bytes() for p in (files / kind / "latest").iterdir()} for kind in ("yaml", "toml")
    ]
    assert made[0] == made[1] and set(made[0]) == {"map.json", "cells.csv", "manifest.json"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            YAML.replace("patience", "patiance"),
            "tiny.yaml: unknown key 'patiance'. Fix: did you mean 'patience'",
        ),
        (YAML + "title: again\n", "'title' stands twice"),
        (YAML.replace("Tiny", "!!python/object/apply:os.system [id]"), "tags and anchors are not read"),
        ("- a\n- b\n", "is no table"),
        ("title: [", "is not YAML"),
        ("", "names no source"),
    ],
)
def test_a_wrong_yaml_is_told(files: Path, text: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "tiny.yaml").write_text(text, "utf-8")
    assert run(["run", str(files / "tiny.yaml")]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("mask", [0, 5])
def test_maps_are_what_their_schema_says(mask: int, tmp_path: Path) -> None:
    question = jl.JourneyMap(
        "pay", stages={"look": ["home", "search"], "buy": ["cart", "pay"]}, patience="30min"
    )
    validator = jsonschema.Draft202012Validator(map_schema())
    for log in (jl.datasets.tiny(), jl.datasets.tiny().between("2030-01-01", "2030-01-02")):
        saved = json.loads(question.fill(log).save(tmp_path / "map.json", mask=mask).read_text("utf-8"))
        assert list(validator.iter_errors(saved)) == []
    saved["table"] = [{"stage": "look"}]
    assert not validator.is_valid(saved)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_of_a_map_is_a_standalone_drawing(theme: str, tmp_path: Path) -> None:
    stages = {"<script>alert(1)</script>": ["home", "search"], "buy & pay": ["cart", "pay"]}
    filled = jl.JourneyMap("pay", stages=stages, patience="30min").fill(jl.datasets.tiny())
    text = filled.save(tmp_path / "map.svg", lang="ru", theme=theme, mask=0, title="A <b> & C").read_text(
        "utf-8"
    )
    import xml.etree.ElementTree as ET

    root = ET.fromstring(text)
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {"svg", "title", "rect", "text", "tspan", "line", "polygon", "circle", "path"}
    assert not any("href" in key or key.startswith("on") for element in root.iter() for key in element.attrib)
    said = "".join(root.itertext())
    assert "A <b> & C" in said and "buy & pay" in said and "Кто приходит" in said
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    rules = {
        float(line.attrib["y1"])
        for line in root.iter("{http://www.w3.org/2000/svg}line")
        if "stroke-width" not in line.attrib
    }
    for element in root.iter("{http://www.w3.org/2000/svg}text"):
        size = float(element.attrib["font-size"])
        long = 0.62 * size * len("".join(element.itertext()))
        behind = {"end": 0.0, "middle": 0.5}.get(element.attrib.get("text-anchor", ""), 1.0)
        right, y = float(element.attrib["x"]) + behind * long, float(element.attrib["y"])
        assert right <= width + 1 and right - long >= 0 and y <= height
        assert not any(rule - 4 < y < rule + 8 for rule in rules), "a line goes through the text"


def test_what_init_writes_is_valid_once_it_is_read(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", str(files / "events.csv"), "--out", str(files / "new.toml")]) == 0
    text = (files / "new.toml").read_text("utf-8")
    for written in (
        text,
        text.replace("# [output] ", "[output] ")
        .replace("# languages", "languages")
        .replace("# files", "files"),
    ):
        data = tomllib.loads(written)
        assert valid(data) and known(data)
    assert data["output"]["languages"] == ["en", "ru"]
    assert run(["init", str(files / "events.csv"), "--out", str(files / "new.yaml")]) == 2
    assert "Fix: name it new.toml" in capsys.readouterr().err
