"""Real workbooks for the tests of imports, and what is made of them."""

from __future__ import annotations

from io import BytesIO

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.files import upload
from zone.importing.nouns import noun_of
from zone.importing.running import decide, take_in
from zone.models import ImportLine, ImportRun

HEADINGS = ("企业名称", "线索名称", "产业链", "来源", "计划投资（万元）")


def xlsx(*lines, name: str = "线索.xlsx", change=None) -> SimpleUploadedFile:
    """Return a workbook with these lines; ``change`` is given the workbook before it is saved."""
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(list(line))
    if change:
        change(book)
    book.save(out := BytesIO())
    return upload(name, out.getvalue())


def csv(text: str, encoding: str = "utf-8", name: str = "线索.csv") -> SimpleUploadedFile:
    return upload(name, text.encode(encoding))


def leads(*rows, headings=HEADINGS, **more) -> SimpleUploadedFile:
    return xlsx(headings, *rows, **more)


def lead(enterprise="长治新材料有限公司", title="正极材料", wan=12000, *more) -> list:
    return [enterprise, title, "新能源", "展会", wan, *more]


def taken(model, file, user) -> ImportRun:
    return take_in(noun_of(model)(user), file)


def lines(run: ImportRun) -> list[ImportLine]:
    return list(run.lines.order_by("number"))


def states(run: ImportRun) -> list[str]:
    return [line.state for line in lines(run)]


def errors(run: ImportRun) -> list[tuple]:
    """Return (row, column, value, words) of each error."""
    return [
        (line.number, error.get("column"), error.get("value"), error["words"])
        for line in lines(run)
        for error in line.data.get("errors", ())
    ]


def written(run: ImportRun, mode: str = "ALL") -> ImportRun:
    return decide(run, mode, by=run.by)
