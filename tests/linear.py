"""The judge of linear time, and the texts that a pattern would be slow with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from random import Random
from re import _constants as op
from re import _parser as parser
from time import process_time

# 200 ms for 100 KB: of ours the slowest takes 47 on Python 3.11 and 85 on 3.12 and 3.13. What is
# slower than linear and yet within this shows by its growth.
A_BYTE = 2e-6  # seconds
A_CALL = 0.003
GROWTH = 15  # of the time, while the text grows tenfold
TRIES = 7  # the best counts: a busy machine only ever takes longer
# So many bytes, and how many of the texts go on to them: those that took longest before.
# What is cubic fails at a thousand characters, before it holds the test up.
STEPS = ((20, None), (1_000, None), (10_000, 40), (100_000, 8), (1_000_000, 3))


@dataclass(frozen=True)
class Text:
    """A text of so many bytes in UTF-8: ``pump`` over and over, between two ends."""

    before: str
    pump: str
    after: str = ""

    def of(self, size: int) -> str:
        room = size - length(self.before + self.after)
        return self.before + self.pump * (room // length(self.pump)) + self.after


def length(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def fault(work: Callable, texts: Iterable[Text], largest: int = 1_000_000) -> str:
    """Say why ``work`` takes more than linear time with one of ``texts``; "" when it does not."""
    texts, before = list(texts), {}
    for size, most in STEPS:
        if size > largest:
            break
        texts = sorted(texts, key=lambda text: -before.get(text, 0))[:most]
        taken = {}
        for text in texts:
            limit = A_CALL + size * A_BYTE
            if size >= 100_000:
                limit = min(limit, size * 1e-7 + GROWTH * before[text])
            taken[text] = best(work, text.of(size), limit)
            if taken[text] > limit:
                return f"{taken[text] * 1000:.0f} ms for {size:,} bytes: {text}"
        before = taken
    return ""


def best(work: Callable, text: str, limit: float) -> float:
    """Return the least time of some runs; one below the limit is enough."""
    found = once(work, text)
    for again in range(TRIES - 1):
        # Beyond hope, unless the first run had something to load.
        if found <= limit or (again and found > 20 * limit):
            break
        found = min(found, once(work, text))
    return found


def once(work: Callable, text: str) -> float:
    start = process_time()
    work(text)
    return process_time() - start


def looking(pattern: re.Pattern) -> Callable:
    """Return all that is done with a pattern: to find it everywhere, to fit it to the whole."""

    def look(text):
        text = text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
        for _found in pattern.finditer(text):
            pass
        pattern.fullmatch(text)

    return look


# Outside of what a pattern names: marks on one letter, phrases, quotes, brackets, blanks.
ANYWHERE = [
    Text(before, pump, after)
    for before, pump in [
        ("a", "\u0315\u0300"),
        ("", "\u0344"),
        ("", "\ufdfa"),
        ("", "１３８"),
        ("", "长治"),
        ("", "一五一十"),
        ("", "公司"),
        ("", '\\" '),
        ("", "'\" "),
        ("", "[{("),
        ("", "\n"),
        ("", "\x1b[2K"),
        ("", "\u2028"),
        ("", "\ud800"),
        ("", "9"),
        ("1e", "9"),
        ("0.", "0"),
        ("//", "a"),
        ("", "=HYPERLINK("),
        ("", "&#x31;"),
    ]
    for after in ("", "!")
]


def texts_for(pattern: re.Pattern, samples: int = 6) -> list[Text]:
    """Return texts made of what the pattern looks for: begun again and again, never ended."""
    source = pattern.pattern
    tree = parser.parse(
        source, pattern.flags & ~re.UNICODE if isinstance(source, bytes) else pattern.flags
    )
    made = [maker for seed in range(samples) for maker in [Maker(Random(seed))]]
    pumps = {pump for maker in made for pump in maker.pumps(tree)}
    for maker in made:
        sample = maker.sample(tree)[:60]
        pumps |= {("", sample[:end]) for end in range(1, len(sample) + 1)}
    signs = sorted({sign for maker in made for sign in maker.sample(tree)})[:10]
    pumps |= {("", one + other) for one, other in product(signs, signs)}
    found = {Text(before, pump) for before, pump in pumps if pump}
    found |= {Text(before, pump, "\x01") for before, pump in pumps if pump and len(pump) < 3}
    return sorted(found, key=repr)


class Maker:
    """Writes texts that fit the parts of a pattern; chance decides between what fits."""

    REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
    POOL = "a1-. @/\"'\n\\(中%_:?Z"
    KINDS = {
        op.CATEGORY_DIGIT: str.isdecimal,
        op.CATEGORY_SPACE: str.isspace,
        op.CATEGORY_WORD: lambda sign: sign.isalnum() or sign == "_",
    }
    KINDS |= {
        op.CATEGORY_NOT_DIGIT: lambda sign: not sign.isdecimal(),
        op.CATEGORY_NOT_SPACE: lambda sign: not sign.isspace(),
        op.CATEGORY_NOT_WORD: lambda sign: not (sign.isalnum() or sign == "_"),
    }

    def __init__(self, chance: Random):
        self.chance = chance

    def sample(self, tree) -> str:
        return "".join(self.part(code, value) for code, value in tree)

    def part(self, code, value) -> str:
        if code is op.LITERAL:
            return chr(value)
        if code is op.NOT_LITERAL:
            return self.chance.choice([sign for sign in self.POOL if ord(sign) != value])
        if code is op.ANY:
            return self.chance.choice(self.POOL)
        if code is op.IN:
            return self.chance.choice(self.members(value))
        if code is op.BRANCH:
            return self.sample(self.chance.choice(value[1]))
        if code in self.REPEATS:
            low, high, body = value
            times = min(high, low + self.chance.choice((0, 1, 2)))
            return "".join(self.sample(body) for _time in range(times))
        # Lookarounds and anchors take no room.
        return "".join(map(self.sample, self.bodies(code, value)))

    def bodies(self, code, value) -> list:
        if code is op.SUBPATTERN:
            return [value[3]]
        if code is op.ATOMIC_GROUP:
            return [value]
        if code is op.BRANCH:
            return value[1]
        return [value[2]] if code in self.REPEATS else []

    def members(self, items) -> list[str]:
        """Return some characters of a set."""
        wanted = items[0][0] is not op.NEGATE
        named = [chr(value) for code, value in items if code is op.LITERAL]
        named += [chr(end) for code, value in items if code is op.RANGE for end in value]
        signs = [*named, *self.POOL, "\u0100"]
        return [sign for sign in signs if self.holds(items, sign) is wanted]

    def holds(self, items, sign: str) -> bool:
        return any(
            (code is op.LITERAL and ord(sign) == value)
            or (code is op.RANGE and value[0] <= ord(sign) <= value[1])
            or (code is op.CATEGORY and self.KINDS[value](sign))
            for code, value in items
        )

    def pumps(self, tree, before: str = "") -> Iterator[tuple[str, str]]:
        """Yield (what comes before, what is repeated) for each repeat of a pattern."""
        for code, value in tree:
            if code in self.REPEATS and value[1] > 1:
                yield before, self.sample(value[2])
            for body in self.bodies(code, value):
                yield from self.pumps(body, before)
            before += self.part(code, value)
