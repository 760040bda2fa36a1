"""Long work is shown to who is looking, on a terminal or in a notebook, and nowhere else."""

from __future__ import annotations

import io
import threading
import time
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import journeylog as jl
from journeylog.core import progress as module
from journeylog.core.progress import progress
from journeylog.ingest.threads import meanwhile


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SILENT", 0.01)
    monkeypatch.setattr(module, "_EVERY", 0.01)


def watched(monkeypatch: pytest.MonkeyPatch, stream: Any) -> None:
    monkeypatch.setattr(module.sys, "stderr", stream)


def until(stream: io.StringIO, words: str) -> bool:
    """Wait until something has been written."""
    end = time.monotonic() + 20
    while words not in stream.getvalue() and time.monotonic() < end:
        time.sleep(0.005)
    return words in stream.getvalue()


def test_a_terminal_sees_the_rows_and_is_left_clean(monkeypatch: pytest.MonkeyPatch, at_once: None) -> None:
    screen = Terminal()
    watched(monkeypatch, screen)
    with progress("reading") as told:
        assert until(screen, "reading: 0 s (code is compiled when it is first used on a machine)")
        told(1200)
        told(34)
        assert until(screen, "reading: 0 s, 1,234 rows")
    assert screen.getvalue().endswith("\r\x1b[K")
    assert not [t for t in threading.enumerate() if t.name == "journeylog-progress"]


def test_a_failure_leaves_no_thread_and_a_clean_line(monkeypatch: pytest.MonkeyPatch, at_once: None) -> None:
    screen = Terminal()
    watched(monkeypatch, screen)
    with pytest.raises(RuntimeError), progress("reading"):
        assert until(screen, "reading")
        raise RuntimeError
    assert screen.getvalue().endswith("\r\x1b[K")
    assert not [t for t in threading.enumerate() if t.name == "journeylog-progress"]


@pytest.mark.parametrize("stream", [io.StringIO(), None], ids=["a file", "no stream"])
def test_a_log_sees_nothing(monkeypatch: pytest.MonkeyPatch, at_once: None, stream: Any) -> None:
    watched(monkeypatch, stream)
    with progress("reading") as told:
        assert not [t for t in threading.enumerate() if t.name == "journeylog-progress"]
        told(1)
    assert stream is None or stream.getvalue() == ""


def test_work_that_is_done_soon_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    watched(monkeypatch, screen)
    with progress("reading"):
        pass
    assert screen.getvalue() == ""


def test_reading_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch, at_once: None) -> None:
    screen = Terminal()
    watched(monkeypatch, screen)
    told = []
    monkeypatch.setattr(module, "Thread", lambda target, name: _Never(told))
    jl.read(io.BytesIO(b"a,e,t\nu,x,2024-01-01\n"), actor="a", event="e", time="t", tz="UTC")
    assert told == ["started", "ended"]


class _Never:
    """A thread that only says that it was started and waited for."""

    def __init__(self, told: list[str]) -> None:
        self.told = told

    def start(self) -> None:
        self.told.append("started")

    def is_alive(self) -> bool:
        return True

    def join(self) -> None:
        self.told.append("ended")


def test_a_cell_of_a_notebook_shows_one_line_that_is_empty_in_the_end() -> None:
    source = """
import time
from journeylog.core import progress as module
module._SILENT = module._EVERY = 0.01
with module.progress("reading") as told:
    told(7)
    time.sleep(0.3)
"""
    cell = nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "display_data" and output["data"] == {"text/plain": ""}


class Interrupted(threading.Thread):
    """A thread during whose start a signal comes."""

    def start(self) -> None:
        super().start()
        raise KeyboardInterrupt


def test_a_signal_while_the_thread_starts_leaves_none_that_goes_on(
    monkeypatch: pytest.MonkeyPatch, at_once: None
) -> None:
    watched(monkeypatch, Terminal())
    monkeypatch.setattr(module, "Thread", Interrupted)
    with pytest.raises(KeyboardInterrupt), progress("reading"):
        raise AssertionError("never came here")
    end = time.monotonic() + 20
    while [t for t in threading.enumerate() if t.name == "journeylog-progress"] and time.monotonic() < end:
        time.sleep(0.005)
    assert not [t for t in threading.enumerate() if t.name == "journeylog-progress"]


def test_what_runs_meanwhile_has_ended_even_when_a_signal_came_as_it_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("journeylog.ingest.threads.Thread", Interrupted)
    done = []

    def task() -> None:
        time.sleep(0.2)
        done.append(1)

    with pytest.raises(KeyboardInterrupt), meanwhile(task):
        raise AssertionError("never came here")
    assert done == [1]
