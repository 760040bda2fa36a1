"""Pseudonyms: no clear id leaves the door, and the same id is the same pseudonym everywhere."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.errors import ConfigError, DataQualityError, LoadWarning, MissingColumnError
from journeylog.reporting.sourcelist import read_source_list

KEY = bytes(range(32))
IDS = [f"person-{k}" for k in range(6)]
ROLES = {"actor": "who", "event": "what", "time": "when", "tz": "UTC"}
HIDDEN = jl.Pseudonyms(KEY, columns=["user"])


def expected(text: str) -> str:
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


def frame() -> pd.DataFrame:
    rows = [
        (IDS[0], None, "home", "2025-01-06 10:00", "e1"),
        (IDS[0], IDS[1], "login", "2025-01-06 10:05", "e2"),
        (IDS[2], "undefined", "home", "2025-01-06 11:00", "e3"),
        (IDS[2], IDS[3], "home", "yesterday", "e4"),
        (IDS[4], IDS[3], None, "2025-01-06 11:10", "e5"),
        ("guest", IDS[3], "home", "2025-01-06 11:10", "e6"),
        (IDS[0], IDS[5], "home", "2025-01-06 10:00", "e1"),
        ("", IDS[3], "home", IDS[5], "e7"),
        (IDS[1], None, "pay", "2025-01-06 12:00", "e8"),
    ]
    return pd.DataFrame(rows, columns=["who", "user", "what", "when", "id"]).astype("str")


def read(data: Any = None, key: Any = HIDDEN, **how: Any) -> jl.EventLog:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LoadWarning)
        return jl.read(
            frame() if data is None else data, **{**ROLES, "event_id": "id", **how}, pseudonym_key=key
        )


def everything(log: jl.EventLog, folder: Path) -> str:
    """All that a log shows or writes."""
    shown = [repr(log), log._repr_html_(), json.dumps(log.describe(), default=str), log.to_pandas().to_csv()]
    shown.append(log.rejects.to_pandas().to_csv())
    shown.append(log.save(folder / "log.arrow").read_bytes().decode("latin-1"))
    shown.append(jl.Rejects(log.rejects).save(folder / "rejects.jsonl").read_text())
    shown.append(jl.Rejects(log.rejects).save(folder / "rejects.parquet").read_bytes().decode("latin-1"))
    return "\n".join(shown)


def containers(folder: Path) -> dict[str, Any]:
    data = frame()
    broken = '{"who": "person-0", "what": "ho\n'
    (folder / "a.csv").write_text(data.to_csv(index=False) + "person-3,person-4\n")
    (folder / "a.jsonl").write_text(data.to_json(orient="records", lines=True) + broken)
    data.to_parquet(folder / "a.parquet")
    return {"frame": data, **{s: folder / f"a.{s}" for s in ("csv", "jsonl", "parquet")}}


@pytest.mark.parametrize("kind", ["frame", "csv", "jsonl", "parquet"])
def test_no_clear_id_is_to_be_found(tmp_path: Path, kind: str) -> None:
    clear = read(containers(tmp_path)[kind], key=None)
    assert "person-" in everything(clear, tmp_path)
    hidden = read(containers(tmp_path)[kind])
    found = everything(hidden, tmp_path)
    assert "person-" not in found
    assert KEY.hex() not in found
    assert hidden.card.to_dict() | {"notes": []} == clear.card.to_dict() | {"notes": []}
    columns = ["file", "row", "line", "column", "reason"]
    assert hidden.rejects.select(columns).equals(clear.rejects.select(columns))
    assert set(hidden.rejects.column("raw_kind").to_pylist()) == {"hmac"}
    assert hidden.rejects.column("raw").to_pylist() == [
        expected(raw) for raw in clear.rejects.column("raw").to_pylist()
    ]


def test_ids_become_their_hmac_and_stay_who_they_were() -> None:
    clear, hidden = read(key=None).to_pandas(), read().to_pandas()
    key = ["time", "event"]
    both = clear.sort_values(key).reset_index(drop=True), hidden.sort_values(key).reset_index(drop=True)
    assert [expected(a) for a in both[0]["actor"]] == both[1]["actor"].tolist()
    assert both[1]["user"].dropna().tolist() == [expected(IDS[1]), "undefined"]
    assert hidden["actor"].tolist() == sorted(hidden["actor"])  # the order says nothing about the ids


def test_messages_show_no_content() -> None:
    with pytest.warns(LoadWarning) as told:
        jl.read(frame(), **ROLES, event_id="id", pseudonym_key=HIDDEN)
    with pytest.raises(DataQualityError) as raised:
        jl.read(frame(), **ROLES, event_id="id", pseudonym_key=HIDDEN, on_error="raise")
    for text in (*(str(w.message) for w in told), str(raised.value)):
        assert "person-" not in text


def test_logs_with_one_key_still_join_and_stitch() -> None:
    clear, hidden = read(key=None), read()
    stitched = [jl.stitch(log, by="user") for log in (clear, hidden)]
    assert stitched[0].n_actors == stitched[1].n_actors < clear.n_actors
    assert {expected(a) for a in stitched[0].chunk.actors.to_pylist()} == set(
        stitched[1].chunk.actors.to_pylist()
    )
    assert expected("undefined") not in stitched[1].chunk.actors.to_pylist()
    assert "person-" not in repr(jl.identity(hidden, by="user"))


def test_maps_and_links_are_hidden_by_the_same_key(tmp_path: Path) -> None:
    log = read(key=None)
    clear = jl.identity(log, by="user", policy="merge").map
    hidden = jl.identity(read(), by="user", policy="merge").map
    under = clear.under(KEY)
    assert under.to_arrow().equals(hidden.to_arrow())
    for suffix in ("json", "parquet"):
        assert b"person-" not in hidden.save(tmp_path / f"map.{suffix}").read_bytes()
    assert jl.stitch(read(), under).chunk.actors.equals(jl.stitch(read(), hidden).chunk.actors)
    table = pd.DataFrame({"a": IDS[:2], "b": IDS[2:4], "at": ["2025-01-06", "2025-01-07"]})
    how = {"start": "a", "end": "b", "time": "at", "tz": "UTC"}
    links = jl.links(table, **how, pseudonym_key=KEY)
    assert sorted(links.ids.to_pylist()) == sorted(map(expected, IDS[:4]))
    assert (
        jl.identity(jl.links(table, **how))
        .map.under(KEY)
        .to_arrow()
        .equals(jl.identity(links).map.to_arrow())
    )
    with pytest.raises(ConfigError, match="use the key first"):
        clear.forget(IDS[1]).under(KEY)


def test_without_a_key_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT_KEY", "123")
    monkeypatch.setenv("EMPTY_KEY", "")
    monkeypatch.delenv("NO_KEY", raising=False)
    for key, says in (
        ("NO_KEY", "holds no key"), ("EMPTY_KEY", "holds no key"), ("", "holds no key"), ("SHORT_KEY", "3 bytes"),
        (b"", "0 bytes"), (b"short", "5 bytes"), (12, "int"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=says):
            read(key=key)
    with pytest.raises(ConfigError, match="NoneType"):
        jl.Pseudonyms(None)  # type: ignore[arg-type]


def test_the_key_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "a key of enough bytes")
    by_name, by_value = read(key="SHOP_KEY"), read(key=b"a key of enough bytes")
    assert by_name.chunk.actors.equals(by_value.chunk.actors)
    listed = read(key={"key": "SHOP_KEY", "columns": ["user"]})  # as a source list writes it
    assert listed.chunk.category("user").labels.equals(
        read(key=jl.Pseudonyms("SHOP_KEY", "user")).chunk.category("user").labels
    )
    for wrong in ({"columns": ["user"]}, {"key": "SHOP_KEY", "colums": ["user"]}):
        with pytest.raises(ConfigError, match="is no key"):
            read(key=wrong)
    other = read(key=b"another key of enough bytes")
    assert not set(other.chunk.actors.to_pylist()) & set(by_name.chunk.actors.to_pylist())


def test_the_key_is_not_shown() -> None:
    for text in (repr(HIDDEN), str(HIDDEN), repr(HIDDEN.but("more"))):
        assert str(KEY) not in text and KEY.hex() not in text and HIDDEN.fingerprint in text
    assert HIDDEN.but("user", "more").columns == ("user", "more")
    assert pickle.loads(pickle.dumps(HIDDEN)).of(["x"]) == HIDDEN.of(["x"]) == [expected("x")]
    assert jl.Pseudonyms(KEY, "user").columns == ("user",)


def test_a_column_that_is_not_there_is_told_and_an_empty_log_is_fine() -> None:
    with pytest.raises(MissingColumnError, match="did you mean 'user'"):
        read(key=jl.Pseudonyms(KEY, ["usr"]))
    empty = jl.read(io.BytesIO(b"who,user,what,when\n"), **ROLES, pseudonym_key=HIDDEN)
    assert empty.n_events == 0
    with pytest.raises(ConfigError, match="hide ids first"):
        HIDDEN.on(read().then(jl.Sessions()))


def test_numbers_that_are_ids_are_hidden_as_texts() -> None:
    log = read(frame().assign(user=pd.array([None, 7, 8, 7, 7, 7, 7, 7, 9], dtype="Int64")))
    assert set(log.to_pandas()["user"].dropna()) == {expected("7"), expected("8"), expected("9")}


def test_a_source_list_names_the_variable_and_never_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame().to_csv(tmp_path / "a.csv", index=False)
    source = [
        '[[source]]', 'name = "clicks"', 'path = "a.csv"', *(f'{role} = "{column}"' for role, column in ROLES.items()),
        'event_id = "id"', 'pseudonym_key = { key = "SHOP_KEY", columns = ["user"] }',
    ]  # fmt: skip
    (tmp_path / "shop.toml").write_text("\n".join(['stitch = "user"', *source]))
    monkeypatch.delenv("SHOP_KEY", raising=False)
    with pytest.raises(ConfigError, match="'SHOP_KEY' holds no key"):
        read_source_list(tmp_path / "shop.toml").load()
    monkeypatch.setenv("SHOP_KEY", "a key of enough bytes")
    with pytest.warns(LoadWarning):
        log = read_source_list(tmp_path / "shop.toml").load()
    assert "person-" not in everything(log, tmp_path)
    clear = jl.stitch(read(key=None), by="user")
    assert sorted(jl.Pseudonyms("SHOP_KEY").of(clear.chunk.actors.to_pylist())) == sorted(
        log.chunk.actors.to_pylist()
    )
