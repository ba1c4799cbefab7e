"""What goes out for what comes in: the template, the refused rows, a list that can come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from zone.files import workbooks
from zone.files.sheets import Fault, read_sheets
from zone.importing.headings import EXAMPLE_MARK, REASON, ROW_ID_HEADING, find_table
from zone.importing.nouns import Column, Importable
from zone.models import ImportLine, ImportRun


def template(noun: Importable) -> bytes:
    """Return the workbook that people fill in for ``noun``."""
    columns, notes = [], [[_("column"), _("needed"), _("what goes there"), _("example")]]
    for at, column in enumerate(noun.offered()):
        options = options_of(column, noun.user)
        example = column.example or (options[0] if options and column.required else "")
        shown = f"{EXAMPLE_MARK}{example}" if at == 0 else example
        columns.append((heading_of(column), shown, options))
        notes.append(
            [column.heading_with_unit, _("yes") if column.required else "", about(column), example]
        )
    notes.append([])
    notes.append([_("The line that begins with %s is not read.") % EXAMPLE_MARK])
    notes.append([_("Empty cells leave what is on record as it is.")])
    return workbooks.form(title_of(noun), columns, notes)


def title_of(noun: Importable) -> str:
    return capfirst(str(noun.model._meta.verbose_name))


def heading_of(column: Column) -> str:
    return f"{column.heading_with_unit}{' *' if column.required else ''}"


def about(column: Column) -> str:
    said = [str(column.about or column.field.help_text or "")]
    if column.unit == "wan":
        said.append(_("The heading may say （亿元） instead of （万元）; it decides the unit."))
    elif column.unit == "m2":
        said.append(_("The heading may say （亩） instead of （㎡）; it decides the unit."))
    elif isinstance(column.field, models.DateField):
        said.append(_("A day such as 2026-03-01."))
    return " ".join(filter(None, said))


def options_of(column: Column, user) -> list[str]:
    """Return what may be chosen in a column, as far as ``user`` may choose it."""
    if column.lookup:
        return column.lookup(user).options
    if isinstance(column.field, models.BooleanField):
        return ["是", "否"]
    return [str(label) for value, label in column.field.choices or () if value]


def refused(run: ImportRun, noun: Importable) -> bytes:
    """Return the rows that were not written, as they came, with the reason in a last column."""
    with run.file.open() as file:
        layout = find_table(read_sheets(file, run.name), noun)
    lines = ImportLine.objects.filter(run=run, state__in=ImportLine.REFUSED)
    reasons = {line.number: reason_of(line) for line in lines}
    headings = [str(cell) for cell in layout.sheet.lines[layout.line]]
    kept = [at for at, heading in enumerate(headings) if heading != REASON]
    rows = (
        [*(_plain(cells[at]) if at < len(cells) else "" for at in kept), reasons[number]]
        for number, cells in layout.rows()
        if number in reasons
    )
    return workbooks.table(title_of(noun), [*(headings[at] for at in kept), REASON], rows)


def _plain(value):
    return "" if isinstance(value, Fault) else value


def reason_of(line: ImportLine) -> str:
    errors = line.data.get("errors", ())
    said = [f"{e['heading']}：{e['words']}" if "heading" in e else e["words"] for e in errors]
    return " ".join([*said, line.data.get("duplicate", "")]).strip()


def exported(noun: Importable, rows: Iterable[models.Model]) -> bytes:
    """Return rows as a workbook that can be imported again."""
    columns = noun.offered()
    headings = [*(column.heading_with_unit for column in columns), ROW_ID_HEADING]
    return workbooks.table(title_of(noun), headings, _cells(noun, columns, rows))


def _cells(noun: Importable, columns: tuple[Column, ...], rows) -> Iterator[list]:
    for row in rows:
        beside = noun.row_values(row)
        yield [*(_value(row, column, beside) for column in columns), str(row.pk)]


def _value(row: models.Model, column: Column, beside: dict):
    if column.name in beside:
        return beside[column.name]
    value = getattr(row, column.name)
    if column.field.choices:
        return str(dict(column.field.flatchoices).get(value, value))
    return value
