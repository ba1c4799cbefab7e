"""Templates without the indentation between their tags: a quarter of a page."""

from __future__ import annotations

import re

from django.template import Origin
from django.template.loaders import app_directories

PAIRS = ("block", "capture", "for", "if", "spaceless", "with")
TAG = re.compile(r"\{%[^%]*%\}|\{#[^#]*#\}")
SILENT = {"elif", "else", "empty", "extends", "load"}
SILENT |= {f"{end}{tag}" for tag in PAIRS for end in ("", "end")}


class Loader(app_directories.Loader):
    def get_contents(self, origin: Origin) -> str:
        text = super().get_contents(origin)
        is_page = origin.name.endswith(".html") and "<pre" not in text and "<textarea" not in text
        return compact(text) if is_page else text


def compact(text: str) -> str:
    """Take the blanks between a tag at a line's end and one at the next line's start.

    A line of tags that write nothing leaves no empty line behind. What is translated keeps its
    blanks: it is looked up with them.
    """
    written, before, is_translated = [], "", False
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        if not is_translated and is_silent(bare):
            line = bare
        elif not is_translated and before[-1:] in (">", "}") and bare[:1] in ("<", "{", ""):
            line = bare + "\n" * (bare != "" and line.endswith("\n"))
        written.append(line)
        before = bare or before
        if "{% blocktrans" in line or "{% endblocktrans" in line:
            is_translated = line.rfind("{% blocktrans") > line.rfind("{% endblocktrans")
    return "".join(written)


def is_silent(line: str) -> bool:
    """Whether a line is nothing but comments and tags that write nothing."""
    tags = TAG.findall(line)
    return bool(tags) and "".join(tags) == line and all(map(_writes_nothing, tags))


def _writes_nothing(tag: str) -> bool:
    name, *words = tag[2:-2].split() or [""]
    keeps = words[-2:-1] == ["as"] and not name.startswith(("include", "blocktrans"))
    return tag.startswith("{#") or name in SILENT or keeps
