"""Every notebook runs from top to bottom, in a copy, beside a copy of the sample data."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS_A_CELL = 120

# The kernel and its client are other people's code; what they deprecate among themselves is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def opened(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebook_runs(path: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data", tmp_path / "data")
    place = tmp_path / "notebooks"
    place.mkdir()
    notebook = opened(path)
    client = NotebookClient(
        notebook, timeout=SECONDS_A_CELL, kernel_name="python3", resources={"metadata": {"path": str(place)}}
    )
    client.execute()  # raises at the first cell that fails
    assert outputs(notebook), "a notebook that shows nothing"
    assert not [o.text for o in outputs(notebook) if o.output_type == "stream" and o.name == "stderr"]
    shown = {name for o in outputs(notebook) for name in o.get("data", {})}
    assert "text/html" in shown or "image/png" in shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebook_is_committed_as_it_ran(path: Path) -> None:
    """What a reader sees on a page is what the cells print, in one run from the top."""
    notebook = opened(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [o for o in outputs(notebook) if o.output_type == "error"]
    nbformat.validate(notebook)
