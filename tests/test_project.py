"""The house itself: importing is quiet, everything public is explained, nothing grows too large or points nowhere."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import journeylog as jl
from journeylog.core.contracts import Stat, Step
from tests import test_laws, test_steps_laws

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src" / "journeylog"
SOURCES = sorted(SRC.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_KERNEL = 90  # one loop that is compiled as a whole; parting it would cost what it is for


def python(code: str, **env: str) -> tuple[str, str]:
    """Return what a fresh interpreter prints and warns; any warning is an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def packages_of(code: str) -> set[str]:
    """Return the top-level packages a piece of code has loaded."""
    said, warned = python(
        f"{code}\nimport sys; print(sorted({{name.partition('.')[0] for name in sys.modules}}))"
    )
    assert warned == ""
    loaded = ast.literal_eval(said)
    assert "journeylog" in loaded
    return set(loaded)


# Importing


def test_importing_is_silent_and_loads_no_dependency() -> None:
    needed = {re.split(r"[<>=!\[ ]", line)[0].lower() for line in PROJECT["project"]["dependencies"]}
    assert {"numba", "plotly", "pandas", "pyarrow"} <= needed
    assert not packages_of("import journeylog") & (needed | {"pyspark", "polars", "IPython", "tqdm"})


def test_counting_loads_no_plots_and_no_file_readers() -> None:
    counted = packages_of("import journeylog as jl; jl.datasets.tiny().compute(jl.Transitions())")
    assert "numba" in counted
    assert not counted & {"plotly", "pyspark", "duckdb", "jinja2", "typer", "polars"}


def test_uncompiled_kernels_say_the_same() -> None:
    code = """
import journeylog as jl
log = jl.datasets.tiny().then(jl.Sessions(gap="30min"))
print([result.table.to_csv() for result in log.compute(jl.Transitions(), jl.Funnel(["home", "pay"]), jl.DropOff())])
"""
    assert python(code, NUMBA_DISABLE_JIT="1") == python(code, NUMBA_DISABLE_JIT="0")


def test_tests_cannot_reach_the_network() -> None:
    with socket.socket() as far, pytest.raises(AssertionError, match="nothing may"):
        far.connect(("192.0.2.1", 80))


# The face


def test_every_public_name_is_there_and_listed_once() -> None:
    assert len(set(jl.__all__)) == len(jl.__all__)
    for name in jl.__all__:
        found = getattr(jl, name)
        assert not inspect.ismodule(found) or found.__all__, f"{name} does not say what it offers"
    assert {*jl.__all__, "__version__"} == set(dir(jl))
    with pytest.raises(AttributeError, match="no attribute 'Transition'"):
        getattr(jl, "Transition")  # noqa: B009


def public() -> Iterator[tuple[str, Any]]:
    for name in jl.__all__:
        found = getattr(jl, name)
        if not inspect.ismodule(found):
            yield name, found
        elif name != "errors":  # what raises them has the examples
            yield from ((f"{name}.{inner}", getattr(found, inner)) for inner in getattr(found, "__all__", ()))


@pytest.mark.parametrize("name, found", [pytest.param(*pair, id=pair[0]) for pair in public()])
def test_every_public_name_is_explained_with_an_example(name: str, found: Any) -> None:
    if not (inspect.isclass(found) or inspect.isfunction(found)):
        return  # a constant is explained where it stands
    text = inspect.getdoc(found) or ""
    assert text.split("\n")[0].endswith((".", ":")), f"{name} has no first sentence"
    if (
        inspect.isfunction(found) or "." not in name
    ):  # what is only caught or handed out is shown by its maker
        assert ">>> " in text, f"{name} has no example that runs"


