"""Figures to hold a map against: an own target, or what an industry has, in a small file."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from journeylog.core.window import parse_duration
from journeylog.errors import ConfigError, ParseError, UnseenNameWarning, cut, nearest, warn
from journeylog.journeymap.analysts import known_keys, read_file
from journeylog.journeymap.cells import Cell, unknown_name
from journeylog.journeymap.rows import ROWS

__all__ = ["FIGURE_FILES", "FIGURE_KEYS", "are_figures", "figure_cells", "read_figures"]

FIGURE_FILES: Final = (".toml", ".yaml", ".yml", ".csv")
#: What a figure may hold, with what it means.
FIGURE_KEYS: Final[Mapping[str, str]] = {
    "stage": "The stage; without it the whole journey.",
    "row": "The row of the map, such as loss.",
    "measure": "What is measured, such as drop.",
    "item": "Of what, where a row lists several.",
    "value": "The figure: a number, 20 % for a share, 3d for a time.",
    "low": "The lower bound of its 95 % interval; without one the figure is taken as known exactly.",
    "high": "The upper bound.",
}
_NUMBERS: Final = ("value", "low", "high")


def read_figures(given: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """Read figures from a file (``.toml``, ``.yaml``, ``.yml`` or ``.csv``), or take them from a mapping of the same form.

    Parameters
    ----------
    given : str, Path or mapping
        ``{"name": "Targets 2025", "figure": [{"stage": "purchase", "row": "loss", "measure": "drop", "value": 0.2}]}``; a
        CSV file has these names as its head. Stage, row, measure and item are those of the map's table.

    Raises
    ------
    ParseError
        If the file cannot be read as what its name says.
    ConfigError
        If a key is not known, or a value is no number.

    Examples
    --------
    >>> read_figures({"figure": [{"stage": "buy", "row": "loss", "measure": "drop", "value": "20 %"}]})["figure"]
    [{'stage': 'buy', 'row': 'loss', 'measure': 'drop', 'item': None, 'value': 0.2, 'low': None, 'high': None}]
    """
    if isinstance(given, Mapping):
        whole, name = given, "figures"
    else:
        path = Path(given)
        whole, name = _of_csv(path) if path.suffix == ".csv" else read_file(path, "figures"), path.name
    known_keys(whole, ("name", "figure"), name)
    lines = whole.get("figure")
    if not isinstance(lines, list | tuple) or not lines:
        raise ConfigError(
            f"{name} has no figures. Fix: begin each with [[figure]], in YAML with a dash below figure:"
        )
    titled = whole.get("name")
    if titled is not None and not isinstance(titled, str):
        raise ConfigError(f"{name}: name {cut(titled)} is no text. Fix: write it in quotes")
    return {
        "name": titled,
        "figure": [_figure(line, f"{name}: figure {i}") for i, line in enumerate(lines, 1)],
    }


def are_figures(given: Any) -> bool:
    """Return whether this is what :func:`read_figures` takes, and no map."""
    if isinstance(given, str | Path):
        return Path(given).suffix in FIGURE_FILES
    return isinstance(given, Mapping) and "figure" in given and "schema" not in given


def figure_cells(
    given: Mapping[str, Any], cells: Sequence[Cell], stages: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield figures as cells of a map.

    Raises
    ------
    ConfigError
        If the map has no such stage, row or measure; the nearest is named.
    """
    for figure in given["figure"]:
        _check(figure, cells, stages)
        yield figure


def _check(figure: Mapping[str, Any], cells: Sequence[Cell], stages: Sequence[str]) -> None:
    for part, known in (("stage", [*stages, None]), ("row", list(ROWS))):
        if figure[part] not in known:
            names = [one for one in known if one is not None]
            raise ConfigError(f"figures: {unknown_name(part, figure[part], names)}")
    here = [cell for cell in cells if cell.row == figure["row"]]
    measures = list(dict.fromkeys(cell.measure for cell in here))
    if figure["measure"] not in measures and nearest(figure["measure"], measures):
        raise ConfigError(f"figures: {unknown_name('measure', figure['measure'], measures)}")
    place = tuple(figure[part] for part in ("stage", "measure", "item"))
    found = [cell for cell in here if (cell.stage, cell.measure, cell.item) == place]
    if not found:
        items = [c.item for c in here if (c.stage, c.measure) == place[:2] and c.item is not None]
        near = nearest(str(figure["item"]), items)
        hint = f"; did you mean {near[0]!r}?" if near else f"; item is one of {cut(items)}" if items else ""
        told = ", ".join(
            f"{part} {figure[part]!r}" for part in ("stage", "row", "measure", "item") if figure[part]
        )
        warn(f"the map has no cell {told}, so its figure is held against nothing{hint}", UnseenNameWarning)
    for cell in found:
        value = figure["value"]
        if cell.unit == "share" and not 0 <= value <= 1:
            raise ConfigError(
                f"{cell.row}.{cell.measure} is a share from 0 to 1, and the figure is {value}. Fix: 0.2, or '20 %'"
            )


def _figure(given: Any, where: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where}: {cut(given)} is no table. Fix: stage, row, measure and value")
    known_keys(given, tuple(FIGURE_KEYS), where)
    found: dict[str, Any] = {}
    for key in FIGURE_KEYS:
        value = given.get(key)
        value = None if isinstance(value, str) and not value.strip() else value
        if value is None and key in ("row", "measure", "value"):
            raise ConfigError(f"{where} has no {key}. Fix: write {key} = ...")
        if key in _NUMBERS:
            found[key] = None if value is None else _number(value, f"{where}: {key}")
        elif value is not None and not isinstance(value, str):
            raise ConfigError(f"{where}: {key} {cut(value)} is no text. Fix: write it in quotes")
        else:
            found[key] = value
    if (found["low"] is None) != (found["high"] is None):
        raise ConfigError(f"{where} has one bound. Fix: write low and high, or none of them")
    return found


def _number(given: Any, where: str) -> float:
    """Return a number; a text may be a share in percent or a time with its unit, which is told in seconds."""
    value = math.nan
    if isinstance(given, int | float) and not isinstance(given, bool):
        value = float(given)
    elif isinstance(given, str):
        text = given.strip()
        try:
            value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
        except ValueError:
            try:
                value = parse_duration(text) / 1e6
            except ConfigError:
                value = math.nan
    if not math.isfinite(value):
        raise ConfigError(f"{where} {cut(given)} is no number. Fix: write it as 0.2, '20 %' or '3d'")
    return value


def _of_csv(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ParseError(
            f"{path}: the figures cannot be read: {error.strerror}. Fix: check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise ParseError(f"{path.name} is no UTF-8 text. Fix: save it as CSV in UTF-8") from error
    head = text.partition("\n")[0]
    lines = list(csv.DictReader(io.StringIO(text), delimiter=";" if ";" in head and "," not in head else ","))
    for number, line in enumerate(lines, 1):
        if None in line:
            raise ParseError(
                f"{path.name}: figure {number} has more fields than the head. Fix: quote its texts"
            )
    return {"figure": lines}
