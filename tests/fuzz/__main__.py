"""``python -m tests.fuzz xes --seconds 600``: look for bytes that break a reader.

With atheris (``pip install atheris``) the kernels run as plain Python and their coverage leads the search; without it,
or with ``--blind``, inputs of the corpus are mutated blindly, and the compiled kernels are what is run. An input that
breaks something is written to the folder ``--found`` and named; what atheris found worth keeping lies there too.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

#: A read of a few kilobytes that takes longer hangs; memory that grows by more leaks.
SLOWEST_S, MOST_MB, LONGEST = 20, 600, 4096
WORDS = [
    b"<event>", b"</event>", b"<trace>", b"</trace>", b"<log>", b"</log>", b'<string key="concept:name" value="a"/>',
    b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?x ?>", b"<!DOCTYPE a>", b"&amp;", b"&#10;", b"&#x1F600;", b"&x;", b"/>",
    b'<date key="time:timestamp" value="2024-01-01T00:00:00Z"/>', b"\xff", b"\xed\xa0\x80", b"\0", b"\r\n", b"\r", b"\t",
    b'{"a": "u", "e": "x", "t": "2024-01-01"}', b'"', b"\\u", b"\\ud800", b"\\", b"[[", b"]]", b"{", b"}", b"1e999", b"NaN",
    b'1.2.3.4 - - [x] "GET /" 200', b" ", b"\n", b"=", b"'", b":", b"xmlns=", b"\xef\xbb\xbf",
    b"\x1f\x8b", b"99999999999999999999",
]  # fmt: skip


def main() -> int:
    options = parser().parse_args()
    options.found.mkdir(parents=True, exist_ok=True)
    if not options.blind and importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: mutating blindly")
        options.blind = True
    if options.blind:
        return blindly(options)
    if os.environ.get("NUMBA_DISABLE_JIT") != "1":  # read when numba is imported, so a process of its own
        return subprocess.run(
            [sys.executable, "-m", "tests.fuzz", *sys.argv[1:]], env={**os.environ, "NUMBA_DISABLE_JIT": "1"}
        ).returncode
    return led(options)


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description="Look for bytes that break a reader."
    )
    found.add_argument("target", choices=("xes", "jsonl", "lines"))
    found.add_argument("--seconds", type=int, default=600)
    found.add_argument("--seed", type=int, default=1)
    found.add_argument("--blind", action="store_true", help="mutate without coverage, with compiled kernels")
    found.add_argument("--found", type=Path, default=Path("out/fuzz"))
    return found


def led(options: argparse.Namespace) -> int:
    """Let atheris lead the search; it ends the process itself."""
    import atheris

    with atheris.instrument_imports(include=["journeylog.core.kernels", "journeylog.ingest"]):
        from tests.fuzz.targets import TARGETS, seeds
    kept = options.found / options.target
    kept.mkdir(exist_ok=True)
    for k, data in enumerate(seeds(options.target)):
        (kept / f"seed-{k}").write_bytes(data)
    atheris.Setup(
        [sys.argv[0], str(kept), f"-max_total_time={options.seconds}", f"-seed={options.seed}",
         f"-timeout={SLOWEST_S}", f"-rss_limit_mb={2 * MOST_MB}", f"-max_len={LONGEST}", "-print_final_stats=1",
         f"-artifact_prefix={options.found}/"],
        sound(TARGETS[options.target]),
    )  # fmt: skip
    atheris.Fuzz()
    return 0


def blindly(options: argparse.Namespace) -> int:
    """Mutate the inputs of the corpus for a while."""
    from tests.fuzz.targets import TARGETS, seeds

    run, chance = sound(TARGETS[options.target]), random.Random(options.seed)
    pool = list(seeds(options.target))
    for data in pool:
        run(data)
    begun, before, n, slowest = time.monotonic(), memory(), 0, 0.0
    while time.monotonic() - begun < options.seconds:
        data = mutated(chance, pool)
        started = time.monotonic()
        try:
            run(data)
        except BaseException:
            path = options.found / f"{options.target}-{n}.bin"
            path.write_bytes(data)
            print(f"broken by {path}")
            raise
        n, slowest = n + 1, max(slowest, time.monotonic() - started)
        if slowest > SLOWEST_S or memory() - before > MOST_MB:
            path = options.found / f"{options.target}-{n}.bin"
            path.write_bytes(data)
            print(f"slow or growing: {path}, {slowest:.1f} s, {memory() - before} MB more than at the start")
            return 1
    print(
        f"{options.target}: {n:,} inputs in {options.seconds} s, slowest {slowest:.2f} s, {memory() - before} MB more"
    )
    return 0


def sound(target: Callable[[bytes], list[str]]) -> Callable[[bytes], None]:
    """Return the target as one that raises where something does not hold."""

    def run(data: bytes) -> None:
        wrong = target(data)
        if wrong:
            raise AssertionError("; ".join(wrong))

    return run


def mutated(chance: random.Random, pool: list[bytes]) -> bytes:
    """Return an input of the corpus with a few changes."""
    data = bytearray(chance.choice(pool))
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        at, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        how = chance.randrange(6)
        if how == 0:
            data[at:at] = chance.choice(WORDS)
        elif how == 1:
            data[at : min(end, at + 40)] = b""
        elif how == 2 and data:
            data[min(at, len(data) - 1)] = chance.randrange(256)
        elif how == 3:
            data[at:at] = data[at : min(end, at + 200)]
        elif how == 4:
            other = chance.choice(pool)
            cut = chance.randint(0, len(other))
            data[at:] = other[cut:]
        else:
            data = data[:end]
    return bytes(data[:LONGEST])


def memory() -> int:
    """Return the most memory this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    sys.exit(main())
