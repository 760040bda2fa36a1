"""What customers wrote: the most extreme of each stage, nothing personal, and the same whichever way the log is cut."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import journeylog as jl
from journeylog.core.counts import Counts
from journeylog.core.engine import gather
from journeylog.core.log import EventLog
from journeylog.core.wording import STOP_WORDS
from journeylog.errors import ConfigError, MissingColumnError

DAY = pd.Timestamp("2025-01-06", tz="UTC")
PRIVATE = (
    "Write to ada.lee@example.com or +49 30 1234567, card 4111 1111 1111 1111, order 10000017, I am u042"
)


def written(texts: list[tuple[str, int, str]]) -> EventLog:
    """A log in which each customer pays and then answers: (customer, score, text)."""
    rows = []
    for i, (who, score, text) in enumerate(texts):
        rows += [(who, "pay", 3 * i, None, None), (who, "survey", 3 * i + 1, score, text)]
    frame = pd.DataFrame(rows, columns=["who", "what", "hour", "score", "said"])
    frame["when"] = DAY + pd.to_timedelta(frame["hour"], unit="h")
    log = jl.read(
        frame, actor="who", event="what", time="when", score="score", score_scale="nps", text="said"
    )
    return log.then(jl.Stages({"buy": ["pay"]}))


def test_the_most_extreme_texts_are_told_one_of_a_customer() -> None:
    log = written([("a", 0, "awful thing"), ("a", 1, "bad thing"), ("b", 2, "poor thing"), ("c", 10, "fine thing"),
                   ("d", 5, "so so"), ("e", 3, "dull thing")])  # fmt: skip
    said = log.compute(jl.Voice(top=2)).verbatims
    assert said[["side", "rank", "text"]].to_numpy().tolist() == [
        ["best", 1, "fine thing"],
        ["worst", 1, "awful thing"],
        ["worst", 2, "poor thing"],
    ]
    assert said["n_actors"].tolist() == [1, 3, 3]
    assert said["score"].tolist() == pytest.approx([1.0, -1.0, -0.6])


def test_texts_that_say_the_same_are_one() -> None:
    log = written(
        [(f"u{i}", 0, "never again") for i in range(9)] + [("x", 1, "never again"), ("y", 2, "slow box")]
    )
    said = log.compute(jl.Voice(top=2)).verbatims
    assert said[["text", "n", "n_actors"]].to_numpy().tolist() == [
        ["never again", 9, 11],
        ["slow box", 1, 11],
    ]


def test_nothing_personal_is_counted_nor_told() -> None:
    log = written([(f"u{i:03d}", 0, PRIVATE) for i in range(60)] + [("z", 10, "x@example.com")])
    counts = gather(log.chunk, [jl.Voice()], log.window)[0]
    bare = counts.to_bytes().decode("latin-1")
    for secret in ("ada", "example", "1234567", "4111", "10000017"):
        assert secret not in bare
    said = log.compute(jl.Voice()).verbatims["text"].tolist()
    assert "Write to *** or ***, card ***, order ***, I am ***" in said, "the customer's own id is gone, too"
    assert not any(text.strip("* ") == "" for text in said), "what is nothing but personal is not told"


def test_any_partition_gives_the_same_bytes_also_with_more_texts_than_are_kept() -> None:
    texts = [
        (f"u{i}", i * 7 % 11, f"text number {'abcdefghij'[i % 10]} {'klmno'[i % 5]}") for i in range(200)
    ]
    log = written(texts)
    question = jl.Voice(top=1)
    whole = gather(log.chunk, [question], log.window)[0].to_bytes()
    for cuts in ((0, 200), (0, 7, 200), (0, 1, 50, 51, 199, 200)):
        parts = [log.chunk.slice(a, b) for a, b in itertools.pairwise(cuts)]
        counts = [gather(part, [question], log.window)[0] for part in parts]
        assert Counts.merge(counts[::-1]).to_bytes() == whole
    assert len(gather(log.chunk, [question], log.window)[0]["verbatims"]) < 20, "few texts are kept"


def test_words_are_counted_by_customers() -> None:
    log = written(
        [
            ("a", 9, "Slow, slow box"),
            ("a", 8, "the slow box"),
            ("b", 1, "box of ann@box.example"),
            ("c", 2, "ужасно"),
        ]
    )
    words = log.compute(jl.Voice()).words
    by_hand = Counter({"box": 2, "slow": 1, "ужасно": 1})
    assert dict(zip(words["word"], words["n_actors"], strict=True)) == by_hand
    assert words["n_node_actors"].unique().tolist() == [3]
    assert words["share"].tolist() == pytest.approx([2 / 3, 1 / 3, 1 / 3])
    assert not STOP_WORDS & set(words["word"])


def test_the_map_tells_it_only_when_asked_and_masks_it(tmp_path: Path) -> None:
    log = written(
        [(f"u{i}", 0, "never again") for i in range(4)] + [(f"v{i}", 10, "lovely thing") for i in range(6)]
    )
    silent = jl.JourneyMap("pay").fill(log)
    assert not any(cell.row == "voice" for cell in silent.cells)
    spoken = jl.JourneyMap("pay", voice=True).fill(log)
    cell = spoken.cell("buy", "voice", "worst", "never again")
    assert cell is not None and (cell.value, cell.n) == (-1.0, 4)
    for file in ("map.html", "map.json", "map.md", "map.xlsx"):
        page = spoken.save(tmp_path / file).read_bytes()
        assert b"never" not in page
        assert b"lovely" in page or file == "map.xlsx"


def test_what_cannot_be_asked_is_told() -> None:
    log = written([("a", 0, "awful")])
    with pytest.raises(MissingColumnError, match="texts"):
        log.compute(jl.Voice(text="score"))
    with pytest.raises(MissingColumnError, match="no column 'comment'"):
        log.compute(jl.Voice(text="comment"))
    with pytest.raises(ConfigError, match="top=0"):
        jl.Voice(top=0)
