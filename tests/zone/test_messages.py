import gettext
import re
from pathlib import Path

import polib
import pytest

from zone.management.commands import messages

NAMED = re.compile(r"%\(\w+\)[a-zA-Z]|\{\w+\}")
POSITIONAL = re.compile(r"%[sdrif]|\{\}")


def catalogue() -> polib.POFile:
    return polib.pofile(str(messages.CATALOGUE))


def chinese(entry: polib.POEntry) -> str:
    return entry.msgstr_plural[0] if entry.msgid_plural else entry.msgstr


def placeholders(text: str) -> tuple[set[str], list[str]]:
    """Named ones may be repeated, positional ones must keep number and order."""
    text = text.replace("%%", "")
    return set(NAMED.findall(text)), POSITIONAL.findall(text)


def test_every_text_is_translated_and_none_is_out_of_use():
    gaps = messages.gaps(catalogue())
    assert gaps == [], "run manage.py messages, then translate:\n" + "\n".join(gaps)


def test_translations_keep_the_placeholders():
    wrong = [
        f"{entry.msgid!r} -> {chinese(entry)!r}"
        for entry in catalogue().translated_entries()
        if placeholders(entry.msgid_plural or entry.msgid) != placeholders(chinese(entry))
    ]
    assert wrong == [], "placeholders differ:\n" + "\n".join(wrong)


def test_translations_have_no_exclamation_mark_and_no_half_width_sentence_end():
    wrong = [
        f"{entry.msgid!r} -> {chinese(entry)!r}"
        for entry in catalogue().translated_entries()
        if re.search(r"[!！]|[\u4e00-\u9fff][,.;:?]", chinese(entry))
    ]
    assert wrong == [], "wrong punctuation:\n" + "\n".join(wrong)


def test_compiled_catalogue_says_what_the_source_says():
    compiled = messages.CATALOGUE.with_suffix(".mo")
    if not compiled.exists():
        pytest.skip("not compiled: make messages")
    expected = {messages.text_of(e): chinese(e) for e in catalogue().translated_entries()}
    actual = {messages.text_of(e): chinese(e) for e in polib.mofile(str(compiled))}
    stale = sorted(text[0] for text, _chinese in expected.items() ^ actual.items())
    assert stale == [], "run make messages; stale in django.mo:\n" + "\n".join(stale)


def test_what_django_says_otherwise_in_english_is_said_otherwise_in_chinese_too():
    english = {messages.text_of(entry) for entry in polib.pofile(str(messages.ENGLISH))}
    assert len(english) > 20
    assert english - set(map(messages.text_of, catalogue())) == set()


@pytest.mark.slow
def test_collecting_twice_changes_nothing():
    once = messages.merge(catalogue())
    assert str(messages.merge(once)) == str(once)


@pytest.mark.slow
def test_a_new_text_is_added_empty_and_an_unused_one_leaves():
    old = polib.POFile()
    old.append(polib.POEntry(msgid="said by nobody", msgstr="无人使用"))
    merged = {entry.msgid: entry for entry in messages.merge(old)}
    assert "said by nobody" not in merged
    assert merged["Search apps and models..."].msgstr == ""


def test_a_better_word_than_django_has_is_kept():
    old = polib.POFile()
    old.append(polib.POEntry(msgid="Log out", msgstr="退出登录"))
    merged = {entry.msgid: entry for entry in messages.merge(old)}
    assert merged["Log out"].msgstr == "退出登录"


def test_python_is_read_with_plural_context_and_f_string(tmp_path: Path):
    path = tmp_path / "words.py"
    path.write_text(
        '_("one")\n'
        'ngettext_lazy("%(n)s lead", "%(n)s leads", "n")\n'
        'pgettext_lazy("project", "active")\n'
        "f\"{_('inside')} {name}\"\n"
    )
    assert list(messages.read_file(path)) == [
        ("one", "", ""),
        ("%(n)s lead", "", "%(n)s leads"),
        ("active", "project", ""),
        ("inside", "", ""),
    ]


def test_an_indented_template_is_read(tmp_path: Path):
    path = tmp_path / "page.html"
    path.write_text(
        "<p>\n"
        '      {% translate "Claim" %}\n'
        "  {{ name|default:_('Nobody') }}\n"
        "    {% blocktranslate count n=n trimmed %}\n"
        "        {{ n }} lead\n"
        "    {% plural %}\n"
        "        {{ n }} leads\n"
        "    {% endblocktranslate %}\n"
        "</p>\n"
    )
    assert list(messages.read_file(path)) == [
        ("Claim", "", ""),
        ("Nobody", "", ""),
        ("%(n)s lead", "", "%(n)s leads"),
    ]


def test_compiling_gives_a_catalogue_that_gettext_reads(tmp_path: Path):
    compiled = tmp_path / "django.mo"
    catalogue().save_as_mofile(str(compiled))
    with compiled.open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Dark") == "深色"
