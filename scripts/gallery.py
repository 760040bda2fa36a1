"""``python -m scripts.gallery``: write docs/gallery anew, maps of four industries whose truth is known.

The pictures of the sample shop that the README shows are taken with them.

A browser (Chromium) makes the pictures; where there is none, the pages are written without.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import journeylog as jl
from journeylog.errors import LoadWarning
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.language import language
from journeylog.reporting.mapfindings import findings
from journeylog.reporting.mappage import map_page

ROOT = Path(__file__).parent.parent
FOLDER, IMAGES = ROOT / "docs" / "gallery", ROOT / "docs" / "images"
SIZE, TALL = (1440, 900), (1440, 1130)

_HEAD = """# Gallery

Maps of four industries, each filled by `jl.JourneyMap` from simulated customers (`jl.datasets.industry`). What was
planted in the data is known, so what a map says first can be checked against it; a test does so. Every page is one
file without scripts: save it, open it, print it on A3. `make gallery` writes all of it anew.
"""


def told(name: str) -> tuple[jl.datasets.Industry, JourneyMapResult]:
    """Return the simulated customers of an industry, and their map as it is shared."""
    made = jl.datasets.industry(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LoadWarning)
        log = jl.read(
            made.events,
            actor="actor",
            event="event",
            time="time",
            channel="channel",
            value="value",
            currency="currency",
            score="score",
            score_scale="nps",
        )
    question = jl.JourneyMap(made.goal, stages=made.stages, patience="30d", segment=made.segment)
    return made, question.fill(log).masked(5)


def planted(made: jl.datasets.Industry) -> str:
    """Return what is known of an industry's truth, in a sentence."""
    spec = made.spec
    assert spec.moment is not None and spec.segment is not None
    node, (first, then) = spec.node(spec.segment.node), spec.bottleneck
    wait = next(edge.wait for edge in spec.node(first).next if edge.to == then)
    return (
        f"Planted: a wait of {wait.mean_s / 86400:.0f} days on average between `{first}` and `{then}`; after "
        f"`{spec.moment.event}` the odds of dropping out fall to one in {spec.moment.odds:g} of what they were; of the "
        f"{made.segment} `{spec.segment.value}` {100 * spec.segment.dropped:.0f} in 100 leave at `{node.name}`, of the "
        f"others {100 * node.dropped:.0f}; low scores in the stage {spec.unhappy_stage}."
    )


def chapter(name: str, made: jl.datasets.Industry, filled: JourneyMapResult) -> str:
    """Return what the gallery's page says of one map."""
    said = [f"- **{title}**: {sentence}" for title, sentence, _ in findings(filled, language("en"))]
    picture = f"[![The map of {made.title[:1].lower()}{made.title[1:]}]({name}.png)]({name}.html)"
    return f"\n## {made.title}\n\n{picture}\n\n{chr(10).join(said)}\n\n{planted(made)}\n"


def files() -> dict[str, bytes]:
    """Return the pages and the text of the gallery by their names."""
    made, text = {}, _HEAD
    for name in jl.datasets.INDUSTRIES:
        one, filled = told(name)
        made[f"{name}.html"] = map_page(filled, title=one.title)
        text += chapter(name, one, filled)
    return {**made, "README.md": text.encode()}


def sample(folder: Path) -> dict[str, tuple[int, int]]:
    """Write the map and the report of the sample shop, and return their names with the size of their pictures."""
    asked: dict[str, Any] = {"goal": "delivered", "patience": "30d", "stages": "shop"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LoadWarning)
        log = jl.read_config(ROOT / "data" / "samples" / "shop.toml")
    jl.JourneyMap(**asked).fill(log).save(folder / "journey_map.html", title="A furniture shop")
    jl.report(log, folder / "report.html", title="A furniture shop", **asked)
    return {"journey_map": SIZE, "report": TALL}


def photograph(page: Path, out: Path, size: tuple[int, int] = SIZE) -> None:
    """Write what a screen of this size shows of a page at first."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        print(f"no browser: {out.name} stays as it is", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        taken = Path(folder) / "page.png"
        how = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--screenshot={taken}"]
        window = f"--window-size={size[0]},{size[1]}"
        subprocess.run([program, *how, window, page.as_uri()], capture_output=True, check=True)
        out.write_bytes(taken.read_bytes())


def main() -> None:
    """Write the gallery, and the pictures of the sample shop."""
    FOLDER.mkdir(exist_ok=True)
    for name, content in files().items():
        (FOLDER / name).write_bytes(content)
        if name.endswith(".html"):
            photograph((FOLDER / name).resolve(), FOLDER / name.replace(".html", ".png"))
        print(FOLDER / name)
    with tempfile.TemporaryDirectory() as folder:
        for name, size in sample(Path(folder)).items():
            photograph(Path(folder) / f"{name}.html", IMAGES / f"{name}.png", size)
            print(IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
