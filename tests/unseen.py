"""Characters for the tests of texts: one of each kind that nobody sees, and those that break."""

import pytest

UNSEEN = {
    "soft hyphen": "\u00ad",
    "grapheme joiner": "\u034f",
    "Arabic letter mark": "\u061c",
    "Hangul filler": "\u115f",
    "Hangul vowel filler": "\u1160",
    "Khmer vowel": "\u17b4",
    "Mongolian selector": "\u180b",
    "Mongolian separator": "\u180e",
    "zero width space": "\u200b",
    "zero width joiner": "\u200d",
    "right-to-left mark": "\u200f",
    "override": "\u202e",
    "word joiner": "\u2060",
    "invisible plus": "\u2064",
    "unassigned": "\u2065",
    "isolate": "\u2066",
    "blank of Braille": "\u2800",
    "Hangul letter filler": "\u3164",
    "private": "\ue000",
    "variation selector": "\ufe0f",
    "byte order mark": "\ufeff",
    "half-width filler": "\uffa0",
    "reserved": "\ufff0",
    "annotation": "\ufff9",
    "shorthand control": "\U0001bca0",
    "musical control": "\U0001d173",
    "tag": "\U000e0041",
    "selector of the supplement": "\U000e0100",
    "no character": "\ufdd0",
}
BREAKING = {
    "NUL": "\0",
    "escape": "\x1b",
    "delete": "\x7f",
    "bell of C1": "\x87",
    "next line": "\x85",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "vertical tab": "\v",
    "form feed": "\f",
    "half a character": "\ud800",
}
WITHIN_LINES = {"line feed": "\n", "carriage return": "\r", "tab": "\t"}
USUAL = {"zero width space", "override", "Hangul letter filler", "escape", "line separator", "tab"}


def each(signs: dict[str, str]) -> list:
    """Return a parameter for each sign; the plain run takes the usual ones alone."""
    rare = pytest.mark.slow
    return [
        pytest.param(sign, id=name, marks=() if name in USUAL else rare)
        for name, sign in signs.items()
    ]


# All in one text, for doors where each by itself would take too long.
ALL_UNSEEN = "".join(UNSEEN.values())
