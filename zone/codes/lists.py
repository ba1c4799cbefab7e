"""The names of standard codes: industries (GB/T 4754-2017) and regions (GB/T 2260, of 2023).

Each line of a table is a code, its name and the name's key in pinyin. A code that is not in the
table is kept all the same: standards are amended, and other systems send what they have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from zone import identifiers
from zone.database import pinyin

SHOWN = 30  # of what is found
LONGEST = 50  # signs that are looked for
SHORTEST = 3  # signs of a code that is chosen: a section, "C", only stands above others


@dataclass(frozen=True)
class Code:
    """One line of a table: ``path`` are the names above it, from the top."""

    code: str
    name: str
    key: str
    path: tuple[str, ...] = ()

    @cached_property
    def folded(self) -> str:
        return identifiers.folded(self.name)

    @property
    def label(self) -> str:
        return f"{self.code} {self.name}"

    def fits(self, term: str) -> int:
        """Return how well the folded ``term`` finds the line, from 1; 0 when it does not."""
        if self.code.startswith(term.upper()):
            return 5 if self.code == term.upper() else 3
        if term in self.folded:
            return 4 if self.folded.startswith(term) else 2
        if not pinyin.is_pinyin(term):
            return 1 if _in_order(term, self.folded) else 0
        term = term.lower()
        if self.key.startswith(term) or f"/{term}" in self.key:
            return 2
        return 1 if len(term) > 2 and term in self.key else 0


def _in_order(term: str, name: str) -> bool:
    """Whether the signs of ``term`` stand in ``name`` one after the other: 锂电 in 锂离子电池."""
    signs = iter(name)
    return len(term) > 1 and all(sign in signs for sign in term)


@dataclass(frozen=True)
class CodeList:
    """The lines of a table, in the order of their codes."""

    lines: tuple[Code, ...]
    by_code: dict[str, Code]
    by_name: dict[str, tuple[Code, ...]]

    def name(self, code: str) -> str:
        """Return the whole name of a code, with what stands above it; "" for an unknown one."""
        line = self.by_code.get(code)
        return " ".join((*line.path, line.name)) if line else ""

    def label(self, code: str) -> str:
        """Return a code with its own name, as a form shows it."""
        line = self.by_code.get(code)
        return line.label if line else code

    def find(self, term: str) -> list[Code]:
        """Return the lines that fit best: by code, name, pinyin or initials."""
        term = identifiers.folded(term)[:LONGEST]
        if not term:
            return []
        found = [(line.fits(term), line) for line in self.lines]
        # What fits only just is a help where nothing else does.
        found = [one for one in found if one[0] > 1] or [one for one in found if one[0]]
        # Of those that fit alike, the wider ones first.
        found.sort(key=lambda one: (-one[0], len(one[1].path), one[1].code))
        return [line for _fits, line in found[:SHOWN]]

    def code_of(self, text: str) -> str:
        """Return the code that ``text`` means: itself, with its name behind, or a name of one."""
        text = identifiers.line(text)
        head = text.split(" ", 1)[0]
        if head in self.by_code:
            return head
        named = self.by_name.get(identifiers.folded(text), ())
        return named[0].code if len(named) == 1 else text


def _list(name: str, above) -> CodeList:
    text = (Path(__file__).parent / f"{name}.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()]
    names = {code: name for code, name, _key in rows}
    lines = [
        Code(code, name, key, tuple(names[one] for one in above(code) if one in names))
        for code, name, key in rows
    ]
    return _indexed(line for line in lines if len(line.code) >= SHORTEST)


def _indexed(lines: Iterable[Code]) -> CodeList:
    lines, by_name = tuple(lines), {}
    for line in lines:
        for name in {line.name, " ".join((*line.path, line.name))}:
            key = identifiers.folded(name)
            by_name[key] = (*by_name.get(key, ()), line)
    return CodeList(lines, {line.code: line for line in lines}, by_name)


@cache
def industries() -> CodeList:
    """Return the industries: sections stand above, divisions, groups and classes are chosen."""
    return _list("industries", lambda code: [code[:n] for n in (1, 3, 4) if n < len(code)])


@cache
def regions() -> CodeList:
    """Return provinces, cities and counties."""

    def above(code: str) -> list[str]:
        return [one for one in (code[:2] + "0000", code[:4] + "00") if one != code]

    return _list("regions", above)


LISTS = {"industry": industries, "region": regions}
