"""A browser for tests: opens a page, tells what it said and asked for, and answers questions about it."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: A browser's debugging pipe is the file descriptors 3 and 4.
_ON_THREE_AND_FOUR = """
import os, sys
for i, number in enumerate(sys.argv[1:3]):
    os.dup2(int(number), 200 + i)
os.dup2(200, 3), os.dup2(201, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
NAMES = ("chromium", "chromium-browser", "google-chrome")


def found() -> str | None:
    """Return the path of a browser, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class Page:
    """What became of one page: messages of its console, addresses it asked for, and answers."""

    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)


class Browser:
    """One headless browser, spoken to through its debugging pipe."""

    def __init__(self, folder: Path) -> None:
        program = found()
        assert program is not None
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        options = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
            "--disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-pipe"
        )
        command = [program, *options.split(), f"--user-data-dir={folder}", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _ON_THREE_AND_FOUR, str(to_read), str(to_write), *command],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._rest = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []

    def open(self, path: Path, width: int, *questions: str) -> Page:
        """Open a file in a new tab and evaluate some expressions there."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable", session)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self._call("Emulation.setDeviceMetricsOverride", session, **size)
        self._events.clear()
        self._call("Page.navigate", session, url=path.resolve().as_uri())
        self._wait("Page.loadEventFired")
        page = Page()
        for question in ("new Promise(done => setTimeout(done, 400))", *questions):
            answer = self._call(
                "Runtime.evaluate", session, expression=question, returnByValue=True, awaitPromise=True
            )
            page.answers.append(answer["result"].get("value"))
        page.answers.pop(0)
        for event in self._events:
            told, facts = event.get("method"), event.get("params", {})
            if told == "Runtime.consoleAPICalled":
                page.said.append(str([a.get("value", a.get("description")) for a in facts["args"]]))
            elif told == "Log.entryAdded":
                page.said.append(facts["entry"]["text"])
            elif told == "Runtime.exceptionThrown":
                page.said.append(json.dumps(facts["exceptionDetails"])[:500])
            elif told == "Page.javascriptDialogOpening":
                page.said.append(f"dialog {facts['message']}")
            elif told == "Network.requestWillBeSent":
                page.asked.append(facts["request"]["url"])
        self._call("Target.closeTarget", targetId=target)
        return page

    def close(self) -> None:
        """End the browser."""
        self._send("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def _send(self, method: str, session: str | None = None, **parameters: Any) -> int:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        return self._number

    def _call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        number = self._send(method, session, **parameters)
        while True:
            message = self._receive()
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                answer: dict[str, Any] = message["result"]
                return answer
            self._events.append(message)

    def _wait(self, method: str) -> None:
        while not any(event.get("method") == method for event in self._events):
            self._events.append(self._receive())

    def _receive(self, patience: float = 60) -> dict[str, Any]:
        end = time.monotonic() + patience
        while b"\0" not in self._rest:
            ready = select.select([self._read], [], [], max(0.0, end - time.monotonic()))[0]
            piece = os.read(self._read, 1 << 20) if ready else b""
            if not piece:
                raise TimeoutError("the browser does not answer")
            self._rest += piece
        message, self._rest = self._rest.split(b"\0", 1)
        found: dict[str, Any] = json.loads(message)
        return found
