"""Which files are read, and what is said of the others."""

from __future__ import annotations

import zipfile
from datetime import date
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from crm.models import Lead
from tests.files import upload
from tests.imports.workbooks import (
    HEADINGS,
    csv,
    errors,
    lead,
    leads,
    lines,
    states,
    taken,
    written,
    xlsx,
)
from zone.files.sheets import read_sheets
from zone.models import ImportRun, ZoneSetting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]
TEXT = ",".join(HEADINGS) + '\n长治新材料有限公司,正极材料,新能源,展会,"12,000"\n'
SHEET = "xl/worksheets/sheet1.xml"


def changed(file, part: str = SHEET, content: bytes | None = None, **more: bytes) -> bytes:
    """Return the workbook with one of its parts replaced, and others added."""
    out = BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            own = content if name == part and content is not None else old.read(name)
            new.writestr(name, own)
        for name, added in more.items():
            new.writestr(name, added)
    return out.getvalue()


def refusal(user, name: str, content: bytes) -> str:
    with pytest.raises(ValidationError) as caught:
        taken(Lead, upload(name, content), user)
    assert ImportRun.objects.count() == 0
    return " ".join(caught.value.messages)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_a_csv_is_read_in_each_encoding(specialist, chain, encoding):
    run = taken(Lead, csv(TEXT, encoding), specialist)
    assert (states(run), errors(run)) == (["NEW"], [])
    assert ["计划投资", "12,000 万元（1.20 亿元）"] in lines(run)[0].data["cells"]


def test_nul_and_unseen_signs_are_dropped(specialist, chain):
    text = TEXT.replace("长治新材料", "长\0治\u200b新材料").replace("正极", "正\ufeff极")
    run = taken(Lead, csv(text), specialist)
    assert lines(run)[0].label == "长治新材料有限公司 · 正极材料"


def test_each_file_that_is_none_is_told_its_cure(specialist, chain):
    whole = leads(lead()).read()
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000
    assert "另存为" in refusal(specialist, "台账.xls", old)
    assert "密码" in refusal(specialist, "台账.xlsx", old)
    assert "宏" in refusal(specialist, "台账.xlsm", whole)
    macro = changed(BytesIO(whole), **{"xl/vbaProject.bin": b"x"})
    assert "宏" in refusal(specialist, "台账.xlsx", macro)
    assert "损坏" in refusal(specialist, "台账.xlsx", whole[:-100])
    assert "解压后" in refusal(
        specialist, "台账.xlsx", changed(BytesIO(whole), **{"xl/bomb.xml": b"0" * 30_000_000})
    )
    parts = {f"xl/media/{n}.xml": b"<a/>" for n in range(220)}
    assert "部件太多" in refusal(specialist, "台账.xlsx", changed(BytesIO(whole), **parts))
    assert "UTF-8" in refusal(specialist, "台账.csv", b"\xff\xff\x81\x00\xfe" * 50)
    assert "Excel" in refusal(specialist, "台账.csv", whole)
    assert "空" in refusal(specialist, "台账.csv", b"")
    assert ".xlsx" in refusal(specialist, "台账.pdf", b"%PDF")
    assert "没有数据" in refusal(specialist, "台账.xlsx", xlsx().read())
    assert "没有找到表头" in refusal(specialist, "台账.xlsx", xlsx(["a", "b"], [1, 2]).read())
    assert "缺少这些列：产业链" in refusal(
        specialist, "台账.xlsx", xlsx([h for h in HEADINGS if h != "产业链"], [1]).read()
    )
    assert "没有数据行" in refusal(specialist, "台账.xlsx", xlsx(HEADINGS).read())
    assert "A 列和 F 列" in refusal(
        specialist, "台账.xlsx", xlsx((*HEADINGS, "单位名称"), lead()).read()
    )


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="XFD1048576"><v>1</v></c>',
        b"<c r='XFD1048576' x='>' ><v>1</v></c>",
        b'<c r="ZZ30000"><v>1</v></c>',
        b"<row/>" * 40_000 + b'<row><c t="n"><v>1</v></c></row>',
    ],
)
def test_a_small_file_takes_no_memory_for_a_huge_rectangle(specialist, chain, cell):
    head = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    )
    sheet = head + b'<row r="1">' + cell + b"</row></sheetData></worksheet>"
    if cell.startswith(b"<row"):
        sheet = head + cell + b"</sheetData></worksheet>"
    words = refusal(specialist, "台账.xlsx", changed(leads(lead()), content=sheet))
    assert "30,000 行或 500 列" in words


