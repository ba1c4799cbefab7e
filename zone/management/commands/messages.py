"""Keep one Chinese catalogue for our words, Unfold's, and those Django left without Chinese."""

import ast
from argparse import ArgumentParser
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import django
import polib
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[3]
LOCALE = ROOT / "zone" / "locale"
CATALOGUE = LOCALE / "zh_Hans" / "LC_MESSAGES" / "django.po"
ENGLISH = LOCALE / "en" / "LC_MESSAGES" / "django.po"  # in place of what Django says in English
OUR_PACKAGES = ("zone", "crm", "projects")
SKIN = "unfold"
SKIPPED_FOLDERS = {"contrib", "locale", "migrations", "static", "tests"}
KEYWORDS = DEFAULT_KEYWORDS | {f"{name}_lazy": form for name, form in DEFAULT_KEYWORDS.items()}
HEADER = {
    "Language": "zh_Hans",
    "Content-Type": "text/plain; charset=UTF-8",
    "Plural-Forms": "nplurals=1; plural=0;",
}

Text = tuple[str, str, str]  # msgid, context, plural; "" for what it has not


def text_of(entry: polib.POEntry | polib.MOEntry) -> Text:
    return entry.msgid, entry.msgctxt or "", entry.msgid_plural or ""


def read_file(path: Path) -> list[Text]:
    """Return each translatable text of a Python file or a template once."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        # To the tokenizer of Python 3.11 an f-string is one word: the calls inside are repeated
        # below. Since 3.12 it sees them, and they are found twice.
        nodes = ast.walk(ast.parse(source))
        inner = [ast.unparse(node.value) for node in nodes if isinstance(node, ast.FormattedValue)]
        source = "\n".join([source, *inner])
    else:
        # The tokenizer would refuse a template's indentation.
        source = "\n".join(line.strip() for line in templatize(source).split("\n"))
    found = dict[Text, None]()  # a set that keeps the order
    for _line, text, _comments, context in extract("python", BytesIO(source.encode()), KEYWORDS):
        msgid, plural = (text, "") if isinstance(text, str) else text[:2]
        found[msgid, context or "", plural] = None
    return list(found)


def read_folder(folder: Path) -> Iterator[tuple[Text, Path]]:
    for path in sorted(folder.rglob("*.*")):
        folders = path.relative_to(folder).parts[:-1]
        template = "templates" in folders and path.suffix in {".html", ".txt"}
        if (template or path.suffix == ".py") and not SKIPPED_FOLDERS.intersection(folders):
            yield from ((text, path) for text in read_file(path))


def spoken_here() -> Iterator[tuple[Text, str]]:
    """Yield what our packages and the installed parts of Unfold say, and where."""
    for package in OUR_PACKAGES:
        for text, path in read_folder(ROOT / package):
            yield text, path.relative_to(ROOT).as_posix()
    for app in apps.get_app_configs():
        if app.name.partition(".")[0] == SKIN:
            yield from ((text, SKIN) for text, _path in read_folder(Path(app.path)))


def spoken_elsewhere() -> tuple[set[Text], set[Text]]:
    """What Django and installed packages say in Chinese, and what they left in English."""
    homes = [Path(app.path) for app in apps.get_app_configs() if app.name not in OUR_PACKAGES]
    translated, english = set[Text](), set[Text]()
    for home in (Path(django.__file__).parent / "conf", *homes):
        if (binary := home / "locale/zh_Hans/LC_MESSAGES/django.mo").exists():
            translated.update(map(text_of, polib.mofile(str(binary))))
        if (source := home / "locale/en/LC_MESSAGES/django.po").exists():
            english.update(map(text_of, polib.pofile(str(source))))
    singular = {(msgid, context, "") for msgid, context, _plural in translated}
    return translated | singular, english - translated


def wanted(catalogue: polib.POFile) -> list[polib.POEntry]:
    """All that the catalogue must hold; where it corrects Django's Chinese, that stays."""
    elsewhere, left_in_english = spoken_elsewhere()
    entries: dict[tuple[str, str], polib.POEntry] = {}

    def note(text: Text, place: str) -> None:
        msgid, context, plural = text
        blank = polib.POEntry(msgid=msgid, msgctxt=context or None)
        entry = entries.setdefault((msgid, context), blank)
        entry.msgid_plural = entry.msgid_plural or plural
        entry.occurrences = sorted({*entry.occurrences, (place, "")})

    corrected = elsewhere.intersection(map(text_of, catalogue))
    for text, place in spoken_here():
        if place != SKIN or text not in elsewhere - corrected:
            note(text, place)
    for text in left_in_english | corrected:
        if text[:2] not in entries:
            note(text, "django")
    return [entries[key] for key in sorted(entries)]


def merge(catalogue: polib.POFile) -> polib.POFile:
    """The catalogue with new texts added, still empty, and without those out of use."""
    known = {text_of(entry)[:2]: entry for entry in catalogue}
    merged = polib.POFile(wrapwidth=0)
    merged.header = "Put in order by manage.py messages; the translations are written here."
    merged.metadata = dict(HEADER)
    for entry in wanted(catalogue):
        old = known.get(text_of(entry)[:2], entry)
        text = old.msgstr or old.msgstr_plural.get(0, "")  # Chinese has one form for any number
        entry.flags, entry.tcomment = old.flags, old.tcomment
        entry.msgstr, entry.msgstr_plural = ("", {0: text}) if entry.msgid_plural else (text, {})
        merged.append(entry)
    return merged


def gaps(catalogue: polib.POFile) -> list[str]:
    """One line for each text that is not translated, unsure (fuzzy) or no longer used."""
    merged = merge(catalogue)
    used = {text_of(entry) for entry in merged}
    lines = [f"no longer used: {e.msgid!r}" for e in catalogue if text_of(e) not in used]
    for entry in merged.untranslated_entries() + merged.fuzzy_entries():
        places = ", ".join(place for place, _line in entry.occurrences)
        lines.append(f"{'fuzzy' if entry.fuzzy else 'not translated'}: {entry.msgid!r} in {places}")
    return lines


class Command(BaseCommand):
    help = "Collect all texts for translation; --compile them for use, --check for gaps."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--compile", action="store_true", help="write each django.mo")
        parser.add_argument("--check", action="store_true", help="list the gaps, change nothing")

    def handle(self, *args: object, **options: bool) -> None:
        catalogue = polib.pofile(str(CATALOGUE))
        if options["compile"]:
            for source in (CATALOGUE, ENGLISH):
                polib.pofile(str(source)).save_as_mofile(str(source.with_suffix(".mo")))
        elif options["check"]:
            if found := gaps(catalogue):
                raise CommandError("\n".join(["The catalogue has gaps:", *found]))
        else:
            merged = merge(catalogue)
            merged.save(str(CATALOGUE), newline="\n")
            todo = len(merged) - len(merged.translated_entries())
            self.stdout.write(f"{len(merged)} texts, {todo} to translate")
