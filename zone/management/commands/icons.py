"""Cut the skin's icon font down to the icons that pages can show: 25 KB instead of 292."""

import re
from argparse import ArgumentParser
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from fontTools import subset
from fontTools.ttLib import TTFont

FILE = Path(settings.BASE_DIR) / "zone" / "static" / "zone" / "icons.woff2"
WHOLE = "static/unfold/fonts/material-symbols/Material-Symbols-Outlined.woff2"
SOURCES = {".html", ".py", ".js"}
OURS = ("zone", "crm", "projects")
WORD, QUOTED = re.compile(r"[a-z0-9_]+"), re.compile(r"(?<=[\"'])[a-z0-9_]+(?=[\"'])")
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"


class Command(BaseCommand):
    help = "Write zone/static/zone/icons.woff2 from the skin's font and the words of the sources"

    def add_arguments(self, parser: ArgumentParser):
        parser.add_argument("--check", action="store_true", help="write nothing; fail if it lacks")

    def handle(self, *, check: bool, **options):
        skin = Path(apps.get_app_config("unfold").path)
        font = TTFont(skin / WHOLE)
        icons = glyphs_by_name(font)
        wanted = icons.keys() & words_of([skin, *(Path(settings.BASE_DIR) / app for app in OURS)])
        if check:
            if lacking := sorted(wanted - glyphs_by_name(TTFont(FILE)).keys()):
                raise CommandError(f"Run manage.py icons: the font lacks {', '.join(lacking)}.")
            return
        cut(font, [icons[name] for name in sorted(wanted)])
        font.flavor = "woff2"
        font.save(FILE)
        self.stdout.write(f"{len(wanted)} icons, {FILE.stat().st_size:,} bytes")


def words_of(folders: list[Path]) -> set[str]:
    """Return what may be an icon's name: each word of a template, each whole text of code."""
    words = set()
    for folder in folders:
        for path in folder.rglob("*.*"):
            if path.suffix in SOURCES:
                text = path.read_text(encoding="utf-8")
                is_template = path.suffix == ".html"
                words.update(WORD.findall(text) if is_template else QUOTED.findall(text))
    return words


def glyphs_by_name(font: TTFont) -> dict[str, str]:
    """Return the glyph of each icon: the font writes ``home`` as a ligature of its letters."""
    letters = {}
    for code, glyph in font.getBestCmap().items():
        letters[glyph] = chr(code).lower()
    found = {}
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for table in lookup.SubTable:
            for first, ligatures in getattr(table, "ExtSubTable", table).ligatures.items():
                for ligature in ligatures:
                    name = "".join(letters[part] for part in (first, *ligature.Component))
                    found[name] = ligature.LigGlyph
    return found


def cut(font: TTFont, glyphs: list[str]):
    # Without the closure: else every ligature of the letters stays, which is every icon.
    options = subset.Options(layout_closure=False, layout_features=["*"], hinting=False)
    options.drop_tables += ["FFTM"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=map(ord, LETTERS), glyphs=glyphs)
    subsetter.subset(font)
