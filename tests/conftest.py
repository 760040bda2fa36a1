"""What holds for every test: no network, no help from the machine's own time zone, seeded examples."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

import pytest
from hypothesis import is_hypothesis_test, settings

LOCAL = ("localhost", "127.0.0.1", "::1", "")

# Examples are a function of the test, so that a run says the same everywhere; `make search` looks for new ones.
settings.register_profile("seeded", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("search", max_examples=500, deadline=None, print_blob=True)
settings.load_profile("seeded")


def pytest_configure(config: pytest.Config) -> None:
    """Set what every process of the run must have."""
    os.environ["TZ"] = "America/St_Johns"  # half an hour off: a local time taken for UTC shows in any test
    time.tzset()
    socket.socket.connect = refuse_far(socket.socket.connect)  # type: ignore[method-assign]
    socket.socket.connect_ex = refuse_far(socket.socket.connect_ex)  # type: ignore[method-assign]


def refuse_far(connect: Any) -> Any:
    """Return a connect that reaches this machine only (Jupyter kernels speak over it)."""

    def near(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and address[0] not in LOCAL:
            raise AssertionError(f"a test asked the network for {address[0]}; nothing may")
        return connect(self, address)

    return near


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark properties, and all of the law tables, so that they run with uncompiled kernels too."""
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)) or "laws" in item.path.stem:
            item.add_marker(pytest.mark.laws)
