"""Words of what customers wrote: found in whole columns at once, without those that say nothing."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["STOP_WORDS", "has_words", "words_of"]

_COMMON: Final = """
    about after again all also always and any are because been before being but can cannot could did does doing don done
    down even ever every few for from get gets getting give gives going got had has have having her here him his how its
    just let like made make many may more most much must nor not now off once one only other our out over own really same
    say says shall she should since some still such than that the their them then there these they this those though
    through too two under until use used very want was way were what when where which while who why will with without
    won would yet you your
    без бы был была были было быть вам вас ваш ваша ваше ваши весь вот все всегда всего всем всех всё где даже для его
    если есть ещё еще зачем здесь или иногда как какая какие какой когда конечно которая которые который кто куда лишь
    меня мне много может можно мой мои моя нас наш наша наши него нее неё ней нет нибудь никогда ним них ничего
    один она они оно опять перед под пока после потом потому почему почти при про просто раз разве сам сама само
    свой свои себе себя сейчас так также такая такие такой там тебе тебя тем теперь того тоже только том тот три тут уже
    хоть хотя чего чем через что чтоб чтобы чуть эта эти это этого этой этом этот эту
"""
#: Words of English and Russian that stand in every text.
STOP_WORDS: Final = frozenset(_COMMON.split())
_PRIVATE = r"\S*@\S*|(?i:https?://|www\.)\S*"
_SHORTEST = 3
_LONGEST = 40


def has_words(texts: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which texts hold a word of two letters at least."""
    found = pc.match_substring_regex(texts, r"\p{L}{2}").fill_null(False)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def words_of(texts: pa.Array) -> tuple[npt.NDArray[np.int64], pa.Array]:
    """Return the words of texts, each with the position of its text; a word counts once for a text.

    Words are runs of letters in small letters, of three letters and more; addresses, names at a service and stop words
    are left out.

    Examples
    --------
    >>> import pyarrow as pa
    >>> row, words = words_of(pa.array(["Waited for the box, waited!", None, "ann@example.com"]))
    >>> row.tolist(), words.to_pylist()
    ([0, 0], ['waited', 'box'])
    """
    plain = pc.utf8_lower(pc.replace_substring_regex(pc.fill_null(texts, ""), _PRIVATE, " "))
    parts = pc.split_pattern_regex(plain, r"[^\p{L}]+")
    row = pc.list_parent_indices(parts).to_numpy(zero_copy_only=False).astype(np.int64)
    words = pc.list_flatten(parts)
    size = pc.utf8_length(words).to_numpy(zero_copy_only=False)
    stop = pc.is_in(words, pa.array(sorted(STOP_WORDS), words.type)).to_numpy(zero_copy_only=False)
    kept = np.flatnonzero((size >= _SHORTEST) & (size <= _LONGEST) & ~stop)
    row, words = row[kept], words.take(pa.array(kept))
    codes = words.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    once = np.unique(row * (len(codes) + 1) + codes, return_index=True)[1]
    once.sort()
    return row[once], words.take(pa.array(once))
