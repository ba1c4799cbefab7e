"""Templates without the indentation between their tags: a quarter of a page."""

from __future__ import annotations

from django.template import Origin
from django.template.loaders import app_directories


class Loader(app_directories.Loader):
    def get_contents(self, origin: Origin) -> str:
        text = super().get_contents(origin)
        is_page = origin.name.endswith(".html") and "<pre" not in text and "<textarea" not in text
        return compact(text) if is_page else text


def compact(text: str) -> str:
    """Take the blanks between a tag at a line's end and one at the next line's start.

    What is translated keeps its blanks: it is looked up with them.
    """
    lines, is_translated = [""], False
    for line in text.splitlines():
        bare, before = line.strip(), lines[-1].rstrip()
        if not is_translated and before[-1:] in (">", "}") and bare[:1] in ("<", "{", ""):
            lines += [bare] if bare else []
        else:
            lines.append(line)
        if "{% blocktrans" in line or "{% endblocktrans" in line:
            is_translated = line.rfind("{% blocktrans") > line.rfind("{% endblocktrans")
    return "\n".join(lines[1:]) + "\n" * text.endswith("\n")
