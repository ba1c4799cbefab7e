"""Where the words of a search stand in a text: as written, in pinyin, or as initials."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, groupby
from typing import NamedTuple

from zone import identifiers
from zone.database import pinyin


class Piece(NamedTuple):
    text: str
    is_hit: bool


def marked(text: str, words: Iterable[str]) -> list[Piece]:
    """Return ``text`` in pieces, those that one of ``words`` finds and those between."""
    hits = {place for word in words for place in places(text, word)}
    runs = groupby(range(len(text)), key=hits.__contains__)
    return [Piece("".join(text[place] for place in run), is_hit) for is_hit, run in runs]


def places(text: str, word: str) -> set[int]:
    """Return the places in ``text`` of the characters that ``word`` finds."""
    if at := covered([identifiers.folded(sign) for sign in text], word):
        return at
    if not pinyin.is_pinyin(word):
        return set()
    pieces = pinyin.spelled(text)
    for read in ([piece[1] for piece in pieces], [piece[2] for piece in pieces]):
        if at := covered(read, word):
            ends = [0, *accumulate(len(piece[0]) for piece in pieces)]
            return {place for n in at for place in range(ends[n], ends[n + 1])}
    return set()


def covered(read: list[str], word: str) -> set[int]:
    """Return which of ``read``, one after the other, hold a part of ``word``."""
    begin = "".join(read).upper().find(word.upper())
    if begin < 0 or not word:
        return set()
    found, at = set(), 0
    for number, part in enumerate(read):
        if at < begin + len(word) and at + len(part) > begin:
            found.add(number)
        at += len(part)
    return found