def test_styled_empty_cells_far_away_do_not_count(specialist, chain):
    def style(book):
        book.active["XFD20000"].font = Font(bold=True)

    assert states(taken(Lead, leads(lead(), change=style), specialist)) == ["NEW"]


def test_the_first_sheet_with_the_headings_is_read_below_its_title(specialist, chain):
    def move(book):
        book.create_sheet("封面", 0).append(["招商线索台账"])
        sheet = book.worksheets[1]
        sheet.insert_rows(1, 2)
        sheet["A1"] = "2026 年线索台账"
        sheet.merge_cells("A1:E1")
        sheet["E2"] = "单位：亿元"

    file = leads(lead(wan=1.5), headings=(*HEADINGS[:4], "投资额"), change=move)
    run = written(taken(Lead, file, specialist))
    assert (Lead.objects.get().planned_investment_wan, run.sheet) == (15000, "Sheet")
    assert lines(run)[0].number == 4


def test_cells_merged_downwards_count_for_each_row(specialist, chain):
    def merge(book):
        book.active.merge_cells("C2:C3")

    rows = [lead("甲有限公司"), lead("乙有限公司")]
    run = taken(Lead, leads(*rows, change=merge), specialist)
    assert (states(run), errors(run)) == (["NEW", "NEW"], [])


def test_errors_and_formulas_without_result_are_no_empty_cells(specialist, chain):
    def spoil(book):
        book.active["B2"] = "=A2"
        book.active["E2"] = "#N/A"
        book.active["E2"].data_type = "e"

    run = taken(Lead, leads(lead(), change=spoil), specialist)
    assert [(n, column) for n, column, _value, _words in errors(run)] == [(2, "B"), (2, "E")]


@pytest.mark.parametrize("is_1904", [False, True])
def test_days_of_both_calendars_are_the_same_day(specialist, chain, is_1904):
    def count_from(book):
        if is_1904:
            book.epoch = CALENDAR_MAC_1904

    serial = 46082 - (1462 if is_1904 else 0)
    headings = (*HEADINGS, "下次跟进")
    rows = [lead("甲有限公司", "线索", 1, date(2026, 3, 1)), lead("乙有限公司", "线索", 1, serial)]
    written(taken(Lead, leads(*rows, headings=headings, change=count_from), specialist))
    assert set(Lead.objects.values_list("next_follow_up_on", flat=True)) == {date(2026, 3, 1)}


def test_empty_lines_and_columns_are_no_rows(specialist, chain):
    file = leads(lead(), [None] * 40, ["", " ", None], lead("乙有限公司"), [None, " "])
    assert [line.number for line in lines(taken(Lead, file, specialist))] == [2, 5]


def test_a_file_of_too_many_rows_is_refused_by_the_office_setting(specialist, chain):
    ZoneSetting.objects.create(key=ZoneSetting.Key.IMPORT_MOST_ROWS, value=2)
    rows = [lead(f"企业{n}有限公司") for n in range(3)]
    assert "最多 2 行" in refusal(specialist, "台账.xlsx", leads(*rows).read())


def test_external_entities_are_not_followed(specialist, chain):
    book = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><workbook>&x;</workbook>'
    content = changed(leads(lead()), "xl/workbook.xml", book)
    with pytest.raises(ValidationError, match="损坏"):
        read_sheets(upload("台账.xlsx", content), "台账.xlsx")
