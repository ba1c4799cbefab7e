"""What a password may not be, besides Django's own rules."""

from __future__ import annotations

import unicodedata
from functools import cache

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _
from pypinyin import Style, lazy_pinyin

from zone.identifiers import normal_form

SHORTEST = 2  # a Chinese name


class OwnNamesValidator:
    """Refuses a password that contains the user name, the name or the department."""

    def validate(self, password: str, user=None):
        names = (user.username, user.display_name, user.department) if user else ()
        for name in names:
            if len(name) >= SHORTEST and name.casefold() in password.casefold():
                raise ValidationError(
                    _("The password contains “%(name)s”; please leave out what is known of you."),
                    code="own_name",
                    params={"name": name},
                )

    def get_help_text(self) -> str:
        return _("It does not contain your user name, your name or your department.")


# Letters of a password that no known word covers, and common words of which it needs as many.
OWN_PART = 3
LONGEST_READ = 100  # characters; what is longer is judged by its beginning
# What people write for a letter; I and l look like the figure, so all three are one.
LEET = str.maketrans("0123456789@$!|l", "oizeasgtbgasiii")
FORMS = ("SITE_TITLE", "SITE_HEADER", "SITE_SUBHEADER")
PRODUCT = """
    admin administrator root system user guest test demo manager login logon welcome password
    passwd pass word pwd secret default crm crms zone investment promotion invest changzhi gaoxin
    gaoxinqu kaifaqu zhaoshang yinzi zhaoshangju zhaoshangban guanweihui yuanqu xiangmu qiye
    xiansuo guanli guanliyuan xitong mima denglu yonghu ceshi yanshi shanxi shangdang china
    zhongguo letmein iloveyou woaini
    管理员 系统 密码 登录 用户 测试 演示 默认 招商 招商局 招商办 引资 管委会 高新区
    开发区 园区 项目 企业 线索 长治 长治市 上党 山西 中国 我爱你
"""
ROWS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    *("qaz", "wsx", "edc", "rfv", "tgb", "yhn", "ujm"),
)
SHORTEST_WALK, SHORTEST_COMMON, SHORTEST_INITIALS = 3, 5, 3


class KnownWordsValidator:
    """Refuses what is made of the words of this site, walks on the keyboard and common passwords.

    Figures and signs between or in place of letters do not help; words of one's own do.
    """

    def validate(self, password: str, user=None):
        text = _folded(password[:LONGEST_READ])
        letters = "".join(filter(str.isalpha, text))
        readings = {text, letters, text[::-1], letters[::-1]}
        if any(_own_part(reading) < OWN_PART for reading in readings):
            raise ValidationError(
                _(
                    "The password consists of words that are easily guessed here, with figures "
                    "and signs. Please take several words that have nothing to do with each other "
                    "or with this system; their length protects."
                ),
                code="known_words",
            )

    def get_help_text(self) -> str:
        return _("It does not consist of words of this system, of a keyboard row or of dates.")


def _own_part(text: str) -> int:
    """Return how much of ``text`` no known word covers: letters, and common words as one each.

    Figures and signs count for nothing. One pass over the text: at each place, words of every
    length there is are looked up.
    """
    known, common = _known_words(), _common_words()
    plain = text.translate(LEET)
    least = [0] + [len(text) + 1] * len(text)
    for at, character in enumerate(text):
        least[at + 1] = min(least[at + 1], least[at] + character.isalpha())
        for length in _lengths():
            word = plain[at : at + length]
            cost = 0 if word in known else 1 if word in common else None
            if cost is not None and len(word) == length:
                end = at + length
                least[end] = min(least[end], least[at] + cost)
    return least[-1]


def _folded(text: str) -> str:
    """Return ``text`` without case, width and accents."""
    apart = normal_form(text, "NFKD").casefold()
    return "".join(character for character in apart if not unicodedata.combining(character))


@cache
def _known_words() -> frozenset[str]:
    """Return the words of this site, in Chinese, pinyin and English, as ``LEET`` leaves them."""
    texts = [*_texts_of_the_site(), *_folded(PRODUCT).split()]
    found = {word for row in ROWS for word in _pieces(row, SHORTEST_WALK)}
    for text in texts:
        if text.isascii():
            found |= {word for word in text.split() if len(word) > 2}
        else:
            found |= _in_chinese(text)
    found |= {character * SHORTEST_WALK for character in "abcdefghijklmnopqrstuvwxyz"}
    return frozenset(word.translate(LEET) for word in found)


def _texts_of_the_site() -> list[str]:
    from zone.models import Appointment  # validators are loaded before the models

    labels = [settings.UNFOLD[name] for name in FORMS] + list(Appointment.Role.labels)
    texts = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            texts += [_folded(str(label)).replace("-", " ") for label in labels]
    texts += [role.replace("_", " ").casefold() for role in Appointment.Role.values]
    return texts


def _in_chinese(text: str) -> set[str]:
    """Return the pieces of a Chinese text, each also in pinyin and by its initials."""
    syllables = lazy_pinyin(text)
    initials = "".join(lazy_pinyin(text, style=Style.FIRST_LETTER))
    return {
        *_pieces(text, 1),
        *syllables,
        *_pieces(initials, SHORTEST_INITIALS),
    }


def _pieces(text: str, shortest: int) -> set[str]:
    """Return everything that stands in ``text`` in one piece, forwards and backwards."""
    ends = range(shortest, len(text) + 1)
    pieces = {text[start:end] for end in ends for start in range(end - shortest + 1)}
    return pieces | {piece[::-1] for piece in pieces}


@cache
def _common_words() -> frozenset[str]:
    """Return the words among the common passwords: Django's list, without figures and signs."""
    words = {"".join(filter(str.isalpha, word)) for word in CommonPasswordValidator().passwords}
    return frozenset(word.translate(LEET) for word in words if len(word) >= SHORTEST_COMMON)


@cache
def _lengths() -> tuple[int, ...]:
    return tuple({len(word) for word in _known_words() | _common_words()})
