"""A file three times larger than the memory allowed: its core columns are read, or reading stops with an error; C06."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from journeylog.core import memory
from journeylog.core.memory import Limits, Room, memory_told
from journeylog.errors import MemoryLimitError

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="limits of a process are set and read as Linux has them"
)

#: What reading may take beside what a process holds that has read a small file.
ALLOWED = 120_000_000
ROWS = 91_000
WIDE = 4_000

#: Reads a small file, sets the limit, reads the large one.
CODE = """
import resource, sys
import journeylog as jl
from journeylog.core.memory import _fields
from pathlib import Path

small, large, columns, field, number, allowed = sys.argv[1:]
how = dict(actor="user", event="event", time="time", threads=2, columns="all" if columns == "all" else [])
jl.read(small, **how)
held = _fields(Path("/proc/self/status"))[field]
limit = held + int(allowed)
resource.setrlimit(getattr(resource, number), (limit, limit))
try:
    log = jl.read(large, **how)
except MemoryError as error:
    print(type(error).__name__, error)
else:
    print("read", log.n_events, log.n_actors, log.card.rows_in)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Path, Path]]]:
    """Return a small and a large file of each kind; no two wide texts are the same."""
    folder = tmp_path_factory.mktemp("large")
    rng = np.random.default_rng(7)
    letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz0123456789", np.uint8)
    noise = letters[rng.integers(0, 36, WIDE + 4 * ROWS)].tobytes().decode()
    made = {}
    for kind in ("csv", "parquet"):
        for size in (200, ROWS):
            path = folder / f"{size}.{kind}"
            parts = range(0, size, 5_000)
            if kind == "csv":
                with path.open("w") as out:
                    out.write("user,event,time,wide\n")
                    out.writelines(
                        f"u{i % 977},event {i % 7},2025-01-01T00:{i % 60:02}:00Z,{noise[4 * i : 4 * i + WIDE]}\n"
                        for i in range(size)
                    )
            else:
                schema = pa.schema([(name, pa.string()) for name in ("user", "event", "time", "wide")])
                with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
                    for part in parts:
                        at = range(part, min(part + 5_000, size))
                        columns = [
                            [f"u{i % 977}" for i in at],
                            [f"event {i % 7}" for i in at],
                            [f"2025-01-01T00:{i % 60:02}:00Z" for i in at],
                            [noise[4 * i : 4 * i + WIDE] for i in at],
                        ]
                        writer.write_table(pa.table(columns, schema=schema))
        made[kind] = (folder / f"200.{kind}", folder / f"{ROWS}.{kind}")
        assert made[kind][1].stat().st_size >= 3 * ALLOWED
    yield made
    for path in folder.iterdir():  # pytest keeps the folders of its last runs
        path.unlink()


def limited(
    paths: tuple[Path, Path], columns: str, field: str = "VmData", number: str = "RLIMIT_DATA"
) -> str:
    """Return what a process with a limit says."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *map(str, paths), columns, field, number, str(ALLOWED)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "MALLOC_ARENA_MAX": "2"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_core_columns_of_a_file_three_times_the_memory(
    files: dict[str, tuple[Path, Path]], kind: str
) -> None:
    assert limited(files[kind], "core") == f"read {ROWS} 977 {ROWS}"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_cannot_fit_is_an_error_that_says_what_to_do(
    files: dict[str, tuple[Path, Path]], kind: str
) -> None:
    said = limited(files[kind], "all")
    assert said.startswith("MemoryLimitError "), said
    assert "MB" in said and "ulimit -d" in said
    assert "Fix: read fewer columns (columns=[] keeps actor, event and time alone)" in said


def test_a_limit_of_addresses(files: dict[str, tuple[Path, Path]]) -> None:
    said = limited(files["csv"], "all", "VmSize", "RLIMIT_AS")
    assert said.startswith("MemoryLimitError ") and "ulimit -v" in said, said


# How limits are found


def test_the_tightest_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits()
    limits._of_process = [("VmData", 1 << 62, "the limit of data, ulimit -d")]
    limits._of_container = None
    room = limits.room()
    assert room is not None and room.what == "the memory of the machine" and 0 < room.left < room.limit
    limits._of_process = [("VmData", 1 << 20, "the limit of data, ulimit -d")]
    room = limits.room()
    assert room is not None and room.what == "the limit of data, ulimit -d" and room.left < 0
    with pytest.raises(
        MemoryLimitError, match=r"half way: .* MB are used and 5 MB more needed, of 1 MB that the limit"
    ):
        limits.ensure(5_000_000, "half way")
    monkeypatch.setattr(memory, "_fields", lambda *_: {})
    assert limits.room() is None
    limits.ensure(1 << 60, "where nobody says what is left, nothing is refused")


@pytest.mark.parametrize(
    "lines, files, found",
    [
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "5000"}, ("a", 5000)),
        ("0::/\n", {"memory.max": "7000"}, (".", 7000)),
        ("4:memory:/x\n0::/\n", {"memory/memory.limit_in_bytes": "6000"}, ("memory", 6000)),
        ("4:memory:/x\n", {"memory/memory.limit_in_bytes": str(2**63 - 4096)}, None),
        ("4:memory:/x\n1:cpu:/\n", {}, None),
    ],
)
def test_limits_of_containers(
    lines: str,
    files: dict[str, str],
    found: tuple[str, int] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "cgroup").write_text(lines)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    places = {"/proc/self/cgroup": tmp_path / "cgroup", "/sys/fs/cgroup": tmp_path}
    monkeypatch.setattr(memory, "Path", lambda text: places[text])
    given = memory._container()
    assert given == (None if found is None else ((tmp_path / found[0]), found[1]))


def test_a_failed_allocation_says_what_to_do() -> None:
    @memory_told
    def fails(error: BaseException) -> None:
        raise error

    for error in (
        MemoryError(),
        pa.ArrowMemoryError("malloc of size 5"),
        RuntimeError("can't start new thread"),
    ):
        with pytest.raises(MemoryLimitError, match=r"there is no memory left.* Fix: read fewer columns"):
            fails(error)
    with pytest.raises(RuntimeError, match="something else"):
        fails(RuntimeError("something else"))
    assert issubclass(MemoryLimitError, MemoryError)
    assert Room(1, 2, "x").left == 1