def test_every_module_lists_what_it_offers() -> None:
    for path in SOURCES:
        name = ".".join(("journeylog", *path.relative_to(SRC).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        if path.stem.startswith("__") and path.stem != "__init__":
            continue
        module = importlib.import_module(name)
        for offered in getattr(module, "__all__", ()):
            assert hasattr(module, offered), f"{name}.__all__ names {offered!r}, which is not there"


def test_the_version_is_one() -> None:
    assert jl.__version__ == PROJECT["project"]["version"] == metadata.version("journeylog")


def test_the_log_of_changes_begins_with_what_is_not_released() -> None:
    heads = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert heads[0] == "[Unreleased]"


# Laws


def offered(kind: type[Any]) -> set[str]:
    found = {name: getattr(jl, name) for name in jl.__all__}
    return {name for name, value in found.items() if inspect.isclass(value) and issubclass(value, kind)}


def test_every_statistic_and_every_step_stands_in_its_law_table() -> None:
    assert {type(question).__name__ for question in test_laws.QUESTIONS} == offered(Stat)
    assert {type(step).__name__ for step in test_steps_laws.STEPS} == offered(Step)


# Size and place


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(SRC)))
def test_no_file_and_no_function_grows_too_long(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES
    assert path.stem not in ("utils", "helpers", "common", "misc")
    most = MOST_LINES_OF_A_KERNEL if path.parent.name == "kernels" else MOST_LINES_OF_A_FUNCTION
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert lines_of_code(node, lines) <= most, f"{node.name} is too long"


def lines_of_code(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    """Return the lines of the body without docstring, comments and blank lines."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if not body:
        return 0
    written = (line.strip() for line in lines[body[0].lineno - 1 : node.end_lineno])
    return sum(1 for line in written if line and not line.startswith("#"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(SRC)))
def test_numba_stays_with_the_kernels_and_nothing_goes_through_the_face(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        imported: list[str] = []
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
            renamed = [alias.name for alias in node.names if alias.asname]
            assert "journeylog" not in renamed or path.parent.name == "reporting", (
                "the face stands above this layer"
            )
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "the layers are read from full names"
            imported = [str(node.module)]
            assert node.module != "journeylog" or path == SRC / "__init__.py"
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "journeylog"
        ):
            assert node.attr == "__version__"
        assert path.parent.name == "kernels" or not any(name.split(".")[0] == "numba" for name in imported)


# What is written


def committed() -> list[Path]:
    """Return the project's own files; without git (an unpacked archive) those that look like them."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
        return [ROOT / name for name in done.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    return [p for p in ROOT.rglob("*") if p.is_file() and not {".venv", "__pycache__", "out"} & {*p.parts}]


WRITTEN = [
    p
    for p in committed()
    if p.suffix in {"", ".py", ".md", ".toml", ".sh", ".ipynb", ".json", ".cfg", ".txt"}
]
PAGES = [p for p in WRITTEN if p.suffix == ".md"]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", WRITTEN, ids=shown)
def test_nothing_speaks_of_one_machine_or_of_later(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    folders = "|".join(("work", "tmp", "root", "home/[a-z]+", "Users/[A-Za-z]+"))
    assert not re.search(rf"(?<![\w.*/-])/({folders})/", text), "a path of one machine"
    assert not re.search("TO" + "DO|FIX" + "ME", text), "work put off"
    assert not re.search(r"https?://[^\s\"')]*@", text), "a name or a secret in an address"


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_and_named_files_of_a_page_are_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"(?:src|href)=\"([^\"]+)\"", text):
        if not re.match(r"[a-z]+:", target):
            name, _, anchor = target.partition("#")
            place = (page.parent / name) if name else page
            assert place.exists(), f"{target} is not there"
            assert not anchor or anchor in anchors(place), f"{target}: no such heading"
    for name in re.findall(
        r"`((?:src|tests|docs|benchmarks|notebooks|data|scripts)/[\w./-]+)(?:::\w+)?`", text
    ):
        assert (ROOT / name).exists() or made_later(name), f"{name} is not there"
    for name, test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)", text):
        assert re.search(rf"^def {test}\(", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE), test


def made_later(name: str) -> bool:
    """Whether git ignores this place: it is made when something runs."""
    return name.startswith(("benchmarks/cache", "benchmarks/results"))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def test_decisions_are_numbered_and_say_why() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(p.name[:4]) for p in pages] == list(range(1, len(pages) + 1))
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {page.name[:4]} ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
        ]
        assert f"({page.name})" in index


def test_every_layer_is_named_in_the_page_on_the_house() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    layers = next(c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["type"] == "layers")["layers"]
    assert not [layer for layer in layers if not layer.startswith("(") and f"`{layer}`" not in page]


def test_notebooks_and_data_are_json_where_they_say_so() -> None:
    read = [json.loads(p.read_text(encoding="utf-8")) for p in WRITTEN if p.suffix in (".json", ".ipynb")]
    assert read
