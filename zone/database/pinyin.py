"""Keys in pinyin, which Chinese names are sorted and found by: the wheels have no ICU collation.

A key reads ``lidiancailiao/ldcl``: all of a name, then its initials. The signs between words are
part of neither.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pypinyin import lazy_pinyin, load_phrases_dict, load_single_dict
from pypinyin.contrib.mmseg import retrain, seg

from zone import identifiers

LONGEST_PINYIN, LONGEST_INITIALS = 200, 50
LONGEST_KEY = LONGEST_PINYIN + 1 + LONGEST_INITIALS
INITIALS = "/"  # stands before them; no part of a word to the trigrams
FEWEST_LETTERS = 2
NUMBER = re.compile(r"\d+", re.ASCII)
# What the library reads otherwise: it takes the 长 of the city for that of 成长.
PLACES = {"长治": "chang zhi", "长钢": "chang gang", "洪洞": "hong tong", "解州": "xie zhou"}
load_phrases_dict({name: [[one] for one in read.split()] for name, read in PLACES.items()})
load_single_dict({ord("晟"): "sheng"})
retrain(seg)
# As surnames they are read differently from elsewhere.
SURNAMES = {
    "单": "shan", "仇": "qiu", "曾": "zeng", "解": "xie", "区": "ou", "查": "zha", "朴": "piao",
    "乐": "yue", "翟": "zhai", "覃": "qin", "郇": "xun", "缪": "miao", "宓": "mi", "秘": "bi",
    "繁": "po", "员": "yun", "种": "chong", "召": "shao", "盖": "ge", "尉迟": "yu chi",
    "万俟": "mo qi", "长孙": "zhang sun",
}  # fmt: skip


@lru_cache(maxsize=10_000)  # names share most of their words
def _read(word: str) -> tuple[str, str]:
    """Return a word in pinyin, and its initials; of other letters these are all."""
    syllables = lazy_pinyin(word)
    if word.isascii():
        return "".join(syllables), "".join(filter(str.isalpha, word))
    return "".join(syllables), "".join(syllable[:1] for syllable in syllables)


def pinyin(name: str) -> str:
    """Return a name in pinyin.

    Word by word, as the library itself reads a text: 长 is chang in 长治 and zhang in 成长.
    """
    return "".join(word for word, _initials in _words(name)).lower()


def key(name: str) -> str:
    """Return what a name is sorted and found by."""
    return _key(_words(name))


def key_of_person(name: str) -> str:
    """Return the same for a person's name, which begins with a surname."""
    surname = next((name[:size] for size in (2, 1) if name[:size] in SURNAMES), "")
    syllables = SURNAMES.get(surname, "").split()
    return _key([*((one, one[0]) for one in syllables), *_words(name.removeprefix(surname))])


def spelled(name: str) -> list[tuple[str, str, str]]:
    """Return the characters of a name, other letters by words, with their pinyin and initials."""
    pieces = []
    for word in seg.cut(name[:LONGEST_PINYIN]):
        syllables = lazy_pinyin(word)
        if word.isascii() or len(syllables) != len(word):
            pieces.append((word, *_read(word)))
        else:
            pieces += [(sign, read, read[:1]) for sign, read in zip(word, syllables, strict=True)]
    return pieces


def _words(name: str) -> list[tuple[str, str]]:
    # The library copies the rest of a text at each word. No character is read as nothing.
    return [*map(_read, seg.cut(identifiers.half_width(name)[:LONGEST_PINYIN]))]


def _key(words: list[tuple[str, str]]) -> str:
    read = NUMBER.sub(_number, "".join(word for word, _first in words))[:LONGEST_PINYIN]
    initials = "".join(first for _word, first in words)[:LONGEST_INITIALS]
    return f"{read}{INITIALS}{initials}".lower() if read else ""


def _number(found: re.Match) -> str:
    """Write a number so that 2 stands before 10: with the count of its digits before it."""
    digits = found[0].lstrip("0") or "0"
    return f"{min(len(digits), 9)}{digits}"


def is_pinyin(word: str) -> bool:
    """Whether ``word`` may be pinyin or initials of a name."""
    return len(word) >= FEWEST_LETTERS and word.isascii() and word.isalpha()


def part_of_key(word: str) -> str:
    """Return what a key holds where ``word`` finds it.

    Two letters are in most keys, and only found where initials begin with them.
    """
    return word if len(word) > FEWEST_LETTERS else INITIALS + word
