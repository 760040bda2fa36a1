"""The benchmark of identity does not rot: one whole run in miniature."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks import links


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(links, "CACHE", tmp_path)
    return tmp_path


def test_links_are_seeded(cache: Path) -> None:
    for shape in links.SHAPES:
        first = pq.read_table(links.make(shape, 1_000))
        (cache / f"v{links.VERSION}-links-{shape}-1000.parquet").unlink()
        assert pq.read_table(links.make(shape, 1_000)).equals(first)


def test_a_wrong_component_ends_the_run(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = links.make("merges", 300)
    links.compare(path)
    monkeypatch.setattr(links.nx, "connected_components", lambda graph: [set(graph)])
    with pytest.raises(AssertionError, match="networkx"):
        links.compare(path)


def test_a_run_in_miniature(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "SHAPES", {"logins": ("back",), "merges": ()})
    assert links.main(["--links", "2000", "--rounds", "1"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("peak") == 1 and "ids stand for" in shown
