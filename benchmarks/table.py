"""The printed result: ratios to journeylog, then the targets."""

from __future__ import annotations

from benchmarks.contenders import CONTENDERS, FILE_TASKS, LOG_TASKS, PEERS
from benchmarks.measure import Measured
from benchmarks.targets import Verdict, ratio

TITLES = {
    "file_mean": "(a) file to counts, mean time",
    "file_median": "(a) file to counts, mean and median",
    "process_file_mean": "    the whole process, imports too: mean",
    "process_file_median": "    the whole process: mean and median",
    "log_mean": "(b) loaded: counts, mean time",
    "log_median": "(b) loaded: counts, mean and median",
    "sessions": "(c) sessions, gap 30 min",
    "funnel": "(d) funnel, 3 steps in 7 days",
    "one_pass": "    one NumPy pass over the codes and times",
    "load": "    loading alone",
}


def times_table(label: str, found: dict[str, Measured], base: str) -> str:
    """Show shortest time over the base's shortest, and the same of the medians in brackets."""
    contenders = [name for name in (*CONTENDERS, *PEERS) if name in found]
    lines = [f"{label}: time / {base}'s time, of the shortest (of the medians)", header(contenders)]
    for task in ("load", *FILE_TASKS, *LOG_TASKS):
        if any(task in measured.seconds for measured in found.values()):
            lines.append(row(TITLES[task], [compared(found[name], found[base], task) for name in contenders]))
    lines.append(row("(e) peak memory of (a)", [peak(found[name], found[base]) for name in contenders]))
    return "\n".join(lines)


def targets_table(verdicts: list[Verdict]) -> str:
    width = max(len(verdict.text) for verdict in verdicts)
    lines = ["Targets (they are set for the full size; smaller logs are shown, not judged)"]
    for verdict in verdicts:
        word = "FAILS" if verdict.holds is False else "holds" if verdict.holds else verdict.silence
        value = "" if verdict.value is None else f"{verdict.value:.3g}"
        lines.append(f"{verdict.text:<{width}}  {verdict.limit:>13}  {value:>8}  {word}")
    return "\n".join(lines)


def header(contenders: list[str]) -> str:
    return row("", contenders)


def row(title: str, cells: list[str]) -> str:
    return f"{title:<46}" + "".join(f"{cell:>17}" for cell in cells)


def compared(measured: Measured, base: Measured, task: str) -> str:
    """Return a cell such as ``41.3 (39.8)``; a dash where the tool or the base cannot do the task."""
    shortest = ratio(measured.best(task), base.best(task))
    middle = ratio(measured.middle(task), base.middle(task))
    return "-" if shortest is None or middle is None else f"{shortest:.3g} ({middle:.3g})"


def peak(measured: Measured, base: Measured) -> str:
    """Return the ratio of the peaks; a tool that has no mean times is seen with medians."""
    task = "file_mean" if "file_mean" in measured.peak else "file_median"
    value = ratio(measured.highest(task), base.highest(task))
    return "-" if value is None else f"{value:.3g}"
