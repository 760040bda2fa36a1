"""Attributes of XES inside of attributes, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from journeylog.core.kernels import xes as kernel
from journeylog.core.kernels.xml import COUNT, DEPTH, END, FIRST, NAME, START
from journeylog.ingest.containers.xml import Tokens, plain_text

__all__ = ["nested_json"]


def nested_json(
    found: Tokens, begin: int, end: int, meaning: npt.NDArray[np.uint8], numbers: Mapping[bytes, int]
) -> str:
    """Return the attributes between two tokens as JSON."""
    key_id, value_id = numbers.get(b"key", -1), numbers.get(b"value", -1)
    levels: list[list[dict[str, Any]]] = [[]]
    depths: list[int] = []
    for token in found.tokens[begin:end].tolist():
        if token[0] == END:
            if depths and depths[-1] == token[DEPTH]:
                depths.pop()
                inner = levels.pop()
                if inner:
                    levels[-1][-1]["attributes"] = inner
            continue
        means = int(meaning[token[NAME]])
        if means < kernel.STRING:
            continue  # <values> adds nothing; elements of others hold nothing of ours
        cells = {
            a[0]: plain_text(found.data[a[1] : a[2]]).decode("utf-8", "surrogateescape")
            for a in found.attributes[token[FIRST] : token[FIRST] + token[COUNT]].tolist()
        }
        one: dict[str, Any] = {"key": cells.get(key_id)}
        if value_id in cells:
            one["value"] = _typed_value(cells[value_id], means)
        levels[-1].append(one)
        if token[0] == START:
            depths.append(token[DEPTH])
            levels.append([])
    return json.dumps(levels[0], ensure_ascii=False)


def _typed_value(text: str, means: int) -> Any:
    """Return the value as JSON has it; what is written otherwise than its kind says stays text."""
    if means == kernel.BOOLEAN and text in ("true", "false"):
        return text == "true"
    if means in (kernel.INT, kernel.FLOAT) and len(text) < 40:
        try:
            number = int(text) if means == kernel.INT else float(text)
        except ValueError:
            return text
        return number if number == number and abs(number) != float("inf") else text
    return text
